package udplink_test

import (
	"crypto/fips140"
	"os"
	"os/exec"
	"testing"
)

// TestFIPS transfers in a process whose cryptography is the validated module's. See the test of package wire.
func TestFIPS(t *testing.T) {
	const child = "ENGINE_FIPS_CHILD"
	if os.Getenv(child) != "" {
		if !fips140.Enabled() {
			t.Fatal("the FIPS 140-3 module is not in use")
		}
		TestTransferOverLoopback(t)
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestFIPS$", "-test.count=1")
	cmd.Env = append(os.Environ(), child+"=1", "GODEBUG=fips140=on")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}
