package transfer

import (
	"errors"
	"io/fs"
	"os"
	"path"

	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/transfer/chunk"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transfer/manifest"
)

// describe emits the entry of a file or folder with the attributes that the options ask for.
func (w *walker) describe(kind control.Kind, p, name string, info fs.FileInfo) error {
	e := control.Entry{Kind: kind, Path: name, ModTime: info.ModTime().UnixNano(), Mode: uint32(info.Mode().Perm())}
	if kind == control.KindFile {
		e.Size = info.Size()
	}
	a := w.owned(info)
	if w.options.PreserveAccessTimes {
		a.AccessTime = storage.AccessTime(info)
	}
	if err := w.inside(&a, p, info); err != nil {
		return w.fail(name, p, fail.File(display(name, p), err, fail.DiskRead))
	}
	return w.emit(found{tree: w.tree, base: w.base, source: p, Entry: with(e, a)})
}

// link emits a symbolic link as what it is.
func (w *walker) link(p, name string, info fs.FileInfo) error {
	text, err := w.tree.Readlink(p)
	if err == nil && len(text) > control.MaxPath {
		err = fail.New(fail.PathTooLong, "%s: the link is too long", display(name, p))
	}
	if err != nil {
		return w.fail(name, p, fail.File(display(name, p), err, fail.DiskRead))
	}
	a := w.owned(info)
	a.Link = text
	e := control.Entry{Kind: control.KindLink, Path: name, ModTime: info.ModTime().UnixNano(),
		Mode: uint32(info.Mode().Perm())}
	if name == "" {
		e.Path = path.Base(p)
	}
	return w.emit(found{tree: w.tree, base: w.base, source: p, Entry: with(e, a)})
}

// with adds attributes to an entry, if there are any.
func with(e control.Entry, a control.Attributes) control.Entry {
	if a.UID != nil || a.GID != nil || a.AccessTime != 0 || len(a.Xattrs) > 0 || a.Link != "" || a.Sparse {
		e.Attributes = &a
	}
	return e
}

func (w *walker) owned(info fs.FileInfo) control.Attributes {
	var a control.Attributes
	uid, gid := storage.Owner(info)
	if w.options.PreserveUID {
		a.UID = &uid
	}
	if w.options.PreserveGID {
		a.GID = &gid
	}
	return a
}

// inside adds what only an open file tells: extended attributes and holes.
func (w *walker) inside(a *control.Attributes, p string, info fs.FileInfo) error {
	kept := manifest.KeptXattrs(w.options)
	holes := w.options.Sparse && info.Mode().IsRegular() && info.Size()-storage.Allocated(info) >= chunk.Size
	if kept == nil && !holes {
		return nil
	}
	f, err := w.tree.Open(p)
	if errors.Is(err, errors.ErrUnsupported) {
		return nil // What is no file of a host has none.
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if kept != nil {
		list, err := storage.Xattrs(f, kept)
		if err != nil {
			return err
		}
		for _, x := range list {
			a.Xattrs = append(a.Xattrs, control.Xattr(x))
		}
		if err := a.Check(); err != nil {
			return err
		}
	}
	if holes {
		return findHoles(a, f, info.Size())
	}
	return nil
}

// findHoles notes which chunks of an open file hold data, if there are others.
func findHoles(a *control.Attributes, f *os.File, size int64) error {
	extents, err := storage.Extents(f, size, control.MaxHave)
	if err != nil {
		return err
	}
	var data chunk.Set
	for _, e := range extents {
		from, to := e.Offset/chunk.Size*chunk.Size, min(size, (e.Offset+e.Length+chunk.Size-1)/chunk.Size*chunk.Size)
		data.Add(from, to-from)
	}
	if data.Total() < size {
		a.Sparse, a.Data = true, data
	}
	return nil
}
