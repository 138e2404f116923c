package udplink_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/engine/enginetest"
	"faspex.io/operator/dataplane/engine/udplink"
	"faspex.io/operator/dataplane/wire"
)

// slander says for a while that everything has arrived, in the name of an address at which nobody is.
func (p *place) slander(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		p.raw(p.h.feedback())
	}
}

// answer answers challenges for a while.
func (p *place) answer(d time.Duration) {
	for end := time.After(d); ; {
		select {
		case l := <-p.links:
			if l.Kind == wire.LinkChallenge {
				p.send(wire.Link{Kind: wire.LinkResponse, Token: l.Token}, 0)
			}
		case <-end:
			return
		}
	}
}

// TestSenderStopsAtSilentAddress has a server send at a fixed rate to an address that falls silent, while reports say
// that all is well. What the address gets is what the rate allows while a proof lasts, however long the attack does.
func TestSenderStopsAtSilentAddress(t *testing.T) {
	const rate = 16e6
	second := int64(rate / 8)
	tests := []struct {
		name   string
		claims wire.Link
		attack func(h *hostile, own *place) (silent *place)
		most   int64 // bytes that the silent address gets, without three times what came
	}{
		{"at once", wire.Link{}, func(_ *hostile, own *place) *place {
			own.slander(2500 * time.Millisecond)
			return own
		}, second / 2},
		{"at once, reports from elsewhere", wire.Link{}, func(h *hostile, own *place) *place {
			h.place("127.0.0.1:0").slander(2500 * time.Millisecond)
			return own
		}, second / 2},
		{"at once, after an absurd round trip was claimed", wire.Link{RTTMicro: 1 << 63},
			func(_ *hostile, own *place) *place {
				own.slander(2500 * time.Millisecond)
				return own
			}, second / 2},
		{"after a while", wire.Link{}, func(_ *hostile, own *place) *place {
			own.answer(time.Second)
			for own.data.Load() < 8192 { // on a busy machine the first proof may run out before anything is sent
				own.send(wire.Link{Kind: wire.LinkPing}, 0)
				own.answer(20 * time.Millisecond)
			}
			before := own.got.Load()
			own.slander(5 * time.Second)
			own.got.Add(-before)
			return own
		}, second * 5 / 2},
		{"after it moved", wire.Link{}, func(h *hostile, own *place) *place {
			own.answer(500 * time.Millisecond)
			moved := h.place("127.0.0.1:0")
			moved.send(wire.Link{Kind: wire.LinkPing}, 0)
			moved.send(wire.Link{Kind: wire.LinkResponse, Token: moved.next(wire.LinkChallenge).Token}, 0)
			h.place("127.0.0.1:0").slander(2500 * time.Millisecond)
			return moved
		}, 0},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := engine.Config{ID: engine.SessionID(0x1000 + i), Secret: [32]byte{9},
				Rate: engine.Rate{Policy: engine.PolicyFixed, TargetBps: rate}}
			e, link := listen(t, "127.0.0.1:0", cfg, udplink.Options{})
			h := hostileClient(t, cfg, e)
			s, err := engine.NewSender(cfg, link, enginetest.Source{})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Push(engine.Range{Length: 1 << 30}); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() { defer close(done); _ = s.Run(ctx) }()
			defer func() { cancel(); <-done }()
			own := h.place("127.0.0.1:0")
			own.begin(tt.claims)
			silent := tt.attack(h, own)
			got, most := silent.got.Load(), tt.most+3*silent.sent.Load()
			t.Logf("%d bytes, %d at most", got, most)
			if got > most {
				t.Errorf("the silent address got %d bytes, want %d at most", got, most)
			}
		})
	}
}

