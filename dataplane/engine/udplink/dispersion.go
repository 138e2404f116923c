package udplink

import (
	"cmp"
	"slices"

	"faspex.io/operator/dataplane/wire"
)

// dispersion measures a bottleneck by what a train of datagrams spreads to on its way
// (Dovrolis, Ramanathan and Moore, "Packet-dispersion techniques", 2004).
type dispersion struct {
	arrivals []arrival
	overhead int
}

// arrival is when a datagram of the train arrived.
type arrival struct {
	seq uint16
	at  uint64 // microseconds
}

const (
	// mostLost is how many datagrams of a train, for each that came, count as having passed the bottleneck and been lost
	// elsewhere. More than that were dropped by a full buffer, and passed nothing.
	mostLost = 0.15
	// spreadError is added to a measured spread (microseconds): time stamps are coarse, and too much is the worse
	// mistake, because what is sent too fast for a round trip is lost.
	spreadError = 200
	// finest is the rate up to which a train's spread is long enough to be told from a machine that was away for a moment.
	finest = 1e9
)

func (p *dispersion) add(at uint64, seq uint16) { p.arrivals = append(p.arrivals, arrival{seq, at}) }

// bps is the measured rate, 0 when too little arrived.
func (p *dispersion) bps(least int) int64 {
	n := len(p.arrivals)
	if n < least {
		return 0
	}
	slices.SortStableFunc(p.arrivals, func(a, b arrival) int { return cmp.Compare(a.seq, b.seq) })
	bits := float64(wire.MinDatagram+p.overhead) * 8
	between := float64(n - 1)
	spread := p.interval() * between
	if spread <= 0 { // all at once, or a peer that tells times which can't be
		return int64(bits * float64(n) * 1e6 / spreadError)
	}
	passed := min(float64(p.arrivals[n-1].seq-p.arrivals[0].seq), between*(1+mostLost))
	return int64(bits * passed * 1e6 / (spread + spreadError))
}

// interval is the time between datagrams in the middle of the train, in microseconds, 0 if all came at once: the
// slope there of the arrivals' lower hull. A machine that was away makes some arrive late and then many at once, and
// none too early, so the hull leaves out what it delayed, as it does where the slope is a clock's (Moon, Skelly and
// Towsley, "Estimation and removal of clock skew from network delay measurements", 1999).
func (p *dispersion) interval() float64 {
	var hull []int // indexes of arrivals
	slope := func(i, j int) float64 {
		return (float64(p.arrivals[j].at) - float64(p.arrivals[i].at)) / float64(j-i)
	}
	for i, a := range p.arrivals {
		if i+1 < len(p.arrivals) && p.arrivals[i+1].at <= a.at {
			continue // of those that came at once the last one counts
		}
		for len(hull) > 1 && slope(hull[len(hull)-2], hull[len(hull)-1]) >= slope(hull[len(hull)-1], i) {
			hull = hull[:len(hull)-1]
		}
		hull = append(hull, i)
	}
	for k, i := range hull[1:] {
		if 2*i >= hull[0]+hull[len(hull)-1] {
			return slope(hull[k], i)
		}
	}
	return 0
}

// likely is what to believe of a direction's measurement, given the other's: a path is more often symmetric than not.
// Of directions that are alike the faster one is right, as answers leave when hellos arrive and not before; of others
// the slower one, as a reader that was away makes a train look faster than it was.
func likely(own, other int64) int64 {
	switch {
	case alike(own, other):
		return max(own, other)
	case other > 0 && own > other && (own < 4*other || own > finest):
		return other
	}
	return own
}

// alike says that two rates differ by a quarter at most.
func alike(a, b int64) bool { return max(a, b) <= min(a, b)*5/4 }
