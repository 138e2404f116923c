package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// StartWriteback has the kernel begin to write what of a file is only in memory, and waits while too much is on its
// way: so a disk that is slower than the network slows the network down instead of filling the memory.
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

// Sync has everything on disk that was written to the file system of the root (syncfs): one
// call for thousands of small files.
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

// SyncFolder has the names in the folder p on disk. File systems that can't do that for a folder, and one that
// is gone, are left as they are.
func (r *Root) SyncFolder(p string) error {
	f, err := r.Open(p)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Sync(); err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.EOPNOTSUPP) {
		return fmt.Errorf("sync a folder: %w", err)
	}
	return nil
}
