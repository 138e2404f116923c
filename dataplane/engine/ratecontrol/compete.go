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
	competePeak   = 2.5 // times the wanted queue, again and again
	competePeaks  = 2 * time.Second
	competeTime   = time.Second
	competeSwings = 4 * time.Second  // of a queue that is long again and again
	competeMemory = 20 * time.Second // in which the window of last time is worth something
	competeStart  = 0.4              // of the capacity: where the window of one among few begins to level off
	competeProbe  = 5 * time.Second  // between looks whose queue it is
	cubicC        = 0.4
	cubicBeta     = 0.7
	smallBeta     = 0.85 // with less than one's part: others (BBR) do not react to loss at all
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

func (w *cubic) lose(now time.Duration, beta float64) {
	beta = 1 - (1-beta)/w.flows
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
		if !c.fillsBuffer(s.Now, min(aim, mostAim*wantedQueue.Seconds()), dt) || c.lim.Policy == Low || c.share == 0 || c.ceiling > 0 {
			return false
		}
		c.competing, c.probeAt, c.probeEnd = true, s.Now+competeProbe, 0
		perBit := c.srtt.Seconds() / packetBits
		most := max(c.rate, competeStart*c.cap) * perBit
		if s.Now-c.competed < competeMemory && c.competed > 0 {
			most = max(most, c.cubic.window)
		}
		c.cubic.start(s.Now, max(c.rate*perBit, cubicBeta*most), most, max(c.weight(), 1))
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
			beta := cubicBeta
			if c.rate < competeStart*c.cap {
				beta = smallBeta
			}
			c.cubic.lose(s.Now, beta)
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

// fillsBuffer says that for a while the queue has been longer than this flow and its like would have it: all
// the time, or again and again as by TCP's sawtooth.
func (c *Controller) fillsBuffer(now time.Duration, aim float64, dt time.Duration) bool {
	q := c.queue.Seconds()
	c.usualQueue += (q - c.usualQueue) * min(dt.Seconds()/competeTime.Seconds(), 1)
	c.peakQueue *= math.Exp(-dt.Seconds() / competePeaks.Seconds())
	if !c.window.stalled {
		c.peakQueue = max(c.peakQueue, q)
	}
	if c.usualQueue < competeExcess*aim {
		c.lowSince = now
	}
	if c.usualQueue < aim || c.peakQueue < competePeak*aim {
		c.calmSince = now
	}
	return now-c.lowSince >= max(competeTime, 8*c.loop()) || now-c.calmSince >= max(competeSwings, 16*c.loop())
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
			c.competing, c.competed, c.lowSince, c.calmSince = false, now, now, now
			c.nextDrain = now + c.drainEvery
		}
	}
}
