package ratecontrol

import (
	"math"
	"time"
)

const (
	ceilingLife  = 5 * time.Second
	shallowLife  = 30 * time.Second // for which a ceiling says that the buffer is shallow
	shallowLoss  = 0.01             // beyond the path's that is a sign of it then
	shallowStep  = 0.03             // by which the rate grows then until loss would have told
	shallowBoost = 4.0              // times that at most
	shallowPeak  = 1.5              // times the wanted queue: a buffer that loses before it has so much is shallow
	lossHelped   = 0.75             // of the loss before is left at most when going slower has helped, or
	passHelped   = 1.06             // times as many of the packets arrive
	deepLife     = 10 * time.Second // how long a long queue proves that the buffer is not shallow
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
	if c.drain.until > 0 && now < c.drain.until+c.slowSpan()+c.loop() {
		return false // what was lost and delivered while the flow stepped back says nothing
	}
	loss, margin := c.slow.loss, lossMargin
	if c.isShallow(now) {
		margin = shallowLoss
	}
	noise := 4 * math.Sqrt(loss*(1-loss)/float64(max(c.slow.all, 1)))
	if loss <= c.floor.value+margin+noise || !c.floor.set || !c.slowFull || c.slow.stalled || c.isDeep(now) {
		return false
	}
	if c.ceiling.rate > 0 {
		if now-c.ceiling.at < c.judged() {
			return true // the cut has not shown yet
		}
		if loss > lossHelped*c.ceiling.loss && 1-loss < passHelped*(1-c.ceiling.loss) {
			// Slower did not help: it is the path that loses more than it did.
			c.floor.raise(min(loss, mostLoss))
			c.rate, c.ceiling = max(c.rate, c.ceiling.from), ceiling{}
			c.boosted = now
			return false
		}
	}
	c.ceiling.loss, c.ceiling.from, c.ceiling.base = loss, c.rate, c.base.least()
	c.ceiling.rate, c.ceiling.at = max(0.98*max(c.slow.delivered, c.delivery)/(1-c.floor.value), c.rate/2), now
	c.rate, c.share = 0.97*c.ceiling.rate, 0
	return true
}

// isDeep says that the buffer has lately been seen to hold more than the wanted queue. One that loses packets while the
// queue is hardly longer than wanted just holds that, and no more. Beside others, who have their own part in the loss,
// that is not told.
func (c *Controller) isDeep(now time.Duration) bool {
	beside := c.share > 0 && c.share < competeAlone*c.cap
	return now-c.deepAt < deepLife &&
		(beside || c.rivals.peakQueue > shallowPeak*min(c.wanted(), rivalMost.Seconds()))
}

// isShallow says that the buffer has lately been too small for the wanted queue.
func (c *Controller) isShallow(now time.Duration) bool {
	return c.ceiling.at > 0 && now-c.ceiling.at < shallowLife && now-c.deepAt >= deepLife
}

// judged is how long it takes until loss tells what a change of the rate did.
func (c *Controller) judged() time.Duration { return c.slowSpan() + 5*c.loop()/4 }

// Smooth says that packets had better not leave in bursts: some are lost, and no long queue has been seen, so the
// buffer may be too small for a burst.
func (c *Controller) Smooth() bool {
	return c.ceiling.rate > 0 || c.slow.loss > 0 && c.last-c.deepAt >= deepLife
}

// growShallow raises the rate where the buffer is known to be shallow: by little, until loss has told what it did, and
// by more the longer it tells nothing.
func (c *Controller) growShallow(now, dt time.Duration) {
	step := c.judged()
	if now-c.boosted > step {
		c.boost, c.boosted = min(c.boost*2, shallowBoost), now
	}
	c.boost = min(c.boost, shallowBoost)
	c.rate = min(c.rate*math.Exp(shallowStep*c.boost*dt.Seconds()/step.Seconds()), mostRate)
}
