package storage

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"syscall"
	"time"
)

// ErrIsRoot is the error for removing or renaming the root itself.
var ErrIsRoot = errors.New("the root folder can't be removed or renamed")

// Mkdir makes one folder; its parent must exist.
func (r *Root) Mkdir(p string, perm fs.FileMode) error {
	name, err := local(p)
	if err != nil {
		return err
	}
	return r.root.Mkdir(name, perm)
}

// MkdirAll makes a folder and its parents.
func (r *Root) MkdirAll(p string, perm fs.FileMode) error {
	name, err := local(p)
	if err != nil {
		return err
	}
	return r.root.MkdirAll(name, perm)
}

// Remove removes a file, a symbolic link or an empty folder.
func (r *Root) Remove(p string) error {
	name, err := localBelow(p)
	if err != nil {
		return err
	}
	return r.root.Remove(name)
}

// RemoveAll removes p and all beneath it; a missing p is no error.
func (r *Root) RemoveAll(p string) error {
	name, err := localBelow(p)
	if err != nil {
		return err
	}
	return r.root.RemoveAll(name)
}

// Rename moves a file or folder; an existing file at the new name is replaced in one step.
func (r *Root) Rename(from, to string) error {
	oldName, err := localBelow(from)
	if err != nil {
		return err
	}
	newName, err := localBelow(to)
	if err != nil {
		return err
	}
	return r.root.Rename(oldName, newName)
}

// Chtimes sets access and modification time.
func (r *Root) Chtimes(p string, atime, mtime time.Time) error {
	name, err := local(p)
	if err != nil {
		return err
	}
	return r.root.Chtimes(name, atime, mtime)
}

// Symlink makes a symbolic link at p. A link may point anywhere; it is the following that is refused outside the root.
func (r *Root) Symlink(target, p string) error {
	name, err := localBelow(p)
	if err != nil {
		return err
	}
	return r.root.Symlink(target, name)
}

// Readlink reads a symbolic link.
func (r *Root) Readlink(p string) (string, error) {
	name, err := localBelow(p)
	if err != nil {
		return "", err
	}
	return r.root.Readlink(name)
}

// Space is the size of the file system that holds a path, in bytes. Free is what an unprivileged process may still use.
type Space struct{ Total, Free int64 }

// Space tells the size of the file system beneath p.
func (r *Root) Space(p string) (Space, error) {
	f, err := r.Open(p)
	if err != nil {
		return Space{}, err
	}
	defer f.Close()
	var st syscall.Statfs_t
	if err := syscall.Fstatfs(int(f.Fd()), &st); err != nil {
		return Space{}, fmt.Errorf("statfs: %w", err)
	}
	return Space{Total: int64(st.Blocks) * st.Bsize, Free: int64(st.Bavail) * st.Bsize}, nil
}

func localBelow(p string) (string, error) {
	name, err := local(p)
	if err == nil && name == "." {
		return "", ErrIsRoot
	}
	return name, err
}

func sortByName(entries []fs.DirEntry) {
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
}
