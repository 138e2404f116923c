package buckets

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"

	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/store"
)

// Docroot is the top of the storage as node users see it, for one call: the folders of the host, and beside them each
// mounted storage as a folder of its name. The storages that are mounted are read once, when they are needed.
type Docroot struct {
	*storage.Root
	ctx     context.Context
	buckets *Buckets
	mounts  func() (map[string]string, error)
}

var _ storage.Tree = (*Docroot)(nil)

// Docroot has the mounted storages in a handle on the storage root, for as long as ctx lasts.
func (b *Buckets) Docroot(ctx context.Context, root *storage.Root) *Docroot {
	var mounts map[string]string
	return &Docroot{Root: root, ctx: ctx, buckets: b, mounts: func() (_ map[string]string, err error) {
		if mounts == nil {
			mounts, err = b.Store.Mounts(ctx)
		}
		return mounts, err
	}}
}

// mount is the name of the mounted storage that a path is in, and its id; empty for a path of the host.
func (d *Docroot) mount(p string) (name, id string, err error) {
	clean, err := storage.Clean(p)
	if err != nil {
		return "", "", err
	}
	if name, _, _ = strings.Cut(clean[1:], "/"); name == "" {
		return "", "", nil
	}
	mounts, err := d.mounts()
	if id = mounts[name]; id == "" {
		return "", "", err
	}
	return name, id, nil
}

// Place is a path as those beneath the storage root are that files in a mounted storage have for all who see them.
func (d *Docroot) Place(p string) (string, error) {
	name, id, err := d.mount(p)
	if err != nil || id == "" {
		return p, err
	}
	return store.ObjectStorage{ID: id}.Path() + strings.TrimPrefix(path.Clean("/"+p), "/"+name), nil
}

// tree is the tree that a path is in. It has the same paths.
func (d *Docroot) tree(p string) (storage.Tree, error) {
	name, id, err := d.mount(p)
	switch {
	case err != nil:
		return nil, err
	case id == "":
		return d.Root, nil
	}
	t, err := d.buckets.Tree(d.ctx, store.ObjectStorage{ID: id}.Path())
	if err != nil {
		return nil, err
	}
	return t.Under(name), nil
}

// Stat implements storage.Tree, as do the methods below.
func (d *Docroot) Stat(p string) (fs.FileInfo, error) {
	return at(d, p, func(t storage.Tree) (fs.FileInfo, error) { return t.Stat(p) })
}

func (d *Docroot) Lstat(p string) (fs.FileInfo, error) {
	return at(d, p, func(t storage.Tree) (fs.FileInfo, error) { return t.Lstat(p) })
}

// ReadDir has the mounted storages in the top folder.
func (d *Docroot) ReadDir(p string) ([]fs.DirEntry, error) {
	var all []fs.DirEntry
	err := d.Each(p, func(e fs.DirEntry) error {
		all = append(all, e)
		return nil
	})
	slices.SortFunc(all, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return all, err
}

// Each has the mounted storages in the top folder, whether they can be reached or not.
func (d *Docroot) Each(p string, fn func(fs.DirEntry) error) error {
	clean, err := storage.Clean(p)
	if err != nil {
		return err
	}
	if clean != "/" {
		return d.in(p, func(t storage.Tree) error { return t.Each(p, fn) })
	}
	mounts, err := d.mounts()
	if err != nil {
		return err
	}
	for name := range mounts {
		if err := fn(mountEntry{mountInfo(name)}); err != nil {
			return err
		}
	}
	return d.Root.Each("/", func(e fs.DirEntry) error {
		if mounts[e.Name()] != "" {
			return nil // A folder of the host that came later.
		}
		return fn(e)
	})
}

func (d *Docroot) Identify(p string) (info fs.FileInfo, identity storage.Identity, err error) {
	err = d.in(p, func(t storage.Tree) (err error) {
		info, identity, err = t.Identify(p)
		return err
	})
	return info, identity, err
}

func (d *Docroot) Readlink(p string) (string, error) {
	return at(d, p, func(t storage.Tree) (string, error) { return t.Readlink(p) })
}

func (d *Docroot) OpenContent(p string) (storage.File, error) {
	return at(d, p, func(t storage.Tree) (storage.File, error) { return t.OpenContent(p) })
}

func (d *Docroot) Create(p string, content []byte, perm fs.FileMode) error {
	return d.in(p, func(t storage.Tree) error { return t.Create(p, content, perm) })
}

func (d *Docroot) Mkdir(p string, perm fs.FileMode) error {
	return d.in(p, func(t storage.Tree) error { return t.Mkdir(p, perm) })
}

func (d *Docroot) MkdirAll(p string, perm fs.FileMode) error {
	return d.in(p, func(t storage.Tree) error { return t.MkdirAll(p, perm) })
}

func (d *Docroot) Remove(p string) error {
	return d.in(p, func(t storage.Tree) error { return t.Remove(p) })
}

func (d *Docroot) RemoveAll(p string) error {
	return d.in(p, func(t storage.Tree) error { return t.RemoveAll(p) })
}

// Rename fails with EXDEV for what would have to be copied from one storage into another.
func (d *Docroot) Rename(from, to string) error {
	if err := d.sameStorage(from, to); err != nil {
		return err
	}
	return d.in(from, func(t storage.Tree) error { return t.Rename(from, to) })
}

// Symlink fails with EXDEV for a link that leads from one storage into another.
func (d *Docroot) Symlink(text, p string) error {
	if err := d.sameStorage(p, path.Join("/", path.Dir(p), text)); err != nil {
		return err
	}
	return d.in(p, func(t storage.Tree) error { return t.Symlink(text, p) })
}

func (d *Docroot) Space(p string) (storage.Space, error) {
	return at(d, p, func(t storage.Tree) (storage.Space, error) { return t.Space(p) })
}

func (d *Docroot) sameStorage(a, b string) error {
	_, one, err := d.mount(a)
	_, other, wrong := d.mount(b)
	if err := errors.Join(err, wrong); err != nil {
		return err
	}
	if one != other {
		return &fs.PathError{Op: "rename", Path: b, Err: syscall.EXDEV}
	}
	return nil
}

func (d *Docroot) in(p string, fn func(storage.Tree) error) error {
	t, err := d.tree(p)
	if err != nil {
		return err
	}
	return fn(t)
}

func at[T any](d *Docroot, p string, fn func(storage.Tree) (T, error)) (out T, err error) {
	err = d.in(p, func(t storage.Tree) (err error) {
		out, err = fn(t)
		return err
	})
	return out, err
}

// mountInfo is a mounted storage in the list of the top folder.
type mountInfo string

func (i mountInfo) Name() string     { return string(i) }
func (mountInfo) Size() int64        { return 0 }
func (mountInfo) Mode() fs.FileMode  { return fs.ModeDir | 0o755 }
func (mountInfo) ModTime() time.Time { return time.Unix(0, 0).UTC() }
func (mountInfo) IsDir() bool        { return true }
func (mountInfo) Sys() any           { return nil }

type mountEntry struct{ mountInfo }

func (e mountEntry) Type() fs.FileMode          { return fs.ModeDir }
func (e mountEntry) Info() (fs.FileInfo, error) { return e.mountInfo, nil }

// Known implements storage.Known: a storage is listed without being asked.
func (e mountEntry) Known() (fs.FileInfo, storage.Identity) {
	return e.mountInfo, storage.Identity{Inode: 1}
}
