package engine_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/engine/simnet"
)

// What is left of a range that nobody wants any more does not travel, and does not hold up the next one.
func TestAbandon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rate = 100e6
		link := simnet.Settings{RateBps: rate, Delay: 10 * time.Millisecond}
		a, b := simnet.Connect(simnet.NewPipe(link, 1), simnet.NewPipe(link, 2), 1472, rate, 0)
		cfg := engine.Config{ID: 1, Clock: simnet.NewClock(), MaxMemory: memoryBound}
		unwanted, wanted := engine.Range{Offset: 100, Length: 1 << 30}, engine.Range{Offset: 2 << 30, Length: 1 << 20}
		sink, whole := &counting{}, make(chan struct{})
		s, err := engine.NewSender(cfg, a, patternSource{})
		if err != nil {
			t.Fatal(err)
		}
		left := wanted.Length
		r, err := engine.NewReceiver(cfg, b, sink, func(g engine.Range) {
			if g.Offset < wanted.Offset {
				return
			}
			if left -= g.Length; left == 0 {
				close(whole)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range []engine.Range{unwanted, wanted} {
			if err := errors.Join(r.Expect(g), s.Push(g)); err != nil {
				t.Fatal(err)
			}
		}
		r.CloseExpect()
		s.CloseSend()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var group sync.WaitGroup
		var sent error
		group.Go(func() { sent = s.Run(ctx) })
		group.Go(func() { _ = r.Run(ctx) })

		time.Sleep(time.Second)
		s.Abandon(unwanted)
		select {
		case <-whole:
		case <-time.After(3 * time.Second):
			t.Error("the next range does not come")
		}
		if n := sink.bytes.Load(); n > 30<<20 || sink.wrong.Load() > 0 {
			t.Errorf("%d bytes were written, %d samples of them wrong", n, sink.wrong.Load())
		}
		cancel()
		group.Wait()
		if !errors.Is(sent, context.Canceled) {
			t.Errorf("the sender ends with %v", sent)
		}
	})
}
