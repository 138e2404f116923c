package ratecontrol

import (
	"math"
	"time"
)

const (
	ceilingLife = 5 * time.Second
	lossHelped  = 0.75             // of the loss before is left at most when going slower has helped, or
	passHelped  = 1.06             // times as many of the packets arrive
	deepLife    = 10 * time.Second // how long a long queue proves that the buffer is not shallow
)

// ceiling is what a shallow buffer passes.
type ceiling struct {
	rate float64 // 0 = none seen
	at   time.Duration
	loss float64 // what was lost before,
	from float64 // and what was sent
	base int64   // what the base was
}

// shallow handles a bottleneck whose buffer is too small for the wanted queue: there loss beyond the
// path's own, before the queue is as long as wanted, is the sign that it is full.
func (c *Controller) shallow(now time.Duration) bool {
	loss := c.slow.loss
	noise := 4 * math.Sqrt(loss*(1-loss)/float64(max(c.slow.all, 1)))
	if loss <= c.floor.value+lossMargin+noise || !c.floor.set || !c.slowFull || c.slow.stalled || now-c.deepAt < deepLife {
		return false
	}
	if c.ceiling.rate > 0 {
		if now-c.ceiling.at < c.slowSpan()+2*c.loop() {
			return true // the cut has not shown yet
		}
		if loss > lossHelped*c.ceiling.loss && 1-loss < passHelped*(1-c.ceiling.loss) {
			// Slower did not help: it is the path that loses more than it did.
			c.floor.raise(min(loss, mostLoss))
			c.rate, c.ceiling.rate = max(c.rate, c.ceiling.from), 0
			c.boosted = now
			return false
		}
	}
	c.ceiling.loss, c.ceiling.from, c.ceiling.base = loss, c.rate, c.base.least()
	c.ceiling.rate, c.ceiling.at = max(0.98*c.slow.delivered/(1-c.floor.value), c.rate/2), now
	c.rate, c.share = 0.97*c.ceiling.rate, 0
	return true
}
