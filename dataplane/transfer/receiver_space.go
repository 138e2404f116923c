package transfer

import (
	"errors"
	"path"

	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transfer/unfinished"
)

// reserveFrom is the size from which on a file's place on disk is checked before its data is asked for.
const reserveFrom = 16 << 20

// reserve sets the bytes aside that a file still needs, or says that there are not enough.
func (r *receiver) reserve(f *gotFile) error {
	if f.entry.Size < reserveFrom || f.reserved > 0 {
		return nil
	}
	r.allotting.Lock()
	defer r.allotting.Unlock()
	space, err := r.tree.Space(path.Dir(f.target))
	if err != nil {
		return nil // The write itself will tell.
	}
	need := f.entry.Size - f.holes.Total()
	need -= min(need, f.occupied())
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.reserved+need > space.Free {
		return fail.New(fail.NoSpace, "%s: no space left on disk: it needs %d bytes, %d are free", f.entry.Path, need,
			max(0, space.Free-r.reserved))
	}
	f.reserved = need
	r.reserved += need
	return nil
}

// release gives up n bytes of what is reserved for a file: they are on disk now, so that they are not free any more.
func (r *receiver) release(f *gotFile, n int64) {
	if f.entry.Size < reserveFrom {
		return
	}
	r.mu.Lock()
	n = min(n, f.reserved)
	f.reserved -= n
	r.reserved -= n
	r.mu.Unlock()
}

// preallocateFrom is the size from which on a file's blocks are reserved before its data is asked for.
const preallocateFrom = 8 << 20

// preallocate reserves the blocks of a file and asks for it.
func (r *receiver) preallocate(f *gotFile) error {
	err := r.handles.use(f.index, func(file *unfinished.File) error {
		r.allotting.Lock()
		defer r.allotting.Unlock()
		done, err := storage.Preallocate(file.Host(), file.DiskSize())
		if done {
			r.release(f, f.entry.Size)
		}
		return err
	})
	switch {
	case err == nil:
		err = r.expectFile(f)
	case errors.Is(err, errGone):
		err = nil
	default:
		err = r.done(f, control.FileFailed, fail.File(f.entry.Path, err, fail.DiskWrite))
	}
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.unanswered--
	r.mu.Unlock()
	return r.advance()
}
