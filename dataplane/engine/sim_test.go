package engine_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/engine/simnet"
	"faspex.io/operator/dataplane/wire"
)

// counting is a sink that checks a pattern cheaply and counts bytes.
type counting struct {
	mu    sync.Mutex
	bytes int64
	wrong int64
}

func (c *counting) WriteAt(p []byte, off int64) (int, error) {
	var wrong int64
	for i := 0; i < len(p); i += 512 {
		var want [1]byte
		pattern(want[:], off+int64(i))
		if p[i] != want[0] {
			wrong++
		}
	}
	c.mu.Lock()
	c.bytes += int64(len(p))
	c.wrong += wrong
	c.mu.Unlock()
	return len(p), nil
}

// tableSource serves the pattern without computing it byte by byte.
type tableSource struct{ period []byte }

func newTableSource() *tableSource {
	s := &tableSource{make([]byte, 1<<20)}
	pattern(s.period, 0)
	return s
}

func (s *tableSource) ReadAt(p []byte, off int64) (int, error) {
	high := byte(off>>24) * 13
	_ = high
	pattern(p, off)
	return len(p), nil
}

// flow is one simulated transfer.
type flow struct {
	policy   engine.Policy
	bytes    int64
	start    time.Duration
	capacity float64 // error of the handshake's measurement: 1 is exact, 0 is unknown
}

type flowResult struct {
	first, last   time.Duration // first data sent, last byte written
	send, receive engine.Stats
	err           error
	wrong         int64
	at            []float64 // Mbit/s delivered in each second of the simulation
}

// simulate runs flows over one bottleneck.
func simulate(t *testing.T, forward, back simnet.Settings, seed uint64, flows []flow, during func(ab, ba *simnet.Pipe)) ([]flowResult, simnet.PipeStats) {
	t.Helper()
	results := make([]flowResult, len(flows))
	var stats simnet.PipeStats
	synctest.Test(t, func(t *testing.T) {
		ab, ba := simnet.NewPipe(forward, seed), simnet.NewPipe(back, seed+1)
		var group sync.WaitGroup
		for i, f := range flows {
			group.Go(func() {
				time.Sleep(f.start)
				results[i] = runFlow(f, uint64(i+1), ab, ba, forward.RateBps)
			})
		}
		if during != nil {
			group.Go(func() { during(ab, ba) })
		}
		group.Wait()
		stats = ab.Stats()
	})
	return results, stats
}

func runFlow(f flow, id uint64, ab, ba *simnet.Pipe, rate int64) flowResult {
	a, b := simnet.Connect(ab, ba, 1472, int64(f.capacity*float64(rate)), 0)
	cfg := engine.Config{ID: engine.SessionID(id), Clock: simnet.NewClock(), Rate: engine.Rate{Policy: f.policy}}
	if f.policy == engine.PolicyFixed {
		cfg.Rate.TargetBps = rate * 98 / 100
	}
	sink := &counting{}
	res := flowResult{}
	start := time.Now()
	var last time.Duration
	s, err := engine.NewSender(cfg, a, patternSource{})
	if err != nil {
		res.err = err
		return res
	}
	r, err := engine.NewReceiver(cfg, b, sink, func(engine.Range) { last = time.Since(start) })
	if err != nil {
		res.err = err
		return res
	}
	_ = r.Expect(engine.Range{Length: f.bytes})
	_ = s.Push(engine.Range{Length: f.bytes})
	r.CloseExpect()
	s.CloseSend()
	var group sync.WaitGroup
	var sendErr error
	done := make(chan struct{})
	res.at = make([]float64, 120)
	offset := int(f.start / time.Second)
	go func() {
		last := int64(0)
		for i := offset; i < len(res.at); i++ {
			select {
			case <-time.After(time.Second):
			case <-done:
				return
			}
			now := r.Stats().BytesReceived
			res.at[i] = float64(now-last) * 8 / 1e6
			last = now
		}
	}()
	group.Go(func() { sendErr = s.Run(context.Background()) })
	res.err = r.Run(context.Background())
	group.Wait()
	close(done)
	if res.err == nil {
		res.err = sendErr
	}
	res.last, res.send, res.receive, res.wrong = last, s.Stats(), r.Stats(), sink.wrong
	if sink.bytes != f.bytes {
		res.wrong += f.bytes - sink.bytes
	}
	return res
}

func share(f flow, r flowResult, rate int64) float64 {
	return float64(f.bytes) * 8 / r.last.Seconds() / float64(rate)
}

var _ = wire.MinDatagram
