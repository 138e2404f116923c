package ratecontrol

import (
	"math"
	"time"
)

// Competing with traffic that fills the buffer. A flow that yields to a standing queue starves beside TCP, which
// keeps one on purpose. When a queue has stood for long although this flow yielded, it follows CUBIC's window
// (RFC 9438) instead, as a rate, up to its part of the capacity, until the queue has been gone for a while.
const (
	competeMost   = 14 * time.Millisecond // of the wanted queue: more is not taken for this flow's like's
	competeExcess = 1.6                   // times the wanted queue, on average: somebody else's
	competeSmooth = time.Second
	competeTime   = 3 * time.Second
	competePeak   = 2.5 // times the wanted queue, again and again
	competePeaks  = 2 * time.Second
	competeSwings = 4 * time.Second // of a queue that is long again and again
	competeAlone  = 0.9             // of the capacity: who has more competes with nobody
	competeFew    = 0.8             // of the capacity: others have a good part of it,
	competeNear   = 0.8             // times the wanted queue: it stands
	competeDip    = 0.5             // times the wanted queue: and none of them has let it fall to that
	competeQuiet  = 6 * time.Second

	stayTime    = 3 * time.Second
	leaveMany   = 8.0              // flows like this one would want 1/1.25 of the queue or more:
	leaveExcess = 1.25             // nobody fills it
	leaveTime   = time.Second      // of that, beside two round trips: BBR leaves none for 200 ms at times
	leaveMemory = 30 * time.Second // in which less than half of the evidence is enough for the next time
	leaveShare  = 1.0
	cutQueue    = 0.4 // times the longest queue lately: shorter ones do not overflow

	// Some fillers (BBR) do not yield to loss. Beside them a rate that every loss cuts goes to nothing, so a cut
	// that the others do not join, as the queue tells, is taken back.
	joinFall  = 1.35            // times what the own cut takes from the queue: others have cut as well
	deafTime  = 2 * time.Second // how long others are taken to be deaf to loss
	deafMost  = 0.03            // loss that stays beyond this: too many, not deaf ones
	deafRaise = 1.15            // what a cut taken back is raised by
)

// rivalry is the state of a competition.
type rivalry struct {
	on                    bool
	cubic                 cubic
	calmSince             time.Duration // since when the queue has not been long again and again
	lowSince              time.Duration // since when the queue has been long
	seen                  time.Duration // when the queue was last longer than wanted
	stood                 time.Duration // when there was one
	dip                   time.Duration // when others have last let the queue fall
	quiet                 float64       // seconds in which they have not
	peakQueue             float64       // decaying, seconds
	usualQueue            float64       // smoothed, seconds
	recentAt              time.Duration
	recentLost, recentAll int
	deaf                  time.Duration // until when losses say nothing
	cut                   cut
	sound                 sounding
}

// cut is a cut whose effect on the queue is watched.
type cut struct {
	until      time.Duration // 0 = none
	before     float64       // window
	rate       float64
	queue, low float64 // seconds
	own        float64 // what this flow has taken from the queue, seconds
	lost, all  int     // packets since
}

// part is the share of the capacity that is this flow's beside one other.
func (c *Controller) part() float64 { return c.weight() / (1 + c.weight()) }

// partWindow is that as a window.
func (c *Controller) partWindow() float64 { return c.part() * c.cap * c.srtt.Seconds() / packetBits }

// compete follows CUBIC while a buffer-filler is there; it reports whether it has set the rate.
func (c *Controller) compete(s Sample, aim float64, dt time.Duration) bool {
	v := &c.rival
	fills := c.fillsBuffer(s.Now, min(aim, competeMost.Seconds()), dt)
	perBit := c.srtt.Seconds() / packetBits
	if !v.on {
		if !fills || c.lim.Policy == Low || c.share == 0 || c.ceiling > 0 || c.share > competeAlone*c.cap {
			return false
		}
		*v = rivalry{on: true, seen: s.Now + stayTime, stood: s.Now, recentAt: s.Now, usualQueue: v.usualQueue, peakQueue: v.peakQueue,
			quiet: v.quiet, dip: v.dip, sound: sounding{next: s.Now + time.Second}}
		part := c.partWindow()
		v.cubic.start(s.Now, max(c.rate*perBit, part/2), max(c.rate*perBit, part), max(c.weight(), 1))
	}
	ours := leaveExcess * min(c.wantedFor(c.cap/leaveMany), competeMost.Seconds())
	if v.quiet >= max(competeQuiet, 20*c.loop()).Seconds() || v.usualQueue > ours {
		v.seen = max(v.seen, s.Now)
	}
	if c.queue > 2*emptyQueue {
		v.stood = s.Now
	}
	if s.Now-min(v.seen, v.stood) > leaveTime+2*c.srtt {
		*v = rivalry{lowSince: s.Now, calmSince: s.Now}
		c.boost, c.boosted, c.nextDrain = firstBoost, s.Now, s.Now+c.drainEvery
		return false
	}
	c.lossCuts(s)
	c.watchCut(s, dt)
	c.sound(s)
	if s.Backlogged && s.Now >= v.sound.to {
		v.cubic.grow(s.Now, c.srtt)
	}
	v.cubic.window = min(v.cubic.window, c.partWindow())
	c.rate = min(v.cubic.window/perBit, c.rate*math.Exp(dt.Seconds()/c.loop().Seconds()))
	c.rate = min(max(c.rate, leastRate), mostRate)
	c.share = c.delivery / (1 - min(c.loss, c.floor.value+lossMargin, 0.9))
	c.cap = max(c.cap, c.share)
	return true
}

