package manifest

import (
	"hash/fnv"

	"faspex.io/operator/dataplane/transfer/chunk"
	"faspex.io/operator/dataplane/transfer/control"
)

// A transfer may be moved by several sessions at a time, to one node or to several that share a storage. Each session
// lists the same files and sends its share: of a large file a range of chunks, which is an entry with a Part, and of
// the others those whose path hashes to its number, so that the shares do not depend on what else there is.

// MaxSessions bounds the sessions of a transfer.
const MaxSessions = 128

// Share makes an entry what of it falls to the session that the options tell; ok is false if nothing does. A file that
// is not divisible falls to one session.
func Share(e *control.Entry, o control.Options, divisible bool) (ok bool) {
	n := int64(o.Sessions)
	if n <= 1 || e.Kind == control.KindFolder {
		return true
	}
	own := int64(o.Session - 1)
	chunks := chunk.Count(e.Size)
	if e.Kind != control.KindFile || o.SplitFrom <= 0 || e.Size < o.SplitFrom || chunks < n || !divisible {
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

// Part is the part that an entry is, or nil.
func Part(e *control.Entry) *control.Part {
	if e.Attributes == nil {
		return nil
	}
	return e.Attributes.Part
}
