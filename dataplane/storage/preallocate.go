package storage

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Preallocate reserves the blocks of a file of size bytes without changing what its size is (fallocate), so that writing it later
// can't run out of space and fragments less. File systems that can't are left as they are: done is false.
func Preallocate(f *os.File, size int64) (done bool, err error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return false, fmt.Errorf("preallocate: %w", err)
	}
	var inner error
	if err := raw.Control(func(fd uintptr) {
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
