package ratecontrol

import (
	"slices"
	"time"
)

const (
	soundEvery = 4 * time.Second // between soundings of the capacity
	soundFirst = time.Second     // while there are not three of them
	soundFall  = 0.8             // of the queue that a sounding takes away
	soundLeast = 0.003           // seconds: what has to be unsent to tell from the noise
	// weight of a sounding above what was thought: others that speed up (BBR) make the capacity look larger
	soundUp    = 0.2
	soundDown  = 0.35  // and of one below
	soundBound = 0.6   // and of one that has emptied the queue
	soundNear  = 1.3   // times likewise, and they are
	soundSure  = 0.5   // worth that upwards
	soundApart = 3.0   // times the least of three is the largest, or they say nothing
	soundLoss  = 0.003 // beyond the path's: the queue overflows, whatever this flow does
)

// sounding measures the capacity: less is sent for a moment, and the queue falls by what
// was not sent over the capacity.
type sounding struct {
	next, from, to time.Duration // to 0 = none
	rate           float64
	before, after  float64 // sums of queues, seconds
	nBefore, n     int
	found          [3]float64 // the last capacities, the newest last, 0 = none
}

// sound measures the capacity from time to time, by which this flow knows its part.
func (c *Controller) sound(s Sample) {
	d := &c.contest.sound
	q := c.mean.Seconds()
	if c.late || c.window.stalled {
		*d = sounding{next: s.Now + 4*c.srtt, found: d.found}
		return
	}
	switch {
	case d.to == 0 && s.Now >= d.next-c.srtt/2:
		if s.Now-c.contest.cubic.cut < 3*c.srtt || s.Now < c.drain.until+3*c.srtt {
			d.next, d.before, d.nBefore = s.Now+c.srtt, 0, 0
			return
		}
		d.before += q
		d.nBefore++
		if s.Now < d.next {
			return
		}
		d.rate = c.rate
		d.from = s.Now
		fall := soundFall * q * c.cap / (c.rate * (1 - drainShare))
		d.to = s.Now + min(time.Duration(fall*1e9), c.srtt/2)
		c.drain.until = d.to
	case d.to > 0 && s.SentAt > d.to:
		if s.SentAt < d.to+c.srtt/3 {
			d.after += q
			d.n++
			return
		}
		if d.n > 0 && d.nBefore > 0 {
			after := d.after / float64(d.n)
			fall := d.before/float64(d.nBefore) - after
			c.sounded((1-drainShare)*d.rate*(d.to-d.from).Seconds(), fall, after)
		}
		*d = sounding{next: s.Now + soundEvery, found: d.found}
		if d.found[0] == 0 {
			d.next = s.Now + soundFirst
		}
	}
}

// sounded takes what was not sent, in bits, and what the queue fell by: their ratio is the capacity, if the queue did
// not empty and was not full all the time.
func (c *Controller) sounded(unsent, fall, left float64) {
	capacity := unsent / max(fall, 1e-3)
	switch {
	case unsent < soundLeast*c.cap:
		return
	case capacity < c.cap:
		capacity = max(capacity, c.share)
	case fall < 0.003 || left < 0.002 || c.loss > min(c.floor.value, c.calmLoss)+soundLoss:
		return
	}
	found := &c.contest.sound.found
	if *found = [3]float64{found[1], found[2], capacity}; found[0] == 0 {
		return
	}
	sorted := *found
	slices.Sort(sorted[:])
	if sorted[2] > soundApart*sorted[0] {
		return
	}
	capacity = sorted[1] // others that speed up or slow down just then make single ones useless
	weight := soundUp
	if sorted[2] < soundNear*sorted[0] {
		weight = soundSure
	}
	if capacity < c.cap {
		weight = soundDown
		if left < emptyQueue.Seconds() { // it may be much smaller
			weight = soundBound
		}
	}
	before := c.cap
	c.cap = 1 / ((1-weight)/c.cap + weight/capacity)
	if w, most := &c.contest.cubic, (c.contest.cubic.most+c.partWindow())/2; c.cap > before && most > w.most {
		w.start(c.last, w.window, most, w.flows)
	}
}
