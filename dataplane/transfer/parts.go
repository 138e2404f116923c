package transfer

import (
	"hash/fnv"
	"io/fs"

	"faspex.io/operator/dataplane/transfer/chunk"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
)

// A transfer may be moved by several sessions at a time, to one node or to several that share a storage. Each session lists
// the same files and sends its share: of a large file a range of chunks, which is an entry with a Part, and of the others those
// whose path hashes to its number, so that the shares do not depend on what else there is.

// maxSessions bounds the sessions of a transfer.
const maxSessions = 128

// share is the part of an entry that falls to the session; ok is false if none does.
func (s *sender) share(e *found) (ok bool) {
	n := int64(s.options.Sessions)
	if n <= 1 || e.Kind == control.KindFolder {
		return true
	}
	own := int64(s.options.Session - 1)
	chunks := chunk.Count(e.Size)
	if e.Kind != control.KindFile || s.options.SplitFrom <= 0 || e.Size < s.options.SplitFrom || chunks < n || s.encrypt != nil {
		h := fnv.New64a()
		h.Write([]byte(e.Path)) // It never fails.
		return int64(h.Sum64()%uint64(n)) == own
	}
	from, to := chunks*own/n*chunk.Size, min(chunks*(own+1)/n*chunk.Size, e.Size)
	var a control.Attributes
	if e.Attributes != nil {
		a = *e.Attributes
	}
	a.Sparse, a.Data = false, nil
	a.Part = &control.Part{Index: uint32(own + 1), Count: uint32(n), Offset: from, Total: e.Size}
	e.Attributes, e.Size = &a, to-from
	return true
}

// partOf is the part that an entry is, or nil.
func partOf(e *control.Entry) *control.Part {
	if e.Attributes == nil {
		return nil
	}
	return e.Attributes.Part
}

// badPart says why the part of an entry can't be taken, or nil.
func badPart(e *control.Entry) *fail.Error {
	p := partOf(e)
	if p == nil {
		return nil
	}
	end := p.Offset + e.Size
	switch {
	case e.Kind != control.KindFile || e.Attributes.Sparse || e.Size == 0, p.Index < 1 || p.Index > p.Count || p.Count > maxSessions,
		p.Offset%chunk.Size != 0 || end > p.Total || end%chunk.Size != 0 && end != p.Total:
		return fail.New(fail.Protocol, "%s is announced as a part that it can't be", e.Path)
	}
	return nil
}

// sourcePart is a part of a file that is sent.
type sourcePart struct {
	sourceFile
	part *control.Part
	size int64
}

func (p sourcePart) ReadAt(b []byte, off int64) (int, error) {
	return p.sourceFile.ReadAt(b, p.part.Offset+off)
}

// Stat tells the size of the part, as long as the file has the size that it had.
func (p sourcePart) Stat() (fs.FileInfo, error) {
	info, err := p.sourceFile.Stat()
	if err == nil && info.Size() == p.part.Total {
		return partInfo{info, p.size}, nil
	}
	return info, err
}

type partInfo struct {
	fs.FileInfo
	size int64
}

func (i partInfo) Size() int64 { return i.size }
