package engine_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/engine/enginetest"
	"faspex.io/operator/dataplane/engine/simnet"
)

// endless sends without end through a path until d has passed and returns the Mbit/s that arrived in each second.
func (f flow) endless(t *testing.T, id uint64, ab, ba *simnet.Pipe, rate int64, d time.Duration) []float64 {
	a, b := simnet.Connect(ab, ba, 1472, int64(f.capacity*float64(rate)), 0)
	clock := simnet.NewClock()
	clock.Ahead = f.ahead
	cfg := engine.Config{ID: engine.SessionID(id), Clock: clock, Rate: f.rate, MaxMemory: memoryBound}
	s, r := enginetest.Ends(t, cfg, a, b, enginetest.Nothing{}, enginetest.Nothing{}, 1<<40)
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() { _ = s.Run(ctx) })
	group.Go(func() { _ = r.Run(ctx) })
	var perSecond []float64
	for last := int64(0); d >= time.Second; d -= time.Second {
		time.Sleep(time.Second)
		got := r.Stats().BytesReceived
		perSecond = append(perSecond, float64(got-last)*8/1e6)
		last = got
	}
	cancel()
	group.Wait()
	return perSecond
}

// TestBesideTCP shares a link of 50 ms with one bulk TCP flow that starts before or after the engine's.
func TestBesideTCP(t *testing.T) {
	const rtt, measured = 50 * time.Millisecond, 22
	cubic := func() tcpControl { return newCubic() }
	bbr := func() tcpControl { return newBBR(1) }
	tests := []struct {
		policy      engine.Policy
		rate        int64
		tcp         string
		control     func() tcpControl
		own, other  int     // seconds after which each starts
		capacity    float64 // what the handshake measured, as a share of the truth
		least, most float64 // share of the engine's flow
	}{
		{engine.PolicyFair, 100e6, "cubic", cubic, 0, 2, 0.9, 0.35, 0.65},
		{engine.PolicyFair, 100e6, "cubic", cubic, 5, 0, 0.9, 0.35, 0.65},
		{engine.PolicyFair, 100e6, "bbr", bbr, 0, 2, 0.9, 0.35, 0.65},
		{engine.PolicyFair, 100e6, "bbr", bbr, 5, 0, 0.9, 0.35, 0.65},
		{engine.PolicyFair, 300e6, "cubic", cubic, 0, 1, 0.9, 0.35, 0.65},
		{engine.PolicyFair, 300e6, "cubic", cubic, 1, 0, 0.9, 0.35, 0.65},
		{engine.PolicyFair, 300e6, "bbr", bbr, 0, 0, 0.9, 0.35, 0.65},
		{engine.PolicyFair, 300e6, "bbr", bbr, 0, 1, 0.9, 0.35, 0.65},
		{engine.PolicyFair, 300e6, "bbr", bbr, 1, 0, 0.9, 0.35, 0.65},
		{engine.PolicyFair, 300e6, "cubic", cubic, 1, 0, 0.5, 0.2, 0.65},
		{engine.PolicyFair, 300e6, "cubic", cubic, 1, 0, 1.4, 0.35, 0.65},
		{engine.PolicyFair, 300e6, "bbr", bbr, 0, 0, 0.5, 0.2, 0.65},
		{engine.PolicyFair, 300e6, "bbr", bbr, 0, 0, 1.4, 0.35, 0.7},
		{engine.PolicyHigh, 100e6, "cubic", cubic, 0, 2, 0.9, 0.4, 0.9},
		{engine.PolicyLow, 100e6, "cubic", cubic, 0, 2, 0.9, 0.001, 0.2},
		{engine.PolicyLow, 100e6, "bbr", bbr, 0, 2, 0.9, 0.001, 0.2},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%d Mbit taken for %.1f times that, %s at %d s, %s at %d s", tt.rate/1e6, tt.capacity, tt.policy,
			tt.own, tt.tcp, tt.other), func(t *testing.T) {
			t.Parallel()
			from := max(tt.own, tt.other) + 10
			var own, tcp []float64
			var stats simnet.PipeStats
			synctest.Test(t, func(t *testing.T) {
				link := simnet.Settings{RateBps: tt.rate, Delay: rtt / 2}
				ab, ba := simnet.NewPipe(link, 1), simnet.NewPipe(link, 2)
				var group sync.WaitGroup
				left := func(start int) time.Duration {
					time.Sleep(time.Duration(start) * time.Second)
					return time.Duration(from+measured-start) * time.Second
				}
				group.Go(func() {
					f := flow{rate: engine.Rate{Policy: tt.policy}, capacity: tt.capacity}
					own = f.endless(t, 1, ab, ba, tt.rate, left(tt.own))
				})
				group.Go(func() { tcp = tcpFlow(ab, rtt, left(tt.other), tt.control()) })
				group.Wait()
				stats = ab.Stats()
			})
			t.Logf("%.0f\n%.0f", own, tcp)
			share := mean(own[from-tt.own:]) * 1e6 / float64(tt.rate)
			t.Logf("share %.2f, TCP %.2f, queue %v", share, mean(tcp[from-tt.other:from-tt.other+measured])*1e6/float64(tt.rate),
				stats.MeanQueue)
			if share < tt.least || share > tt.most {
				t.Errorf("share %.3f, want %.3f to %.3f", share, tt.least, tt.most)
			}
		})
	}
}

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(max(len(v), 1))
}

