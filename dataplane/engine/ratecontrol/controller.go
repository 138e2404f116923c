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

import "time"

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
	Unheard        int           // reports between the last one and this that did not arrive, or not yet
}

// pause is the time since an arrival that the report before told, for each report there was.
func (s *Sample) pause(since time.Duration) time.Duration {
	return (s.Arrival - since) / time.Duration(1+max(s.Unheard, 0))
}

// Controller holds the state of one flow. It is not safe for concurrent use.
type Controller struct {
	lim   Limits
	limit float64       // what the receiver can take, 0 = anything
	utc   time.Duration // less the sender's clock
	last  time.Duration // when the last report came

	// The law.
	rate     float64
	share    float64 // S; 0 until a queue stood
	cap      float64 // C
	delivery float64
	boost    float64       // growth while no queue is seen
	boosted  time.Duration // when it was last raised

	// What is measured.
	srtt                time.Duration
	base                baseDelay
	delay               int64 // unwrapped
	hasDelay            bool
	queues              minWindow
	queue, mean, lowest time.Duration // the last two of the last report alone
	deepAt              time.Duration // when the queue was last as long as wanted
	arrival             time.Duration // of the newest packet, receiver's clock
	late                bool          // the last report came after a pause of the receiver
	history             history
	window, slow        window
	slowFull            bool
	loss                float64 // of the last window
	calmLoss            float64 // smoothed, while the queue is short
	floor               lossFloor
	floorBase           int64 // what the base was at most since it is known

	// What is done about it.
	drain   drain
	ceiling ceiling
	rivals  rivals
	contest contest
	truce   truce
	slot    int64 // of truceEvery
}

// New makes a controller; Start has to follow.
func New(l Limits) *Controller {
	return &Controller{lim: l, rate: unknownStart, boost: firstBoost, deepAt: -deepLife, drain: drain{deeper: 1}}
}

// SetLimits changes policy and limits of a running flow.
func (c *Controller) SetLimits(l Limits) { c.lim = l }

// Start tells what the handshake found: round trip and capacity (0 = unknown).
// utc is the time since any moment that all flows agree about.
func (c *Controller) Start(now, rtt time.Duration, capacity int64, utc time.Duration) {
	c.srtt, c.last, c.boosted = rtt, now, now
	c.utc = utc - now
	c.cap = float64(capacity)
	if capacity > 0 {
		c.rate = startShare * float64(capacity)
	}
	if c.lim.TargetBps > 0 && float64(c.lim.TargetBps) < c.rate {
		c.rate = float64(c.lim.TargetBps)
	}
}

// Sent tells how many IP bytes have been sent in all.
func (c *Controller) Sent(now time.Duration, total int64) { c.history.add(now, total) }

// Feedback takes a report.
func (c *Controller) Feedback(s Sample) {
	dt := min(s.Now-c.last, 4*c.reports()) // nothing is known of a time without reports, so nothing grows in it
	c.last = s.Now
	c.observe(s)
	c.limit = float64(s.LimitBps)
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
