package transfer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/transfer/chunk"
)

// The parts of a file are written into one partial file by several sessions, perhaps of several nodes. Each has a journal of
// its own. Who finds that all parts are whole gives the file its name; the journals go first, so that they never vouch for a
// partial file that another transfer makes.

// targetFile is an open file that bytes of an entry are written into: all of it, or the part that begins at base.
type targetFile struct {
	storage.File
	base int64
}

func (t *targetFile) ReadAt(b []byte, off int64) (int, error) { return t.File.ReadAt(b, t.base+off) }

func (t *targetFile) WriteAt(b []byte, off int64) (int, error) { return t.File.WriteAt(b, t.base+off) }

// open makes the file that was opened, if it was, the entry's. f.mu is held.
func (f *gotFile) open(file storage.File, err error) (*targetFile, error) {
	if err != nil {
		return nil, err
	}
	t := &targetFile{File: file}
	if h, ok := file.(hider); ok {
		f.hide = h.Values()
	}
	if f.part != nil {
		t.base = f.part.Offset
	}
	return t, nil
}

// total is the size of the whole file.
func (f *gotFile) total() int64 {
	if f.part != nil {
		return f.part.Total
	}
	return f.entry.Size
}

// partName says which part of a file an entry is, "2-3" for the second of three; empty for all of it.
func (f *gotFile) partName() string {
	if f.part == nil {
		return ""
	}
	return fmt.Sprintf("%d-%d", f.part.Index, f.part.Count)
}

// partJournal is the name of a part's journal, given that of the whole file's.
func partJournal(journal string, index, count uint32) string {
	return fmt.Sprintf("%s.%d-%d%s", strings.TrimSuffix(journal, journalSuffix), index, count, journalSuffix)
}

// journaledName is the name without suffixes of the file that a journal belongs to, whether of all of it or of a part.
func journaledName(name string) (string, bool) {
	base, ok := strings.CutSuffix(name, journalSuffix)
	if !ok {
		return "", false
	}
	if i := strings.LastIndexByte(base, '.'); i > 0 {
		var index, count uint32
		if n, err := fmt.Sscanf(base[i:], ".%d-%d", &index, &count); n == 2 && err == nil && base[i:] == fmt.Sprintf(".%d-%d", index, count) {
			return base[:i], true
		}
	}
	return base, true
}

// publishPart notes that a part is whole and, if it is the last one, gives the file its name.
func (r *receiver) publishPart(f *gotFile) error {
	f.mu.Lock()
	err := r.append(f, chunk.Count(f.entry.Size), *f.expected)
	f.closeLog()
	f.mu.Unlock()
	if err != nil {
		return err
	}
	whole, err := r.allParts(f)
	if err != nil || !whole {
		return err
	}
	// Not made anew: it is gone when another session was faster.
	partial, _ := f.unfinishedNames()
	file, err := r.tree.OpenFile(partial, os.O_RDWR, 0)
	if err != nil {
		return ignoreMissing(err)
	}
	defer file.Close()
	if err := file.Truncate(f.part.Total); err != nil {
		return err
	}
	if err := r.attributes(f, file); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	for i := range f.part.Count {
		err := r.tree.Remove(f.journalOf(i + 1))
		switch {
		case i == 0 && errors.Is(err, fs.ErrNotExist):
			return nil // Of several sessions the one that removes the first journal goes on.
		case ignoreMissing(err) != nil:
			return err
		}
	}
	return r.tree.Rename(partial, f.target)
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (f *gotFile) journalOf(index uint32) string {
	_, journal := unfinishedNames(f.target)
	return partJournal(journal, index, f.part.Count)
}

// allParts says that the journals of all parts tell of whole ones.
func (r *receiver) allParts(f *gotFile) (bool, error) {
	for i := range f.part.Count {
		journal, err := r.tree.Open(f.journalOf(i + 1))
		if err != nil {
			return false, ignoreMissing(err)
		}
		head, chunks, err := readJournal(journal)
		journal.Close()
		_, done := chunks[chunk.Count(head.Size)]
		if err != nil || head.ModTime != f.entry.ModTime || !done {
			return false, nil
		}
	}
	return true, nil
}
