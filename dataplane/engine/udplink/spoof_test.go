package udplink_test

import (
	"context"
	"encoding/binary"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/engine/enginetest"
	"faspex.io/operator/dataplane/engine/udplink"
)

// strangers send datagrams that they cannot seal from sockets of their own, and count what they get.
type strangers struct {
	conns    []net.Conn
	sent     atomic.Int64
	answered atomic.Int64 // bytes
}

func newStrangers(t *testing.T, server string, n int) *strangers {
	t.Helper()
	s := &strangers{}
	for range n {
		c, err := net.Dial("udp4", server)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		s.conns = append(s.conns, c)
		go func() {
			buf := make([]byte, 65536)
			for {
				n, err := c.Read(buf)
				if err != nil {
					return
				}
				s.answered.Add(int64(n))
			}
		}()
	}
	return s
}

// attack sends rounds of forgeries: handshakes of sessions that do not exist and of those that do, data, feedback,
// noise, and the datagrams given, which a session's client has sent before.
func (s *strangers) attack(rounds int, conn uint32, replayed [][]byte) {
	var group sync.WaitGroup
	for i, c := range s.conns {
		group.Go(func() {
			b := make([]byte, 1232)
			for round := range rounds {
				for kind := byte(0x11); kind <= 0x14; kind++ {
					for _, id := range [...]uint32{conn, uint32(i*rounds + round)} {
						b[0] = kind
						binary.BigEndian.PutUint32(b[1:], id)
						binary.BigEndian.PutUint32(b[5:], uint32(round))
						_, _ = c.Write(b)
					}
				}
				b[0] = 0x24 // of another version
				_, _ = c.Write(b[:round%len(b)])
				s.sent.Add(9)
				if len(replayed) > 0 {
					_, _ = c.Write(replayed[round%len(replayed)])
					s.sent.Add(1)
				}
			}
		})
	}
	group.Wait()
}

// TestSpoofedHandshakes floods a node with handshakes and other packets that are not authentic while a session runs:
// the session completes, nobody gets an answer, and neither memory nor goroutines nor sockets are spent on them.
func TestSpoofedHandshakes(t *testing.T) {
	cfg := engine.Config{ID: 0xabcdef, Secret: [32]byte{9},
		Rate: engine.Rate{Policy: engine.PolicyFixed, TargetBps: 100e6}}
	e, server := listen(t, "127.0.0.1:0", cfg, udplink.Options{})
	router := newNAT(t, e.Addr().String())
	var mu sync.Mutex
	var handshake [][]byte
	router.seen.Store(func(d []byte) {
		mu.Lock()
		defer mu.Unlock()
		if len(handshake) < 100 {
			handshake = append(handshake, append([]byte(nil), d...))
		}
	})
	client := router.dial(t, cfg)
	waiting := cfg
	waiting.ID = 0x77 // a session whose client has not come
	idle, err := e.Register(waiting)
	if err != nil {
		t.Fatal(err)
	}
	const size = 16e6
	sink := enginetest.NewSpace(size)
	s, r := enginetest.Ends(t, cfg, client, server, enginetest.Source{}, sink, size)
	done := make(chan struct{})
	var sent, received error
	go func() {
		defer close(done)
		sent, received = enginetest.Run(t.Context(), s, r)
	}()
	for r.Stats().BytesReceived == 0 { // it runs
		time.Sleep(time.Millisecond)
	}
	mu.Lock()
	replayed := handshake
	mu.Unlock()
	stranger := newStrangers(t, e.Addr().String(), 8)
	mallocs := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.Mallocs
	}
	goroutines, descriptors := held(t)
	spent := mallocs()
	stranger.attack(200, uint32(cfg.ID), replayed)
	stranger.attack(200, uint32(waiting.ID), replayed)
	spent = mallocs() - spent
	g, d := held(t)
	<-done
	if sent != nil || received != nil {
		t.Fatalf("sender: %v, receiver: %v", sent, received)
	}
	sink.Check(t, engine.Range{Length: size})
	if n := stranger.answered.Load(); n > 0 {
		t.Errorf("strangers got %d bytes", n)
	}
	if g > goroutines+8 || d > descriptors+8 { // those of the session may come and go
		t.Errorf("%d goroutines and %d descriptors, before the attack %d and %d", g, d, goroutines, descriptors)
	}
	n := stranger.sent.Load()
	if per := float64(spent) / float64(n); per > 0.1 {
		t.Errorf("%.2f allocations for each of %d forged datagrams", per, n)
	}
	counted := e.Stray() + server.Stats().AuthFailures + idle.Stats().AuthFailures + idle.Stats().ReceiveDrops +
		r.Stats().AuthFailures
	t.Logf("%d sent; stray %d, forged %d and %d, dropped %d, forged data %d", n, e.Stray(), server.Stats().AuthFailures,
		idle.Stats().AuthFailures, idle.Stats().ReceiveDrops, r.Stats().AuthFailures)
	if counted == 0 || server.Stats().AuthFailures == 0 || idle.Stats().AuthFailures == 0 {
		t.Errorf("forgeries were not counted: %d in all", counted)
	}
	if now := e.Totals(); now.Sessions != 2 || now.Stray != e.Stray() {
		t.Errorf("totals of two sessions: %+v", now)
	}
	before := server.Stats().AuthFailures + idle.Stats().AuthFailures
	_, _ = server.Close(), idle.Close()
	if after := e.Totals(); after.Sessions != 0 || after.AuthFailures != before {
		t.Errorf("totals after the sessions: %+v, %d forged packets were counted", after, before)
	}
	if server.Stats().Rebinds != 0 {
		t.Error("the session moved to a stranger")
	}
}

// TestNoAmplification has a client whose address never proves itself: what it sends after the handshake's first train
// gets lost. The node sends it no more than it sent.
func TestNoAmplification(t *testing.T) {
	cfg := engine.Config{ID: 0x1234, Secret: [32]byte{3}}
	e, server := listen(t, "127.0.0.1:0", cfg, udplink.Options{})
	router := newNAT(t, e.Addr().String())
	router.drop.Store(func(d []byte) bool { return len(d) < 1232 }) // ready packets and pings are short
	router.dial(t, cfg)
	s, err := engine.NewSender(cfg, server, enginetest.Source{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Push(engine.Range{Length: 1e6}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if err := s.Run(ctx); err == nil {
		t.Error("a session ran with an address that has not proved itself")
	}
	if in, out := router.in.Load(), router.out.Load(); out > in || out == 0 {
		t.Errorf("the node got %d bytes and sent %d", in, out)
	}
}
