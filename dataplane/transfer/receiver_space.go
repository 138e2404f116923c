package transfer

import (
	"errors"
	"path"

	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/transfer/control"
)

// reserveFrom is the size from which on a file's place on disk is checked before its data is asked for.
const reserveFrom = 16 << 20

func (r *receiver) reserve(f *gotFile) error {
	if f.entry.Size < reserveFrom || f.reserved > 0 {
		return nil
	}
	space, err := r.tree.Space(path.Dir(f.target))
	if err != nil {
		return nil // The write itself will tell.
	}
	need := f.entry.Size - f.holes.total()
	partial, _ := f.unfinishedNames()
	if info, err := r.tree.Lstat(partial); err == nil {
		need -= min(need, allocated(info))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.reserved+need > space.Free {
		return Errorf(CodeNoSpace, "%s: no space left on disk: it needs %d bytes, %d are free", f.entry.Path, need, max(0, space.Free-r.reserved))
	}
	f.reserved = need
	r.reserved += need
	return nil
}

// preallocateFrom is the size from which on a file's blocks are reserved before its data is asked for.
const preallocateFrom = 8 << 20

// preallocate reserves the blocks of a file and asks for it.
func (r *receiver) preallocate(f *gotFile) error {
	err := r.handles.use(f.index, func(file *targetFile) error { return storage.Preallocate(file.Host(), file.DiskSize()) })
	switch {
	case err == nil:
		err = r.want(f)
	case errors.Is(err, errGone):
		err = nil
	default:
		err = errors.Join(r.removeUnfinished(f), r.done(f, control.FileFailed, fileError(f.entry.Path, err, CodeDiskWrite)))
	}
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.unanswered--
	r.mu.Unlock()
	return r.advance()
}
