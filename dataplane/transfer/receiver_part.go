package transfer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"faspex.io/operator/dataplane/transfer/unfinished"
)

// source is what the draft of an entry is a copy of.
func (r *receiver) source(f *gotFile) unfinished.Source {
	return unfinished.Source{
		Mode: r.firstMode(f),
		Name: f.entry.Path, Size: f.entry.Size, ModTime: f.entry.ModTime, Part: (*unfinished.Part)(f.part),
		Keep: r.keptTime(f),
	}
}

// keptTime is the modification time of the source if it is kept.
func (r *receiver) keptTime(f *gotFile) int64 {
	if r.options.PreserveTimes {
		return f.entry.ModTime
	}
	return 0
}

// replaces says what has the name of the file, nil for nothing.
func (f *gotFile) replaces(info fs.FileInfo) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.draft.Replaces(info)
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

// publishPart notes that a part is whole and, if it is the last one, gives the file its name.
func (r *receiver) publishPart(f *gotFile) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.draft.CommitPart(*f.expected, &f.hashes, f.holes.Missing(f.entry.Size), func(whole *os.File) error {
		return r.attributes(f, whole)
	})
}

// errGone is given for the partial file of a file that is done with.
var errGone = errors.New("the file is done with")

// find looks for what is there of the file, see unfinished.Draft.
func (f *gotFile) find() map[int64][16]byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.draft.Find()
}

// dropStale removes what earlier attempts left and this one does not use.
func (f *gotFile) dropStale() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.draft.DropStale()
}

// occupied is how many bytes of disk the partial file has.
func (f *gotFile) occupied() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.draft.Occupied()
}

// openPartial opens or makes the partial file of a file that is not done with.
func (r *receiver) openPartial(f *gotFile) (*unfinished.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.phase == finished || f.phase == withdrawn {
		return nil, errGone
	}
	return f.draft.Open()
}

// checkPartial says whether the partial file is what was written.
func (f *gotFile) checkPartial() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.draft.Check()
}
