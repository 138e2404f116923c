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

// flow is one simulated transfer.
type flow struct {
	rate     engine.Rate
	bytes    int64
	start    time.Duration
	capacity float64       // what the handshake measured, as a share of the truth; 0 is unknown
	ahead    time.Duration // of the others' clocks
	late     time.Duration // by how much the sender's thread wakes up late at times, at most
}

// outcome is what became of a flow, in virtual time.
type outcome struct {
	took          time.Duration // until the last byte was written
	perSecond     []float64     // Mbit/s that arrived in each second of the simulation
	mostMemory    int64
	send, receive engine.Stats
}

const memoryBound = 32 << 20

// simulate runs flows over one bottleneck and checks what has to hold for all of them.
func simulate(t *testing.T, forward simnet.Settings, seed uint64, flows []flow,
	during func(ab, ba *simnet.Pipe)) ([]outcome, simnet.PipeStats) {
	t.Helper()
	outcomes := make([]outcome, len(flows))
	var stats simnet.PipeStats
	synctest.Test(t, func(t *testing.T) {
		back := forward
		back.Queue = time.Second // feedback does not overflow
		ab, ba := simnet.NewPipe(forward, seed), simnet.NewPipe(back, seed+1)
		var group sync.WaitGroup
		for i, f := range flows {
			group.Go(func() {
				time.Sleep(f.start)
				outcomes[i] = f.run(t, uint64(i+1), ab, ba, forward.RateBps)
			})
		}
		if during != nil {
			during(ab, ba)
		}
		group.Wait()
		stats = ab.Stats()
	})
	return outcomes, stats
}

// clock is the flow's, by which its threads wake late ten times a second if it is to be so.
func (f flow) clock(seed uint64) engine.Clock {
	if f.late == 0 {
		return simnet.NewClock()
	}
	return busyClock{simnet.NewClock(), newBusy(seed, 100*time.Millisecond, 0, f.late)}
}

func (f flow) run(t *testing.T, id uint64, ab, ba *simnet.Pipe, rate int64) outcome {
	a, b := simnet.Connect(ab, ba, 1472, int64(f.capacity*float64(rate)), 0)
	cfg := engine.Config{ID: engine.SessionID(id), Clock: f.clock(id), Rate: f.rate, MaxMemory: memoryBound}
	sink := &enginetest.Counting{}
	start := time.Now()
	var o outcome
	s, err := engine.NewSender(cfg, a, enginetest.Source{})
	if err != nil {
		t.Error(err)
		return o
	}
	r, err := engine.NewReceiver(cfg, b, sink, func(engine.Range) { o.took = time.Since(start) })
	if err != nil {
		t.Error(err)
		return o
	}
	_ = r.Expect(engine.Range{Length: f.bytes})
	_ = s.Push(engine.Range{Length: f.bytes})
	r.CloseExpect()
	s.CloseSend()
	var group sync.WaitGroup
	group.Go(func() {
		if err := s.Run(t.Context()); err != nil {
			t.Errorf("sender: %v", err)
		}
	})
	done := make(chan struct{})
	sampled := make(chan struct{})
	go func() {
		defer close(sampled)
		o.perSecond = make([]float64, int(f.start/time.Second))
		for last := int64(0); ; {
			select {
			case <-time.After(time.Second):
			case <-done:
				return
			}
			st := r.Stats()
			o.mostMemory = max(o.mostMemory, st.Backlog)
			o.perSecond = append(o.perSecond, float64(st.BytesReceived-last)*8/1e6)
			last = st.BytesReceived
		}
	}()
	if err := r.Run(t.Context()); err != nil {
		t.Errorf("receiver: %v", err)
	}
	group.Wait()
	close(done)
	<-sampled
	o.send, o.receive = s.Stats(), r.Stats()
	if got := sink.Bytes.Load(); got != f.bytes {
		t.Errorf("%d bytes were written, want %d, each once", got, f.bytes)
	}
	if n := sink.Wrong.Load(); n > 0 {
		t.Errorf("%d samples are wrong", n)
	}
	if o.mostMemory > memoryBound {
		t.Errorf("held %d bytes, bound is %d", o.mostMemory, int64(memoryBound))
	}
	return o
}

