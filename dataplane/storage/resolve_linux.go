package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// hasOpenat2 reports whether the kernel, and what filters its calls, offers openat2(2).
var hasOpenat2 = sync.OnceValue(func() bool {
	fd, err := unix.Openat2(unix.AT_FDCWD, "/", &unix.OpenHow{
		Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_SYMLINKS,
	})
	if err != nil {
		return false
	}
	unix.Close(fd)
	return true
})

// maxLinks is how many symbolic links one path may lead through, as in the kernel (MAXSYMLINKS).
const maxLinks = 40

// open opens a local path.
func (r *Root) open(name string, flag int, perm fs.FileMode) (*os.File, error) {
	fd, err := r.openFD(name, flag, perm)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return os.NewFile(uintptr(fd), path.Join(r.dir.Name(), name)), nil
}

// openPath opens a handle on what a local path names, without opening it for reading.
func (r *Root) openPath(name string, flag int) (*os.File, error) {
	return r.open(name, flag|unix.O_PATH, 0)
}

func (r *Root) openFD(name string, flag int, perm fs.FileMode) (fd int, err error) {
	closed := r.raw.Control(func(dir uintptr) {
		fd, err = r.resolve(int(dir), name, flag|unix.O_CLOEXEC, uint32(perm.Perm()))
	})
	if closed != nil {
		return -1, fs.ErrClosed
	}
	return fd, err
}

// within calls fn with a handle on the folder that holds a local path, and the path's name in it.
func (r *Root) within(op, name string, fn func(folder int, name string) error) error {
	dir, base := path.Split(name)
	var err error
	if dir == "" {
		closed := r.raw.Control(func(fd uintptr) {
			err = again(func() error { return fn(int(fd), base) })
		})
		if closed != nil {
			err = fs.ErrClosed
		}
	} else {
		var fd int
		if fd, err = r.openFD(strings.TrimSuffix(dir, "/"), unix.O_PATH|unix.O_DIRECTORY, 0); err == nil {
			err = again(func() error { return fn(fd, base) })
			unix.Close(fd)
		}
	}
	if err != nil {
		return &fs.PathError{Op: op, Path: name, Err: err}
	}
	return nil
}

// resolve opens a path beneath dir. A strict root has the kernel follow no link; only if it lists
// some are paths with links walked.
func (r *Root) resolve(dir int, name string, flag int, perm uint32) (int, error) {
	if r.walks || !hasOpenat2() {
		return r.walk(dir, name, flag, perm)
	}
	how := unix.OpenHow{Flags: uint64(flag), Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_MAGICLINKS}
	if flag&unix.O_CREAT != 0 {
		how.Mode = uint64(perm)
	}
	if r.strict {
		how.Resolve |= unix.RESOLVE_NO_SYMLINKS
	}
	for {
		fd, err := unix.Openat2(dir, name, &how)
		switch {
		case err == nil:
			return fd, nil
		case errors.Is(err, syscall.EINTR), errors.Is(err, syscall.EAGAIN): // EAGAIN: something was renamed meanwhile.
		case errors.Is(err, syscall.EXDEV):
			return -1, ErrOutside
		case errors.Is(err, syscall.ELOOP) && r.strict && len(r.listed) > 0:
			return r.walk(dir, name, flag, perm)
		case errors.Is(err, syscall.ELOOP) && r.strict && loops(dir, name):
			return -1, errLoop
		case errors.Is(err, syscall.ELOOP) && (r.strict || flag&unix.O_NOFOLLOW != 0):
			return -1, ErrLink
		default:
			return -1, err
		}
	}
}

// errLoop is the error for links that lead in a circle, where none is followed.
var errLoop = fmt.Errorf("%w: %w", ErrLink, syscall.ELOOP)

// loops reports whether the links of a path, which stay beneath dir, lead in a circle. It opens nothing but a handle,
// and tells nothing of what the links lead to.
func loops(dir int, name string) bool {
	fd, err := unix.Openat2(dir, name, &unix.OpenHow{
		Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_MAGICLINKS,
	})
	if err == nil {
		unix.Close(fd)
	}
	return errors.Is(err, syscall.ELOOP)
}

