package engine_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/engine/enginetest"
	"faspex.io/operator/dataplane/engine/simnet"
)

// TestReceiversShareATotal has senders with links of their own keep to what the receivers of one node deal out.
func TestReceiversShareATotal(t *testing.T) {
	const mbit = 1e6
	type sender struct {
		policy engine.Policy
		link   simnet.Settings
	}
	near := simnet.Settings{RateBps: 100 * mbit, Delay: 10 * time.Millisecond}
	far, lossy, narrow := near, near, near
	far.Delay = 100 * time.Millisecond
	lossy.Loss = 0.1
	narrow.RateBps = 10 * mbit
	for _, tt := range []struct {
		name    string
		senders []sender
		// total changes to after at half-time; want are Mbit/s of IP packets that leave the senders before and after.
		total, after int64
		want, then   []float64
	}{
		{
			"by weight", []sender{{engine.PolicyHigh, near}, {engine.PolicyFair, near}, {engine.PolicyFair, far}}, 80 * mbit,
			40 * mbit,
			[]float64{40, 20, 20}, []float64{20, 10, 10},
		},
		{
			"what one can't use goes to others", []sender{{engine.PolicyFair, narrow}, {engine.PolicyFair, near}}, 60 * mbit,
			100 * mbit,
			[]float64{10, 48}, []float64{10, 88},
		},
		{
			"with loss", []sender{{engine.PolicyFair, lossy}, {engine.PolicyFair, near}}, 60 * mbit, 60 * mbit,
			[]float64{30, 30}, []float64{30, 30},
		},
		{
			"the limit vanishes", []sender{{engine.PolicyLow, near}, {engine.PolicyFair, far}}, 30 * mbit, 0,
			[]float64{10, 20}, []float64{100, 100},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				total := engine.NewRateGroup(tt.total)
				ctx, cancel := context.WithCancel(t.Context())
				var group sync.WaitGroup
				var pipes []*simnet.Pipe
				for i, s := range tt.senders {
					ab := simnet.NewPipe(s.link, uint64(i))
					a, b := simnet.Connect(ab, simnet.NewPipe(simnet.Settings{Delay: s.link.Delay}, 9), 1472, s.link.RateBps, 0)
					cfg := engine.Config{ID: engine.SessionID(i), Clock: simnet.NewClock(), Rate: engine.Rate{Policy: s.policy}}
					sending, err := engine.NewSender(cfg, a, enginetest.Nothing{})
					if err != nil {
						t.Fatal(err)
					}
					cfg.Group = total
					receiving, err := engine.NewReceiver(cfg, b, enginetest.Nothing{}, nil)
					if err != nil {
						t.Fatal(err)
					}
					_ = receiving.Expect(engine.Range{Length: 1 << 33})
					_ = sending.Push(engine.Range{Length: 1 << 33})
					group.Go(func() { _ = sending.Run(ctx) })
					group.Go(func() { _ = receiving.Run(ctx) })
					pipes = append(pipes, ab)
				}
				check := func(want []float64) {
					time.Sleep(4 * time.Second)
					before := make([]int64, len(pipes))
					for i, p := range pipes {
						before[i] = p.Stats().Bytes
					}
					time.Sleep(5 * time.Second)
					for i, p := range pipes {
						got := float64(p.Stats().Bytes-before[i]) * 8 / 5 / mbit
						if got < 0.88*want[i] || got > 1.05*want[i] {
							t.Errorf("sender %d sends %.1f Mbit/s, want %.0f", i, got, want[i])
						}
					}
				}
				check(tt.want)
				if n := total.Flows(); n != len(pipes) {
					t.Errorf("%d flows share the total", n)
				}
				total.SetTotal(tt.after)
				check(tt.then)
				cancel()
				group.Wait()
				if n := total.Flows(); n != 0 {
					t.Errorf("%d flows share the total after their end", n)
				}
			})
		})
	}
}
