package udplink_test

import (
	"context"
	"math"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/engine/enginetest"
	"faspex.io/operator/dataplane/engine/udplink"
	"faspex.io/operator/dataplane/wire"
)

// hostileServer has the keys of a session and answers at an address of its own, or not.
type hostileServer struct {
	*hostile
	conn   *net.UDPConn
	answer func(hello wire.Link, now uint64) wire.Link // what it says to a hello
	got    atomic.Int64
	sent   atomic.Int64
	client atomic.Pointer[net.UDPAddr]
	pongs  atomic.Bool
}

func newHostileServer(t *testing.T, cfg engine.Config, answer func(wire.Link, uint64) wire.Link) *hostileServer {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadBuffer(8 << 20)
	keys := newHostile(t, cfg, wire.DirLinkServer, wire.DirLinkClient, nil)
	s := &hostileServer{hostile: keys, conn: conn, answer: answer}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.serve()
	}()
	t.Cleanup(func() {
		conn.Close()
		<-done
	})
	return s
}

func (s *hostileServer) serve() {
	keys := s.keys(wire.DirLinkClient)
	buf := make([]byte, 65536)
	for begun := time.Now(); ; {
		n, from, err := s.conn.ReadFromUDP(buf)
		if err != nil {
			return
		}
		s.got.Add(int64(n))
		s.client.Store(from)
		head, err := wire.ParsePrefix(buf[:n])
		if err != nil || head.Type != wire.TypeLink {
			continue
		}
		var l wire.Link
		body, err := keys.Open(nil, buf[:n], wire.PrefixSize, uint64(head.PN))
		if err != nil || l.Parse(body) != nil {
			continue
		}
		switch {
		case l.Kind == wire.LinkHello && s.answer != nil:
			a := s.answer(l, uint64(time.Since(begun).Microseconds()))
			a.Kind, a.Seq, a.Size, a.Token = wire.LinkAnswer, l.Seq, l.Size, 42
			s.write(s.packet(a, n), from)
		case l.Kind == wire.LinkReady:
			s.write(s.packet(wire.Link{Kind: wire.LinkReadyAck}, 0), from)
		case l.Kind == wire.LinkPing && s.pongs.Load():
			s.write(s.packet(wire.Link{Kind: wire.LinkPong, Time: l.Time}, 0), from)
		}
	}
}

func (s *hostileServer) write(b []byte, to *net.UDPAddr) {
	_, _ = s.conn.WriteToUDP(b, to)
	s.sent.Add(int64(len(b)))
}

func echo(hello wire.Link, now uint64) wire.Link { return wire.Link{Time: hello.Time, Arrival: now} }

// TestDialNeedsAnAnswerToItsHellos has somebody with the keys answer hellos that went to another address, and so guess.
func TestDialNeedsAnAnswerToItsHellos(t *testing.T) {
	cfg := engine.Config{ID: 0x31, Secret: [32]byte{9}, Clock: newMovableClock()}
	micros := func() uint64 { return uint64(cfg.Clock.Now().Microseconds()) }
	began := micros()
	for name, tt := range map[string]struct {
		answer func(hello wire.Link, now uint64) wire.Link
		works  bool
	}{
		"echo":         {echo, true},
		"nothing":      {func(wire.Link, uint64) wire.Link { return wire.Link{} }, false},
		"the clock":    {func(wire.Link, uint64) wire.Link { return wire.Link{Time: micros()} }, false},
		"the start":    {func(wire.Link, uint64) wire.Link { return wire.Link{Time: began} }, false},
		"one too many": {func(h wire.Link, _ uint64) wire.Link { return wire.Link{Time: h.Time + 1} }, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newHostileServer(t, cfg, tt.answer)
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			if tt.works {
				ctx, cancel = context.WithTimeout(t.Context(), 10*time.Second)
			}
			defer cancel()
			link, err := udplink.Dial(ctx, s.conn.LocalAddr().String(), cfg, udplink.Options{MaxDatagram: 1472})
			if err == nil {
				link.Close()
			}
			if works := err == nil; works != tt.works {
				t.Errorf("the client takes the server's address for proved: %v (%v)", works, err)
			}
		})
	}
}