// lossCuts reacts to loss beyond the path's own, once a round trip.
func (c *Controller) lossCuts(s Sample) {
	v := &c.rival
	v.recentLost += s.Lost
	v.recentAll += s.Lost + s.Arrived
	if s.Now-v.recentAt <= c.srtt {
		return
	}
	n, p := float64(max(v.recentAll, 1)), max(c.floor.value, c.calmLoss)
	excess := float64(v.recentLost) - n*p
	v.recentAt, v.recentLost, v.recentAll = s.Now, 0, 0
	long := c.queue > 2*emptyQueue && c.queue.Seconds() > cutQueue*v.peakQueue
	if excess <= 0.5+3*math.Sqrt(n*p) || !long || s.Now-v.cubic.cut < c.srtt+c.loop() || s.Now < v.deaf {
		return
	}
	q := c.queue.Seconds()
	v.cut = cut{until: s.Now + 2*c.srtt, before: v.cubic.window, rate: c.rate, queue: q, low: q}
	v.cubic.lose(s.Now, (v.cubic.window+c.partWindow())/2)
}

// watchCut takes a cut back that the others did not join.
func (c *Controller) watchCut(s Sample, dt time.Duration) {
	v, k := &c.rival, &c.rival.cut
	if k.until == 0 {
		return
	}
	k.own += (k.rate - c.rate) / c.cap * dt.Seconds()
	k.low = min(k.low, c.queue.Seconds())
	if s.Now > k.until-c.srtt {
		k.lost += s.Lost
		k.all += s.Lost + s.Arrived
	}
	if s.Now < k.until {
		return
	}
	k.until = 0
	loss := float64(k.lost)/float64(max(k.all, 1)) - max(c.floor.value, c.calmLoss)
	if k.low < emptyQueue.Seconds() || k.queue-k.low > joinFall*k.own+0.002 || loss > deafMost {
		return
	}
	v.deaf = s.Now + deafTime
	window := deafRaise * k.before
	v.cubic.start(s.Now, window, max(window, c.partWindow()), v.cubic.flows)
}

// fillsBuffer says that for a while the queue has been longer than this flow and its like would have it: all
// the time, or again and again as by TCP's sawtooth.
func (c *Controller) fillsBuffer(now time.Duration, aim float64, dt time.Duration) bool {
	v, q := &c.rival, c.queue.Seconds()
	if c.late || c.window.stalled { // a late machine looks like a queue
		v.lowSince, v.calmSince = min(v.lowSince+dt, now), min(v.calmSince+dt, now)
		return false
	}
	v.usualQueue += (q - v.usualQueue) * min(dt.Seconds()/competeSmooth.Seconds(), 1)
	v.peakQueue = max(v.peakQueue*math.Exp(-dt.Seconds()/competePeaks.Seconds()), q)
	if v.usualQueue < competeExcess*aim {
		v.lowSince = now
	}
	if v.usualQueue < aim || v.peakQueue < competePeak*aim {
		v.calmSince = now
	}
	c.quiet(now, aim, dt)
	return now-v.lowSince >= max(competeTime, 16*c.loop()) || now-v.calmSince >= max(competeSwings, 16*c.loop()) ||
		v.quiet >= max(competeQuiet, 20*c.loop()).Seconds()
}

// quiet adds up the time in which others have a good part of the capacity and none of them lets the queue fall, as
// this flow's like would do every few seconds. The less is left to this flow, the sooner it is enough.
func (c *Controller) quiet(now time.Duration, aim float64, dt time.Duration) {
	v := &c.rival
	if v.usualQueue < competeNear*aim || c.share > competeFew*c.cap {
		v.quiet = 0
		return
	}
	v.quiet += dt.Seconds() * min(max(c.cap/c.share/wantedFew, 1), 4)
	between := max(doubtDrain, 8*c.loop())
	if c.lowest.Seconds() < competeDip*aim && now > c.drainUntil+5*c.loop() && now-v.dip > between/2 {
		v.dip, v.quiet = now, max(v.quiet-1.25*between.Seconds(), 0)
	}
}
