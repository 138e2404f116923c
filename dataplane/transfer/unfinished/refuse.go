package unfinished

import (
	"errors"
	"io/fs"
	"path"
	"strings"

	"faspex.io/operator/dataplane/transfer/chunk"
	"faspex.io/operator/dataplane/transfer/fail"
)

// RefuseName says why what has the path p in a transfer can't be taken, or nil: a file may end as unfinished files do,
// but no folder above it, no folder and no link.
func RefuseName(p string, file bool) *fail.Error {
	folders := p
	if file {
		name := path.Base(p)
		if Reserved(name) {
			return fail.New(fail.BadPath, "%s: names of this form are those of unfinished files, rename it", p)
		}
		folders = path.Dir(p)
	}
	for name := range strings.SplitSeq(folders, "/") {
		if Suffixed(name) {
			return fail.New(fail.BadPath, "%s: folders and links named like unfinished files (%s, %s) are not taken, rename it",
				p, partialSuffix, journalSuffix)
		}
	}
	return nil
}

// Refuse says why a file may not be put at target, whose name is one that the unfinished form of another file has; nil
// if it may. A journal without its partial file is removed, so that it vouches for no file that gets the name.
func Refuse(tree Tree, target string) *fail.Error {
	for _, base := range Bases(target) {
		d := New(tree, base, Source{Size: chunk.Size + 1})
		if !visible(path.Base(base)) {
			continue
		}
		d.digest = false
		if _, _, journal := d.readJournal(); journal != ours {
			continue
		}
		if _, err := tree.Lstat(d.partial()); errors.Is(err, fs.ErrNotExist) {
			_ = tree.Remove(d.journal()) // One that stays finds no chunk of its own in another file: contradicted.
			continue
		}
		return fail.New(fail.AlreadyExists, "%s is part of the unfinished file %s, send or remove that first",
			path.Base(target), path.Base(base))
	}
	return nil
}
