package main

import (
	"container/heap"
	"math"
	"math/rand/v2" // losses are to be repeatable, not secret
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// link emulates one direction: packets read from TUN in are delivered to TUN out.
type link struct {
	name    string
	in, out int
	spec    Spec
	nsByte  float64 // serialisation time of a byte, 0 = no rate limit
	slack   int64   // packets due this much in the future leave now
	merge   bool    // merge output packets into super-packets
	rng     *rand.Rand
	lossThr uint64
	bad     bool         // Gilbert-Elliott state
	severed *atomic.Bool // while set, everything is lost
	free    int64
	police  policer
	lastDue int64
	seq     uint64

	arena      []byte
	head, tail int // live bytes are [head,tail) or, wrapped, [head,end)+[0,tail)
	fifo       []seg
	fh, fn     int // ring: first, count
	lates      lateHeap
	batch      [][2]int // reads (arena offset, length) not yet handled

	iov  [maxIov]unix.Iovec
	hdr  [256]byte
	junk []byte
	c    Counters
}

func newLink(name string, in, out int, s Spec, seed uint64, slack time.Duration, merge bool, arena int) *link {
	l := &link{name: name, in: in, out: out, slack: int64(slack), merge: merge, severed: new(atomic.Bool),
		rng: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)), arena: memory(arena),
		fifo: make([]seg, 1<<16), junk: make([]byte, maxPkt)}
	l.setSpec(s)
	return l
}

func (l *link) setSpec(s Spec) {
	l.spec = s
	l.nsByte = 0
	if s.Rate > 0 {
		l.nsByte = 8e9 / s.Rate
	}
	l.lossThr = uint64(s.Loss * (1 << 53))
}

func (l *link) chance(p float64) bool { return p > 0 && l.rng.Float64() < p }

func (l *link) lost() bool {
	lost := l.lossThr > 0 && l.rng.Uint64()>>11 < l.lossThr
	if g := l.spec.GE; g != nil {
		if l.bad {
			lost = l.chance(g.LossB) || lost
			l.bad = !l.chance(g.R)
		} else {
			lost = l.chance(g.LossG) || lost
			l.bad = l.chance(g.P)
		}
	}
	return lost
}

// admit takes one wire packet through loss, queue, rate, delay and reordering.
func (l *link) admit(s *seg, train []byte, t int64) {
	size := int(s.hlen) + int(s.plen)
	l.c.InPkts++
	l.c.InBytes += uint64(size)
	sp := &l.spec
	if l.severed.Load() || sp.LossIngress && l.lost() {
		l.c.DropLoss++
		return
	}
	if sp.Policer > 0 && !l.police.admits(size, t, sp) {
		l.c.DropPolicer++
		return
	}
	dep := t
	if l.nsByte > 0 {
		if l.free < t {
			l.free = t
		}
		wait := l.free - t
		if sp.QueueBytes > 0 {
			if float64(wait)/l.nsByte+float64(size) > float64(sp.QueueBytes) {
				l.c.DropQueue++
				return
			}
		} else if wait > int64(sp.QueueTime) {
			l.c.DropQueue++
			return
		}
		q := float64(wait) / 1e6
		l.c.qSum += q
		l.c.qN++
		if q > l.c.QueueMaxMs {
			l.c.QueueMaxMs = q
		}
		l.free += int64(float64(size+sp.Overhead) * l.nsByte)
		dep = l.free
	}
	if !sp.LossIngress && l.lost() {
		l.c.DropLoss++
		return
	}
	due := dep + int64(sp.Delay)
	mixed := false
	if sp.Jitter > 0 {
		j := float64(sp.Jitter)
		if sp.JitterNormal {
			due += int64(j * max(-3, min(3, l.rng.NormFloat64())))
		} else {
			due += int64(j * (2*l.rng.Float64() - 1))
		}
		due = max(due, dep)
		mixed = sp.JitterMix && due < l.lastDue
	}
	if l.chance(sp.Reorder) {
		due += int64(sp.ReorderDelay)
		mixed = true
	}
	copies := 1
	if l.chance(sp.Dup) {
		copies = 2
		l.c.Dup++
	}
	for ; copies > 0; copies-- {
		if mixed {
			l.c.Reordered++
			l.seq++
			heap.Push(&l.lates, late{due, l.seq, l.cut(s, train)})
			continue
		}
		if due < l.lastDue {
			due = l.lastDue
		}
		l.lastDue = due
		s.due = due
		l.push(*s)
	}
}

func (l *link) push(s seg) {
	if l.fn == len(l.fifo) {
		n := make([]seg, 2*len(l.fifo))
		for i := range l.fn {
			n[i] = l.fifo[(l.fh+i)&(len(l.fifo)-1)]
		}
		l.fifo, l.fh = n, 0
	}
	l.fifo[(l.fh+l.fn)&(len(l.fifo)-1)] = s
	l.fn++
}

func (l *link) peek(i int) *seg { return &l.fifo[(l.fh+i)&(len(l.fifo)-1)] }

// next returns when the next packet is due, or math.MaxInt64.
func (l *link) next() int64 {
	d := int64(math.MaxInt64)
	if l.fn > 0 {
		d = l.peek(0).due
	}
	if len(l.lates) > 0 {
		d = min(d, l.lates[0].due)
	}
	return d
}
