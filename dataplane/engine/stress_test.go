package engine_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/engine/enginetest"
	"faspex.io/operator/dataplane/engine/simnet"
)

// busy is how threads of a busy machine are late: one in every so many waits ends up to most after its time.
type busy struct {
	mu          sync.Mutex
	rng         *rand.Rand
	every       time.Duration // between late wake-ups, on average
	least, most time.Duration
	next        time.Time
}

func newBusy(seed uint64, every, least, most time.Duration) *busy {
	return &busy{rng: rand.New(rand.NewPCG(seed, 11)), every: every, least: least, most: most}
}

func (b *busy) wait() {
	b.mu.Lock()
	now := time.Now()
	late := !b.next.IsZero() && now.After(b.next)
	if b.next.IsZero() || late {
		b.next = now.Add(time.Duration(b.rng.ExpFloat64() * float64(b.every)))
	}
	d := b.least + time.Duration(b.rng.Int64N(int64(b.most-b.least)))
	b.mu.Unlock()
	if late {
		time.Sleep(d)
	}
}

// busyClock has the sender's pacing wake late.
type busyClock struct {
	simnet.Clock
	busy *busy
}

func (c busyClock) Sleep(d time.Duration) {
	c.Clock.Sleep(d)
	c.busy.wait()
}

// busyLink has a receiving thread wake late: what has arrived meanwhile is seen then.
type busyLink struct {
	engine.Link
	busy *busy
}

func (l busyLink) Receive(buf []byte, timeout time.Duration) (n, size int, err error) {
	l.busy.wait()
	return l.Link.Receive(buf, timeout)
}

// TestBusyMachine has threads of one end or the other wake up to 60 ms late ten times a second. That looks like
// queues and like loss of capacity; the flow must not take it for such and stay slow.
func TestBusyMachine(t *testing.T) {
	const rate, seconds = 100e6, 14
	tests := []struct {
		rtt              time.Duration
		loss             float64
		sender, receiver bool
		least            float64 // of the physical limit
	}{
		{10 * time.Millisecond, 0, false, true, 0.85},
		{100 * time.Millisecond, 0.01, false, true, 0.85},
		{250 * time.Millisecond, 0.01, false, true, 0.8},
		{250 * time.Millisecond, 0.01, true, true, 0.5},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%v, %v, %v, %v", tt.rtt, tt.loss, tt.sender, tt.receiver), func(t *testing.T) {
			t.Parallel()
			var mbit float64
			synctest.Test(t, func(t *testing.T) {
				link := simnet.Settings{RateBps: rate, Delay: tt.rtt / 2, Loss: tt.loss}
				ab, ba := simnet.NewPipe(link, 1), simnet.NewPipe(link, 2)
				a, b := simnet.Connect(ab, ba, 1472, rate*95/100, 0)
				cfg := engine.Config{ID: 1, Clock: simnet.NewClock(), Rate: engine.Rate{Policy: engine.PolicyFair},
					MaxMemory: memoryBound}
				late := func(seed uint64) *busy {
					return newBusy(seed, 100*time.Millisecond, 5*time.Millisecond, 60*time.Millisecond)
				}
				var sending, receiving engine.Link = a, b
				if tt.sender {
					cfg.Clock, sending = busyClock{simnet.NewClock(), late(3)}, busyLink{a, late(4)}
				}
				if tt.receiver {
					receiving = busyLink{b, late(5)}
				}
				s, r := enginetest.Ends(t, cfg, sending, receiving, enginetest.Nothing{}, enginetest.Nothing{}, 1<<40)
				ctx, cancel := context.WithCancel(t.Context())
				var group sync.WaitGroup
				group.Go(func() { _ = s.Run(ctx) })
				group.Go(func() { _ = r.Run(ctx) })
				time.Sleep(seconds * time.Second / 2)
				before := r.Stats().BytesReceived
				time.Sleep(seconds * time.Second / 2)
				mbit = float64(r.Stats().BytesReceived-before) * 8 / 1e6 / (seconds / 2)
				cancel()
				group.Wait()
			})
			share := mbit * 1e6 / rate / payloadShare / (1 - tt.loss)
			t.Logf("%.1f Mbit/s, %.2f of the limit", mbit, share)
			if share < tt.least {
				t.Errorf("%.2f of the limit, want %.2f", share, tt.least)
			}
		})
	}
}

// TestLimitsWhileRunning changes policy, target and cap of a running flow.
func TestLimitsWhileRunning(t *testing.T) {
	steps := []struct {
		rate        engine.Rate
		least, most float64 // Mbit/s in the last second of two
	}{
		{engine.Rate{Policy: engine.PolicyFair}, 90, 100},
		{engine.Rate{Policy: engine.PolicyFair, CapBps: 40e6}, 36, 40},
		{engine.Rate{Policy: engine.PolicyHigh, TargetBps: 10e6}, 9, 10},
		{engine.Rate{Policy: engine.PolicyFixed, TargetBps: 60e6}, 54, 60},
		{engine.Rate{Policy: engine.PolicyLow}, 80, 100},
		{engine.Rate{Policy: engine.PolicyLow, CapBps: 1e6}, 0.8, 1.02},
		{engine.Rate{Policy: engine.PolicyHigh}, 80, 100},
	}
	synctest.Test(t, func(t *testing.T) {
		link := simnet.Settings{RateBps: 100e6, Delay: 10 * time.Millisecond}
		ab, ba := simnet.NewPipe(link, 1), simnet.NewPipe(link, 2)
		a, b := simnet.Connect(ab, ba, 1472, 95e6, 0)
		cfg := engine.Config{ID: 1, Clock: simnet.NewClock(), Rate: steps[0].rate, MaxMemory: memoryBound}
		s, r := enginetest.Ends(t, cfg, a, b, enginetest.Nothing{}, enginetest.Nothing{}, 1<<40)
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		group.Go(func() { _ = s.Run(ctx) })
		group.Go(func() { _ = r.Run(ctx) })
		for _, step := range steps {
			s.SetRate(step.rate)
			time.Sleep(time.Second)
			before := ab.Stats().Bytes
			time.Sleep(time.Second)
			if mbit := float64(ab.Stats().Bytes-before) * 8 / 1e6; mbit < step.least || mbit > step.most*1.01 {
				t.Errorf("%+v: %.1f Mbit/s go out, want %.1f to %.1f", step.rate, mbit, step.least, step.most)
			}
		}
		cancel()
		group.Wait()
	})
}
