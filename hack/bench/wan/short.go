package main

import (
	"fmt"
	"time"

	"faspex.io/operator/hack/bench/flows"
)

// short are files that take no more than a few round trips: what counts is the time until the last byte is verified.
func short() []*scenario {
	var out []*scenario
	for _, rtt := range []int{10, 100, 250, 600} {
		for _, megabytes := range []int64{1, 10, 100} {
			s := path(fmt.Sprintf("%d MB, %d ms", megabytes, rtt), 300e6, rtt, 0, "")
			s.group, s.bytes = "short", megabytes*1e6
			s.patience = 30 * time.Second // to connect, which takes longer than the file
			s.flows = []flows.Flow{flows.Ascp("high"), flows.Ascp("fair"), flows.Scp(), flows.Quic(), flows.UDT()}
			out = append(out, s)
		}
	}
	return out
}

// least is the shortest time from the first data to the last byte verified: the file at the limit, and its way.
func (s *scenario) least() time.Duration { return s.ideal() + s.rtt/2 }
