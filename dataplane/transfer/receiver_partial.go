package transfer

import (
	"errors"
	"io/fs"

	"faspex.io/operator/dataplane/transfer/fail"
)

// errGone is given for the partial file of a file that is done with.
var errGone = errors.New("the file is done with")

// openPartial opens or makes the partial file of a file that is not done with. It is made once: were it made again, there would
// be zeros where it was written before.
func (r *receiver) openPartial(f *gotFile) (*targetFile, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.finished || f.removed {
		return nil, errGone
	}
	if f.made {
		if err := r.checkPartial(f); err != nil {
			return nil, err
		}
	}
	partial, _ := f.unfinishedNames()
	file, err := f.open(r.tree.OpenForContent(partial, f.total()))
	if err != nil || f.made {
		return file, err
	}
	info, err := file.Host().Stat()
	if err != nil {
		file.Close()
		return nil, err
	}
	f.made, f.is = true, identityOf(info)
	return file, nil
}

// checkPartial says whether what has the name of the partial file is what was written. Others than sessions of this node may have
// removed or replaced it.
func (r *receiver) checkPartial(f *gotFile) error {
	partial, _ := f.unfinishedNames()
	info, err := r.tree.Lstat(partial)
	if errors.Is(err, fs.ErrNotExist) || err == nil && identityOf(info) != f.is {
		return fail.New(fail.DiskWrite, "%s: its partial file was removed or replaced while it was written, run again", f.entry.Path)
	}
	return err
}
