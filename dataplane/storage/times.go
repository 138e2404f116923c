package storage

import (
	"fmt"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// SetTimes sets access and modification time of an open file (futimens).
func SetTimes(f *os.File, t time.Time) error {
	ts, err := unix.TimeToTimespec(t)
	if err != nil {
		return fmt.Errorf("set times: %w", err)
	}
	both := [2]unix.Timespec{ts, ts}
	raw, err := f.SyscallConn()
	if err != nil {
		return fmt.Errorf("set times: %w", err)
	}
	var errno unix.Errno
	err = raw.Control(func(fd uintptr) {
		// Without a path utimensat(2) is about the descriptor.
		_, _, errno = unix.Syscall6(unix.SYS_UTIMENSAT, fd, 0, uintptr(unsafe.Pointer(&both)), 0, 0, 0)
	})
	if err == nil && errno != 0 {
		err = errno
	}
	if err != nil {
		return fmt.Errorf("set times: %w", err)
	}
	return nil
}
