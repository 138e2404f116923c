package engine

import (
	"slices"
	"time"

	"faspex.io/operator/dataplane/wire"
)

// maxGaps bounds what a receiver remembers of missing packet numbers. Beyond it packets that would
// open another gap count as lost, which costs rate but no memory.
const maxGaps = 1 << 16

// gap is a run of packet numbers that did not arrive.
type gap struct {
	first, count uint64
	seen         time.Duration // when a later packet showed it
	reports      int
}

// arrivals remembers which packet numbers of the sender arrived: all below next but those in gaps.
// Numbers below settled are forgotten, the sender knows their fate.
type arrivals struct {
	settled uint64
	next    uint64
	gaps    []gap // ascending
	missing uint64
	// wait is how long a gap may be reordering before it counts as loss; it follows what is seen.
	wait, maxWait time.Duration
}

const leastReorderWait = 500 * time.Microsecond

// fresh says whether pn did not arrive before.
func (a *arrivals) fresh(pn uint64) bool {
	if pn >= a.next {
		return true
	}
	if pn < a.settled {
		return false
	}
	i := a.find(pn)
	return i < len(a.gaps) && a.gaps[i].first <= pn
}

// find is the index of the first gap that ends after pn.
func (a *arrivals) find(pn uint64) int {
	lo, hi := 0, len(a.gaps)
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		if a.gaps[m].first+a.gaps[m].count > pn {
			hi = m
		} else {
			lo = m + 1
		}
	}
	return lo
}

// arrived records a fresh packet number.
func (a *arrivals) arrived(pn uint64, now time.Duration) {
	switch {
	case pn > a.next && len(a.gaps) >= maxGaps:
		a.refused(pn, now)
		return
	case pn >= a.next:
		a.skip(pn, now)
		a.next = pn + 1
		return
	}
	i := a.find(pn)
	g := a.gaps[i]
	if late := now - g.seen; g.reports > 0 {
		a.wait = min(max(a.wait, late+late/4), a.maxWait)
	}
	a.missing--
	left, right := pn-g.first, g.first+g.count-1-pn
	switch {
	case left == 0 && right == 0:
		a.gaps = slices.Delete(a.gaps, i, i+1)
	case left == 0:
		a.gaps[i].first, a.gaps[i].count = pn+1, right
	case right == 0:
		a.gaps[i].count = left
	default:
		a.gaps[i].count = left
		g.first, g.count = pn+1, right
		a.gaps = slices.Insert(a.gaps, i+1, g)
	}
}

// refused records a packet whose bytes were not taken: as far as the sender is told, it was lost.
func (a *arrivals) refused(pn uint64, now time.Duration) {
	if pn >= a.next {
		a.skip(pn+1, now)
		a.next = pn + 1
	}
}

// skip notes that [next, pn) did not arrive. What follows packets that were refused belongs to their gap.
func (a *arrivals) skip(pn uint64, now time.Duration) {
	if pn == a.next {
		return
	}
	a.missing += pn - a.next
	if n := len(a.gaps); n > 0 && a.gaps[n-1].first+a.gaps[n-1].count == a.next {
		g := &a.gaps[n-1]
		g.count, g.reports = pn-g.first, 0
		return
	}
	a.gaps = append(a.gaps, gap{first: a.next, count: pn - a.next, seen: now})
}

// settle forgets what the sender knows.
func (a *arrivals) settle(pn uint64) {
	if pn <= a.settled || pn > a.next {
		return
	}
	a.settled = pn
	i := a.find(pn)
	for _, g := range a.gaps[:i] {
		a.missing -= g.count
	}
	a.gaps = slices.Delete(a.gaps, 0, i)
	if len(a.gaps) > 0 && a.gaps[0].first < pn {
		cut := pn - a.gaps[0].first
		a.gaps[0].first, a.gaps[0].count = pn, a.gaps[0].count-cut
		a.missing -= cut
	}
}

// judged is the packet number below which gaps are old enough to be called losses, and how many
// gaps lie below it.
func (a *arrivals) judged(now time.Duration) (pn uint64, n int) {
	for n = len(a.gaps); n > 0 && now-a.gaps[n-1].seen < a.wait; n-- {
	}
	if n < len(a.gaps) {
		return a.gaps[n].first, n
	}
	return a.next, n
}

// unreported is how many judged gaps no report has told yet.
func (a *arrivals) unreported(now time.Duration) int {
	_, n := a.judged(now)
	first := n
	for first > 0 && a.gaps[first-1].reports == 0 {
		first--
	}
	return n - first
}

// report fills f with the fates from gap index i on, as many as fit, and returns the index after
// the last gap told; more says that judged gaps are left.
func (a *arrivals) report(f *wire.Feedback, i int, now time.Duration) (next int, more bool) {
	to, n := a.judged(now)
	f.From = a.settled
	if i > 0 {
		f.From = a.gaps[i-1].first + a.gaps[i-1].count
	}
	f.Gaps = f.Gaps[:0]
	budget := 1000 // bytes for gaps, so that a report fits the smallest datagram
	for ; i < n && len(f.Gaps) < wire.MaxGaps && budget > 0; i++ {
		g := &a.gaps[i]
		g.reports++
		f.Gaps = append(f.Gaps, wire.Gap{First: g.first, Count: g.count})
		budget -= 2 + bitsOver7(g.first-f.From) + bitsOver7(g.count)
	}
	if i < n {
		f.To = a.gaps[i-1].first + a.gaps[i-1].count
		return i, true
	}
	f.To = to
	return i, false
}

// stale is the index of the first gap told fewer than n times.
func (a *arrivals) stale(n int) int {
	for i := range a.gaps {
		if a.gaps[i].reports < n {
			return i
		}
	}
	return len(a.gaps)
}

func bitsOver7(v uint64) int {
	n := 0
	for v >= 128 {
		v >>= 7
		n++
	}
	return n
}
