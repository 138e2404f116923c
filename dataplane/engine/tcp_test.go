package engine_test

import (
	"math"
	"time"

	"faspex.io/operator/dataplane/engine/simnet"
)

// cubicFlow is a bulk TCP flow with CUBIC (RFC 9438) and selective acknowledgements, reduced to its window:
// cross traffic that fills the buffer. It returns the bytes delivered in each second until end.
func cubicFlow(ab *simnet.Pipe, rtt, end time.Duration) []float64 {
	type sent struct {
		seq   int
		acked time.Time // zero: lost
	}
	start := time.Now()
	perSecond := make([]float64, int(end/time.Second)+2)
	window, most, k := 10.0, 0.0, 0.0
	epoch := start
	slowStart := true
	var flight []sent
	seq, recover := 0, 0
	for time.Since(start) < end {
		for float64(len(flight)) < window {
			at, _ := ab.Transmit(1500)
			s := sent{seq: seq}
			if !at.IsZero() {
				s.acked = at.Add(rtt / 2)
			}
			flight = append(flight, s)
			seq++
		}
		next := -1
		for i, s := range flight {
			if !s.acked.IsZero() {
				next = i
				break
			}
		}
		if next < 0 { // all of the window is lost: a retransmission timeout
			time.Sleep(200 * time.Millisecond)
			flight, window, slowStart, most = nil, 10, true, window
			continue
		}
		time.Sleep(time.Until(flight[next].acked))
		if next > 0 && flight[next].seq >= recover { // what came before it is lost
			recover = seq
			most, slowStart, epoch = window, false, time.Now()
			window *= 0.7
			k = math.Cbrt(most * 0.3 / 0.4)
		}
		perSecond[int(time.Since(start)/time.Second)] += 1500 * 8 / 1e6
		flight = flight[next+1:]
		if slowStart {
			window++
			continue
		}
		t := time.Since(epoch).Seconds() - k
		if target := most + 0.4*t*t*t; target > window {
			window += min((target-window)/window, 0.5)
		}
	}
	return perSecond
}
