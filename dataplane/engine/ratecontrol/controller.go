// Package ratecontrol decides how fast a sender sends. It follows the bottleneck's queueing delay
// and the delivery rate, not loss. It refuses to know packets, sockets and time of its own: samples
// go in, a rate comes out, so that it is the same in a test, a simulation and a transfer.
//
// The law and its sources are in docs/protocol.md. In short, with S the rate the bottleneck passed on
// for this flow while a queue stood, q the standing queue, q*(S) the wanted one and D the delay of the loop:
//
//	R = S (1 + k (q*(S) - q) / D)
//
// q* falls with S and depends on nothing else, so flows of one policy get equal rates whatever their round trips.
// Beside traffic that fills the buffer a flow follows CUBIC instead (compete.go).
package ratecontrol

import (
	"math"
	"time"
)

// Policy is one of the engine's policies.
type Policy string

// The policies.
const (
	Fixed Policy = "fixed"
	High  Policy = "high"
	Fair  Policy = "fair"
	Low   Policy = "low"
)

// Limits are what the user wants, in bits per second; 0 is no limit.
type Limits struct {
	Policy                    Policy
	TargetBps, MinBps, CapBps int64
}

// Sample is what one report of the receiver says.
type Sample struct {
	Now            time.Duration // sender's clock
	RTT            time.Duration // 0 = none
	HasDelay       bool
	Delay24        uint32        // smallest one-way delay of the interval, microseconds modulo 2^24
	MeanDelay      time.Duration // mean of the interval above that
	SentAt         time.Duration // sender's clock when the newest packet was sent
	DeliveredBytes int64         // IP bytes arrived so far
	Arrival        time.Duration // receiver's clock at the newest arrival
	Lost, Arrived  int           // packets whose fate this report told
	LimitBps       int64         // what the receiver can take, 0 = anything
	Backlogged     bool          // the sender had something to send all the time
}

// The constants of the law.
const (
	wantedQueue  = 5 * time.Millisecond
	wantedAt     = 300e6 // the rate at which it is wanted
	wantedBend   = 4.0   // within that factor of this rate it goes by the square root
	wantedFew    = 8.0   // below this part of the capacity it grows slowly
	gain         = 0.5
	loopExtra    = 20 * time.Millisecond // reports and filters beside the round trip
	latePause    = 4 * time.Millisecond  // between arrivals, beside the reports' interval: the receiver was late
	emptyQueue   = time.Millisecond      // below it a queue does not stand
	leastRate    = 200_000.0
	mostRate     = 400e9
	unknownStart = 10e6
	startShare   = 0.88 // of the capacity the path probe measured
	lossMargin   = 0.03 // loss above the floor that counts as the bottleneck's
	mostLoss     = 0.4  // of a path
	firstBoost   = 4.0
	mostBoost    = 16.0
	calmLossTime = 5 * time.Second // over which loss without a queue is averaged
	ceilingLife  = 5 * time.Second
	lossHelped   = 0.75 // of the loss before is left at most when going slower has helped, or
	passHelped   = 1.06 // times as many of the packets arrive
	drainShare   = 0.1
	drainDepth   = 1.25 // times the queue
	drainSurely  = 1.2  // times that where others keep it as well: flows whose bases differ have different shares
	blindDrain   = 0.1  // seconds, of who knows of no queue
	mostDeeper   = 16.0 // times as long as usual, while steps back show more of the queue
	vainDrains   = 2    // tell that there is no queue; one may have met a machine that was away
	raiseShare   = 0.7  // of the capacity: who has less hardly moves the queue by stepping back
	firstDrain   = 500 * time.Millisecond
	lastDrain    = 8 * time.Second
	doubtDrain   = 2 * time.Second // while less passes than the bottleneck was seen to pass
	foothold     = 1.0 / 32        // times weight and capacity are sent in any case, lest a flow become too slow to see anything,
	footholdLoss = 0.07            // unless more than this is lost
	capacityRise = 500 * time.Millisecond
	capacityLife = 10 * time.Minute // in which an estimate nothing confirms approaches the share
	deepLife     = 10 * time.Second // how long a long queue proves that the buffer is not shallow
)

