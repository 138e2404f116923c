package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Folder is a handle on one folder that makes and renames files in it by their bare names. That takes a third of the
// calls of a Root, which looks at every element of a path; a bare name needs no such care. Safe for concurrent use.
type Folder struct {
	file *os.File
	fd   int
	root *Root
	p    string
}

// Folder opens the folder p. It must exist.
func (r *Root) Folder(p string) (*Folder, error) {
	f, err := r.OpenFile(p, os.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, err
	}
	return &Folder{file: f, fd: int(f.Fd()), root: r, p: p}, nil
}

// Close releases the handle.
func (f *Folder) Close() error { return f.file.Close() }

// Attributes are what a file can be given beside its content.
type Attributes struct {
	Mode    fs.FileMode // permission bits, if SetMode
	ModTime time.Time   // if not zero
	SetMode bool
}

// bare refuses what is not the name of a file in a folder.
func bare(name string) error {
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00") {
		return fmt.Errorf("%w: %q is no name in a folder", ErrBadPath, name)
	}
	return nil
}

// Make makes a file with all of its content and attributes. What has its name is removed before.
func (f *Folder) Make(name string, content []byte, a Attributes) error {
	if err := bare(name); err != nil {
		return err
	}
	if ring := f.root.Keyring(path.Join(f.p, name)); ring != nil {
		sealed, err := ring.Seal(content)
		if err != nil {
			return f.failed("encrypt", name, err)
		}
		content = sealed
	}
	perm := uint32(0o644)
	if a.SetMode { // What is to be private is so before it has content.
		perm = uint32(a.Mode)&0o644 | 0o600
	}
	fd, err := f.create(name, perm)
	if errors.Is(err, syscall.EEXIST) {
		if err := unix.Unlinkat(f.fd, name, 0); err != nil && !errors.Is(err, syscall.ENOENT) {
			return f.failed("remove", name, err)
		}
		fd, err = f.create(name, perm)
	}
	if err != nil {
		return f.failed("create", name, err)
	}
	err = fill(fd, content, a)
	if closed := unix.Close(fd); err == nil {
		err = closed
	}
	return f.failed("write", name, err)
}

func (f *Folder) create(name string, perm uint32) (fd int, err error) {
	const flags = unix.O_WRONLY | unix.O_CREAT | unix.O_EXCL | unix.O_NOFOLLOW | unix.O_CLOEXEC
	err = again(func() error {
		fd, err = unix.Openat(f.fd, name, flags, perm)
		return err
	})
	return fd, err
}

func fill(fd int, content []byte, a Attributes) error {
	for len(content) > 0 {
		var n int
		err := again(func() (err error) {
			n, err = unix.Write(fd, content)
			return err
		})
		if err != nil {
			return err
		}
		content = content[n:]
	}
	if a.SetMode {
		if err := unix.Fchmod(fd, uint32(a.Mode.Perm())); err != nil {
			return err
		}
	}
	if !a.ModTime.IsZero() {
		return setTimes(uintptr(fd), a.ModTime, a.ModTime)
	}
	return nil
}

// Rename gives a file of the folder another name, and replaces what has it.
func (f *Folder) Rename(from, to string) error {
	if err := errors.Join(bare(from), bare(to)); err != nil {
		return err
	}
	return f.failed("rename", to, again(func() error { return unix.Renameat(f.fd, from, f.fd, to) }))
}

func (f *Folder) failed(op, name string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: name, Err: err}
}

// again repeats a call that a signal has interrupted.
func again(call func() error) error {
	for {
		if err := call(); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// SetTimes sets access and modification time of an open file. A zero time leaves one as it is.
func SetTimes(f *os.File, atime, mtime time.Time) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return fmt.Errorf("set times: %w", err)
	}
	var inner error
	if err := raw.Control(func(fd uintptr) { inner = setTimes(fd, atime, mtime) }); err != nil {
		return fmt.Errorf("set times: %w", err)
	}
	return inner
}

// setTimes is futimens(3): without a path utimensat(2) is about the descriptor.
func setTimes(fd uintptr, atime, mtime time.Time) error {
	both, err := timespecs(atime, mtime)
	if err != nil {
		return err
	}
	if _, _, errno := unix.Syscall6(unix.SYS_UTIMENSAT, fd, 0, uintptr(unsafe.Pointer(&both)), 0, 0, 0); errno != 0 {
		return fmt.Errorf("set times: %w", errno)
	}
	return nil
}

// timespecs are times as utimensat(2) takes them; a zero time is left as it is.
func timespecs(atime, mtime time.Time) ([2]unix.Timespec, error) {
	var both [2]unix.Timespec
	for i, t := range []time.Time{atime, mtime} {
		if t.IsZero() {
			both[i].Nsec = unix.UTIME_OMIT
			continue
		}
		ts, err := unix.TimeToTimespec(t)
		if err != nil {
			return both, fmt.Errorf("set times: %w", err)
		}
		both[i] = ts
	}
	return both, nil
}
