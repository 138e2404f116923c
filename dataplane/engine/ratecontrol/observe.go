package ratecontrol

import "time"

const (
	loopExtra  = 20 * time.Millisecond // reports and filters beside the round trip
	latePause  = 4 * time.Millisecond  // between arrivals, beside the reports' interval: the receiver was late
	emptyQueue = time.Millisecond      // below it a queue does not stand
)

// span is the window of the delivery rate.
func (c *Controller) span() time.Duration { return max(c.srtt, 60*time.Millisecond) }

// slowSpan is the window in which loss is a sign of a shallow buffer: a stalled machine or a burst is none, and they do
// not last longer where the round trip is long.
func (c *Controller) slowSpan() time.Duration {
	return max(min(4*c.srtt, time.Second), c.srtt, 500*time.Millisecond)
}

// reports is the interval of the receiver's reports: an eighth of the round trip within 2 and 10 ms.
func (c *Controller) reports() time.Duration {
	return min(max(c.srtt/8, 2*time.Millisecond), 10*time.Millisecond)
}

// stall is a pause between arrivals that pacing and reports do not explain.
func (c *Controller) stall() time.Duration { return 2*c.reports() + 6*time.Millisecond }

// loop is the delay of the loop D.
func (c *Controller) loop() time.Duration { return c.srtt + loopExtra }

// observe keeps round trip and queue.
func (c *Controller) observe(s Sample) {
	if s.RTT > 0 {
		if c.srtt == 0 {
			c.srtt = s.RTT
		}
		c.srtt += (s.RTT - c.srtt) / 8
	}
	pause := s.pause(c.arrival)
	c.arrival = max(c.arrival, s.Arrival)
	if !s.HasDelay {
		return
	}
	if !c.hasDelay {
		c.hasDelay, c.delay = true, int64(s.Delay24)
	} else {
		c.delay += int64(int32((s.Delay24-uint32(c.delay))<<8) >> 8)
	}
	keep := baseWindow
	if c.contest.on {
		keep = baseLong
	}
	q := c.base.queue(s.Now, c.delay, keep)
	if c.late = pause > c.reports()+latePause && q > c.queue; c.late {
		return // packets that waited for a thread of the receiver, not in the bottleneck
	}
	c.queue = c.queues.add(s.Now, q, min(max(c.srtt/4, 10*time.Millisecond), 40*time.Millisecond))
	c.lowest, c.mean = q, q+s.MeanDelay
	if c.mean.Seconds() >= c.wanted() {
		c.deepAt = s.Now
	}
}
