package unfinished

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"

	"faspex.io/operator/dataplane/transfer/chunk"
)

// The parts of a file are written into one partial file by several sessions, perhaps of several nodes. Each
// has a journal of its own. Who finds that all parts are whole gives the file its name; the journals go first,
// so that they never vouch for a partial file that another transfer makes. All names are reserved ones, so
// that the sessions agree on them.

// CommitPart notes that a part is whole and, if it is the last one, gives the file its name. finish is
// called with the whole file before.
func (d *Draft) CommitPart(sum [16]byte, known *chunk.Hashes, data chunk.Set, finish func(*os.File) error) error {
	err := d.Append(chunk.Count(d.source.Size), sum, known, data)
	d.CloseJournal()
	if err != nil {
		return err
	}
	whole, err := d.allParts()
	if err != nil || !whole {
		return err
	}
	// Not made anew: it is gone when another session was faster.
	f, err := d.tree.OpenOwn(d.partial(), os.O_RDWR, 0)
	if err != nil {
		return ignoreMissing(err)
	}
	defer f.Close()
	if err := f.Truncate(d.source.Part.Total); err != nil {
		return err
	}
	if err := finish(f); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	for i := range d.source.Part.Count {
		err := d.tree.Remove(d.journalOf(i + 1))
		switch {
		case i == 0 && errors.Is(err, fs.ErrNotExist):
			return nil // Of several sessions the one that removes the first journal goes on.
		case ignoreMissing(err) != nil:
			return err
		}
	}
	return d.tree.Rename(d.partial(), d.target)
}

func (d *Draft) journalOf(index uint32) string {
	return partJournal(d.reserved(), index, d.source.Part.Count)
}

// allParts says that the journals of all parts tell of whole ones.
func (d *Draft) allParts() (bool, error) {
	for i := range d.source.Part.Count {
		f, err := d.tree.OpenOwn(d.journalOf(i+1), os.O_RDONLY, 0)
		if err != nil {
			return false, ignoreMissing(err)
		}
		head, chunks, err := readJournal(f)
		f.Close()
		_, done := chunks[chunk.Count(head.Size)]
		if err != nil || head.ModTime != d.source.ModTime || !done {
			return false, nil
		}
	}
	return true, nil
}

// DropStale removes what earlier attempts left under reserved names and this one does not use: the file was sent whole,
// or in another number of parts. Where the partial file is gone no journal is of any use; one that stayed would vouch
// for a part of the next. What can't be removed is looked at again the next time.
func (d *Draft) DropStale() {
	dir := path.Dir(d.target)
	partial, own := d.reserved()+partialSuffix, path.Base(d.journal())
	if !d.digest {
		_ = d.tree.Remove(partial)
	}
	folder, err := d.tree.Open(dir)
	if err != nil {
		return
	}
	defer folder.Close()
	sibling := ""
	if d.source.Part != nil {
		_, sibling, _ = strings.Cut(own[len(path.Base(d.reserved())):], "-")
	}
	gone := d.missing(partial)
	stem := path.Base(d.reserved()) + "."
	var names []string
	for {
		batch, err := folder.Readdirnames(1024)
		for _, name := range batch {
			if !strings.HasPrefix(name, stem) || !strings.HasSuffix(name, journalSuffix) {
				continue
			}
			if gone || name != own && (sibling == "" || !strings.HasSuffix(name, "-"+sibling)) {
				names = append(names, name)
			}
		}
		if err != nil {
			break
		}
	}
	for _, name := range names {
		if gone && !d.missing(partial) {
			return // Another session of the transfer has begun meanwhile: what is there now is its.
		}
		_ = d.tree.Remove(path.Join(dir, name))
	}
}

func (d *Draft) missing(p string) bool {
	_, err := d.tree.Lstat(p)
	return errors.Is(err, fs.ErrNotExist)
}
