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

// lender keeps the bytes of pushed ranges until they are acknowledged, in pieces of its own.
type lender struct {
	enginetest.Source
	t     *testing.T
	piece int64

	mu    sync.Mutex
	acked []uint8 // how often, by byte
}

func (l *lender) Acknowledged(r engine.Range) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for off := r.Offset; off < r.End(); off++ {
		if l.acked[off]++; l.acked[off] > 1 {
			l.t.Fatalf("byte %d is acknowledged twice", off)
		}
	}
}

func (l *lender) ReadAt(p []byte, off int64) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range p {
		if l.acked[off+int64(i)] > 0 {
			clear(p) // It is kept no more.
			return len(p), nil
		}
	}
	return l.Source.ReadAt(p, off)
}

func (l *lender) Lend(off, n int64) ([]byte, error) {
	b := make([]byte, min(n, l.piece-off%l.piece))
	_, err := l.ReadAt(b, off)
	return b, err
}

// Every byte is acknowledged once, and what was acknowledged is not needed again, whatever the
// path loses, repeats and reorders.
func TestSourcesNeedNotKeepWhatIsAcknowledged(t *testing.T) {
	const ms, size = time.Millisecond, int64(24 << 20)
	for name, link := range map[string]simnet.Settings{
		"a clean path": {RateBps: 200e6, Delay: 5 * ms}, "loss": {RateBps: 200e6, Delay: 25 * ms, Loss: 0.02},
		"jitter": {RateBps: 100e6, Delay: 20 * ms, Loss: 0.01, Jitter: 10 * ms},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := simnet.Connect(simnet.NewPipe(link, 1), simnet.NewPipe(link, 2), 1472, link.RateBps, 0)
				src := &lender{t: t, piece: 256 << 10, acked: make([]uint8, size)}
				sink := &enginetest.Counting{}
				cfg := engine.Config{ID: 1, Clock: simnet.NewClock(), MaxMemory: memoryBound}
				s, err := engine.NewSender(cfg, a, src)
				if err != nil {
					t.Fatal(err)
				}
				r, err := engine.NewReceiver(cfg, b, sink, nil)
				if err != nil {
					t.Fatal(err)
				}
				if err := r.Expect(engine.Range{Length: size}); err != nil {
					t.Fatal(err)
				}
				r.CloseExpect()
				go func() { // The bytes come over time, now from one end, now from the other.
					for off := int64(0); off < size/2; off += 100_000 {
						n := min(100_000, size/2-off)
						if s.Push(engine.Range{Offset: off, Length: n}) != nil ||
							s.Push(engine.Range{Offset: size - off - n, Length: n}) != nil {
							t.Error("push failed")
						}
						time.Sleep(2 * ms)
					}
					s.CloseSend()
				}()
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				if sent, received := enginetest.Run(ctx, s, r); sent != nil || received != nil {
					t.Fatalf("the sender ends with %v, the receiver with %v", sent, received)
				}
				if sink.Bytes.Load() != size || sink.Wrong.Load() > 0 {
					t.Errorf("%d of %d bytes, %d samples are wrong", sink.Bytes.Load(), size, sink.Wrong.Load())
				}
			})
		})
	}
}