// share is a flow's goodput as a share of the link.
func (o outcome) share(bytes, rate int64) float64 {
	return float64(bytes) * 8 / o.took.Seconds() / float64(rate)
}

// payloadShare is what headers and tags leave of a packet of 1500 bytes.
const payloadShare = 1438.0 / 1500

func TestScenarios(t *testing.T) {
	const ms = time.Millisecond
	wan := func(mbit int64, rtt time.Duration, loss float64) simnet.Settings {
		return simnet.Settings{RateBps: mbit * 1e6, Delay: rtt / 2, Loss: loss}
	}
	with := func(s simnet.Settings, change func(*simnet.Settings)) simnet.Settings {
		change(&s)
		return s
	}
	fair := engine.Rate{Policy: engine.PolicyFair}
	tests := []struct {
		name     string
		link     simnet.Settings
		flow     flow
		share    float64 // of the physical limit that has to be reached
		overhead float64 // IP bytes sent for one that was needed, at most; 0 is 1 + loss + 0.03
		queue    time.Duration
	}{
		{"10 ms", wan(300, 10*ms, 0), flow{rate: fair, bytes: 80e6, capacity: 1}, 0.98, 0, 15 * ms},
		{"10 ms 5 %", wan(300, 10*ms, .05), flow{rate: fair, bytes: 80e6, capacity: 1}, 0.98, 0, 15 * ms},
		{"100 ms", wan(300, 100*ms, 0), flow{rate: fair, bytes: 80e6, capacity: 1}, 0.90, 0, 15 * ms},
		{"100 ms 5 %", wan(300, 100*ms, .05), flow{rate: fair, bytes: 80e6, capacity: 1}, 0.86, 1.11, 15 * ms},
		{"250 ms 1 %", wan(300, 250*ms, .01), flow{rate: fair, bytes: 150e6, capacity: 1}, 0.80, 1.10, 20 * ms},
		{"high", wan(300, 100*ms, 0), flow{rate: engine.Rate{Policy: engine.PolicyHigh}, bytes: 80e6, capacity: 1}, 0.90, 0,
			20 * ms},
		{"low", wan(300, 100*ms, 0), flow{rate: engine.Rate{Policy: engine.PolicyLow}, bytes: 80e6, capacity: 1}, 0.90, 0,
			10 * ms},
		{"fixed", wan(300, 100*ms, .01), flow{rate: engine.Rate{Policy: engine.PolicyFixed, TargetBps: 290e6}, bytes: 80e6},
			0.88, 1.08, 5 * ms},
		{"capacity unknown", wan(100, 50*ms, 0), flow{rate: fair, bytes: 80e6}, 0.85, 0, 20 * ms},
		{"capacity far too high", wan(100, 50*ms, 0), flow{rate: fair, bytes: 80e6, capacity: 4}, 0.90, 1.2, 25 * ms},
		{"bursts", with(wan(300, 100*ms, 0), func(s *simnet.Settings) { s.BurstEnter, s.BurstLeave = 0.005, 0.2 }),
			flow{rate: fair, bytes: 80e6, capacity: 1}, 0.86, 1.10, 15 * ms},
		{"jitter", with(wan(300, 100*ms, 0), func(s *simnet.Settings) { s.Jitter = 10 * ms }),
			flow{rate: fair, bytes: 80e6, capacity: 1}, 0.85, 0, 20 * ms},
		{"reordering", with(wan(300, 100*ms, 0), func(s *simnet.Settings) { s.Reorder, s.ReorderDelay = .05, 5*ms }),
			flow{rate: fair, bytes: 80e6, capacity: 1}, 0.90, 1.08, 20 * ms},
		{"duplication", with(wan(300, 20*ms, 0), func(s *simnet.Settings) { s.Duplicate = .1 }),
			flow{rate: fair, bytes: 80e6, capacity: 1}, 0.95, 0, 15 * ms},
		{"shallow buffer", with(wan(300, 50*ms, 0), func(s *simnet.Settings) { s.Queue = 2 * ms }),
			flow{rate: fair, bytes: 120e6, capacity: 1}, 0.85, 1.15, 3 * ms},
		{"shallow, lossy and late", with(wan(300, 60*ms, .001), func(s *simnet.Settings) { s.Queue = 3 * ms }),
			flow{rate: engine.Rate{Policy: engine.PolicyHigh}, bytes: 300e6, capacity: 1.1, late: 2 * ms}, 0.90, 0, 3 * ms},
		{"buffer of 1 ms, 5 %", with(wan(300, 60*ms, .05), func(s *simnet.Settings) { s.Queue = ms }),
			flow{rate: fair, bytes: 300e6, capacity: 1}, 0.90, 0, ms},
		{"buffer as long as wanted", with(wan(1000, 20*ms, .01), func(s *simnet.Settings) { s.Queue = 3 * ms }),
			flow{rate: fair, bytes: 300e6, capacity: 1}, 0.90, 0, 3 * ms},
		{"1000 ms 30 % both ways", wan(100, 1000*ms, .3),
			flow{rate: fair, bytes: 500e6, capacity: 0.9}, 0.85, 1.459, 25 * ms},
		{"likewise, capacity unknown", wan(50, 1000*ms, .3), flow{rate: fair, bytes: 250e6}, 0.80, 1.48, 25 * ms},
		{"satellite", wan(50, 600*ms, .01), flow{rate: fair, bytes: 100e6, capacity: 1}, 0.85, 1.12, 25 * ms},
		{"20 % loss", wan(300, 50*ms, .2), flow{rate: fair, bytes: 80e6, capacity: 1}, 0.90, 1.32, 15 * ms},
		{"slow line", wan(1, 50*ms, 0), flow{rate: fair, bytes: 1e6, capacity: 1}, 0.70, 1.3, 60 * ms},
		{"stalls", with(wan(100, 50*ms, 0), func(s *simnet.Settings) { s.StallEvery, s.StallFor = 300*ms, 150*ms }),
			flow{rate: fair, bytes: 80e6, capacity: 1}, 0.40, 1.8, 80 * ms},
	}
	for seed, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o, pipe := simulate(t, tt.link, uint64(seed+1), []flow{tt.flow}, nil)
			limit := payloadShare * (1 - tt.link.Loss)
			if tt.link.BurstEnter > 0 {
				limit *= 0.976
			}
			got := o[0].share(tt.flow.bytes, tt.link.RateBps) / limit
			over := float64(o[0].send.WireBytes) * payloadShare / float64(tt.flow.bytes)
			t.Logf("%.3f of the limit, %.4f sent for one, mean queue %v, %d dropped", got, over, pipe.MeanQueue, pipe.QueueDrops)
			if got < tt.share {
				t.Errorf("goodput %.3f of the limit, want %.3f", got, tt.share)
			}
			if tt.overhead == 0 {
				tt.overhead = 1 + tt.link.Loss + 0.03
			}
			if over > tt.overhead {
				t.Errorf("sent %.4f bytes for one, want at most %.4f", over, tt.overhead)
			}
			if pipe.MeanQueue > tt.queue {
				t.Errorf("mean queue %v, want at most %v", pipe.MeanQueue, tt.queue)
			}
		})
	}
}

