package engine

// extent is a piece of the transfer space that fits a packet. Empty ones belong to packets that
// carry no data.
type extent struct {
	off int64
	n   int32
	// known says that the packet's fate is known; queued that it goes out for the second time.
	known, again bool
}

// inflight maps packet numbers to what they carried until their fate is known. Numbers are
// consecutive: it is a ring over [base, next).
type inflight struct {
	ring       []extent // power of two
	base, next uint64
	bytes      int64 // of extents whose fate is unknown
	limit      int
}

func newInflight(limit int) *inflight {
	return &inflight{ring: make([]extent, 1024), limit: limit}
}

// full says that no packet may be sent before the fate of an earlier one is known.
func (f *inflight) full() bool { return int(f.next-f.base) >= f.limit }

// push gives e the next packet number.
func (f *inflight) push(e extent) uint64 {
	if int(f.next-f.base) == len(f.ring) {
		f.grow()
	}
	f.ring[f.next&uint64(len(f.ring)-1)] = e
	f.bytes += int64(e.n)
	f.next++
	return f.next - 1
}

func (f *inflight) grow() {
	bigger := make([]extent, 2*len(f.ring))
	for pn := f.base; pn < f.next; pn++ {
		bigger[pn&uint64(len(bigger)-1)] = f.ring[pn&uint64(len(f.ring)-1)]
	}
	f.ring = bigger
}

// settle marks a packet's fate as known and returns what it carried; ok is false when it was
// known before or the number was never used.
func (f *inflight) settle(pn uint64) (e extent, ok bool) {
	if pn < f.base || pn >= f.next {
		return extent{}, false
	}
	p := &f.ring[pn&uint64(len(f.ring)-1)]
	if p.known {
		return extent{}, false
	}
	p.known = true
	f.bytes -= int64(p.n)
	return *p, true
}

// advance moves base over packets whose fate is known.
func (f *inflight) advance() {
	for f.base < f.next && f.ring[f.base&uint64(len(f.ring)-1)].known {
		f.base++
	}
}
