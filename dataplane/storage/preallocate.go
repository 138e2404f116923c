package storage

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Preallocate reserves the blocks of a file of size bytes without changing what its size is (fallocate), so that
// writing it later can't run out of space and fragments less. File systems that can't are left as they are: done
// is false. So are those in memory, which need as long to reserve a page as to find it when it is written, and
// nothing could be sent meanwhile.
func Preallocate(f *os.File, size int64) (done bool, err error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return false, fmt.Errorf("preallocate: %w", err)
	}
	var inner error
	if err := raw.Control(func(fd uintptr) {
		var st unix.Statfs_t
		if unix.Fstatfs(int(fd), &st) == nil && st.Type == unix.TMPFS_MAGIC {
			inner = unix.EOPNOTSUPP
			return
		}
		for {
			if inner = unix.Fallocate(int(fd), unix.FALLOC_FL_KEEP_SIZE, 0, size); !errors.Is(inner, unix.EINTR) {
				return
			}
		}
	}); err != nil {
		return false, fmt.Errorf("preallocate: %w", err)
	}
	switch {
	case inner == nil:
		return true, nil
	case errors.Is(inner, unix.EOPNOTSUPP), errors.Is(inner, unix.ENOSYS), errors.Is(inner, unix.EINVAL):
		return false, nil
	}
	return false, fmt.Errorf("preallocate %d bytes: %w", size, inner)
}
