package storage

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Space is the size of the file system that holds a path, in bytes. Free is what an unprivileged process may still use.
type Space struct{ Total, Free int64 }

// Space tells the size of the file system beneath p.
func (r *Root) Space(p string) (Space, error) {
	name, err := local(p)
	if err != nil {
		return Space{}, err
	}
	fd, err := r.openFD(name, unix.O_PATH, 0)
	if err != nil {
		return Space{}, fmt.Errorf("statfs: %w", err)
	}
	defer unix.Close(fd)
	var st unix.Statfs_t
	if err := unix.Fstatfs(fd, &st); err != nil {
		return Space{}, fmt.Errorf("statfs: %w", err)
	}
	return Space{Total: int64(st.Blocks) * st.Bsize, Free: int64(st.Bavail) * st.Bsize}, nil
}
