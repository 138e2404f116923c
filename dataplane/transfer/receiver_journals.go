package transfer

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// dropJournals removes the journals that earlier attempts left and this one does not use: a file was sent whole, or in another
// number of parts. Where the partial file is gone none is of any use; one that stayed would vouch for a part of the next.
// What can't be removed is looked at again the next time.
func (r *receiver) dropJournals(f *gotFile) {
	partial, own := f.unfinishedNames()
	dir := path.Dir(f.target)
	folder, err := r.tree.Open(dir)
	if err != nil {
		return
	}
	defer folder.Close()
	sibling := func(string) bool { return false }
	if f.part != nil {
		count := fmt.Sprintf("-%d%s", f.part.Count, journalSuffix)
		sibling = func(name string) bool { return strings.HasSuffix(name, count) }
	}
	gone := r.missing(partial)
	base := stem(path.Base(f.target))
	var names []string
	for {
		batch, err := folder.Readdirnames(1024)
		for _, name := range batch {
			if of, ok := journaledName(name); ok && of == base && (gone || name != path.Base(own) && !sibling(name)) {
				names = append(names, name)
			}
		}
		if err != nil {
			break
		}
	}
	for _, name := range names {
		switch {
		case gone && !r.missing(partial):
			return // Another session of the transfer has begun meanwhile: what is there now is its.
		case name != base+journalSuffix && !r.missing(path.Join(dir, strings.TrimSuffix(name, journalSuffix)+partialSuffix)):
			continue // It belongs to a file that is named like a part.
		}
		_ = r.tree.Remove(path.Join(dir, name))
	}
}

func (r *receiver) missing(p string) bool {
	_, err := r.tree.Lstat(p)
	return errors.Is(err, fs.ErrNotExist)
}
