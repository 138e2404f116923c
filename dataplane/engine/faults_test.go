package engine_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/engine/enginetest"
	"faspex.io/operator/dataplane/engine/simnet"
)

func quietLink() (ab, ba *simnet.Pipe, a, b *simnet.Link) {
	set := simnet.Settings{RateBps: 100e6, Delay: 10 * time.Millisecond}
	ab, ba = simnet.NewPipe(set, 1), simnet.NewPipe(set, 2)
	a, b = simnet.Connect(ab, ba, 1472, 100e6, 0)
	return ab, ba, a, b
}

var errBroken = errors.New("broken")

type brokenSource struct{}

func (brokenSource) ReadAt([]byte, int64) (int, error) { return 0, errBroken }

type brokenSink struct{}

func (brokenSink) WriteAt([]byte, int64) (int, error) { return 0, errBroken }

func TestHowSessionsEnd(t *testing.T) {
	tests := []struct {
		name           string
		src            engine.Source
		sink           engine.Sink
		during         func(ctx context.Context, cancel context.CancelFunc, ab, ba *simnet.Pipe)
		sent, received error
	}{
		{"whole", enginetest.Source{}, &enginetest.Counting{}, nil, nil, nil},
		{"source fails", brokenSource{}, &enginetest.Counting{}, nil, errBroken, engine.ErrAborted},
		{"sink fails", enginetest.Source{}, brokenSink{}, nil, engine.ErrAborted, errBroken},
		{"stopped", enginetest.Source{}, &enginetest.Counting{},
			func(_ context.Context, cancel context.CancelFunc, _, _ *simnet.Pipe) {
				time.Sleep(time.Second)
				cancel()
			}, context.Canceled, context.Canceled},
		{"network gone", enginetest.Source{}, &enginetest.Counting{},
			func(_ context.Context, _ context.CancelFunc, ab, ba *simnet.Pipe) {
				time.Sleep(time.Second)
				ab.Cut(true)
				ba.Cut(true)
			}, engine.ErrPeerLost, engine.ErrPeerLost},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ab, ba, a, b := quietLink()
				cfg := engine.Config{ID: 1, Clock: simnet.NewClock(), IdleTimeout: 5 * time.Second}
				s, r := enginetest.Ends(t, cfg, a, b, tt.src, tt.sink, 30e6)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if tt.during != nil {
					go tt.during(ctx, cancel, ab, ba)
				}
				sent, received := enginetest.Run(ctx, s, r)
				if !errors.Is(sent, tt.sent) {
					t.Errorf("sender: %v, want %v", sent, tt.sent)
				}
				if !errors.Is(received, tt.received) {
					t.Errorf("receiver: %v, want %v", received, tt.received)
				}
			})
		})
	}
}

// TestEarlyEnd has the receiver expect more than the sender has.
func TestEarlyEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, _, a, b := quietLink()
		s, r := enginetest.Ends(t, engine.Config{ID: 1, Clock: simnet.NewClock()}, a, b, enginetest.Source{},
			&enginetest.Counting{}, 0)
		_ = r.Expect(engine.Range{Length: 2e6})
		_ = s.Push(engine.Range{Length: 1e6})
		r.CloseExpect()
		s.CloseSend()
		sent, received := enginetest.Run(t.Context(), s, r)
		if sent != nil || !errors.Is(received, engine.ErrIncomplete) {
			t.Errorf("sender: %v, receiver: %v", sent, received)
		}
	})
}

// TestLateExpect has data arrive before it is expected: it is asked for again.
func TestLateExpect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, _, a, b := quietLink()
		sink := &enginetest.Counting{}
		s, r := enginetest.Ends(t, engine.Config{ID: 1, Clock: simnet.NewClock()}, a, b, enginetest.Source{}, sink, 0)
		_ = s.Push(engine.Range{Length: 1e6})
		s.CloseSend()
		go func() {
			time.Sleep(2 * time.Second)
			_ = r.Expect(engine.Range{Length: 1e6})
			time.Sleep(2 * time.Second)
			r.CloseExpect()
		}()
		sent, received := enginetest.Run(t.Context(), s, r)
		if sent != nil || received != nil || sink.Bytes.Load() != 1e6 || sink.Wrong.Load() != 0 {
			t.Errorf("sender: %v, receiver: %v, %d bytes", sent, received, sink.Bytes.Load())
		}
		if r.Stats().Unexpected == 0 {
			t.Error("no packet was counted as unexpected")
		}
	})
}

