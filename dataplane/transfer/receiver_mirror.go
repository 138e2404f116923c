package transfer

import (
	"errors"
	"io/fs"
	"path"

	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transfer/manifest"
	"faspex.io/operator/dataplane/transfer/unfinished"
)

// remover is a tree whose folders can be removed with what they hold; *storage.Root is one.
type remover interface{ RemoveAll(p string) error }

// mirror removes from the folders of a transfer what the sender does not have, once the whole list is known.
// What the filters leave out, and what is unfinished, stays. A list with failures removes nothing: what
// could not be read may be there.
type mirror struct {
	folders []mirrored
	failed  bool
}

// mirrored is a folder of the list: its path there, and where it is.
type mirrored struct{ name, target string }

// misses notes that an entry of the list has no place here, so that what has its name can't be told from what is extra.
func (m *mirror) misses() { m.failed = true }

// errNoMirror says why what is extra can't be told apart, or nil.
func errNoMirror(o control.Options) error {
	switch {
	case !o.DeleteExtra:
		return nil
	case o.Sessions > 1:
		return fail.New(fail.Usage, "of several sessions none knows all files: nothing can be deleted before such a transfer")
	case o.NewerThan != 0 || o.OlderThan != 0:
		return fail.New(fail.Usage,
			"files are left out by their times: what is to be deleted at the destination can't be told")
	}
	return nil
}

// note remembers an entry of the list.
func (m *mirror) note(f *gotFile) {
	switch f.entry.Kind {
	case control.KindFolder:
		m.folders = append(m.folders, mirrored{f.entry.Path, f.target})
	case control.KindFailed:
		m.failed = true
	}
}

// removeExtra removes what is extra.
func (r *receiver) removeExtra() error {
	if !r.options.DeleteExtra {
		return nil
	}
	if r.mirror.failed {
		return fail.New(fail.SomeFiles,
			"not all files of the source could be listed, so that nothing is deleted at the destination")
	}
	tree, ok := r.tree.(remover)
	if !ok {
		return fail.New(fail.Usage, "nothing can be deleted at this destination")
	}
	filters, err := manifest.NewFilters(r.options.Filters)
	if err != nil {
		return err
	}
	for _, d := range r.mirror.folders {
		entries, err := r.tree.ReadDir(d.target)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fail.File(d.name, err, fail.DiskRead)
		}
		drafts := unfinished.Drafts(r.tree.Open, d.target, entries)
		for _, e := range entries {
			p, name := path.Join(d.target, e.Name()), path.Join(d.name, e.Name())
			if r.isListed(p) || drafts[e.Name()] || filters.Exclude(name, e.IsDir()) {
				continue
			}
			if r.mayDelete != nil && !r.mayDelete(p) {
				return fail.New(fail.Authorization, "%s: the authorization does not allow to delete it", name)
			}
			if err := tree.RemoveAll(p); err != nil {
				return fail.File(name, err, fail.DiskWrite)
			}
		}
	}
	return nil
}

// isListed says that something has the place of an entry of the list.
func (r *receiver) isListed(p string) bool {
	return r.names.Has(p) || r.folders[p] != nil
}