// follows reports whether the symbolic link at a path is followed.
func (r *Root) follows(link string) bool {
	if !r.strict {
		return true
	}
	_, ok := r.listed[path.Join("/", r.at, link)]
	return ok
}

// walk is resolve without openat2: it opens one name after the other, never following, and reads the links itself.
func (r *Root) walk(dir int, name string, flag int, perm uint32) (int, error) {
	w := walker{root: r, base: dir, names: split(name)}
	defer w.close()
	for len(w.names) > 0 {
		next := w.names[0]
		w.names = w.names[1:]
		if next == ".." {
			if err := w.up(); err != nil {
				return -1, err
			}
			continue
		}
		fd, err := w.next(next, flag, perm)
		if fd >= 0 || err != nil {
			return fd, err
		}
	}
	return openat(w.folder(), ".", flag&^unix.O_NOFOLLOW, perm)
}

type walker struct {
	root  *Root
	base  int
	fds   []int // the folders beneath base that the walk is in
	at    []string
	names []string // still to be walked
	links int
}

func split(p string) []string {
	var names []string
	for name := range strings.SplitSeq(p, "/") {
		if name != "" && name != "." {
			names = append(names, name)
		}
	}
	return names
}

func (w *walker) folder() int {
	if len(w.fds) == 0 {
		return w.base
	}
	return w.fds[len(w.fds)-1]
}

func (w *walker) up() error {
	last := len(w.fds) - 1
	if last < 0 {
		return ErrOutside
	}
	unix.Close(w.fds[last])
	w.fds, w.at = w.fds[:last], w.at[:last]
	return nil
}

// next walks one name. It gives a file when that was the last one, else -1.
func (w *walker) next(name string, flag int, perm uint32) (int, error) {
	last := len(w.names) == 0
	fd, err := openat(w.folder(), name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		if last && flag&unix.O_CREAT != 0 && errors.Is(err, syscall.ENOENT) {
			return openat(w.folder(), name, flag|unix.O_NOFOLLOW, perm)
		}
		return -1, err
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		unix.Close(fd)
		return -1, err
	}
	if st.Mode&unix.S_IFMT == unix.S_IFLNK {
		return w.link(fd, name, last, flag)
	}
	if last {
		unix.Close(fd)
		// A link that took its place meanwhile is refused.
		return openat(w.folder(), name, flag|unix.O_NOFOLLOW, perm)
	}
	w.fds, w.at = append(w.fds, fd), append(w.at, name)
	return -1, nil
}

// link goes on with the text of an open symbolic link, if it is followed.
func (w *walker) link(fd int, name string, last bool, flag int) (int, error) {
	if last && flag&unix.O_NOFOLLOW != 0 && flag&unix.O_PATH != 0 {
		return fd, nil
	}
	defer unix.Close(fd)
	switch {
	case last && flag&unix.O_CREAT != 0 && flag&unix.O_EXCL != 0:
		return -1, syscall.EEXIST
	case last && flag&unix.O_NOFOLLOW != 0, !w.root.follows(path.Join(path.Join(w.at...), name)):
		return -1, ErrLink
	}
	text := make([]byte, maxPathBytes)
	n, err := unix.Readlinkat(fd, "", text)
	if err != nil {
		return -1, err
	}
	if n > 0 && text[0] == '/' {
		return -1, ErrOutside
	}
	if w.links++; w.links > maxLinks {
		return -1, syscall.ELOOP
	}
	w.names = append(split(string(text[:n])), w.names...)
	return -1, nil
}

func (w *walker) close() {
	for _, fd := range w.fds {
		unix.Close(fd)
	}
}

// openat opens a bare name. A symbolic link that took its place is not followed where flag has O_NOFOLLOW.
func openat(dir int, name string, flag int, perm uint32) (fd int, err error) {
	err = again(func() error {
		fd, err = unix.Openat(dir, name, flag, perm)
		return err
	})
	if errors.Is(err, syscall.ELOOP) {
		err = ErrLink
	}
	if err != nil {
		return -1, err
	}
	return fd, nil
}
