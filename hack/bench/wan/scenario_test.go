package main

import (
	"slices"
	"testing"
	"time"

	"faspex.io/operator/hack/bench/report"
)

func TestScenarios(t *testing.T) {
	quick, names := 0, map[string]bool{}
	for _, s := range scenarios() {
		if names[s.name] {
			t.Errorf("two scenarios are called %q", s.name)
		}
		names[s.name] = true
		if s.quick {
			quick++
		}
		if s.bytes <= 0 || s.rate <= 0 || s.rtt <= 0 || len(s.flows) == 0 {
			t.Errorf("%s: %+v", s.name, s)
		}
		if !slices.Contains(groups, s.group) {
			t.Errorf("%s: group %q", s.name, s.group)
		}
		if s.bar > s.limit() {
			t.Errorf("%s: nothing can reach %v, the limit is %v", s.name, s.bar, s.limit())
		}
	}
	if quick != 4 {
		t.Errorf("%d scenarios are quick, want 4", quick)
	}
}

func TestIdeal(t *testing.T) {
	s := path("", 300e6, 100, 0.05, "")
	s.bytes = 342e6
	if got := s.ideal(); got < 9990*time.Millisecond || got > 10010*time.Millisecond {
		t.Errorf("%v, want 10 s", got)
	}
}

func TestRemarks(t *testing.T) {
	good := report.Row{Scenario: "100 ms, 1 %", Flow: "ascp fair", Mbps: 280, Sent: 1.02, QueueMs: 5, Handshake: 0.7}
	wasteful, slow, late := good, good, good
	wasteful.Sent, slow.QueueMs, late.Handshake = 1.05, 20, 1.0
	tls := late
	tls.Flow, tls.Handshake = "ascp high wss", 0.6
	peer := wasteful
	peer.Flow = "tcp bbr"
	for _, c := range []struct {
		name string
		row  report.Row
		want int
		line string
	}{
		{"good", good, 1, "1 flows of ascp meet what is asked of bytes sent, queue (fair) and handshake (from 100 ms on)"},
		{"wasteful", wasteful, 1,
			"MISSED: 100 ms, 1 %, ascp fair: 1.050 bytes were sent per byte delivered, at most 1.040 are asked for"},
		{"queue", slow, 1, "MISSED: 100 ms, 1 %, ascp fair: a mean queueing delay of 20.0 ms, less than 15 are asked for"},
		{"handshake", late, 1,
			"MISSED: 100 ms, 1 %, ascp fair: the control handshake took 10.0 round trips, at most 8 are asked for"},
		{"handshake over TLS", tls, 1,
			"MISSED: 100 ms, 1 %, ascp high wss: the control handshake took 6.0 round trips, at most 4 are asked for"},
		{"peer", peer, 0, ""},
	} {
		got := remarks([]report.Row{c.row})
		if len(got) != c.want || c.want > 0 && got[0] != c.line {
			t.Errorf("%s: %q, want %q", c.name, got, c.line)
		}
	}
}
