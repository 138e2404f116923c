package lab

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSameSeesEveryDifference(t *testing.T) {
	spec := PayloadSpec{Seed: 7, LargeBytes: 100_000, SmallFiles: 60}
	sent, received := t.TempDir(), t.TempDir()
	for _, dir := range []string{sent, received} {
		if p, err := WritePayload(dir, spec); err != nil || p.Files != 64 {
			t.Fatalf("payload of %d files, %v; want 64", p.Files, err)
		}
	}
	if err := Same(sent, received); err != nil {
		t.Fatalf("equal folders differ: %v", err)
	}
	large := filepath.Join(received, "large.bin")
	content, err := os.ReadFile(large)
	if err != nil {
		t.Fatal(err)
	}
	content[70_000] ^= 1
	for _, err := range []error{
		os.WriteFile(large, content, 0o600),
		os.Remove(filepath.Join(received, "empty.txt")),
		os.WriteFile(filepath.Join(received, "large.bin.partial"), nil, 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	err = Same(sent, received)
	for _, want := range []string{"different: large.bin", "missing: empty.txt",
		"not sent but received: large.bin.partial"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("differences %v do not name %q", err, want)
		}
	}
}