// Controller holds the state of one flow. It is not safe for concurrent use.
type Controller struct {
	lim       Limits
	rate      float64
	share     float64 // S; 0 until a queue stood
	cap       float64 // C
	loss      float64 // of the last window
	floor     lossFloor
	floorBase int64

	srtt, minRTT        time.Duration
	base                baseDelay
	delay               int64 // unwrapped
	hasDelay            bool
	queues              minWindow
	queue, mean, lowest time.Duration // the last two of the last report alone
	arrival             time.Duration // of the newest packet, receiver's clock
	late                bool          // the last report came after a pause of the receiver
	calmLoss            float64       // smoothed, while the queue is short
	rivals              rivals
	contest             contest
	truce               truce
	utc                 time.Duration // less the sender's clock
	slot                int64         // of truceEvery

	drainUntil            time.Duration
	nextDrain             time.Duration
	drainCheck            time.Duration // when to see what the last step back has done
	drainBefore, drainLow time.Duration // the queue before it, and the shortest since
	drainEvery            time.Duration
	drainBase             int64   // what the base was before it
	drainDeeper           float64 // times as long as usual
	drainVain             int     // how many in a row did nothing to the queue
	window, slow          window
	history               history
	slowFull              bool
	deepAt                time.Duration // when the queue was last as long as wanted
	delivery              float64
	limit                 float64
	boost                 float64       // growth while no queue is seen
	boosted               time.Duration // when it was last raised
	last                  time.Duration
	ceiling               float64 // what a shallow buffer passes, 0 = none seen
	ceilingAt             time.Duration
	ceilingLoss           float64 // what was lost before,
	ceilingFrom           float64 // and what was sent
	ceilingBase           int64   // what the base was
}

// New makes a controller; Start has to follow.
func New(l Limits) *Controller {
	c := &Controller{lim: l, rate: unknownStart, boost: firstBoost, deepAt: -deepLife, drainDeeper: 1}
	return c
}

// SetLimits changes policy and limits of a running flow.
func (c *Controller) SetLimits(l Limits) { c.lim = l }

// Start tells what the handshake found: round trip and capacity (0 = unknown).
// utc is the time since any moment that all flows agree about.
func (c *Controller) Start(now, rtt time.Duration, capacity int64, utc time.Duration) {
	c.srtt, c.minRTT, c.last, c.boosted = rtt, rtt, now, now
	c.utc = utc - now
	c.cap = float64(capacity)
	if capacity > 0 {
		c.rate = startShare * float64(capacity)
	}
	if c.lim.TargetBps > 0 && float64(c.lim.TargetBps) < c.rate {
		c.rate = float64(c.lim.TargetBps)
	}
}

// Rate is the pacing rate in bits per second of IP packets.
func (c *Controller) Rate() int64 { return c.RateAt(c.last) }

// RateAt is the pacing rate at a time: now and then a flow steps back for some milliseconds, so that the
// queue empties and everybody who shares it sees the delay of the path alone. Without that, who comes late
// takes the others' queue for the path and pushes them out.
func (c *Controller) RateAt(now time.Duration) int64 {
	r := c.rate
	if now < c.drainUntil {
		r *= drainShare
	}
	if c.ceiling == 0 && c.rivals.excess < footholdLoss {
		r = max(r, foothold*c.weight()*c.cap)
	}
	if c.lim.Policy == Fixed {
		r = float64(c.lim.TargetBps)
	} else if c.lim.TargetBps > 0 {
		r = min(r, float64(c.lim.TargetBps))
	}
	r = max(r, float64(c.lim.MinBps), leastRate)
	if c.limit > 0 {
		r = min(r, c.limit)
	}
	if c.lim.CapBps > 0 {
		r = min(r, float64(c.lim.CapBps))
	}
	return int64(min(r, mostRate))
}

// Delivery is the rate at which packets arrive, Capacity the estimate of the bottleneck.
func (c *Controller) Delivery() int64 { return int64(c.delivery) }

// Capacity is the estimate of the bottleneck's rate, 0 when unknown.
func (c *Controller) Capacity() int64 { return int64(c.cap) }

// Loss is the share of packets lost lately.
func (c *Controller) Loss() float64 { return c.loss }

// Mode says in a word how the rate is found: fixed; delay, by the queue, as where nobody else fills the buffer; cubic or
// deaf, beside others who do and who yield to loss or do not; truce, while that is found out; shallow, where the buffer
// does not hold the wanted queue.
func (c *Controller) Mode() string {
	switch {
	case c.lim.Policy == Fixed:
		return "fixed"
	case c.truce.until > 0:
		return "truce"
	case c.contest.on && c.last < c.rivals.deafUntil:
		return "deaf"
	case c.contest.on:
		return "cubic"
	case c.ceiling > 0:
		return "shallow"
	}
	return "delay"
}