func TestRateStaysBelowCap(t *testing.T) {
	for _, policy := range []engine.Policy{engine.PolicyFair, engine.PolicyHigh, engine.PolicyLow, engine.PolicyFixed} {
		t.Run(string(policy), func(t *testing.T) {
			f := flow{rate: engine.Rate{Policy: policy, TargetBps: 80e6, CapBps: 40e6}, bytes: 20e6, capacity: 1}
			o, pipe := simulate(t, simnet.Settings{RateBps: 300e6, Delay: 20 * time.Millisecond}, 1, []flow{f}, nil)
			if got := float64(pipe.Bytes) * 8 / o[0].took.Seconds(); got > 40e6*1.03 {
				t.Errorf("%.1f Mbit/s went out, cap is 40", got/1e6)
			}
		})
	}
}

// TestRateGroup has three senders with links of their own share a total by weight.
func TestRateGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		total := engine.NewRateGroup(80e6)
		var pipes []*simnet.Pipe
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		for i, rate := range []engine.Rate{
			{Policy: engine.PolicyFair, Aggressiveness: 1}, {Policy: engine.PolicyFair},
			{Policy: engine.PolicyHigh, Aggressiveness: 1e-9},
		} {
			ab := simnet.NewPipe(simnet.Settings{RateBps: 100e6, Delay: 10 * time.Millisecond}, uint64(i))
			a, b := simnet.Connect(ab, simnet.NewPipe(simnet.Settings{Delay: 10 * time.Millisecond}, 9), 1472, 100e6, 0)
			cfg := engine.Config{ID: engine.SessionID(i), Clock: simnet.NewClock(), Rate: rate,
				Group: total}
			s, r := enginetest.Ends(t, cfg, a, b, enginetest.Nothing{}, enginetest.Nothing{}, 1<<32)
			group.Go(func() { _ = s.Run(ctx) })
			group.Go(func() { _ = r.Run(ctx) })
			pipes = append(pipes, ab)
		}
		time.Sleep(time.Second)
		var mbit []float64
		for _, p := range pipes {
			mbit = append(mbit, -float64(p.Stats().Bytes)*8/5e6)
		}
		time.Sleep(5 * time.Second)
		for i, p := range pipes {
			mbit[i] += float64(p.Stats().Bytes) * 8 / 5e6
			if want := []float64{40, 20, 20}[i]; mbit[i] < 0.9*want || mbit[i] > 1.03*want {
				t.Errorf("flow %d sends %.1f Mbit/s, want %.0f", i, mbit[i], want)
			}
		}
		cancel()
		group.Wait()
	})
}

