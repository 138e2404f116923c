package main

import (
	"fmt"
	"time"

	"faspex.io/operator/hack/bench/flows"
)

// What is asked for on a hard link, as a share of its limit.
const (
	shallowBar = 0.9
	longBar    = 0.85
)

// hard are links that nobody tuned the engine for: buffers of milliseconds, a policer, long and lossy paths, feedback
// that is lost.
func hard() []*scenario {
	var out []*scenario
	add := func(s *scenario, seconds, bar float64) {
		s.group = "hard"
		s.bytes = min(int64(s.rate*s.limit()*seconds/8), mostBytes)
		s.bar = bar * s.limit()
		// The engine alone: where 30 % are lost both ways, ascp's control channel over TCP may never come up.
		s.flows = []flows.Flow{flows.Ascp("high"), flows.Ascp("fair"), flows.Engine("fair"), flows.Iperf("bbr", 1)}
		out = append(out, s)
	}
	for _, c := range []struct {
		mbit, queueMs int
		loss          float64
	}{
		{300, 3, 0.001}, {100, 1, 0}, {300, 1, 0.05}, {300, 10, 0.01}, {1000, 1, 0}, {1000, 3, 0.001}, {1000, 10, 0.01},
	} {
		name := fmt.Sprintf("queue of %d ms, %d Mbit/s, %g %%", c.queueMs, c.mbit, c.loss*100)
		add(path(name, float64(c.mbit)*1e6, 60, c.loss, fmt.Sprintf("queue=%dms", c.queueMs)), 15, shallowBar)
	}
	for _, burst := range []string{"30000", "250000"} {
		s := path("policer of 100 Mbit/s, bucket "+burst, 100e6, 60, 0, "rate=1gbit,ab.policer=100mbit/"+burst)
		add(s, 15, shallowBar)
	}
	for _, mbit := range []int{100, 300} {
		for _, loss := range []float64{0.05, 0.10, 0.20, 0.30} {
			add(path(fmt.Sprintf("1000 ms, %d Mbit/s, %g %%", mbit, loss*100), float64(mbit)*1e6, 1000, loss, ""), 60, longBar)
		}
	}
	add(path("1000 ms, 1 Gbit/s, 5 %", 1e9, 1000, 0.05, ""), 60, longBar)
	add(path("155 Mbit/s, 550 ms, 5 %", 155e6, 550, 0.05, ""), 60, longBar)
	for _, lost := range []int{10, 30} {
		add(path(fmt.Sprintf("feedback lost %d %%", lost), 300e6, 100, 0, fmt.Sprintf("ba.loss=%d%%", lost)), 15, longBar)
	}
	add(path("bursts 5 %, jitter 5 ms", 300e6, 80, 0.05, "loss=0,ge=1%/19%/100%/0,jitter=5ms"), 15, longBar)

	s := path("queue of 3 ms, fair with cubic", 300e6, 60, 0, "queue=3ms")
	s.group, s.bytes, s.flows = "hard", int64(s.rate*45/8), []flows.Flow{flows.Ascp("fair"), flows.Iperf("cubic", 1)}
	s.together = &sharing{10 * time.Second, 40 * time.Second, 0, 0.35, 1} // cubic cannot fill it
	return append(out, s)
}
