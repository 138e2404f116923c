package manifest

import (
	"hash/maphash"
	"strings"
)

// Names are the targets of a session, as hashes: a manifest may have millions.
type Names struct {
	seed   maphash.Seed
	hashes map[uint64]struct{}
	// lower are the targets with upper case, in lower case; the others are in hashes.
	lower map[uint64]struct{}
}

// NewNames are none.
func NewNames() Names {
	return Names{seed: maphash.MakeSeed(), hashes: map[uint64]struct{}{}, lower: map[uint64]struct{}{}}
}

// Take reports whether a target is the first of the session with its name.
func (n Names) Take(target string) bool {
	h := maphash.String(n.seed, target)
	_, taken := n.hashes[h]
	n.hashes[h] = struct{}{}
	return !taken
}

// TakeFolded notes the case of a target, which Take has taken, and reports whether another target of the session
// differs from it in nothing but case.
func (n Names) TakeFolded(target string) bool {
	folded := strings.ToLower(target)
	h := maphash.String(n.seed, folded)
	_, twin := n.lower[h]
	if folded != target {
		if _, plain := n.hashes[h]; plain {
			twin = true
		}
		n.lower[h] = struct{}{}
	}
	return twin
}

// Has says that a target of the session has the name.
func (n Names) Has(target string) bool {
	_, taken := n.hashes[maphash.String(n.seed, target)]
	return taken
}