// TestBottleneckChanges has the link slow down, vanish and return.
func TestBottleneckChanges(t *testing.T) {
	link := simnet.Settings{RateBps: 100e6, Delay: 25 * time.Millisecond}
	slow := link
	slow.RateBps = 20e6
	f := flow{rate: engine.Rate{Policy: engine.PolicyFair}, bytes: 150e6, capacity: 1}
	o, _ := simulate(t, link, 5, []flow{f}, func(ab, ba *simnet.Pipe) {
		time.Sleep(3 * time.Second)
		ab.Change(slow)
		time.Sleep(5 * time.Second)
		ab.Change(link)
		time.Sleep(3 * time.Second)
		ab.Cut(true)
		ba.Cut(true)
		time.Sleep(30 * time.Second)
		ab.Cut(false)
		ba.Cut(false)
	})
	t.Logf("Mbit/s by second: %.0f", o[0].perSecond)
	if got := o[0].perSecond[6]; got < 15 {
		t.Errorf("%.0f Mbit/s on the slow link of 20", got)
	}
	if got := o[0].perSecond[10]; got < 70 {
		t.Errorf("%.0f Mbit/s after the link of 100 came back", got)
	}
	if got := o[0].perSecond[42]; got < 70 {
		t.Errorf("%.0f Mbit/s after the cut", got)
	}
}

func TestSetRateWhileRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ab := simnet.NewPipe(simnet.Settings{RateBps: 100e6, Delay: 10 * time.Millisecond}, 1)
		a, b := simnet.Connect(ab, ab, 1472, 100e6, 0)
		cfg := engine.Config{ID: 1, Clock: simnet.NewClock(), Rate: engine.Rate{Policy: engine.PolicyFixed, TargetBps: 10e6}}
		s, r := enginetest.Ends(t, cfg, a, b, enginetest.Source{}, &enginetest.Counting{}, 20e6)
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		group.Go(func() { _ = s.Run(ctx) })
		group.Go(func() { _ = r.Run(ctx) })
		time.Sleep(2 * time.Second)
		before := ab.Stats().Bytes
		s.SetRate(engine.Rate{Policy: engine.PolicyFixed, TargetBps: 40e6})
		time.Sleep(2 * time.Second)
		after := ab.Stats().Bytes - before
		if ratio := float64(after) / float64(before); ratio < 3.5 || ratio > 4.5 {
			t.Errorf("rate changed by a factor of %.1f, want 4", ratio)
		}
		cancel()
		group.Wait()
	})
}
