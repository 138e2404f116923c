package storage_test

import (
	"os"
	"syscall"
	"testing"

	"faspex.io/operator/dataplane/storage"
)

// TestPreallocate checks what is reserved for a file, and that its size stays. In memory nothing is.
func TestPreallocate(t *testing.T) {
	const size = 4 << 20
	for name, folder := range map[string]string{"disk": t.TempDir(), "memory": "/dev/shm"} {
		t.Run(name, func(t *testing.T) {
			f, err := os.CreateTemp(folder, "preallocate-*")
			if err != nil {
				t.Fatal(err)
			}
			defer os.Remove(f.Name())
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
			blocks := info.Sys().(*syscall.Stat_t).Blocks * 512
			if done != (blocks >= size) {
				t.Errorf("done is %v with %d of %d bytes reserved", done, blocks, size)
			}
			if name == "memory" && blocks > 0 {
				t.Errorf("%d bytes are reserved", blocks)
			}
		})
	}
}
