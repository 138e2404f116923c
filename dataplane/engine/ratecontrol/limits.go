package ratecontrol

import (
	"math"
	"time"
)

// Policy says how a flow shares the bottleneck.
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
	// Aggressiveness, from 0 to 1, changes the policy's weight: 1 doubles it, 0.5 leaves it, and what is near 0 halves it.
	// 0 leaves it too.
	Aggressiveness float64
}

const (
	leastRate    = 200_000.0
	mostRate     = 400e9
	foothold     = 1.0 / 32 // times weight and capacity are sent in any case, lest a flow become too slow to see anything,
	footholdLoss = 0.07     // unless more than this is lost
)

// Weight is the share of a flow of the policy, where one of Fair has 1.
func (p Policy) Weight() float64 {
	switch p {
	case High:
		return 2
	case Low:
		return 0.5
	}
	return 1
}

// Weight is the share of a flow within the limits, where one of Fair has 1.
func (l Limits) Weight() float64 {
	if l.Aggressiveness <= 0 {
		return l.Policy.Weight()
	}
	return l.Policy.Weight() * math.Exp2(2*min(l.Aggressiveness, 1)-1)
}

func (c *Controller) weight() float64 { return c.lim.Weight() }

// Rate is the pacing rate in bits per second of IP packets.
func (c *Controller) Rate() int64 { return c.RateAt(c.last) }

// RateAt is the pacing rate at a time: now and then a flow steps back for some milliseconds, so that the
// queue empties and everybody who shares it sees the delay of the path alone. Without that, who comes late
// takes the others' queue for the path and pushes them out.
func (c *Controller) RateAt(now time.Duration) int64 {
	r := c.rate
	if now < c.drain.until {
		r *= drainShare
	}
	if c.ceiling.rate == 0 && c.rivals.excess < footholdLoss {
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
