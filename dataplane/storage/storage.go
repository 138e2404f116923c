// Package storage is access to files beneath one folder, and to nothing outside it.
//
// A Root is a handle on a folder (os.Root): absolute paths and ".." stay inside it, and a symbolic link that leads outside is
// refused by the kernel's own path resolution, not by comparing strings. The package knows nothing of users, tokens or transfers.
package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"unicode/utf8"
)

// ErrBadPath is the error for a name that no file may have here.
var ErrBadPath = errors.New("bad path")

const (
	maxPathBytes = 4096
	maxNameBytes = 255
)

// Root is a folder; all its methods take slash paths relative to it. "/a/b", "a/b" and "/a/../a/b" are the same path, and ".."
// at the top stays at the top, as in a chroot. Safe for concurrent use.
type Root struct {
	root *os.Root
	dir  string
	// at is where the root lies in the one that encryption speaks of.
	at         string
	encryption Encryption
}

// Open opens the folder dir of the host.
func Open(dir string) (*Root, error) {
	r, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open storage root: %w", err)
	}
	return &Root{root: r, dir: dir}, nil
}

// Close releases the handle; files opened from it stay open.
func (r *Root) Close() error { return r.root.Close() }

// Clean turns a client's path into the one used here: absolute, slashes, no "." or "..". It refuses names that are not UTF-8,
// hold a NUL byte, or are too long. "" and "." are "/".
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

// local is the form that os.Root takes: relative, "." for the root itself.
func local(p string) (string, error) {
	clean, err := Clean(p)
	if err != nil {
		return "", err
	}
	if clean == "/" {
		return ".", nil
	}
	return clean[1:], nil
}

// Sub opens the folder p as a root of its own. It must exist.
func (r *Root) Sub(p string) (*Root, error) {
	name, err := local(p)
	if err != nil {
		return nil, err
	}
	sub, err := r.root.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	return &Root{root: sub, dir: path.Join(r.dir, name), at: path.Join(r.at, name), encryption: r.encryption}, nil
}

// Open opens a file or folder for reading.
func (r *Root) Open(p string) (*os.File, error) { return r.OpenFile(p, os.O_RDONLY, 0) }

// OpenFile opens a file as os.OpenFile does.
func (r *Root) OpenFile(p string, flag int, perm fs.FileMode) (*os.File, error) {
	name, err := local(p)
	if err != nil {
		return nil, err
	}
	return r.root.OpenFile(name, flag, perm)
}

// Stat follows symbolic links that stay inside the root.
func (r *Root) Stat(p string) (fs.FileInfo, error) {
	name, err := local(p)
	if err != nil {
		return nil, err
	}
	info, err := r.root.Stat(name)
	return r.withContentSize(p, info, err)
}

// Lstat does not follow the last symbolic link.
func (r *Root) Lstat(p string) (fs.FileInfo, error) {
	name, err := local(p)
	if err != nil {
		return nil, err
	}
	info, err := r.root.Lstat(name)
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
	sortByName(entries)
	if len(r.encryption) > 0 {
		for i, e := range entries {
			entries[i] = contentEntry{e, r, path.Join(p, e.Name())}
		}
	}
	return entries, err
}
