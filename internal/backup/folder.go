package backup

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// unfinishedPrefix begins the names of files that are being written.
const unfinishedPrefix = ".unfinished-"

// Folder is a Target in a folder, a mounted volume for instance. No link leads out of it.
type Folder struct {
	root *os.Root
	name string
}

// OpenFolder opens a folder that exists. shown is what Location calls it.
func OpenFolder(folder, shown string) (*Folder, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, fmt.Errorf("open the folder of backups: %w", err)
	}
	return &Folder{root: root, name: shown}, nil
}

// Put writes to a file beside and renames it when it is on the disk.
func (f *Folder) Put(ctx context.Context, name string, r io.Reader) (err error) {
	folder := path.Dir(name)
	if err := f.root.MkdirAll(filepath.FromSlash(folder), 0o700); err != nil {
		return err
	}
	f.sweep(name)
	unfinished := path.Join(folder, unfinishedPrefix+path.Base(name)+"-"+rand.Text()[:8])
	file, err := f.root.OpenFile(unfinished, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.root.Remove(unfinished))
		}
	}()
	_, err = io.Copy(file, contextReader{ctx, r})
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	if err := f.root.Rename(unfinished, name); err != nil {
		return err
	}
	return f.syncFolder(folder)
}

// sweep removes what killed attempts at writing name left.
func (f *Folder) sweep(name string) {
	entries, err := fs.ReadDir(f.root.FS(), path.Dir(name))
	if err != nil {
		return // the write that follows reports what is wrong
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), unfinishedPrefix+path.Base(name)+"-") {
			_ = f.root.Remove(path.Join(path.Dir(name), e.Name())) // it is only in the way of the disk's space
		}
	}
}

func (f *Folder) syncFolder(folder string) error {
	d, err := f.root.Open(filepath.FromSlash(folder))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Get opens a regular file.
func (f *Folder) Get(_ context.Context, name string) (io.ReadCloser, error) {
	file, err := f.root.Open(filepath.FromSlash(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", name, ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no file", name)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// List names the files beneath a folder, unfinished ones too.
func (f *Folder) List(_ context.Context, folder string) ([]string, error) {
	var names []string
	err := fs.WalkDir(f.root.FS(), path.Clean(folder), func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.Type().IsRegular() {
			names = append(names, name)
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return names, err
}

// Delete removes a file, and its folder when that is empty then.
func (f *Folder) Delete(_ context.Context, name string) error {
	err := f.root.Remove(filepath.FromSlash(name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if folder := path.Dir(name); folder != "." {
		_ = f.root.Remove(folder) // it fails while something is in it
	}
	return nil
}

// Location of an object.
func (f *Folder) Location(name string) string { return f.name + "/" + name }

// contextReader ends a copy when its context does.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
