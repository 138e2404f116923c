package storage

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// StartWriteback has the kernel begin to write what of a file is only in memory, and waits while too much is on its way: so
// a disk that is slower than the network slows the network down instead of filling the memory.
func StartWriteback(f *os.File) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return fmt.Errorf("write back: %w", err)
	}
	var inner error
	if err := raw.Control(func(fd uintptr) {
		inner = again(func() error { return unix.SyncFileRange(int(fd), 0, 0, unix.SYNC_FILE_RANGE_WRITE) })
	}); err != nil {
		return fmt.Errorf("write back: %w", err)
	}
	return inner
}

// Sync has everything on disk that was written to the file system of the root (syncfs): one call for thousands of small files.
func (r *Root) Sync() error {
	f, err := r.Open("/")
	if err != nil {
		return err
	}
	defer f.Close()
	if err := again(func() error { return unix.Syncfs(int(f.Fd())) }); err != nil {
		return fmt.Errorf("sync the file system: %w", err)
	}
	return nil
}
