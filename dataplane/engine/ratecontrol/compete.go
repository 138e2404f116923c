package ratecontrol

import (
	"math"
	"time"
)

// Competing with traffic that fills the buffer. A flow that yields to a standing queue starves beside TCP, which
// keeps one on purpose. When a queue has stood for long although this flow yielded, it follows CUBIC's window
// (RFC 9438) instead, as a rate, until the queue turns out to be its own.
const (
	competeExcess = 1.6 // times the wanted queue, on average: somebody else's
	competeTime   = time.Second
	competeStart  = 0.4             // of the capacity: where the window of one among few begins to level off
	competeProbe  = 5 * time.Second // between looks whose queue it is
	cubicC        = 0.4
	cubicBeta     = 0.7
	packetBits    = 1500 * 8
)

// cubic is the window of RFC 9438 in packets.
type cubic struct {
	epoch    time.Duration
	most, k  float64
	window   float64
	friendly float64 // Reno's window, section 4.3
	last     time.Duration
	cut      time.Duration
	flows    float64 // how many flows it stands for
}

// start begins with a window that climbs to most.
func (w *cubic) start(now time.Duration, window, most, flows float64) {
	*w = cubic{epoch: now, most: most, window: window, friendly: window, last: now, cut: now, flows: flows,
		k: math.Cbrt((most - window) / (flows * cubicC))}
}

func (w *cubic) grow(now, rtt time.Duration) {
	t := (now - w.epoch).Seconds() - w.k
	alpha := 3 * (1 - cubicBeta) / (1 + cubicBeta)
	w.friendly += w.flows * alpha * (now - w.last).Seconds() / rtt.Seconds()
	w.last = now
	target := w.most + w.flows*cubicC*t*t*t
	w.window = max(min(max(target, w.friendly), 1.5*w.window), 4)
}

func (w *cubic) lose(now time.Duration) {
	beta := 1 - (1-cubicBeta)/w.flows
	w.most = w.window
	w.window *= beta
	w.friendly = w.window
	w.k = math.Cbrt(w.most * (1 - beta) / (w.flows * cubicC))
	w.epoch, w.last, w.cut = now, now, now
}

// compete follows CUBIC while a buffer-filler is there; it reports whether it has set the rate.
func (c *Controller) compete(s Sample, aim float64, dt time.Duration) bool {
	c.longQueue = max(c.longQueue*time.Duration(999)/1000, c.queue)
	if !c.competing {
		c.usualQueue += (c.queue.Seconds() - c.usualQueue) * min(dt.Seconds()/competeTime.Seconds(), 1)
		if c.usualQueue < competeExcess*min(aim, mostAim*wantedQueue.Seconds()) {
			c.lowSince = s.Now
		}
		if s.Now-c.lowSince < max(competeTime, 8*c.loop()) || c.lim.Policy == Low || c.share == 0 || c.ceiling > 0 {
			return false
		}
		c.competing, c.probeAt, c.probeEnd = true, s.Now+competeProbe, 0
		perBit := c.srtt.Seconds() / packetBits
		c.cubic.start(s.Now, c.rate*perBit, max(c.rate, competeStart*c.cap)*perBit, max(c.weight(), 1))
	}
	c.probe(s.Now)
	if !c.competing {
		return false
	}
	c.recentLost += s.Lost
	c.recentAll += s.Lost + s.Arrived
	if s.Now-c.recentAt > c.srtt {
		n, p := float64(max(c.recentAll, 1)), c.floor.value
		excess := float64(c.recentLost) - n*p
		if excess > 2+3*math.Sqrt(n*p) && c.longQueue < 2*c.queue+c.longQueue/2 && s.Now-c.cubic.cut > c.srtt+c.loop() {
			c.cubic.lose(s.Now)
		}
		c.recentAt, c.recentLost, c.recentAll = s.Now, 0, 0
	}
	if s.Backlogged {
		c.cubic.grow(s.Now, c.srtt)
	}
	c.rate = min(max(c.cubic.window*packetBits/c.srtt.Seconds(), leastRate), mostRate)
	if c.cap > 0 {
		c.rate = min(c.rate, 1.2*c.cap)
	}
	c.share = c.delivery / (1 - min(c.loss, c.floor.value+lossMargin, 0.9))
	return true
}

// probe steps back for as long as the queue would take to empty if it were this flow's own. If it does empty,
// nobody else fills it.
func (c *Controller) probe(now time.Duration) {
	switch {
	case c.probeEnd == 0 && now >= c.probeAt:
		c.probeQueue, c.probeLow = c.queue, c.queue
		c.drainUntil = now + min(c.queue*10/9, 80*time.Millisecond)
		c.probeEnd = c.drainUntil + c.srtt + 2*loopExtra
	case c.probeEnd > 0:
		c.probeLow = min(c.probeLow, c.queue)
		if now < c.probeEnd {
			return
		}
		c.probeEnd, c.probeAt = 0, now+competeProbe
		if c.probeLow < c.probeQueue/4 || c.probeLow < emptyQueue {
			c.competing, c.lowSince = false, now
			c.nextDrain = now + c.drainEvery
		}
	}
}
