package engine_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/engine/enginetest"
	"faspex.io/operator/dataplane/engine/simnet"
)

// beyond counts, apart, what is written from an offset on.
type beyond struct {
	enginetest.Counting
	from  int64
	bytes atomic.Int64
}

func (b *beyond) WriteAt(p []byte, off int64) (int, error) {
	if off >= b.from {
		b.bytes.Add(int64(len(p)))
	}
	return b.Counting.WriteAt(p, off)
}

// What is left of a range that nobody wants any more does not travel, and does not hold up what was pushed beside it.
func TestAbandon(t *testing.T) {
	before, unwanted := engine.Range{Length: 8 << 20}, engine.Range{Offset: 8 << 20, Length: 1 << 30}
	after := engine.Range{Offset: unwanted.End(), Length: 1 << 20}
	for name, tt := range map[string]struct {
		when time.Duration
		sent int64 // of what is unwanted, at most
	}{
		"before it is begun": {100 * time.Millisecond, 0},
		"while it is sent":   {time.Second, 12 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const rate = 100e6
				link := simnet.Settings{RateBps: rate, Delay: 10 * time.Millisecond}
				a, b := simnet.Connect(simnet.NewPipe(link, 1), simnet.NewPipe(link, 2), 1472, rate, 0)
				sink := &beyond{from: after.Offset}
				s, r := enginetest.Ends(t, engine.Config{ID: 1, Clock: simnet.NewClock(), MaxMemory: memoryBound}, a, b,
					enginetest.Source{}, sink, 0)
				for _, g := range []engine.Range{before, unwanted, after} { // joined, as files that follow one another are
					if err := errors.Join(r.Expect(g), s.Push(g)); err != nil {
						t.Fatal(err)
					}
				}
				r.CloseExpect()
				s.CloseSend()
				time.AfterFunc(tt.when, func() { s.Abandon(unwanted) })
				ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
				defer cancel()
				sent, received := enginetest.Run(ctx, s, r)
				if got := sink.bytes.Load(); got != after.Length {
					t.Errorf("%d bytes of the next range are written", got)
				}
				if got := sink.Counting.Bytes.Load() - before.Length - after.Length; got < 0 || got > tt.sent ||
					sink.Wrong.Load() > 0 {
					t.Errorf("%d bytes of the unwanted range are written, %d samples are wrong", got, sink.Wrong.Load())
				}
				if !errors.Is(sent, context.DeadlineExceeded) || !errors.Is(received, context.DeadlineExceeded) {
					t.Errorf("the sender ends with %v, the receiver with %v", sent, received)
				}
			})
		})
	}
}