// Queue is the standing queue, MeanQueue the mean of the last report.
func (c *Controller) Queue() time.Duration { return c.queue }

// MeanQueue is the mean queueing delay of the last report's packets.
func (c *Controller) MeanQueue() time.Duration { return c.mean }

// Sent tells how many IP bytes have been sent in all.
func (c *Controller) Sent(now time.Duration, total int64) { c.history.add(now, total) }

// Feedback takes a report.
func (c *Controller) Feedback(s Sample) {
	dt := min(s.Now-c.last, 4*c.reports()) // nothing is known of a time without reports, so nothing grows in it
	c.last = s.Now
	c.observe(s)
	if s.LimitBps > 0 {
		c.limit = float64(s.LimitBps)
	} else {
		c.limit = 0
	}
	sent := c.history.until(s.SentAt)
	full := c.window.add(s, sent, c.span(), c.stall())
	c.slowFull = c.slow.add(s, sent, c.slowSpan(), c.stall())
	if full {
		c.delivery, c.loss = c.window.delivered, c.window.loss
	}
	if dt <= 0 || !s.HasDelay {
		return
	}
	c.steer(s, full, dt)
}

// span is the window of the delivery rate.
func (c *Controller) span() time.Duration { return max(c.srtt, 60*time.Millisecond) }

// slowSpan is the window in which loss is a sign of a shallow buffer: a stalled machine or a burst is none.
func (c *Controller) slowSpan() time.Duration { return max(4*c.srtt, 500*time.Millisecond) }

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
			c.srtt, c.minRTT = s.RTT, s.RTT
		}
		c.srtt += (s.RTT - c.srtt) / 8
		c.minRTT = min(c.minRTT, s.RTT)
	}
	pause := s.Arrival - c.arrival
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

func (c *Controller) weight() float64 {
	switch c.lim.Policy {
	case High:
		return 2
	case Low:
		return 0.5
	}
	return 1
}

// steer sets the rate from what is known.
func (c *Controller) steer(s Sample, full bool, dt time.Duration) {
	loop := c.loop().Seconds()
	want := c.wanted()
	if c.base.fell(c.floorBase).Seconds() > want { // what was lost while the queue seemed short is not the path's
		c.floor, c.calmLoss, c.floorBase = lossFloor{}, 0, c.base.least()
	}
	c.floorBase = max(c.floorBase, c.base.least())
	if full {
		if c.queue.Seconds() < want && !c.contest.on {
			c.calmLoss += (c.loss - c.calmLoss) * min(dt.Seconds()/calmLossTime.Seconds(), 1)
		}
		if s.Backlogged && !c.contest.on && c.shallow(s.Now) {
			return
		}
		if !c.contest.on && (c.ceiling == 0 || s.Now-c.ceilingAt > c.span()+c.loop()) { // beside others they and this flow make loss
			// who has never seen the queue long may have begun while others kept it full: it seems empty then
			c.floor.add(s.Now, c.loss, c.queue.Seconds() < want && s.Now-c.deepAt < deepLife)
		}
	}
	passed := c.passed()
	if full && c.compete(s, want, dt) {
		return
	}
	c.planDrain(s.Now, want)
	standing := c.queue.Seconds() > max(want/2, emptyQueue.Seconds())
	if standing && full {
		c.learn(passed, dt)
	}
	if standing && c.share > 0 && c.ceiling == 0 {
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
	c.grow(s.Now, want, loop, dt, full && passed < 0.8*c.rate)
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
	case c.last > c.drainUntil+c.srtt+c.span():
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
	if c.ceiling > 0 {
		if now-c.ceilingAt > ceilingLife || c.base.fell(c.ceilingBase).Seconds() > want { // there is a queue after all
			c.ceiling, c.boost, c.boosted = 0, 1, now
		} else {
			c.rate = min(c.ceiling, c.rate*math.Exp(0.05*dt.Seconds()/loop))
		}
		return
	}
	if c.share > 0 && c.rate < 0.99*c.share {
		c.rate = min(0.99*c.share, c.rate*math.Exp(dt.Seconds()/loop))
		c.boosted = now
		return
	}
	if now-c.boosted > c.loop() {
		c.boost = min(c.boost*2, mostBoost)
		c.boosted = now
	}
	if held {
		return
	}
	most := 0.25
	if c.share == 0 && c.cap == 0 {
		most = 1 // a start without any knowledge
	}
	g := min(gain*want/loop*c.boost, most)
	c.rate = min(c.rate*math.Exp(g*dt.Seconds()/loop), mostRate)
}
