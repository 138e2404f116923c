package manifest

import "faspex.io/operator/dataplane/transfer/control"

// Existing is what has the name of a file of the manifest. Times are in ns since 1970.
type Existing struct {
	Regular       bool
	Size, ModTime int64
}

// Outcome is what becomes of a file that exists.
type Outcome int

// The outcomes: the file stays as it is, is replaced, or is compared with the source first.
const (
	Keep Outcome = iota
	Replace
	Compare
)

// Overwrite applies the overwrite policy, and under diff the criterion of the resume policy, to a file that exists.
// total is the size of the whole source, of which the entry may be a part.
func Overwrite(o control.Options, e *control.Entry, total int64, existing Existing) Outcome {
	older := existing.ModTime < e.ModTime
	switch {
	case o.Overwrite == OverwriteAlways:
		return Replace
	case o.Overwrite == OverwriteNever:
		return Keep
	case (o.Overwrite == OverwriteOlder || o.Overwrite == OverwriteDiffOrOlder) && older:
		return Replace
	case o.Overwrite == OverwriteOlder:
		return Keep
	}
	// diff: what is the same stays.
	sameTime := existing.ModTime == e.ModTime
	switch {
	case !existing.Regular || existing.Size != total || o.Resume == ResumeNone:
		return Replace
	case e.Size == 0:
		return Keep
	// All sessions of a part's file have to come to the same end, so the content of one's part does not matter.
	case o.Resume != ResumeAttrs && Part(e) == nil:
		return Compare
	case sameTime:
		return Keep
	}
	return Replace
}
