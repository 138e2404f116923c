package manifest

import "faspex.io/operator/dataplane/transfer/control"

// What a sender may announce before it hears what becomes of it. A sender waits, and a receiver refuses what exceeds
// it, so that memory at both ends does not grow with the manifest (TestReceiverBoundsWhatIsUndecided).
const (
	// MostOpen is how many files: enough for 100,000 files a second at a round trip of 300 ms.
	MostOpen = 32768
	// MostOpenBytes is how many bytes of names, links, extended attributes and ranges those files have in all.
	MostOpenBytes = 64 << 20
)

// rangeBytes is what a range of a sparse file takes in memory.
const rangeBytes = 16

// Weight is what an entry counts of MostOpenBytes.
func Weight(e *control.Entry) int {
	n := len(e.Path)
	if a := e.Attributes; a != nil {
		n += len(a.Link) + rangeBytes*len(a.Data)
		for _, x := range a.Xattrs {
			n += len(x.Name) + len(x.Value)
		}
	}
	return n
}
