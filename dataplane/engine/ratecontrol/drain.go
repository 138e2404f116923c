package ratecontrol

import "time"

const (
	drainShare  = 0.1  // of the rate is sent meanwhile
	drainDepth  = 1.25 // times the queue
	drainSurely = 1.2  // times that where others keep it as well: flows whose bases differ have different shares
	blindDrain  = 0.1  // seconds, of who knows of no queue
	mostDeeper  = 16.0 // times as long as usual, while steps back show more of the queue
	vainDrains  = 2    // tell that there is no queue; one may have met a machine that was away
	raiseShare  = 0.7  // of the capacity: who has less hardly moves the queue by stepping back
	firstDrain  = 500 * time.Millisecond
	lastDrain   = 8 * time.Second
	doubtDrain  = 2 * time.Second // while less passes than the bottleneck was seen to pass
)

// drain is how a flow steps back from time to time.
type drain struct {
	until       time.Duration
	next        time.Duration
	check       time.Duration // when to see what the last one has done
	before, low time.Duration // the queue before it, and the shortest since
	every       time.Duration
	base        int64   // what the base was before it
	deeper      float64 // times as long as usual
	vain        int     // how many in a row did nothing to the queue
}

// planDrain decides when the flow steps back, and for how long: until the queue is gone even if the others go on. A
// queue that does not fall then, twice, is none: the path has become longer than it was, or its least delay was
// measured wrongly. Who loses packets and has never seen a queue steps back as well: it may have begun while others
// kept the queue full, and take that for the path.
func (c *Controller) planDrain(now time.Duration, want float64) {
	blind := c.blind()
	if c.share == 0 && !blind {
		return
	}
	if c.drain.next == 0 {
		c.drain.every = firstDrain
		c.drain.next = now + max(firstDrain, 3*c.loop())
	}
	if c.drain.check > 0 {
		c.drain.low = min(c.drain.low, c.queue)
		if now < c.drain.check {
			return
		}
		c.judgeDrain(now)
	}
	if c.share < competeAlone*c.cap && !blind {
		c.drain.next = min(c.drain.next, c.drain.until+max(doubtDrain, 8*c.loop()))
	}
	if now < c.drain.next {
		return
	}
	d := blindDrain
	if !blind {
		others := c.cap / c.share
		if c.share < competeAlone*c.cap {
			others *= drainSurely
		}
		d = max(drainDepth*c.queue.Seconds(), want) / (1 - drainShare) * min(others, 4)
		d = max(d, min(c.drain.deeper*d, blindDrain))
	}
	c.drain.base = c.base.least()
	c.drain.until = now + time.Duration(d*1e9)
	c.drain.before, c.drain.low = c.queue, c.queue
	c.drain.check = c.drain.until + c.srtt + 2*loopExtra
	c.drain.every = min(2*c.drain.every, lastDrain)
	c.drain.next = now + max(c.drain.every, 8*c.loop(), 8*(c.drain.until-now))
	if blind {
		c.drain.next = c.together(now+max(firstDrain, 8*c.loop()), doubtDrain)
	}
}

// blind says that the flow goes by loss alone: it knows of no queue, and either of a ceiling or of a path that loses
// much. Many flows that keep a buffer full together look like that to each of them.
func (c *Controller) blind() bool {
	return c.ceiling.rate > 0 || c.share == 0 && c.floor.value > usualLoss
}

// together is the next whole multiple of every, by UTC, from a time on: flows that know nothing of one another then step
// back at once, as far as their clocks agree. One of many that does so alone sees nothing.
func (c *Controller) together(from, every time.Duration) time.Duration {
	return (from+c.utc+every-1)/every*every - c.utc
}

// judgeDrain draws the conclusions of a step back, and has the next one follow soon if there are any.
func (c *Controller) judgeDrain(now time.Duration) {
	c.drain.check = 0
	fall := (c.drain.before - c.drain.low).Seconds()
	if c.drain.low > emptyQueue && c.share > raiseShare*c.cap && fall < 0.3*c.drain.before.Seconds() {
		c.drain.vain++
		c.drain.every, c.drain.next = firstDrain, now+max(firstDrain, 8*c.loop())
	} else {
		c.drain.vain = 0
	}
	if c.drain.vain == vainDrains {
		c.base.raise(c.drain.low)
		c.queues = minWindow{}
		c.queue -= c.drain.low
		c.drain.vain = 0
	}
	if c.base.fell(c.drain.base) < emptyQueue {
		c.drain.deeper = 1
		return
	}
	// The queue was longer than it seemed: there may be more of it.
	c.drain.deeper = min(2*c.drain.deeper, mostDeeper)
	c.drain.every, c.drain.next = firstDrain, now+4*c.loop()
}
