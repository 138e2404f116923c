package ratecontrol

import (
	"math"
	"time"
)

const (
	cubicC     = 0.4
	cubicBeta  = 0.7
	cubicClimb = 3.0 // seconds in which a window is back at most: on long fast paths RFC 9438 takes too many for a file
	packetBits = 1500 * 8
)

// cubic is the window of RFC 9438 in packets.
type cubic struct {
	epoch    time.Duration
	most, k  float64
	window   float64
	friendly float64 // Reno's window, section 4.3
	last     time.Duration
	cut      time.Duration
	c        float64 // C of section 4.2
	flows    float64 // how many flows it stands for
}

// start begins with a window that climbs to most.
func (w *cubic) start(now time.Duration, window, most, flows float64) {
	c := max(flows*cubicC, (most-window)/(cubicClimb*cubicClimb*cubicClimb))
	*w = cubic{epoch: now, most: most, window: window, friendly: window, last: now, cut: now, flows: flows,
		c: c, k: math.Cbrt((most - window) / c)}
}

func (w *cubic) grow(now, rtt time.Duration) {
	t := (now - w.epoch).Seconds() - w.k
	alpha := 3 * (1 - cubicBeta) / (1 + cubicBeta)
	w.friendly += w.flows * alpha * (now - w.last).Seconds() / rtt.Seconds()
	w.last = now
	target := w.most + w.c*t*t*t
	w.window = max(min(max(target, w.friendly), 1.5*w.window), 4)
}

// lose cuts the window. It climbs back to where it was, or to part if that is more.
func (w *cubic) lose(now time.Duration, part float64) {
	window := w.window * (1 - (1-cubicBeta)/w.flows)
	w.start(now, window, max(w.window, part), w.flows)
}
