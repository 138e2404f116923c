package ratecontrol

import (
	"math"
	"time"
)

// What shows that others fill the buffer: a queue that flows like this one would not keep, or loss again and again.
const (
	rivalMost   = 14 * time.Millisecond // of the wanted queue: more is not taken for that of this flow's like
	rivalExcess = 1.6                   // times the wanted queue, on average,
	rivalTime   = 3 * time.Second       // for that long
	rivalSmooth = time.Second
	rivalPeak   = 2.5             // times the wanted queue, again and again
	rivalSwings = 4 * time.Second // for that long
	rivalPeaks  = 2 * time.Second
	rivalRounds = 0.1 // of the round trips with loss

	// A queue that nobody lets fall.
	quietFew  = 0.85 // of its part is left to this flow: others have more,
	quietNear = 0.8  // times the wanted queue: it stands,
	quietDip  = 0.5  // times the wanted queue: and none of them has let it fall to that
	quietTime = 4 * time.Second
	quietLess = 3.0 // times less than the capacity: it takes less time

	lossyRounds, excessRounds = 32, 16 // round trips over which loss is averaged
	lossSent                  = 1.1    // times what passes: who sends more loses for that alone
)

// rivals is the evidence of others who fill the buffer.
type rivals struct {
	lowSince   time.Duration // since when the queue has been long
	calmSince  time.Duration // since when it has been long again and again
	usualQueue float64       // smoothed, seconds
	peakQueue  float64       // decaying, seconds
	quiet      float64       // seconds in which others have not let the queue fall
	dip        time.Duration // when they last did

	lossy, excess float64 // share of the round trips in which more was lost than the path loses; that loss, smoothed
	roundAt       time.Duration
	lost, all     int // packets of this round trip

	deafUntil  time.Duration // others are known not to yield to loss
	crowdUntil time.Duration // there are known to be several who do not yield to one another
	doubtUntil time.Duration // a truce has shown nothing
	alikeUntil time.Duration // there are known to be none but flows like this one
	alikeShare float64       // what this flow had then
}

// forget drops what the queue has told.
func (v *rivals) forget(now time.Duration) {
	*v = rivals{lowSince: now, calmSince: now, lossy: v.lossy, excess: v.excess, roundAt: v.roundAt, lost: v.lost,
		all:       v.all,
		deafUntil: v.deafUntil, crowdUntil: v.crowdUntil, doubtUntil: v.doubtUntil, alikeUntil: v.alikeUntil,
		alikeShare: v.alikeShare}
}

// lossyRound says once a round trip whether more was lost in it than the path loses.
func (c *Controller) lossyRound(s Sample) bool {
	v := &c.rivals
	v.lost += s.Lost
	v.all += s.Lost + s.Arrived
	if s.Now-v.roundAt <= c.srtt {
		return false
	}
	n, p := float64(max(v.all, 1)), max(c.floor.value, c.calmLoss)
	excess := float64(v.lost) - n*p
	lossy := excess > 0.5+3*math.Sqrt(n*p)
	if seen := 0.0; !c.window.stalled && !c.slow.stalled {
		if lossy && c.window.sent < lossSent*c.passed() {
			seen = 1
		}
		v.lossy += (seen - v.lossy) / lossyRounds
	}
	v.excess += (max(excess, 0)/n - v.excess) / excessRounds
	v.roundAt, v.lost, v.all = s.Now, 0, 0
	return lossy
}

// seeRivals says whether the evidence suffices. want is the wanted queue in seconds, dt the time since the last report.
func (c *Controller) seeRivals(now time.Duration, want float64, dt time.Duration) bool {
	v, q := &c.rivals, c.queue.Seconds()
	want = min(want, rivalMost.Seconds())
	if c.late || c.window.stalled { // a late machine looks like a queue
		v.lowSince, v.calmSince = min(v.lowSince+dt, now), min(v.calmSince+dt, now)
		return false
	}
	v.usualQueue += (q - v.usualQueue) * min(dt.Seconds()/rivalSmooth.Seconds(), 1)
	v.peakQueue = max(v.peakQueue*math.Exp(-dt.Seconds()/rivalPeaks.Seconds()), q)
	if v.usualQueue < rivalExcess*want {
		v.lowSince = now
	}
	if v.usualQueue < want || v.peakQueue < rivalPeak*want {
		v.calmSince = now
	}
	c.listen(now, want, dt)
	loses := v.lossy > rivalRounds && c.share < quietFew*c.part()*c.cap && now-c.deepAt < deepLife
	return loses || c.isQuiet() || now-v.lowSince >= max(rivalTime, 16*c.loop()) ||
		now-v.calmSince >= max(rivalSwings, 16*c.loop())
}

// listen adds up the time in which others have more than this flow and none of them lets the queue fall, as its like
// would do every few seconds. The less is left to this flow, the sooner it is enough.
func (c *Controller) listen(now time.Duration, want float64, dt time.Duration) {
	v := &c.rivals
	if c.alike(now) || v.usualQueue < quietNear*want || c.share > quietFew*c.part()*c.cap {
		v.quiet = 0
		return
	}
	v.quiet += dt.Seconds() * min(max(c.cap/c.share/quietLess, 1), 4)
	between := max(doubtDrain, 8*c.loop())
	if c.lowest.Seconds() < quietDip*want && now > c.drain.until+5*c.loop() && now-v.dip > between/2 {
		v.dip, v.quiet = now, max(v.quiet-1.25*between.Seconds(), 0)
	}
}

func (c *Controller) isQuiet() bool {
	return c.rivals.quiet >= max(quietTime, 20*c.loop()).Seconds()
}