// TestFairFlows has flows share a link, whenever they start and whatever they take its
// capacity and the time of day for.
func TestFairFlows(t *testing.T) {
	tests := []struct {
		starts     []float64 // seconds
		capacities []float64
		ahead      time.Duration // of each one's clock of the one before
	}{
		{[]float64{0, 2}, []float64{1, 1}, 0},
		{[]float64{0, 8}, []float64{1, 1}, 0},
		{[]float64{0, 1}, []float64{1, 0.4}, 0},
		{[]float64{0, 1, 2}, []float64{1, 1, 1}, 0},
		{[]float64{0, 0, 0, 0}, []float64{1, 1, 1, 1}, 0},
		{[]float64{0, 0, 0, 0}, []float64{1, 1, 1, 1}, 1300 * time.Millisecond},
		{[]float64{0, 0.05, 0.1, 0.15}, []float64{1, 1, 1, 1}, 0}, // the later ones see nothing but a full queue
		{[]float64{0, 2, 4, 6, 8, 10}, []float64{1, 1, 1, 1, 1, 1}, 0},
		{[]float64{0, 0, 0, 0, 0, 0, 0, 0}, []float64{1, 1, 1, 1, 1, 1, 1, 1}, 0},
	}
	const rate, end, measured = 100e6, 38, 10
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.starts, tt.capacities, tt.ahead), func(t *testing.T) {
			t.Parallel()
			got := make([]float64, len(tt.starts))
			var stats simnet.PipeStats
			synctest.Test(t, func(t *testing.T) {
				link := simnet.Settings{RateBps: rate, Delay: 20 * time.Millisecond}
				ab, ba := simnet.NewPipe(link, 3), simnet.NewPipe(link, 4)
				var group sync.WaitGroup
				for i, start := range tt.starts {
					group.Go(func() {
						wait := time.Duration(start * float64(time.Second))
						time.Sleep(wait)
						f := flow{rate: engine.Rate{Policy: engine.PolicyFair}, capacity: tt.capacities[i],
							ahead: time.Duration(i) * tt.ahead}
						series := f.endless(t, uint64(i+1), ab, ba, rate, end*time.Second-wait)
						got[i] = mean(series[len(series)-measured:])
					})
				}
				group.Wait()
				stats = ab.Stats()
			})
			part := rate / 1e6 / float64(len(got)) * payloadShare
			t.Logf("%.1f Mbit/s, each part is %.1f, queue %v, %.3f dropped", got, part, stats.MeanQueue,
				float64(stats.QueueDrops)/float64(stats.Packets))
			least, most, lost := 0.8, 1.2, 0.01
			switch {
			case tt.ahead > 0: // truces do not coincide and show little
				least, most, lost = 0.15, 4, 0.2
			case len(got) > 3: // they take one another for others now and then, until a truce shows what they are
				least, most, lost = 0.5, 3, 0.1
			}
			if float64(stats.QueueDrops) > lost*float64(stats.Packets) {
				t.Errorf("%d of %d packets dropped", stats.QueueDrops, stats.Packets)
			}
			for i, mbit := range got {
				if mbit < least*part || mbit > most*part {
					t.Errorf("flow %d gets %.1f Mbit/s, want about %.1f", i, mbit, part)
				}
			}
		})
	}
}
