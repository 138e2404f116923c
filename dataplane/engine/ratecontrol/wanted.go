package ratecontrol

import (
	"math"
	"time"
)

const (
	wantedQueue = 5 * time.Millisecond
	wantedAt    = 300e6 // the rate at which it is wanted
	wantedBend  = 4.0   // within that factor of this rate it goes by the square root
	wantedFew   = 8.0   // below this part of the capacity it grows slowly
)

// wanted is the queue that this flow wants to see, in seconds. It is a function of its own rate, not of its part of the
// capacity: flows that see one queue then have one rate, whatever each takes the capacity for. Only far below the
// capacity it grows slowly, lest TCP's queue be taken for that of many like this flow.
func (c *Controller) wanted() float64 {
	if c.share == 0 {
		return c.wantedFor(max(c.rate, c.cap))
	}
	return c.wantedFor(c.share)
}

func (c *Controller) wantedFor(s float64) float64 {
	if few := c.cap / wantedFew; s < few {
		s = few * math.Pow(s/few, 0.3)
	}
	x := wantedAt / s
	switch {
	case x > wantedBend:
		x = math.Sqrt(wantedBend) * math.Pow(x/wantedBend, 0.25)
	case x < 1/wantedBend:
		x = math.Sqrt(1/wantedBend) * math.Pow(x*wantedBend, 0.25)
	default:
		x = math.Sqrt(x)
	}
	return wantedQueue.Seconds() * c.weight() * x
}
