package ratecontrol

import (
	"math"
	"time"
)

// A flow that yields to a standing queue starves beside TCP, which keeps one on purpose. Where others fill the buffer,
// this one follows CUBIC's window (RFC 9438) instead, as a rate, up to its part of the capacity, until the queue has
// been gone for a while.
const (
	competeAlone = 0.9 // of the capacity: who has more competes with nobody
	competeStart = 0.6 // of the part: less than the capacity in all, if three of one kind take one another for others
	competeJump  = 3.0 // times what it had at most: many that begin a competition at once would send many times too much
	competeCut   = 0.4 // times the longest queue lately: shorter ones do not overflow
	deafClimb    = time.Second
	deafSettle   = 10 * time.Second // in which BBR has found what is left to it:
	deafMuch     = 0.035            // more is lost after that only if the part is too large,
	deafShrink   = 50 * time.Second // and the capacity is taken for smaller, with this time constant

	stayTime    = 3 * time.Second
	leaveMany   = 8.0         // flows like this one would want 1/1.25 of the queue or more:
	leaveExcess = 1.25        // nobody fills it
	leaveTime   = time.Second // of that, beside two round trips: BBR leaves none for 200 ms at times
)

// contest is the state of a competition.
type contest struct {
	on    bool
	since time.Duration // when it began
	cubic cubic
	seen  time.Duration // when there was last a sign of others
	stood time.Duration // when there was last a queue
	sound sounding
}

// part is the share of the capacity that is this flow's beside one other.
func (c *Controller) part() float64 { return c.weight() / (1 + c.weight()) }

// partWindow is that as a window.
func (c *Controller) partWindow() float64 { return c.part() * c.cap / c.perPacket() }

// perPacket is the rate of a window of one packet.
func (c *Controller) perPacket() float64 { return packetBits / c.srtt.Seconds() }

// compete follows CUBIC while others fill the buffer; it reports whether it has set the rate.
func (c *Controller) compete(s Sample, want float64, dt time.Duration) bool {
	lossy, slot := c.lossyRound(s), c.slotBegins(s.Now)
	others := c.seeRivals(s.Now, want, dt)
	if c.truce.until > 0 {
		c.truce.watch(s.Now, c.queue, c.share, lossy)
		if s.Now < c.truce.until {
			return false
		}
		others = c.endTruce(s.Now)
	}
	if !c.contest.on && (!others || !c.enter(s.Now)) || c.left(s.Now) {
		return false
	}
	c.seeCrowd(s.Now)
	if slot && c.wantsTruce(s.Now) {
		c.startTruce(s.Now)
		return false
	}
	deaf := s.Now < c.rivals.deafUntil
	if lossy && !deaf {
		c.cut(s.Now)
	}
	c.sound(s)
	c.climb(s, deaf, dt)
	c.share = c.passed()
	if c.share > c.cap {
		c.believe(dt)
	}
	return true
}

// enter begins a competition, if this flow may and has any need.
func (c *Controller) enter(now time.Duration) bool {
	if c.lim.Policy == Low || c.share == 0 || c.ceiling.rate > 0 || c.share > competeAlone*c.cap {
		return false
	}
	c.contest = contest{on: true, since: now, seen: now + stayTime, stood: now, sound: sounding{next: now + time.Second}}
	c.rivals.lossy, c.rivals.excess = 0, 0 // what was lost before does not say how the others take to company
	part, window := c.partWindow(), c.rate/c.perPacket()
	begin := min(max(window, competeStart*part), competeJump*window)
	c.contest.cubic.start(now, begin, max(window, part), max(c.weight(), 1))
	return true
}

// left ends the competition when nobody has filled the buffer for a while.
func (c *Controller) left(now time.Duration) bool {
	v, k := &c.rivals, &c.contest
	ours := leaveExcess * min(c.wantedFor(c.cap/leaveMany), rivalMost.Seconds())
	if v.usualQueue > ours || v.lossy > rivalRounds {
		k.seen = max(k.seen, now)
	}
	if c.queue > 2*emptyQueue {
		k.stood = now
	}
	if now-min(k.seen, k.stood) <= leaveTime+2*c.srtt {
		return false
	}
	c.contest = contest{}
	v.forget(now)
	v.deafUntil = 0
	c.boost, c.boosted, c.drain.next = firstBoost, now, now+c.drain.every
	return true
}

// cut reacts to loss beyond the path's own, once for what one overflow has dropped.
func (c *Controller) cut(now time.Duration) {
	w := &c.contest.cubic
	long := c.queue > 2*emptyQueue && c.queue.Seconds() > competeCut*c.rivals.peakQueue
	if long && now-w.cut > c.srtt+c.loop() {
		w.lose(now, (w.window+c.partWindow())/2)
	}
}

// climb lets the window grow, at most to the part, and sets the rate by it.
func (c *Controller) climb(s Sample, deaf bool, dt time.Duration) {
	w := &c.contest.cubic
	switch part := c.partWindow(); {
	case !s.Backlogged || s.Now < c.contest.sound.to:
	case deaf:
		if c.rivals.excess > deafMuch && s.Now > c.rivals.deafUntil-truceGood+deafSettle {
			c.cap = max(c.cap*math.Exp(-dt.Seconds()/deafShrink.Seconds()), c.share)
		}
		window := w.window * math.Exp(dt.Seconds()/deafClimb.Seconds())
		w.start(s.Now, window, max(window, part), w.flows)
	default:
		w.grow(s.Now, c.srtt)
	}
	w.window = min(w.window, c.partWindow())
	c.rate = min(w.window*c.perPacket(), c.rate*math.Exp(dt.Seconds()/c.loop().Seconds()))
	c.rate = min(max(c.rate, leastRate), mostRate)
}
