package ratecontrol

import "time"

// planDrain decides when the flow steps back, and for how long: until the queue is gone even if the others go on.
// A queue that does not fall then, twice, is none: the path has become longer than it was, or its least delay was measured
// wrongly. Who loses packets and has never seen a queue steps back as well: it may have begun while others kept the
// queue full, and take that for the path.
func (c *Controller) planDrain(now time.Duration, want float64) {
	blind := c.ceiling > 0
	if c.share == 0 && !blind {
		return
	}
	if c.nextDrain == 0 {
		c.drainEvery = firstDrain
		c.nextDrain = now + max(firstDrain, 3*c.loop())
	}
	if c.drainCheck > 0 {
		c.drainLow = min(c.drainLow, c.queue)
		if now < c.drainCheck {
			return
		}
		c.judgeDrain(now)
	}
	if c.share < competeAlone*c.cap && !blind {
		c.nextDrain = min(c.nextDrain, c.drainUntil+max(doubtDrain, 8*c.loop()))
	}
	if now < c.nextDrain {
		return
	}
	d := blindDrain
	if !blind {
		others := c.cap / c.share
		if c.share < competeAlone*c.cap {
			others *= drainSurely
		}
		d = max(drainDepth*c.queue.Seconds(), want) / (1 - drainShare) * min(others, 4)
		d = max(d, min(c.drainDeeper*d, blindDrain))
	}
	c.drainBase = c.base.least()
	c.drainUntil = now + time.Duration(d*1e9)
	c.drainBefore, c.drainLow = c.queue, c.queue
	c.drainCheck = c.drainUntil + c.srtt + 2*loopExtra
	c.drainEvery = min(2*c.drainEvery, lastDrain)
	c.nextDrain = now + max(c.drainEvery, 8*c.loop(), 8*(c.drainUntil-now))
}

// judgeDrain draws the conclusions of a step back, and has the next one follow soon if there are any.
func (c *Controller) judgeDrain(now time.Duration) {
	c.drainCheck = 0
	fall := (c.drainBefore - c.drainLow).Seconds()
	if c.drainLow > emptyQueue && c.share > raiseShare*c.cap && fall < 0.3*c.drainBefore.Seconds() {
		c.drainVain++
		c.drainEvery, c.nextDrain = firstDrain, now+max(firstDrain, 8*c.loop())
	} else {
		c.drainVain = 0
	}
	if c.drainVain == vainDrains {
		c.base.raise(c.drainLow)
		c.queues = minWindow{}
		c.queue -= c.drainLow
		c.drainVain = 0
	}
	if c.base.fell(c.drainBase) < emptyQueue {
		c.drainDeeper = 1
		return
	}
	// The queue was longer than it seemed: there may be more of it.
	c.drainDeeper = min(2*c.drainDeeper, mostDeeper)
	c.drainEvery, c.nextDrain = firstDrain, now+4*c.loop()
}
