package transfer

import (
	"errors"
	"path"

	"faspex.io/operator/dataplane/storage"
)

// A file that is no larger than a chunk nearly always comes in one piece. Then it costs as little as a file can: it is made
// with all of its content and attributes, closed, and renamed when its digest is there.

// storeWhole takes all of a small file.
func (r *receiver) storeWhole(f *gotFile, content []byte) error {
	hashes := chunkHashes{sums: [][16]byte{hashOf(content)}}
	sum := hashes.file()
	partial, _ := unfinishedNames(f.target)
	err := r.inFolder(partial, func(dir *storage.Root, name string) error {
		file, err := openExclusively(dir, name)
		if err != nil {
			return err
		}
		if _, err = file.Write(content); err == nil {
			err = r.attributes(f, file)
		}
		if closed := file.Close(); err == nil {
			err = closed
		}
		return err
	})
	if err != nil {
		return r.failWrite(f, err)
	}
	f.mu.Lock()
	f.staged, f.hash = true, sum
	f.mu.Unlock()
	return r.finalizeIfWhole(f)
}

// publishStaged gives a staged file its name, if it is what was sent.
func (r *receiver) publishStaged(f *gotFile) error {
	partial, _ := unfinishedNames(f.target)
	f.mu.Lock()
	matches := f.hash == *f.expected
	f.mu.Unlock()
	if !matches {
		return errors.Join(r.removeUnfinished(f), errMismatch(f))
	}
	return r.inFolder(f.target, func(dir *storage.Root, name string) error { return dir.Rename(path.Base(partial), name) })
}
