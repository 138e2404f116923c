package main

import (
	"encoding/binary"
	"time"

	"golang.org/x/sys/unix"
)

const maxPkt = vnetLen + 65535 + 512 // largest thing one TUN read can return

// memory returns n bytes outside the Go heap whose page faults have been taken.
func memory(n int) []byte {
	b, err := unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		b = make([]byte, n)
	}
	_ = unix.Madvise(b, unix.MADV_HUGEPAGE) // Small pages do too.
	for i := 0; i < n; i += 4096 {
		b[i] = 1
	}
	return b
}

// reserve returns room for one read, or nil when the arena is full.
func (l *link) reserve() []byte {
	if l.fn == 0 && len(l.batch) == 0 {
		l.head, l.tail = 0, 0 // empty: reuse warm memory
	}
	if l.tail >= l.head {
		if len(l.arena)-l.tail >= maxPkt {
			return l.arena[l.tail : l.tail+maxPkt]
		}
		if l.head <= maxPkt {
			return nil
		}
		l.tail = 0
	}
	if l.head-l.tail <= maxPkt {
		return nil
	}
	return l.arena[l.tail : l.tail+maxPkt]
}

// ingest reads up to budget super-packets and schedules their packets. They are
// taken to have arrived evenly spread over the interval (from, to]: after a sleep
// (or a stall of this machine) the true arrival times are not known.
func (l *link) ingest(from, to int64, budget int) int {
	n := 0
	l.batch = l.batch[:0]
	for n < budget {
		b := l.reserve()
		full := b == nil
		if full {
			b = l.junk
		}
		r, e := rawRead(l.in, b)
		if e != 0 || r <= vnetLen {
			break
		}
		n++
		if full {
			l.c.InPkts++
			l.c.DropNoMem++
			continue
		}
		l.batch = append(l.batch, [2]int{l.tail, r})
		l.tail += r
	}
	if n == 0 {
		return 0
	}
	l.c.InReads += uint64(n)
	for i, x := range l.batch {
		t := from + (to-from)*int64(i+1)/int64(len(l.batch))
		l.handle(l.arena[x[0]:x[0]+x[1]], x[0], t)
	}
	l.batch = l.batch[:0]
	if l.c.firstIn == 0 {
		l.c.firstIn = to
	}
	l.c.lastIn = to
	return n
}

// handle runs the packets of one TUN read (b, stored at arena offset start)
// through the model.
func (l *link) handle(b []byte, start int, t int64) {
	p := b[vnetLen:]
	s := seg{start: uint32(start), nseg: 1, partial: b[0]&vnetNeedsCsum != 0}
	kind, l4, hlen := parse(p)
	gso := int(binary.LittleEndian.Uint16(b[4:]))
	if b[1] == gsoNone || gso == 0 || kind == kindOpaque {
		gso = len(p) - hlen
	}
	s.kind, s.l4, s.hlen, s.gso = uint8(kind), uint8(l4), uint8(hlen), uint16(gso)
	rest := len(p) - hlen
	if gso > 0 {
		s.nseg = uint16((rest + gso - 1) / gso)
	}
	off := start + vnetLen + hlen
	for i := 0; i < int(s.nseg); i++ {
		n := min(gso, rest)
		s.idx, s.pay, s.plen = uint16(i), uint32(off), uint16(n)
		off += n
		rest -= n
		l.admit(&s, b, t)
	}
}

// arenaSize is room for twice the bytes that a direction can hold, and for bursts.
func arenaSize(s Spec) int {
	rate := s.Rate
	if rate == 0 {
		rate = 10e9
	}
	held := s.Delay + 3*s.Jitter + s.QueueTime + s.ReorderDelay + 20*time.Millisecond
	n := rate / 8 * held.Seconds() * 2
	return int(min(max(n+float64(2*s.QueueBytes), 32<<20), 1<<30))
}
