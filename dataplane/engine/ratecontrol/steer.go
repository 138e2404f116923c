package ratecontrol

import (
	"math"
	"time"
)

// The constants of the law.
const (
	gain         = 0.5
	unknownStart = 10e6
	startShare   = 0.88 // of the capacity the path probe measured
	firstBoost   = 4.0
	mostBoost    = 16.0
	unknownBoost = 256.0 // of a start without any knowledge: what grows too far for a round trip is soon corrected
	capacityRise = 500 * time.Millisecond
	capacityLife = 10 * time.Minute // in which an estimate nothing confirms approaches the share
)

// steer sets the rate from what is known.
func (c *Controller) steer(s Sample, full bool, dt time.Duration) {
	loop := c.loop().Seconds()
	want := c.wanted()
	c.doubtLoss(want)
	blind := c.blind()
	if blind {
		c.planDrain(s.Now, want)
	}
	if full && !c.contest.on { // beside others they and this flow make loss
		c.learnCalmLoss(want, dt)
		if s.Backlogged && c.shallow(s.Now) {
			return
		}
		c.learnFloor(s.Now, want)
	}
	passed := c.passed()
	if full && c.compete(s, want, dt) {
		return
	}
	if !blind {
		c.planDrain(s.Now, want)
	}
	standing := c.queue.Seconds() > max(want/2, emptyQueue.Seconds())
	if standing && full {
		c.learn(passed, dt)
	}
	if standing && c.share > 0 && c.ceiling.rate == 0 {
		c.boost, c.boosted = 1, s.Now
		change := min(max(gain*(want-c.queue.Seconds())/loop, -0.5), 0.25)
		if c.window.stalled && c.rate > c.share { // S is what a late machine made of it
			c.rate *= math.Exp(change * dt.Seconds() / loop)
			return
		}
		c.rate = c.share * (1 + change)
		return
	}
	if !s.Backlogged {
		return
	}
	sent := c.rate
	if c.share == 0 && c.cap == 0 { // it grows faster than what has arrived tells
		sent = min(sent, c.window.sent)
	}
	c.grow(s.Now, want, loop, dt, full && passed < 0.8*sent)
}

// passed is what the bottleneck passes on for this flow: what arrives and what the path loses behind it. Most of what
// a path seems to lose is not believed: loss that this flow makes itself would have it send more, and lose more.
func (c *Controller) passed() float64 {
	return c.delivery / (1 - min(c.loss, c.floor.value+lossMargin, mostLoss))
}

// learn takes what passed while a queue stood for the share of this flow. More than the share counts as
// far as it was sent at that rate (after a stall packets arrive faster than the bottleneck). Less counts
// only when more was sent, or else this flow itself was slow, and when arrivals did not stall.
func (c *Controller) learn(passed float64, dt time.Duration) {
	sent := c.window.sent
	switch {
	case c.share == 0:
		if !c.window.stalled {
			c.share = min(passed, sent)
		}
	case passed >= c.share:
		c.share = max(c.share, min(passed, sent))
	case c.window.stalled:
	case passed < 0.97*sent:
		c.share = passed
	case passed > 0.95*c.share:
		c.share += (passed - c.share) * min(dt.Seconds()/c.span().Seconds(), 1)
	case c.last > c.drain.until+c.srtt+c.span():
		c.share += (passed - c.share) * min(dt.Seconds()/c.loop().Seconds()/8, 1)
	}
	c.believe(dt)
}

// believe has the capacity follow the share: soon upwards, since nothing passes more than there is but for a moment
// after a stall, and slowly downwards, since others may take what is missing.
func (c *Controller) believe(dt time.Duration) {
	life := capacityLife
	if c.share > c.cap {
		life = capacityRise
	}
	if c.cap == 0 {
		c.cap = c.share
	}
	c.cap += (c.share - c.cap) * min(dt.Seconds()/life.Seconds(), 1)
}

// grow raises the rate while no queue is seen: to what passed before, then beyond it, faster the longer
// none appears, and not at all while what is sent does not arrive.
func (c *Controller) grow(now time.Duration, want, loop float64, dt time.Duration, held bool) {
	if c.ceiling.rate > 0 {
		old := now-c.ceiling.at > max(ceilingLife, 2*c.judged())
		if old || c.base.fell(c.ceiling.base).Seconds() > want { // there is a queue after all
			c.ceiling.rate, c.boost, c.boosted = 0, 1, now
		} else {
			c.rate = min(c.ceiling.rate, c.rate*math.Exp(0.05*dt.Seconds()/loop))
		}
		return
	}
	if c.share > 0 && c.rate < 0.99*c.share {
		c.rate = min(0.99*c.share, c.rate*math.Exp(dt.Seconds()/loop))
		c.boosted = now
		return
	}
	if c.isShallow(now) {
		if !held {
			c.growShallow(now, dt)
		}
		return
	}
	most, boost := 0.25, mostBoost
	if c.share == 0 && c.cap == 0 {
		most, boost = 1, unknownBoost
	}
	if now-c.boosted > c.loop() {
		c.boost = min(c.boost*2, boost)
		c.boosted = now
	}
	c.boost = min(c.boost, boost)
	if held {
		return
	}
	g := min(gain*want/loop*c.boost, most)
	c.rate = min(c.rate*math.Exp(g*dt.Seconds()/loop), mostRate)
}
