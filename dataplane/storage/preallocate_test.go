package storage_test

import (
	"os"
	"syscall"
	"testing"

	"faspex.io/operator/dataplane/storage"
	"golang.org/x/sys/unix"
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
			want := canReserve(t, folder)
			if name == "memory" && want {
				t.Fatalf("%s is not in memory", folder)
			}
			if done != want || want && blocks < size || !want && blocks > 0 {
				t.Errorf("done is %v with %d of %d bytes reserved, want %v", done, blocks, size, want)
			}
		})
	}
}

// canReserve says whether blocks are to be reserved in a folder: not in memory, and where the file system can't.
func canReserve(t *testing.T, folder string) bool {
	t.Helper()
	f, err := os.CreateTemp(folder, "reserve-*")
	if err != nil {
		t.Fatal(err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	var st unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &st); err != nil {
		t.Fatal(err)
	}
	return st.Type != unix.TMPFS_MAGIC && unix.Fallocate(int(f.Fd()), 0, 0, 4096) == nil
}
