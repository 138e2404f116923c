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

// Writable lists the folders in p that this process can make something in, and reports whether p itself is one. On many
// nodes p is the top of mounted storages, which can't be written itself.
func (r *Root) Writable(p string) (itself bool, below []string, err error) {
	name, err := local(p)
	if err != nil {
		return false, nil, err
	}
	entries, err := r.ReadDir(p)
	if err != nil {
		return false, nil, err
	}
	folder, err := r.openFD(name, unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return false, nil, fmt.Errorf("look at the rights of %s: %w", p, err)
	}
	defer unix.Close(folder)
	writable := func(name string) bool {
		return unix.Faccessat(folder, name, unix.W_OK|unix.X_OK, unix.AT_EACCESS|unix.AT_SYMLINK_NOFOLLOW) == nil
	}
	for _, e := range entries {
		if e.IsDir() && writable(e.Name()) {
			below = append(below, e.Name())
		}
	}
	return writable("."), below, nil
}
