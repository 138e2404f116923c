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

// errLeftOut is why a link is left out that mayLink refuses.
type errLeftOut struct{ reason *fail.Error }

func (e errLeftOut) Error() string { return e.reason.Text }

// link makes a symbolic link of the manifest, unless mayLink refuses it. No granted folder follows a link, whatever its
// text (TestGrantedFollowsNoLink in dataplane/storage).
func (r *receiver) link(f *gotFile) error {
	made, err := r.makeLink(f)
	var left errLeftOut
	switch {
	case errors.As(err, &left):
		return r.done(f, control.FileSkipped, left.reason)
	case err != nil:
		r.mirror.misses()
		return r.done(f, control.FileFailed, fail.File(f.entry.Path, err, fail.DiskWrite))
	case !made:
		return r.done(f, control.FileSkipped, nil)
	}
	return r.done(f, control.FileWritten, nil)
}

// makeLink reports whether there was something to make.
func (r *receiver) makeLink(f *gotFile) (bool, error) {
	if err := badName(f.entry.Path, f.entry.Kind); err != nil {
		return false, err
	}
	target, refused := r.target(f.entry.Path)
	if refused != nil {
		return false, refused
	}
	if r.mayLink != nil {
		if refused := r.mayLink(target, f.entry.Attributes.Link); refused != nil {
			return false, errLeftOut{fail.New(refused.Code, "%s: %w", f.entry.Path, refused)}
		}
	}
	f.target = target
	if other := r.unfinishedForm(target); other != "" {
		return false, errUnfinishedForm(f, other)
	}
	if !r.names.Take(target) {
		return false, fail.New(fail.AlreadyExists, "%s: two files of the transfer have this name", f.entry.Path)
	}
	if refused := r.refuseTwin(f); refused != nil {
		return false, refused
	}
	if r.claim != nil {
		if held := r.claim(target, "", 0); held != nil {
			return false, fail.New(held.Code, "%s: %w", f.entry.Path, held)
		}
		f.claimed = true
	}
	if _, err := r.ensureFolder(path.Dir(target)); err != nil {
		return false, err
	}
	text := f.entry.Attributes.Link
	existing, err := r.tree.Lstat(target)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return true, r.placeLink(f, target)
	case err != nil:
		return false, err
	}
	if existing.Mode()&fs.ModeSymlink != 0 {
		if old, err := r.tree.Readlink(target); err == nil && old == text {
			return false, nil
		}
	}
	switch {
	case r.keepExisting:
		return false, fail.New(fail.Permission, "%s: a file has this name, and there is no permission to replace it",
			f.entry.Path)
	case r.options.Symlinks != manifest.SymlinksForce, r.options.Overwrite == manifest.OverwriteNever:
		return false, nil
	case special(existing):
		return false, errNotRegular(f)
	case existing.IsDir():
		return false, fail.New(fail.IsDirectory, "%s: a folder has this name", f.entry.Path)
	}
	if refused := r.refuseSaving(f); refused != nil {
		return false, refused
	}
	partial := path.Join(path.Dir(target), unfinished.SmallName(path.Base(target)))
	if err := r.tree.Remove(partial); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	if err := r.placeLink(f, partial); err != nil {
		return false, err
	}
	if err := r.saveExisting(target); err != nil {
		return false, err
	}
	return true, r.tree.Rename(partial, target)
}

// placeLink makes the link at p and gives it its owner.
func (r *receiver) placeLink(f *gotFile, p string) error {
	if err := r.tree.Symlink(f.entry.Attributes.Link, p); err != nil {
		return err
	}
	if uid, gid, ok := owner(f); ok {
		return r.tree.Lchown(p, uid, gid)
	}
	return nil
}
