// Package ratecontrol decides how fast a sender sends. It follows the bottleneck's queueing delay
// and the delivery rate, not loss. It refuses to know packets, sockets and time of its own: samples
// go in, a rate comes out, so that it is the same in a test, a simulation and a transfer.
//
// The law and its sources are in docs/protocol.md. In short, with S the rate the bottleneck passed on
// for this flow while a queue stood, q the standing queue, T the wanted one, C the bottleneck's
// capacity, w the policy's weight and D the delay of the loop:
//
//	R = S (1 + k (T w C / S - q) / D)
//
// Its fixed point is S q = w T C: flows of one weight get equal rates whatever their round trips.
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
	SentBytes      int64         // IP bytes sent so far
	DeliveredBytes int64         // IP bytes arrived so far
	Arrival        time.Duration // receiver's clock at the newest arrival
	Lost, Arrived  int           // packets whose fate this report told
	LimitBps       int64         // what the receiver can take, 0 = anything
	Backlogged     bool          // the sender had something to send all the time
}

// The constants of the law.
const (
	wantedQueue  = 5 * time.Millisecond
	gain         = 0.5
	loopExtra    = 20 * time.Millisecond // reports and filters beside the round trip
	emptyQueue   = time.Millisecond      // below it a queue does not stand
	leastRate    = 200_000.0
	mostRate     = 400e9
	unknownStart = 10e6
	startShare   = 0.92 // of the capacity the path probe measured
	lossMargin   = 0.03 // loss above the floor that counts as the bottleneck's
)

// Controller holds the state of one flow. It is not safe for concurrent use.
type Controller struct {
	lim   Limits
	rate  float64
	share float64 // S; 0 until a queue stood
	cap   float64 // C
	loss  float64 // of the last window
	floor lossFloor

	srtt, minRTT time.Duration
	base         baseDelay
	delay        int64 // unwrapped
	hasDelay     bool
	queues       minWindow
	queue, mean  time.Duration
	window       window
	delivery     float64
	limit        float64
	boost        float64       // growth while no queue is seen
	boosted      time.Duration // when it was last raised
	last         time.Duration
	emptySince   time.Duration
}

// New makes a controller; Start has to follow.
func New(l Limits) *Controller {
	c := &Controller{lim: l, rate: unknownStart, boost: 1}
	return c
}

// SetLimits changes policy and limits of a running flow.
func (c *Controller) SetLimits(l Limits) { c.lim = l }

// Start tells what the handshake found: round trip and capacity (0 = unknown).
func (c *Controller) Start(now, rtt time.Duration, capacity int64) {
	c.srtt, c.minRTT, c.last, c.boosted = rtt, rtt, now, now
	c.cap = float64(capacity)
	if capacity > 0 {
		c.rate = startShare * float64(capacity)
	}
	if c.lim.TargetBps > 0 && float64(c.lim.TargetBps) < c.rate {
		c.rate = float64(c.lim.TargetBps)
	}
}

// Rate is the pacing rate in bits per second of IP packets.
func (c *Controller) Rate() int64 {
	r := c.rate
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

// Queue is the standing queue, MeanQueue the mean of the last report.
func (c *Controller) Queue() time.Duration { return c.queue }

// MeanQueue is the mean queueing delay of the last report's packets.
func (c *Controller) MeanQueue() time.Duration { return c.mean }

// Feedback takes a report.
func (c *Controller) Feedback(s Sample) {
	dt := s.Now - c.last
	c.last = s.Now
	c.observe(s)
	if s.LimitBps > 0 {
		c.limit = float64(s.LimitBps)
	} else {
		c.limit = 0
	}
	passed, full := c.window.add(s, c.span())
	if full {
		c.delivery = c.window.delivered
		c.loss = c.window.loss
		c.floor.add(s.Now, c.loss)
	}
	if dt <= 0 || !s.HasDelay {
		return
	}
	c.steer(s, passed, full, dt)
}

// span is the window of the delivery rate.
func (c *Controller) span() time.Duration { return max(c.srtt, 60*time.Millisecond) }

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
	if !s.HasDelay {
		return
	}
	if !c.hasDelay {
		c.hasDelay, c.delay = true, int64(s.Delay24)
	} else {
		c.delay += int64(int32((s.Delay24-uint32(c.delay))<<8) >> 8)
	}
	q := c.base.queue(s.Now, c.delay)
	c.queue = c.queues.add(s.Now, q, min(max(c.srtt/4, 10*time.Millisecond), 40*time.Millisecond))
	c.mean = q + s.MeanDelay
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
func (c *Controller) steer(s Sample, passed float64, full bool, dt time.Duration) {
	loop := c.loop().Seconds()
	q := c.queue.Seconds()
	t := wantedQueue.Seconds() * c.weight()
	standing := c.queue > emptyQueue
	if standing && full {
		c.share = passed
		c.cap = max(c.cap*math.Exp(-dt.Seconds()/60), passed)
	}
	if standing && c.share > 0 {
		c.boost = 1
		c.boosted = s.Now
		want := t * max(c.cap/c.share, 1)
		factor := 1 + gain*(want-q)/loop
		c.rate = c.share * min(max(factor, 0.5), 1.25)
		return
	}
	if !s.Backlogged {
		return
	}
	// No queue: return to what passed before, then beyond it, faster the longer none appears.
	if c.share > 0 && c.rate < 0.99*c.share {
		c.rate = min(0.99*c.share, c.rate*math.Exp(dt.Seconds()/loop))
		c.boosted = s.Now
		return
	}
	if s.Now-c.boosted > c.loop() {
		c.boost = min(c.boost*2, 16)
		c.boosted = s.Now
	}
	most := 0.25
	if c.share == 0 && c.cap == 0 {
		most = 1
	}
	g := min(gain*t/loop*c.boost, most)
	if full && passed < 0.8*c.rate && s.Now-c.boosted > c.loop() {
		return // what is sent does not arrive: growing would not help
	}
	c.rate = min(c.rate*math.Exp(g*dt.Seconds()/loop), mostRate)
}