// TestDialHoldsWhatTheServerClaims has a server tell arrivals that can't be.
func TestDialHoldsWhatTheServerClaims(t *testing.T) {
	for name, tt := range map[string]func(hello wire.Link) uint64{
		"at once":   func(wire.Link) uint64 { return 5 },
		"backwards": func(h wire.Link) uint64 { return 1<<63 - uint64(h.Seq)*1000 },
		"wild":      func(h wire.Link) uint64 { return uint64(h.Seq) * 0x9e3779b97f4a7c15 },
		"late":      func(h wire.Link) uint64 { return math.MaxUint64 - uint64(h.Seq&1) },
	} {
		for policy, rate := range map[string]engine.Rate{"": {}, ", target": {TargetBps: 1e6}, ", cap": {CapBps: 2e6}} {
			t.Run(name+policy, func(t *testing.T) {
				cfg := engine.Config{ID: 0x32, Secret: [32]byte{9}, Rate: rate}
				s := newHostileServer(t, cfg, func(h wire.Link, _ uint64) wire.Link {
					return wire.Link{Time: h.Time, Arrival: tt(h)}
				})
				link, err := udplink.Dial(t.Context(), s.conn.LocalAddr().String(), cfg, udplink.Options{MaxDatagram: 1472})
				if err != nil {
					t.Fatal(err)
				}
				defer link.Close()
				path, err := link.Ready(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				most := int64(5e9)
				if rate.TargetBps+rate.CapBps > 0 {
					most = rate.TargetBps + rate.CapBps
				}
				if path.CapacityBps < 0 || path.CapacityBps > most || path.BeyondBps < 0 || path.BeyondBps > most || path.RTT <= 0 {
					t.Errorf("path %+v", path)
				}
			})
		}
	}
}

// TestDialedSenderStopsAtSilentServer has a client send at a fixed rate to a server that falls silent after the
// handshake, while somebody else says that all is well: in the server's name, and from elsewhere.
func TestDialedSenderStopsAtSilentServer(t *testing.T) {
	const rate = 16e6
	for name, elsewhere := range map[string]bool{"in its name": false, "from elsewhere": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := engine.Config{ID: 0x33, Secret: [32]byte{9}, Rate: engine.Rate{Policy: engine.PolicyFixed, TargetBps: rate}}
			server := newHostileServer(t, cfg, echo)
			link, err := udplink.Dial(t.Context(), server.conn.LocalAddr().String(), cfg, udplink.Options{MaxDatagram: 1472})
			if err != nil {
				t.Fatal(err)
			}
			defer link.Close()
			s, err := engine.NewSender(cfg, link, enginetest.Source{})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Push(engine.Range{Length: 1 << 30}); err != nil {
				t.Fatal(err)
			}
			handshake, said := server.got.Load(), server.sent.Load()
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() { defer close(done); _ = s.Run(ctx) }()
			defer func() { cancel(); <-done }()
			from := server.conn
			if elsewhere {
				if from, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
					t.Fatal(err)
				}
				defer from.Close()
			}
			for end := time.Now().Add(2500 * time.Millisecond); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
				n, err := from.WriteToUDP(server.feedback(), server.client.Load())
				if err != nil {
					t.Fatal(err)
				}
				if !elsewhere {
					said -= int64(n)
				}
			}
			got, most := server.got.Load()-handshake, int64(rate/8/2)+3*max(0, server.sent.Load()-said)+4096
			t.Logf("%d bytes, %d at most", got, most)
			if got > most {
				t.Errorf("the silent server got %d bytes, want %d at most", got, most)
			}
		})
	}
}
