package ratecontrol

import "time"

const (
	soundEvery = 4 * time.Second // between soundings of the capacity
	soundFall  = 0.8             // of the queue that a sounding takes away
	soundShort = 0.5             // likewise, while this flow does not compete
	soundLeast = 0.003           // seconds: what has to be unsent to tell from the noise
	soundUp    = 0.2             // weight of a sounding above what was thought: others that speed up (BBR) make the capacity look larger
	soundDown  = 0.35            // and of one below
	soundBound = 0.6             // and of one that has emptied the queue
	soundLoss  = 0.003           // beyond the path's: the queue overflows, whatever this flow does
)

// sounding measures the capacity: less is sent for a moment, and the queue falls by what was not sent over the capacity.
type sounding struct {
	next, from, to time.Duration // to 0 = none
	rate           float64
	before, after  float64 // sums of queues, seconds
	nBefore, n     int
}

// sound measures the capacity from time to time, by which this flow knows its part.
func (c *Controller) sound(s Sample) {
	v, d := &c.rival, &c.rival.sound
	q := c.mean.Seconds()
	if c.late || c.window.stalled {
		*d = sounding{next: s.Now + 4*c.srtt}
		return
	}
	switch {
	case d.to == 0 && s.Now >= d.next-c.srtt/2:
		if v.cut.until > 0 || s.Now-v.cubic.cut < 3*c.srtt || s.Now < c.drainUntil+3*c.srtt {
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
		depth := soundFall
		if !v.on {
			depth = soundShort // a short queue is not emptied unless the capacity is smaller
		}
		fall := depth * q * c.cap / (c.rate * (1 - drainShare))
		d.to = s.Now + min(time.Duration(fall*1e9), c.srtt/2)
		c.drainUntil = d.to
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
		*d = sounding{next: s.Now + soundEvery}
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
	weight := soundUp
	if capacity < c.cap {
		weight = soundDown
		if left < emptyQueue.Seconds() { // it may be much smaller
			weight = soundBound
		}
	}
	before := c.cap
	c.cap = 1 / ((1-weight)/c.cap + weight/capacity)
	if w, most := &c.rival.cubic, (c.rival.cubic.most+c.partWindow())/2; c.rival.on && c.cap > before && most > w.most {
		w.start(c.last, w.window, most, w.flows)
	}
}
