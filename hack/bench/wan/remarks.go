package main

import (
	"fmt"
	"strings"

	"faspex.io/operator/hack/bench/flows"
	"faspex.io/operator/hack/bench/report"
)

// What is asked for besides the goodput.
const (
	mostSent         = 0.03 // bytes sent per byte delivered, above 1 + loss
	mostQueueMs      = 15   // mean, with policy fair
	mostHandshake    = 8    // round trips, over SSH
	mostHandshakeWSS = 4    // over TLS WebSocket
)

// remarks compares the medians with what is asked for besides the goodput.
func remarks(medians []report.Row) []string {
	paths := map[string]*scenario{}
	for _, s := range scenarios() {
		paths[s.name] = s
	}
	var out []string
	missed := func(r report.Row, format string, args ...any) {
		out = append(out, fmt.Sprintf("MISSED: %s, %s: ", r.Scenario, r.Flow)+fmt.Sprintf(format, args...))
	}
	met := 0
	for _, r := range medians {
		s := paths[r.Scenario]
		if s == nil || s.together != nil || !strings.HasPrefix(r.Flow, "ascp ") || r.Mbps == 0 {
			continue
		}
		before := len(out)
		if most := 1 + s.loss + mostSent; r.Sent > most && s.group != "short" { // there, control and probes count for much
			missed(r, "%.3f bytes were sent per byte delivered, at most %.3f are asked for", r.Sent, most)
		}
		if r.Flow == "ascp fair" && r.QueueMs >= mostQueueMs {
			missed(r, "a mean queueing delay of %.1f ms, less than %d are asked for", r.QueueMs, mostQueueMs)
		}
		most := mostHandshake
		if strings.HasSuffix(r.Flow, flows.WSS) {
			most = mostHandshakeWSS
		}
		if trips := r.Handshake / s.rtt.Seconds(); s.rtt.Milliseconds() >= 100 && trips > float64(most)+0.5 {
			missed(r, "the control handshake took %.1f round trips, at most %d are asked for", trips, most)
		}
		if len(out) == before {
			met++
		}
	}
	if met > 0 {
		out = append(out,
			fmt.Sprintf("%d flows of ascp meet what is asked of bytes sent, queue (fair) and handshake (from 100 ms on)", met))
	}
	return out
}
