package transfer

import (
	"errors"
	"io/fs"
	"path"
	"time"

	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/transfer/chunk"
	"faspex.io/operator/dataplane/transfer/unfinished"
)

// A file that is no larger than a chunk nearly always comes in one piece. Then it costs as little as a file can: it is
// made with all of its content and attributes, closed, and renamed when its digest is there.

// storeWhole takes all of a small file.
func (r *receiver) storeWhole(f *gotFile, content []byte) error {
	sum := chunk.HashSmall(content)
	var a storage.Attributes
	if r.options.PreserveModes {
		a.Mode, a.SetMode = fs.FileMode(f.entry.Mode), true
	}
	if r.options.PreserveTimes {
		a.ModTime = time.Unix(0, f.entry.ModTime)
	}
	err := r.inFolder(f.target, func(folder *storage.Folder) error {
		return folder.Make(unfinished.SmallName(path.Base(f.target)), content, a)
	})
	if err != nil {
		_ = r.removeUnfinished(f) // What failed before is what matters.
		return r.failWrite(f, err)
	}
	f.mu.Lock()
	f.staged = &sum
	f.draft.NoteMade()
	gone := f.phase == withdrawn || f.phase == finished
	f.mu.Unlock()
	if gone { // The sender gave it up meanwhile, and what was there then is gone.
		return r.removeUnfinished(f)
	}
	return r.finalizeIfWhole(f)
}

// publishStaged gives a staged file its name, if it is what was sent.
func (r *receiver) publishStaged(f *gotFile) error {
	name := path.Base(f.target)
	f.mu.Lock()
	matches := *f.staged == *f.expected
	f.mu.Unlock()
	if !matches {
		return errors.Join(r.removeUnfinished(f), errMismatch(f))
	}
	if err := r.saveExisting(f.target); err != nil {
		return err
	}
	return r.inFolder(f.target,
		func(folder *storage.Folder) error { return folder.Rename(unfinished.SmallName(name), name) })
}
