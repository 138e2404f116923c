package engine

// twins are pairs of packets that carry the same bytes, the second sent before the fate of the
// first was known. The bytes are queued again only when both are lost.
type twins map[uint64]uint64

// covered marks a packet whose bytes its twin has delivered.
const covered = ^uint64(0)

func (t twins) pair(a, b uint64) { t[a], t[b] = b, a }

// arrived notes that a packet arrived.
func (t twins) arrived(pn uint64) {
	other, ok := t[pn]
	if !ok {
		return
	}
	delete(t, pn)
	if other != covered {
		t[other] = covered
	}
}

// lost notes that a packet was lost and says whether its bytes have to be sent again.
func (t twins) lost(pn uint64) bool {
	other, ok := t[pn]
	if !ok {
		return true
	}
	delete(t, pn)
	if other != covered {
		delete(t, other)
	}
	return false
}