// TestReceiverStopsAtSilentAddress has a server report to an address that moves there and falls silent, while data
// goes on coming from where the session was.
func TestReceiverStopsAtSilentAddress(t *testing.T) {
	cfg := engine.Config{ID: 0x2000, Secret: [32]byte{9}}
	e, link := listen(t, "127.0.0.1:0", cfg, udplink.Options{})
	h := hostileClient(t, cfg, e)
	r, err := engine.NewReceiver(cfg, link, &enginetest.Counting{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Expect(engine.Range{Length: 1 << 30}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = r.Run(ctx) }()
	defer func() { cancel(); <-done }()
	own := h.place("127.0.0.1:0")
	own.begin(wire.Link{})
	own.answer(100 * time.Millisecond)
	keys := h.keys(wire.DirData)
	pn := uint64(0)
	data := func() {
		b := make([]byte, wire.DataHeaderSize, 2048)
		wire.PutPrefix(b, wire.TypeData, uint32(cfg.ID), pn)
		wire.PutOffset(b, int64(pn)*1000)
		body := make([]byte, 1000)
		enginetest.Pattern(body, int64(pn)*1000)
		p, err := keys.Seal(b, body, pn)
		if err != nil {
			t.Fatal(err)
		}
		pn++
		own.raw(p)
	}
	for range 20 {
		data()
	}
	moved := h.place("127.0.0.1:0")
	moved.send(wire.Link{Kind: wire.LinkPing}, 0)
	moved.send(wire.Link{Kind: wire.LinkResponse, Token: moved.next(wire.LinkChallenge).Token}, 0)
	moved.next(wire.LinkChallenge)
	for range 200 {
		data()
		time.Sleep(5 * time.Millisecond)
	}
	if got := r.Stats().BytesReceived; got < 20_000 {
		t.Fatalf("%d bytes of data were taken", got)
	}
	if got, sent := moved.got.Load(), moved.sent.Load(); got > 3*sent {
		t.Errorf("the silent address got %d bytes, %d were sent in its name", got, sent)
	}
}

// TestAddressWhoseProofHasRunOut has a peer's address fall silent, lets the proof run out, and then sends every kind of
// packet in its name, while the session has more to send than it may. All in all the address gets three times that.
func TestAddressWhoseProofHasRunOut(t *testing.T) {
	for kind := wire.LinkHello; kind <= wire.LinkResponse; kind++ {
		for _, size := range []int{0, wire.MinDatagram} {
			t.Run(fmt.Sprintf("kind %d of %d bytes", kind, size), func(t *testing.T) {
				t.Parallel()
				clock := newMovableClock()
				cfg := engine.Config{ID: engine.SessionID(kind), Secret: [32]byte{9}, Clock: clock}
				e, link := listen(t, "127.0.0.1:0", cfg, udplink.Options{})
				serve(t, link)
				h := hostileClient(t, cfg, e)
				own := h.place("127.0.0.1:0")
				own.begin(wire.Link{})
				time.Sleep(20 * time.Millisecond) // what left with the acknowledgement has come
				clock.forward(10 * time.Second)
				got, sent := own.got.Load(), own.sent.Load()
				for range 10 {
					own.send(wire.Link{Kind: kind, Size: wire.MinDatagram}, size)
					own.raw(h.feedback())
					clock.forward(time.Second)
					for range 100 {
						if err := link.Send(make([]byte, 40), 40); err != nil {
							t.Fatal(err)
						}
					}
					time.Sleep(10 * time.Millisecond)
				}
				got, sent = own.got.Load()-got, own.sent.Load()-sent
				t.Logf("%d bytes for %d", got, sent)
				if got > 3*sent {
					t.Errorf("the address got %d bytes, %d were sent in its name", got, sent)
				}
				if link.Stats().Withheld == 0 {
					t.Error("nothing was withheld")
				}
			})
		}
	}
}

// TestProofsOutlastLoss has a path lose four in ten of the client's datagrams: what the server sends is hardly held up.
func TestProofsOutlastLoss(t *testing.T) {
	cfg := engine.Config{ID: 0x3000, Secret: [32]byte{9}, Rate: engine.Rate{Policy: engine.PolicyFixed, TargetBps: 20e6}}
	e, server := listen(t, "127.0.0.1:0", cfg, udplink.Options{})
	router := newNAT(t, e.Addr().String())
	lost := rand.New(rand.NewPCG(1, 2))
	router.drop.Store(func([]byte) bool { return lost.Float64() < 0.4 })
	client := router.dial(t, cfg)
	sink := enginetest.NewSpace(8e6)
	transfer(t, cfg, server, client, sink, []engine.Range{{Length: 8e6}})
	sink.Check(t, engine.Range{Length: 8e6})
	if st := server.Stats(); st.Withheld > 100 {
		t.Errorf("%d trains were withheld", st.Withheld)
	}
}
