package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"

	"golang.org/x/sys/unix"
)

// ErrNotOwn is the error for what has the name of an unfinished file and is none: a link, a folder, a device, or
// a file that has a second name.
var ErrNotOwn = errors.New("is no file of this program's own")

// OpenOwn opens or makes a file that only this program writes, as OpenFile does. It is refused with ErrNotOwn unless it
// is a regular file with one name (TestOpenOwn): what is written to it is then seen under no other name.
func (r *Root) OpenOwn(p string, flag int, perm fs.FileMode) (*os.File, error) {
	name, err := localBelow(p)
	if err != nil {
		return nil, err
	}
	// O_NONBLOCK: a pipe of the name must not hold the call up. O_TRUNC waits until it is known what is truncated.
	fd, err := r.openFD(name, flag&^os.O_TRUNC|unix.O_NOFOLLOW|unix.O_NONBLOCK, perm)
	if err == nil {
		if err = own(fd, flag); err != nil {
			unix.Close(fd)
		}
	}
	switch {
	case errors.Is(err, ErrLink), errors.Is(err, unix.EISDIR), errors.Is(err, unix.ENXIO):
		err = fmt.Errorf("%w: %w", ErrNotOwn, err)
	}
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return os.NewFile(uintptr(fd), path.Join(r.dir.Name(), name)), nil
}

func own(fd, flag int) error {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG || st.Nlink != 1 {
		return ErrNotOwn
	}
	if err := unix.SetNonblock(fd, false); err != nil {
		return err
	}
	if flag&os.O_TRUNC != 0 {
		return again(func() error { return unix.Ftruncate(fd, 0) })
	}
	return nil
}
