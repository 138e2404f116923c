package udplink

import (
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/wire"
)

const (
	// mostMeasured is more than a train of hellos can measure (dispersion.bps with no spread and no loss is 4.9 Gbit/s):
	// a peer that claims more has not measured it.
	mostMeasured = probeCount * (wire.MinDatagram + 48) * 8 * int64(time.Second/time.Microsecond) / spreadError
	// mostRTT is more than the round trip of any path: trains are repeated sooner.
	mostRTT = mostRetry
)

// usable holds the capacity that a peer claims to what the session may use of it. beyond is what a flow that competes
// has to know of the rest: beside one other its part is w/(1+w) of the path, so of a path of (1+w)/w times the limit
// or more it may have the limit.
func usable(claim uint64, r engine.Rate) (capacity, beyond int64) {
	claimed := int64(min(claim, uint64(mostMeasured)))
	limit := claimed
	if r.TargetBps > 0 {
		limit = min(limit, r.TargetBps)
	}
	if r.CapBps > 0 {
		limit = min(limit, r.CapBps)
	}
	if r.Policy == engine.PolicyFixed {
		return limit, 0
	}
	w := r.Weight()
	return limit, min(claimed, int64(float64(limit)*(1+w)/w)) - limit
}

// believableRTT holds the round trip that a peer claims to the time since the handshake began. 0 is a claim of nothing.
func believableRTT(micros uint64, since time.Duration) time.Duration {
	most := max(min(since, mostRTT), 0)
	if micros == 0 {
		return most
	}
	return min(time.Duration(min(micros, uint64(mostRTT/time.Microsecond)))*time.Microsecond, most)
}
