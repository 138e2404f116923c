package manifest

import "hash/maphash"

// Names are the targets of a session, as hashes: a manifest may have millions.
type Names struct {
	seed   maphash.Seed
	hashes map[uint64]struct{}
}

// NewNames are none.
func NewNames() Names { return Names{seed: maphash.MakeSeed(), hashes: map[uint64]struct{}{}} }

// Take reports whether a target is the first of the session with its name.
func (n Names) Take(target string) bool {
	h := maphash.String(n.seed, target)
	_, taken := n.hashes[h]
	n.hashes[h] = struct{}{}
	return !taken
}

// Has says that a target of the session has the name.
func (n Names) Has(target string) bool {
	_, taken := n.hashes[maphash.String(n.seed, target)]
	return taken
}