// TestRangesWhileRunning pushes small, scattered ranges while the session runs.
func TestRangesWhileRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, _, a, b := quietLink()
		sink := enginetest.NewSpace(8 << 20)
		s, r := enginetest.Ends(t, engine.Config{ID: 1, Clock: simnet.NewClock()}, a, b, enginetest.Source{}, sink, 0)
		var ranges []engine.Range
		for off := int64(0); off < 8<<20-40_000; off += 30_000 {
			ranges = append(ranges, engine.Range{Offset: off, Length: 1 + off%29_000})
		}
		go func() {
			for _, g := range ranges {
				_ = errors.Join(r.Expect(g), s.Push(g))
				time.Sleep(3 * time.Millisecond)
			}
			r.CloseExpect()
			s.CloseSend()
		}()
		if sent, received := enginetest.Run(t.Context(), s, r); sent != nil || received != nil {
			t.Errorf("sender: %v, receiver: %v", sent, received)
		}
		sink.Check(t, ranges...)
	})
}

// TestHostilePackets changes, cuts and repeats packets on their way, and forges some: all of it is
// counted, and none of it changes a byte.
func TestHostilePackets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, _, a, b := quietLink()
		sink := enginetest.NewSpace(4 << 20)
		hostile := func(peer *simnet.Link) simnet.Filter {
			n := 0 // an end sends from one goroutine
			return func(d []byte) []byte {
				n++
				switch n % 50 {
				case 1: // damaged
					c := append([]byte(nil), d...)
					c[n/50%len(c)] ^= 0x20
					return c
				case 2: // cut
					return d[:n/50%len(d)]
				case 3: // replayed
					peer.Inject(append([]byte(nil), d...))
				case 4: // forged
					c := append([]byte(nil), d...)
					clear(c[9:])
					peer.Inject(c)
				}
				return d
			}
		}
		a.SetFilter(hostile(b))
		b.SetFilter(hostile(a))
		s, r := enginetest.Ends(t, engine.Config{ID: 1, Clock: simnet.NewClock()}, a, b, enginetest.Source{}, sink, 4<<20)
		if sent, received := enginetest.Run(t.Context(), s, r); sent != nil || received != nil {
			t.Errorf("sender: %v, receiver: %v", sent, received)
		}
		sink.Check(t, engine.Range{Length: 4 << 20})
		st := r.Stats()
		if st.AuthFailures == 0 || st.Replayed == 0 {
			t.Errorf("not counted: %+v", st)
		}
	})
}

// TestLittleMemory has a receiver with the least memory on a path that holds many times as much.
func TestLittleMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set := simnet.Settings{RateBps: 1e9, Delay: 150 * time.Millisecond, Loss: .01}
		ab, ba := simnet.NewPipe(set, 1), simnet.NewPipe(set, 2)
		a, b := simnet.Connect(ab, ba, 1472, 1e9, 0)
		sink := &enginetest.Counting{}
		s, r := enginetest.Ends(t, engine.Config{ID: 1, Clock: simnet.NewClock(), MaxMemory: 8 << 20}, a, b,
			enginetest.Source{}, sink, 100e6)
		var most int64
		done, ended := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(ended)
			for {
				select {
				case <-time.After(10 * time.Millisecond):
					most = max(most, r.Stats().Backlog)
				case <-done:
					return
				}
			}
		}()
		sent, received := enginetest.Run(t.Context(), s, r)
		close(done)
		<-ended
		if sent != nil || received != nil || sink.Bytes.Load() != 100e6 || sink.Wrong.Load() != 0 {
			t.Errorf("sender: %v, receiver: %v, %d bytes", sent, received, sink.Bytes.Load())
		}
		if most > 8<<20 {
			t.Errorf("held %d bytes", most)
		}
	})
}

// TestFarOffsets moves ranges at the end of the transfer space.
func TestFarOffsets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, _, a, b := quietLink()
		sink := &enginetest.Counting{}
		s, r := enginetest.Ends(t, engine.Config{ID: 1, Clock: simnet.NewClock()}, a, b, enginetest.Source{}, sink, 0)
		for _, g := range []engine.Range{{Offset: 10 << 30, Length: 1}, {Offset: engine.MaxOffset - 3e6, Length: 3e6}} {
			if err := errors.Join(r.Expect(g), s.Push(g)); err != nil {
				t.Fatal(err)
			}
		}
		if s.Push(engine.Range{Offset: engine.MaxOffset, Length: 1}) == nil {
			t.Error("a range beyond the transfer space was taken")
		}
		r.CloseExpect()
		s.CloseSend()
		sent, received := enginetest.Run(t.Context(), s, r)
		if sent != nil || received != nil || sink.Bytes.Load() != 3e6+1 || sink.Wrong.Load() != 0 {
			t.Errorf("sender: %v, receiver: %v, %d bytes", sent, received, sink.Bytes.Load())
		}
	})
}
