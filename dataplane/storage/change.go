package storage

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// ErrIsRoot is the error for removing or renaming the root itself.
var ErrIsRoot = errors.New("the root folder can't be removed or renamed")

// Mkdir makes one folder; its parent must exist.
func (r *Root) Mkdir(p string, perm fs.FileMode) error {
	name, err := local(p)
	if err != nil {
		return err
	}
	return r.within("mkdir", name,
		func(folder int, name string) error { return unix.Mkdirat(folder, name, uint32(perm.Perm())) })
}

// MkdirAll makes a folder and its parents.
func (r *Root) MkdirAll(p string, perm fs.FileMode) error {
	name, err := local(p)
	if err != nil {
		return err
	}
	return r.mkdirAll(name, perm)
}

func (r *Root) mkdirAll(name string, perm fs.FileMode) error {
	err := r.Mkdir(name, perm)
	switch {
	case errors.Is(err, fs.ErrNotExist) && path.Dir(name) != ".":
		if err := r.mkdirAll(path.Dir(name), perm); err != nil {
			return err
		}
		if err = r.Mkdir(name, perm); !errors.Is(err, fs.ErrExist) {
			return err
		}
	case !errors.Is(err, fs.ErrExist):
		return err
	}
	f, err := r.openPath(name, unix.O_DIRECTORY) // It may be a file, or a link.
	if err != nil {
		return err
	}
	return f.Close()
}

// Remove removes a file, a symbolic link or an empty folder.
func (r *Root) Remove(p string) error {
	name, err := localBelow(p)
	if err != nil {
		return err
	}
	return r.within("remove", name, func(folder int, name string) error {
		err := unix.Unlinkat(folder, name, 0)
		if errors.Is(err, syscall.EISDIR) || errors.Is(err, syscall.EPERM) {
			if asFolder := unix.Unlinkat(folder, name, unix.AT_REMOVEDIR); !errors.Is(asFolder, syscall.ENOTDIR) {
				return asFolder
			}
		}
		return err
	})
}

// RemoveAll removes p and all beneath it; a missing p is no error. Symbolic links are removed, not followed.
func (r *Root) RemoveAll(p string) error {
	name, err := localBelow(p)
	if err != nil {
		return err
	}
	err = r.within("remove", name, removeAll)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func removeAll(folder int, name string) error {
	err := again(func() error { return unix.Unlinkat(folder, name, 0) })
	if !errors.Is(err, syscall.EISDIR) && !errors.Is(err, syscall.EPERM) {
		return err
	}
	fd, opened := openat(folder, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if opened != nil {
		if errors.Is(opened, syscall.ENOTDIR) {
			return err
		}
		return opened
	}
	f := os.NewFile(uintptr(fd), name)
	defer f.Close()
	for {
		names, err := f.Readdirnames(1024)
		kept := 0
		for _, child := range names {
			if child == Mark {
				kept++
				continue
			}
			if err := removeAll(fd, child); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		if err != nil || len(names) == kept {
			break
		}
		if _, err := f.Seek(0, 0); err != nil { // What was removed may have moved what is left.
			return err
		}
	}
	return again(func() error { return unix.Unlinkat(folder, name, unix.AT_REMOVEDIR) })
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
	return r.within("rename", oldName, func(source int, oldName string) error {
		return r.within("rename", newName, func(target int, newName string) error {
			return unix.Renameat(source, oldName, target, newName)
		})
	})
}

// Chtimes sets access and modification time, of a symbolic link its own. A zero time leaves one as it is.
func (r *Root) Chtimes(p string, atime, mtime time.Time) error {
	name, err := local(p)
	if err != nil {
		return err
	}
	both, err := timespecs(atime, mtime)
	if err != nil {
		return err
	}
	return r.within("chtimes", name, func(folder int, name string) error {
		return unix.UtimesNanoAt(folder, name, both[:], unix.AT_SYMLINK_NOFOLLOW)
	})
}

// Symlink makes a symbolic link at p. Its text is not checked: what is made of texts is for the caller to decide,
// and granted roots follow none.
func (r *Root) Symlink(text, p string) error {
	name, err := localBelow(p)
	if err != nil {
		return err
	}
	return r.within("symlink", name, func(folder int, name string) error { return unix.Symlinkat(text, folder, name) })
}

// Readlink reads a symbolic link.
func (r *Root) Readlink(p string) (string, error) {
	name, err := localBelow(p)
	if err != nil {
		return "", err
	}
	text := make([]byte, maxPathBytes)
	err = r.within("readlink", name, func(folder int, name string) error {
		n, err := unix.Readlinkat(folder, name, text)
		text = text[:max(0, n)]
		return err
	})
	return string(text), err
}

// Lchown gives a file, a folder, or a symbolic link itself, to others; -1 leaves a number as it is.
func (r *Root) Lchown(p string, uid, gid int) error {
	name, err := local(p)
	if err != nil {
		return err
	}
	return r.within("lchown", name, func(folder int, name string) error {
		return unix.Fchownat(folder, name, uid, gid, unix.AT_SYMLINK_NOFOLLOW)
	})
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
