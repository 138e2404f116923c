package ratecontrol

import (
	"math"
	"time"
)

// shallow handles a bottleneck whose buffer is too small for the wanted queue: there loss beyond the
// path's own, before the queue is as long as wanted, is the sign that it is full.
func (c *Controller) shallow(now time.Duration) bool {
	loss := c.slow.loss
	noise := 4 * math.Sqrt(loss*(1-loss)/float64(max(c.slow.all, 1)))
	if loss <= c.floor.value+lossMargin+noise || !c.floor.set || !c.slowFull || c.slow.stalled || now-c.deepAt < deepLife {
		return false
	}
	if c.ceiling > 0 {
		if now-c.ceilingAt < c.slowSpan()+2*c.loop() {
			return true // the cut has not shown yet
		}
		if loss > lossHelped*c.ceilingLoss && 1-loss < passHelped*(1-c.ceilingLoss) {
			// Slower did not help: it is the path that loses more than it did.
			c.floor.raise(min(loss, mostLoss))
			c.rate, c.ceiling = max(c.rate, c.ceilingFrom), 0
			c.boosted = now
			return false
		}
	}
	c.ceilingLoss, c.ceilingFrom, c.ceilingBase = loss, c.rate, c.base.least()
	c.ceiling, c.ceilingAt = max(0.98*c.slow.delivered/(1-c.floor.value), c.rate/2), now
	c.rate, c.share = 0.97*c.ceiling, 0
	return true
}
