package wire

import (
	"crypto/fips140"
	"os"
	"os/exec"
	"testing"
)

// TestFIPS runs the vectors again in a process whose cryptography is the validated module's, self-tests and all
// (GODEBUG=fips140=on). fips140=only is not possible: it refuses AES-GCM with nonces of the caller's, whatever
// they are.
func TestFIPS(t *testing.T) {
	const child = "WIRE_FIPS_CHILD"
	if os.Getenv(child) != "" {
		if !fips140.Enabled() {
			t.Fatal("the FIPS 140-3 module is not in use")
		}
		t.Run("keys", TestKeyVectors)
		t.Run("packets", TestPacketVectors)
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestFIPS$", "-test.count=1")
	cmd.Env = append(os.Environ(), child+"=1", "GODEBUG=fips140=on")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}
