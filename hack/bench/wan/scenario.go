package main

import (
	"fmt"
	"time"

	"faspex.io/operator/hack/bench/flows"
)

// payloadShare is the part of an IP packet of 1500 bytes that is payload.
const payloadShare = 0.96

// groups are the kinds of links: the usual ones, hard ones that nobody tuned the engine for, and short files.
var groups = []string{"usual", "hard", "short"}

// scenario is a path and what is measured on it. Rate, round trip and mean loss are those of the settings.
type scenario struct {
	name     string
	group    string // one of groups
	settings string // of the emulator, both directions
	rate     float64
	rtt      time.Duration
	loss     float64
	bytes    int64
	bar      float64       // least share of the link for the adaptive policies, 0 for none
	quick    bool          // part of --quick
	patience time.Duration // beside twice the ideal time and 8 round trips, until a run is stopped
	flows    []flows.Flow
	together *sharing // the flows run at the same time
}

// sharing is what is asked of flows that run at the same time, from a moment after their start to their end.
type sharing struct {
	from, to time.Duration
	// least and most are the bounds of the share of the link that the flow of this index gets.
	index       int
	least, most float64
}

// limit is the largest share of the link that can be payload delivered once.
func (s *scenario) limit() float64 { return (1 - s.loss) * payloadShare }

// ideal is how long the file takes at the limit.
func (s *scenario) ideal() time.Duration {
	return time.Duration(float64(s.bytes) * 8 / (s.rate * s.limit()) * 1e9)
}

var ours = []flows.Flow{flows.Ascp("high"), flows.Ascp("fair"), flows.Ascp("fixed")}

var peers = []flows.Flow{flows.Iperf("cubic", 1), flows.Iperf("bbr", 1), flows.Iperf("cubic", 8), flows.Scp(),
	flows.Rsync(), flows.Quic(),
	flows.UDT(), flows.Uftp()}

// scenarios are all there are, in the order they run.
func scenarios() []*scenario {
	var out []*scenario
	for _, c := range []struct {
		rtt   int
		loss  float64
		bar   float64
		quick bool
	}{
		{10, 0, 0.95, true}, {10, 0.05, 0.89, false},
		{100, 0, 0.94, false}, {100, 0.01, 0.92, true}, {100, 0.05, 0.87, false},
		{250, 0, 0.90, false}, {250, 0.01, 0.88, false}, {250, 0.05, 0.83, true},
	} {
		s := path(fmt.Sprintf("%d ms, %g %%", c.rtt, c.loss*100), 300e6, c.rtt, c.loss, "")
		s.bytes, s.bar, s.quick = 400e6, c.bar, c.quick
		s.flows = append(s.flows, ours...)
		if c.loss == 0 && c.rtt >= 100 { // for its handshake: the data channel is the same
			s.flows = append(s.flows, flows.AscpWSS("high"))
		}
		s.flows = append(s.flows, peers...)
		out = append(out, s)
	}
	for _, s := range []*scenario{
		path("20 Mbit/s", 20e6, 100, 0.01, ""),
		path("1 Gbit/s", 1e9, 100, 0.01, ""),
		path("bursts 2.5 %", 300e6, 100, 0.025, "loss=0,ge=0.5%/19.5%/100%/0"),
		path("jitter 10 ms", 300e6, 100, 0, "jitter=10ms"),
		path("reordering 5 %", 300e6, 100, 0, "reorder=5%"),
		path("satellite 600 ms", 300e6, 600, 0, ""),
		path("loss 20 %", 300e6, 100, 0.20, ""),
	} {
		s.bytes = min(int64(s.rate*s.limit()*30/8), mostBytes)
		s.bar = 0.8 * s.limit()
		s.flows = append(append(s.flows, ours...), peers[0], peers[1])
		out = append(out, s)
	}
	for _, c := range []struct {
		name  string
		flows []flows.Flow
		sharing
		quick bool
	}{
		{"fair with cubic", []flows.Flow{flows.Ascp("fair"), flows.Iperf("cubic", 1)},
			sharing{10 * time.Second, 40 * time.Second, 0, 0.35, 0.65}, true},
		{"fair with bbr", []flows.Flow{flows.Ascp("fair"), flows.Iperf("bbr", 1)},
			sharing{10 * time.Second, 40 * time.Second, 0, 0.35, 0.65}, false},
		{"two fair", []flows.Flow{flows.Ascp("fair"), flows.Ascp("fair")},
			sharing{20 * time.Second, 40 * time.Second, 0, 0.43, 0.53}, false},
		{"low with cubic", []flows.Flow{flows.Ascp("low"), flows.Iperf("cubic", 1)},
			sharing{10 * time.Second, 40 * time.Second, 1, 0.8, 1}, false},
	} {
		s := path(c.name, 300e6, 50, 0, "")
		s.bytes, s.quick, s.flows, s.together = int64(s.rate*45/8), c.quick, c.flows, &c.sharing
		out = append(out, s)
	}
	return append(append(out, hard()...), short()...)
}

// mostBytes bounds the files: both ends keep theirs in memory.
const mostBytes = 2e9

// path is a scenario with a queue of 50 ms; more are settings that come last.
func path(name string, rate float64, rttMs int, loss float64, more string) *scenario {
	settings := fmt.Sprintf("rate=%.0fmbit,rtt=%dms,loss=%g%%,queue=50ms", rate/1e6, rttMs, loss*100)
	if more != "" {
		settings += "," + more
	}
	return &scenario{
		name: name, group: "usual", settings: settings,
		rate: rate, rtt: time.Duration(rttMs) * time.Millisecond, loss: loss,
	}
}
