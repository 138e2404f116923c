package transfer

import (
	"errors"
	"io"
	"io/fs"
	"path"

	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/transfer/fail"
)

// Asking a file system for each of many names is slower than listing a folder once; listing a huge folder for one file
// is slower still. So a folder is listed when it was asked this often, and given up on when it holds more than that.
const (
	lookBeforeList = 16
	listAtMost     = 100_000
)

// folder is what a receiver knows of a folder that it writes into.
type folder struct {
	looks int
	// names are what was in it before the session, if that is known; those that the session makes are not among them.
	names map[string]struct{}
	huge  bool
	// folds says that upper and lower case are one here, once that was asked.
	asked, folds bool
}

// ensureFolder makes a folder if need be. A folder that the session has made is empty.
func (r *receiver) ensureFolder(p string) (*folder, error) { return r.ensureFolderOf(p, 0o755) }

// ensureFolderOf is ensureFolder for a folder that has permissions of its own from the beginning.
func (r *receiver) ensureFolderOf(p string, perm fs.FileMode) (*folder, error) {
	if d := r.folders[p]; d != nil {
		return d, nil
	}
	if r.names.Has(p) {
		return nil, fail.New(fail.BadPath, "%s: a file or a link of the transfer has the name of this folder", path.Base(p))
	}
	d := &folder{}
	err := r.tree.Mkdir(p, perm)
	switch {
	case err == nil:
		d.names = map[string]struct{}{}
	case errors.Is(err, fs.ErrExist), p == "." || p == "/":
		info, err := r.tree.Stat(p) // It may be a link to a folder, or a file.
		if err == nil && !info.IsDir() {
			err = fail.New(fail.NotDirectory, "%s is a file here, not a folder", path.Base(p))
		}
		if err != nil {
			return nil, err
		}
	case errors.Is(err, fs.ErrNotExist) && path.Dir(p) != p:
		if _, err := r.ensureFolder(path.Dir(p)); err != nil {
			return nil, err
		}
		return r.ensureFolderOf(p, perm)
	default:
		return nil, err
	}
	r.folders[p] = d
	return d, nil
}

// lacks says that a folder holds nothing of a name; false is "perhaps it does".
func (r *receiver) lacks(d *folder, p, name string) bool {
	if d.names == nil && !d.huge {
		if d.looks++; d.looks <= lookBeforeList {
			return false
		}
		r.list(d, p)
	}
	if d.names == nil {
		return false
	}
	_, there := d.names[name]
	return !there
}

// list learns what is in a folder, if that is not too much and can be read.
func (r *receiver) list(d *folder, p string) {
	d.huge = true
	if r.objects != nil {
		r.listObjects(d, p)
		return
	}
	f, err := r.tree.Open(p)
	if err != nil {
		return
	}
	defer f.Close()
	names := map[string]struct{}{}
	for len(names) < listAtMost {
		entries, err := f.Readdirnames(1024)
		for _, name := range entries {
			names[name] = struct{}{}
		}
		if errors.Is(err, io.EOF) {
			d.names, d.huge = names, false
			return
		}
		if err != nil {
			return
		}
	}
}

// errHuge ends the listing of a folder that holds too much.
var errHuge = errors.New("too many entries")

// listObjects is list for a folder of an object store.
func (r *receiver) listObjects(d *folder, p string) {
	names := map[string]struct{}{}
	err := r.objects.Each(p, func(e fs.DirEntry) error {
		if names[e.Name()] = struct{}{}; len(names) >= listAtMost {
			return errHuge
		}
		return nil
	})
	if err == nil {
		d.names, d.huge = names, false
	}
}

// inFolder calls fn with a handle on the folder of a file.
func (r *receiver) inFolder(p string, fn func(*storage.Folder) error) error {
	return r.opened.use(path.Dir(p), fn)
}
