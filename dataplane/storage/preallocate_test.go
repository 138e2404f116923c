package storage_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"faspex.io/operator/dataplane/storage"
)

// TestPreallocate checks what is reserved for a file, and that its size stays.
func TestPreallocate(t *testing.T) {
	const size = 4 << 20
	f, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	done, err := storage.Preallocate(f, size)
	if err != nil {
		t.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() != 0 {
		t.Errorf("the size is %d after reserving blocks, it was 0", info.Size())
	}
	if blocks := info.Sys().(*syscall.Stat_t).Blocks * 512; done != (blocks >= size) {
		t.Errorf("done is %v with %d of %d bytes reserved", done, blocks, size)
	}
}
