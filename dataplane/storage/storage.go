// Package storage is access to files beneath one folder, and to nothing outside it.
//
// A Root is a handle on a folder. The kernel resolves every path beneath it (openat2): absolute paths and ".." stay
// inside, a symbolic link that leads outside is refused, and a granted root follows no link at all
// (TestGrantedFollowsNoLink, FuzzNothingOutsideIsTouched). The package knows nothing of users, tokens or transfers.
package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

var (
	// ErrBadPath is the error for a name that no file may have here.
	ErrBadPath = errors.New("bad path")
	// ErrLink is the error for a path that leads through a symbolic link where none is followed.
	ErrLink = errors.New("path leads through a symbolic link")
	// ErrOutside is the error for a symbolic link that leads out of the root.
	ErrOutside = errors.New("path leads outside")
)

// Mark is a file that root keeps in a storage to say whose it is (internal/prepare). No root
// shows it, and none changes it.
const Mark = ".faspex-storage"

const (
	maxPathBytes = 4096
	maxNameBytes = 255
)

// Root is a folder; all its methods take slash paths relative to it. "/a/b", "a/b" and "/a/../a/b" are the same path,
// and ".." at the top stays at the top, as in a chroot. Safe for concurrent use.
type Root struct {
	dir *os.File // opened with O_PATH
	raw syscall.RawConn
	// at is where the root lies in the one that encryption and listed speak of.
	at         string
	encryption Encryption
	// strict roots follow no symbolic link but those that are listed.
	strict bool
	listed map[string]struct{}
	walks  bool // for tests: as if there were no openat2
}

// Open opens the folder dir of the host. Symbolic links in dir are followed, and those beneath it that stay beneath it.
func Open(dir string) (*Root, error) {
	f, err := os.OpenFile(dir, unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, fmt.Errorf("open storage root: %w", err)
	}
	return newRoot(f, Root{})
}

func newRoot(dir *os.File, like Root) (*Root, error) {
	raw, err := dir.SyscallConn()
	if err != nil {
		dir.Close()
		return nil, fmt.Errorf("open storage root: %w", err)
	}
	like.dir, like.raw = dir, raw
	return &like, nil
}

// FollowListed has granted roots follow these symbolic links, which an administrator has placed, and no others. Paths
// are relative to the root. It has to be called before the root is used.
func (r *Root) FollowListed(links []string) error {
	listed := map[string]struct{}{}
	for _, p := range links {
		clean, err := Clean(p)
		if err != nil {
			return fmt.Errorf("link %q: %w", p, err)
		}
		if clean == "/" {
			return fmt.Errorf("link %q: %w", p, ErrIsRoot)
		}
		listed[clean] = struct{}{}
	}
	r.listed = listed
	return nil
}

// Close releases the handle; files opened from it stay open. Views of the root are closed with it.
func (r *Root) Close() error { return r.dir.Close() }

// Clean turns a client's path into the one used here: absolute, slashes, no "." or "..". It refuses names that are not
// UTF-8, hold a NUL byte, or are too long. "" and "." are "/".
func Clean(p string) (string, error) {
	switch {
	case !utf8.ValidString(p):
		return "", fmt.Errorf("%w: not UTF-8", ErrBadPath)
	case strings.ContainsRune(p, 0):
		return "", fmt.Errorf("%w: holds a NUL byte", ErrBadPath)
	case len(p) > maxPathBytes:
		return "", fmt.Errorf("%w: longer than %d bytes", ErrBadPath, maxPathBytes)
	}
	clean := path.Clean("/" + p)
	for name := range strings.SplitSeq(clean, "/") {
		if len(name) > maxNameBytes {
			return "", fmt.Errorf("%w: a name is longer than %d bytes", ErrBadPath, maxNameBytes)
		}
	}
	return clean, nil
}

// Beneath reports whether the clean path p is folder or lies beneath it.
func Beneath(folder, p string) bool {
	return folder == "/" || p == folder || strings.HasPrefix(p, folder+"/")
}

// Granted opens the folder p as a root of its own, which must exist. Neither on the way to p nor by any method
// of the new root is a symbolic link followed, except those that FollowListed names
// (TestGrantedFollowsNoLink): methods that would follow fail with ErrLink, and Lstat, Readlink, Remove,
// RemoveAll, Rename, Symlink and Lchown act on a link itself.
func (r *Root) Granted(p string) (*Root, error) {
	strict := r.Strict()
	name, err := local(p)
	if err != nil {
		return nil, err
	}
	f, err := strict.openPath(name, unix.O_DIRECTORY)
	if err != nil {
		return nil, err
	}
	granted := *strict
	granted.at = path.Join(r.at, name)
	return newRoot(f, granted)
}

// Strict is a view of the same folder that follows no symbolic link, like a granted root.
func (r *Root) Strict() *Root {
	view := *r
	view.strict = true
	return &view
}

// Following is a view of the same folder that follows symbolic links which stay inside it.
func (r *Root) Following() *Root {
	view := *r
	view.strict = false
	return &view
}

// Open opens a file or folder for reading.
func (r *Root) Open(p string) (*os.File, error) { return r.OpenFile(p, os.O_RDONLY, 0) }

// OpenFile opens a file as os.OpenFile does. O_EXCL and O_NOFOLLOW are obeyed.
func (r *Root) OpenFile(p string, flag int, perm fs.FileMode) (*os.File, error) {
	name, err := local(p)
	if err != nil {
		return nil, err
	}
	return r.open(name, flag, perm)
}

// Stat follows symbolic links that stay inside the root, if the root follows any.
func (r *Root) Stat(p string) (fs.FileInfo, error) { return r.stat(p, 0) }

// Lstat does not follow the last symbolic link.
func (r *Root) Lstat(p string) (fs.FileInfo, error) { return r.stat(p, unix.O_NOFOLLOW) }

func (r *Root) stat(p string, flag int) (fs.FileInfo, error) {
	name, err := local(p)
	if err != nil {
		return nil, err
	}
	f, err := r.openPath(name, flag)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	f.Close()
	return r.withContentSize(p, info, err)
}

// ReadDir lists a folder, sorted by name.
func (r *Root) ReadDir(p string) ([]fs.DirEntry, error) {
	f, err := r.Open(p)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	entries, err := f.ReadDir(-1)
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return e.Name() == Mark })
	sortByName(entries)
	for i, e := range entries {
		entries[i] = entry{e, r, path.Join(p, e.Name())}
	}
	return entries, err
}

// entry is an entry of a folder whose Info resolves its path like the root does.
type entry struct {
	fs.DirEntry
	root *Root
	p    string
}

func (e entry) Info() (fs.FileInfo, error) { return e.root.Lstat(e.p) }

// local is the form that paths are resolved in: relative, "." for the root itself.
func local(p string) (string, error) {
	clean, err := Clean(p)
	if err != nil {
		return "", err
	}
	if clean == "/" {
		return ".", nil
	}
	if strings.Contains(clean+"/", "/"+Mark+"/") {
		return "", fmt.Errorf("%w: %s is reserved", ErrBadPath, Mark)
	}
	return clean[1:], nil
}
