// Package unfinished keeps files that are not whole yet: their names, their journals, and what of them is believed.
//
// It is the only place that knows how such files are named (TestOnlyThisPackageKnowsTheSuffixes). Nothing
// of somebody else's is opened, changed or removed because it has such a name: see Draft. The package
// knows no messages and no sessions.
package unfinished

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
)

// A file of more than one chunk is written into "<name>.partial", and "<name>.aspx" is its journal. People
// see these names and may have files of their own that are named so. Where somebody has, and for all other
// files, the name is a digest: "." and 32 digits take the place of <name>. Names of that form are reserved:
// whatever has one is the program's.
const (
	partialSuffix = ".partial"
	journalSuffix = ".aspx"
)

const maxNameBytes = 255

var reservedForm = regexp.MustCompile(`^\.[0-9a-f]{32}(\.[0-9]+-[0-9]+)?\.(partial|aspx)$`)

// Reserved says that a name in a folder is one that only unfinished files have. No file of a user is taken under it.
func Reserved(name string) bool {
	return strings.HasPrefix(name, ".") && reservedForm.MatchString(name)
}

// Suffixed says that a name in a folder ends as those of unfinished files do. Links and folders
// are not taken under such names.
func Suffixed(name string) bool {
	return strings.HasSuffix(name, partialSuffix) || strings.HasSuffix(name, journalSuffix)
}

// NamesOf are the names besides reserved ones that the unfinished form of the file p may have.
func NamesOf(p string) []string { return []string{p + partialSuffix, p + journalSuffix} }

// Bases are the files whose unfinished form may have the name p.
func Bases(p string) []string {
	for _, suffix := range []string{partialSuffix, journalSuffix} {
		if base, ok := strings.CutSuffix(p, suffix); ok && base != "" && !strings.HasSuffix(base, "/") {
			return []string{base}
		}
	}
	return nil
}

// In are the entries of a folder that are no files yet: partial files with a journal, journals of those, and reserved
// names. It is nil if there are none.
func In(entries []fs.DirEntry) map[string]bool {
	var partials, out map[string]bool
	note := func(m *map[string]bool, name string) {
		if *m == nil {
			*m = map[string]bool{}
		}
		(*m)[name] = true
	}
	for _, e := range entries {
		if Reserved(e.Name()) {
			note(&out, e.Name())
		} else if base, ok := strings.CutSuffix(e.Name(), partialSuffix); ok && base != "" {
			note(&partials, base)
		}
	}
	if partials == nil {
		return out
	}
	for _, e := range entries {
		if base, ok := strings.CutSuffix(e.Name(), journalSuffix); ok && partials[base] {
			note(&out, base+partialSuffix)
			note(&out, e.Name())
		}
	}
	return out
}

// Drafts are those of In without what only looks like them: a journal with a visible name is one, or it is somebody's
// own file, and so is the partial file then. Files that can't be read are left to whoever reads them.
func Drafts(open func(p string) (*os.File, error), dir string, entries []fs.DirEntry) map[string]bool {
	drafts := In(entries)
	for _, e := range entries {
		base, ok := strings.CutSuffix(e.Name(), journalSuffix)
		if !ok || !drafts[e.Name()] || Reserved(e.Name()) {
			continue
		}
		if e.Type().IsRegular() {
			f, err := open(path.Join(dir, e.Name()))
			switch {
			case err == nil:
				_, _, err = readJournal(f)
				f.Close()
				if err == nil {
					continue
				}
			case !errors.Is(err, errors.ErrUnsupported): // Where no file is of the host no draft is in a folder.
				continue
			}
		}
		delete(drafts, e.Name())
		delete(drafts, base+partialSuffix)
	}
	return drafts
}

// SmallName is the name in its folder that a file of at most one chunk has until it is
// whole, given the one that it gets.
func SmallName(name string) string { return reservedStem(name) + partialSuffix }

func reservedStem(name string) string {
	sum := sha256.Sum256([]byte(name))
	return "." + hex.EncodeToString(sum[:16])
}

// visible says that a name leaves room for the suffixes.
func visible(name string) bool { return len(name)+len(partialSuffix) <= maxNameBytes }

// partJournal is the name of the journal of a part, given the reserved stem of the file.
func partJournal(stem string, index, count uint32) string {
	return fmt.Sprintf("%s.%d-%d%s", stem, index, count, journalSuffix)
}
