package ratecontrol

import "time"

// Flows that compete may have taken one another for others: then each sends its part, and there is loss without end.
// BBR does that to them as well, as it does not yield to loss. So where loss goes on, a flow yields for a while. All of
// its kind see the loss and do the same, and the queue becomes short. If it does not, or what this flow gets withers,
// the others are deaf to loss, and it competes without yielding to loss either.
const (
	// beyond the path's own; TCP flows that yield to loss see far less, unless they are very many
	truceLoss   = 0.02
	oftenLoss   = 0.005           // likewise, in more than
	oftenRounds = 0.1             // of the round trips
	behindTime  = 8 * time.Second // after which a flow has its part beside one that yields to loss; who has less than
	behindPart  = 0.7             // of that, and loses in
	behindLoses = 0.07            // of the round trips, is not beside one
	deafLoss    = 0.05            // where others are known to be deaf
	crowdLoss   = 0.2             // likewise; one that is deaf does not make it
	truceEvery  = 4 * time.Second // one may begin,
	deafEvery   = 8               // times that where others are known to be deaf

	truceTime  = 2 * time.Second
	truceQueue = 30 * time.Millisecond // flows of this kind do not have when they yield, nor on average
	truceUsual = 1.35                  // times the wanted queue
	truceShare = 0.55                  // of what it had is left to a flow that yields beside others that do not
	truceLess  = 0.75                  // likewise, maybe: twice in a row tells
	truceFall  = 0.9                   // of what it had halfway: beside its like it would have levelled off
	truceGood  = time.Minute           // for that long the outcome is
)

// truce is a time in which a flow that competed yields. What counts is its second half.
type truce struct {
	watchFrom, until time.Duration // 0 = none
	share            float64       // what this flow had before,
	middle, least    float64       // halfway, and at least since
	queue            time.Duration // the longest
	lossy            bool
}

func (t *truce) watch(now, queue time.Duration, share float64, lossy bool) {
	if now >= t.watchFrom {
		if t.middle == 0 {
			t.middle, t.least = share, share
		}
		t.least = min(t.least, share)
		t.queue = max(t.queue, queue)
		t.lossy = t.lossy || lossy
	}
}

// wantsTruce says that there is more loss than beside others who yield to it, or less for this flow.
func (c *Controller) wantsTruce(now time.Duration) bool {
	v := &c.rivals
	if now < v.deafUntil {
		return v.excess > deafLoss && c.slot%deafEvery == 0
	}
	behind := now > c.contest.since+behindTime && c.share < behindPart*c.part()*c.cap
	return v.excess > truceLoss || v.excess > oftenLoss && v.lossy > oftenRounds || behind && v.lossy > behindLoses
}

// seeCrowd has a flow yield to loss after all where so much is lost that others insist on their part as well.
func (c *Controller) seeCrowd(now time.Duration) {
	v := &c.rivals
	if now < v.deafUntil && v.excess > crowdLoss {
		v.deafUntil, v.crowdUntil = 0, now+truceGood
	}
}

// slotBegins says that a truce may begin now: by UTC, so that flows that know nothing of one another yield together, as
// far as their clocks agree.
func (c *Controller) slotBegins(now time.Duration) bool {
	slot := int64((now + c.utc) / truceEvery)
	begins := slot != c.slot
	c.slot = slot
	return begins
}

func (c *Controller) startTruce(now time.Duration) {
	d := max(truceTime, 24*c.loop())
	c.contest = contest{}
	c.truce = truce{watchFrom: now + d/2, until: now + d, share: c.share}
	c.rivals.forget(now)
	c.rivals.lossy, c.rivals.deafUntil = 0, 0
}

// endTruce says whether others went on.
func (c *Controller) endTruce(now time.Duration) bool {
	v, t := &c.rivals, c.truce
	c.truce = truce{}
	want, left := min(c.wanted(), rivalMost.Seconds()), 1.0
	if v.usualQueue > want { // else this flow had more than its part before
		left = t.least / t.share
	}
	long := t.queue > truceQueue || v.usualQueue > truceUsual*want
	withers := left < truceLess || c.share < truceFall*t.middle
	deaf := long || t.lossy || left < truceShare || withers && now < v.doubtUntil
	switch {
	case deaf:
		if now > v.crowdUntil {
			v.deafUntil = now + truceGood
		}
	case withers:
		v.doubtUntil = now + truceGood
	default:
		v.alikeUntil, v.alikeShare = now+truceGood, c.share
	}
	return deaf || withers
}

// alike says that a truce has shown no others, and nothing has spoken against it since.
func (c *Controller) alike(now time.Duration) bool {
	return now < c.rivals.alikeUntil && c.share > truceShare*c.rivals.alikeShare
}
