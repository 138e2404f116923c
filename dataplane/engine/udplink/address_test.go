package udplink_test

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/engine/enginetest"
	"faspex.io/operator/dataplane/engine/udplink"
	"faspex.io/operator/dataplane/wire"
)

// serve takes what comes on a link, as a session does.
func serve(t *testing.T, link engine.Link) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 64<<10)
		for {
			if _, _, err := link.Receive(buf, 20*time.Millisecond); err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		link.Close()
		<-done
	})
}

// isReady says whether an address has proved itself.
func isReady(t *testing.T, link engine.Link) (engine.Path, bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	path, err := link.Ready(ctx)
	return path, err == nil
}

// TestReadyNeedsItsOwnAddress has an attacker with the session's keys say ready from an address of which it reads
// nothing.
func TestReadyNeedsItsOwnAddress(t *testing.T) {
	const other = "127.0.0.1:0"
	same := func(host string) func(*place) string {
		return func(own *place) string {
			return net.JoinHostPort(host, fmt.Sprint(own.LocalAddr().(*net.UDPAddr).Port))
		}
	}
	hello := func(own *place, _ movableClock) uint64 { return own.hello() }
	at := func(addr string) func(*place) string { return func(*place) string { return addr } }
	tests := []struct {
		name   string
		listen string
		victim func(own *place) string // its address
		greets bool                    // a hello is sent in the victim's name
		token  func(own *place, clock movableClock) uint64
	}{
		{"token of another port", other, at(other), true, hello},
		{"token of another port, no hello", other, at(other), false, hello},
		{"token of another host", other, same("127.0.0.2"), true, hello},
		{"token of the other family", ":0", same("::1"), true, hello},
		{"no token", other, at(other), true, func(*place, movableClock) uint64 { return 0 }},
		{"no token and no hello", other, at(other), false, func(*place, movableClock) uint64 { return 0 }},
		{"token of a challenge to another address", other, at(other), true, func(own *place, _ movableClock) uint64 {
			own.hello()
			own.send(wire.Link{Kind: wire.LinkReady, Token: 1, Size: wire.MinDatagram}, 0)
			return own.next(wire.LinkChallenge).Token
		}},
		{"token that was taken at another address", other, at(other), true, func(own *place, _ movableClock) uint64 {
			own.hello()
			own.send(wire.Link{Kind: wire.LinkReady, Token: 1, Size: wire.MinDatagram}, 0)
			token := own.next(wire.LinkChallenge).Token
			own.send(wire.Link{Kind: wire.LinkResponse, Token: token}, 0)
			return token
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			clock := newMovableClock()
			cfg := engine.Config{ID: 0xabcdef0123, Secret: [32]byte{9}, Clock: clock}
			e, link := listen(t, tt.listen, cfg, udplink.Options{})
			h := hostileClient(t, cfg, e)
			own := h.place(other)
			victim := h.place(tt.victim(own))
			token := tt.token(own, clock)
			if tt.greets {
				victim.send(wire.Link{Kind: wire.LinkHello, Size: wire.MinDatagram}, wire.MinDatagram)
			}
			for range 5 {
				victim.send(wire.Link{Kind: wire.LinkReady, Token: token, Size: wire.MinDatagram, DownBps: 1 << 40}, 0)
			}
			victim.send(wire.Link{Kind: wire.LinkResponse, Token: token}, 0)
			victim.send(wire.Link{Kind: wire.LinkReady, Token: token, Size: wire.MinDatagram, DownBps: 1 << 40}, 0)
			h.handled()
			if path, ok := isReady(t, link); ok {
				t.Errorf("the server takes %s for proved", path.RemoteAddr)
			}
			if err := link.Send(make([]byte, 1000), 1000); err != nil {
				t.Error(err)
			}
			h.handled()
			if got, sent := victim.got.Load(), victim.sent.Load(); got > sent {
				t.Errorf("the victim got %d bytes, %d were sent in its name", got, sent)
			}
			own.begin(wire.Link{})
			if path, ok := isReady(t, link); !ok || path.RemoteAddr != own.LocalAddr().String() {
				t.Errorf("the attacker's own address is not taken: %+v", path)
			}
		})
	}
}

// TestTokenOfLongAgo has a client come back with the token of an address that may be another's by now.
func TestTokenOfLongAgo(t *testing.T) {
	clock := newMovableClock()
	cfg := engine.Config{ID: 1, Secret: [32]byte{9}, Clock: clock}
	e, link := listen(t, "127.0.0.1:0", cfg, udplink.Options{})
	h := hostileClient(t, cfg, e)
	own := h.place("127.0.0.1:0")
	ready := wire.Link{Kind: wire.LinkReady, Token: own.hello(), Size: wire.MinDatagram}
	clock.forward(11 * time.Second)
	own.send(ready, 0)
	challenge := own.next(wire.LinkChallenge).Token
	if path, ok := isReady(t, link); ok {
		t.Fatalf("an old token proves %s", path.RemoteAddr)
	}
	clock.forward(11 * time.Second)
	own.send(wire.Link{Kind: wire.LinkResponse, Token: challenge}, 0)
	own.send(ready, 0)
	challenge = own.next(wire.LinkChallenge).Token
	if path, ok := isReady(t, link); ok {
		t.Fatalf("an old challenge proves %s", path.RemoteAddr)
	}
	own.send(wire.Link{Kind: wire.LinkResponse, Token: challenge}, 0)
	own.send(ready, 0)
	own.next(wire.LinkReadyAck)
	if _, ok := isReady(t, link); !ok {
		t.Error("a client whose token is old does not get in by a challenge")
	}
}

// TestUnprovedAddress sends every kind of packet in the name of an address at which nobody answers, before a session is
// ready and while it sends and receives, and counts.
func TestUnprovedAddress(t *testing.T) {
	for _, when := range []string{"before", "sending", "receiving"} {
		t.Run(when, func(t *testing.T) {
			cfg := engine.Config{ID: 0x55, Secret: [32]byte{9}, Rate: engine.Rate{Policy: engine.PolicyFixed, TargetBps: 20e6}}
			e, link := listen(t, "127.0.0.1:0", cfg, udplink.Options{})
			h := hostileClient(t, cfg, e)
			own := h.place("127.0.0.1:0")
			token := uint64(0)
			s, r := enginetest.Ends(t, cfg, link, link, enginetest.Source{}, &enginetest.Counting{}, 1<<30)
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() {
				defer close(done)
				switch when {
				case "sending":
					_ = s.Run(ctx)
				case "receiving":
					_ = r.Run(ctx)
				}
			}()
			defer func() { cancel(); <-done }()
			if when == "before" {
				token = own.hello()
			} else {
				own.begin(wire.Link{})
				token = own.next(wire.LinkChallenge).Token
			}
			for kind := wire.LinkHello; kind <= wire.LinkResponse; kind++ {
				for _, size := range []int{0, wire.MinDatagram, 9000} {
					victim := h.place("127.0.0.1:0")
					for range 20 {
						victim.send(wire.Link{Kind: kind, Token: token, Size: wire.MinDatagram, DownBps: 1 << 62}, size)
						victim.raw(h.feedback())
					}
					h.handled()
					if got, sent := victim.got.Load(), victim.sent.Load(); got > sent || victim.data.Load() > 0 {
						t.Errorf("kind %d of %d bytes: the victim got %d bytes, %d were sent in its name", kind, size, got, sent)
					}
				}
			}
			if n := link.Stats().Rebinds; n > 0 {
				t.Errorf("the session moved %d times", n)
			}
			if path, ok := isReady(t, link); ok && path.RemoteAddr != own.LocalAddr().String() {
				t.Errorf("the session began with %s", path.RemoteAddr)
			}
		})
	}
}

// TestTokenIsTakenOnce moves a session, then replays everything that ever proved the address it has left.
func TestTokenIsTakenOnce(t *testing.T) {
	clock := newMovableClock()
	cfg := engine.Config{ID: 0x66, Secret: [32]byte{9}, Clock: clock}
	e, link := listen(t, "127.0.0.1:0", cfg, udplink.Options{})
	serve(t, link)
	h := hostileClient(t, cfg, e)
	left, now := h.place("127.0.0.1:0"), h.place("127.0.0.1:0")
	first := left.hello()
	left.send(wire.Link{Kind: wire.LinkReady, Token: first, Size: wire.MinDatagram}, 0)
	second := left.next(wire.LinkChallenge).Token
	left.send(wire.Link{Kind: wire.LinkResponse, Token: second}, 0)
	clock.forward(time.Second)
	left.send(wire.Link{Kind: wire.LinkPing}, 0)
	third := left.next(wire.LinkChallenge).Token // not answered while the session is there
	now.send(wire.Link{Kind: wire.LinkPing}, 0)
	challenge := now.next(wire.LinkChallenge).Token
	for _, token := range []uint64{0, first, second, third} {
		now.send(wire.Link{Kind: wire.LinkResponse, Token: token}, 0)
	}
	h.handled()
	if n := link.Stats().Rebinds; n != 0 {
		t.Fatal("the session moved by the proof of another address")
	}
	clock.forward(time.Second)
	now.send(wire.Link{Kind: wire.LinkResponse, Token: challenge}, 0)
	now.next(wire.LinkChallenge)
	clock.forward(time.Second)
	before := left.got.Load() - left.sent.Load()
	for _, token := range []uint64{first, second, third} {
		left.send(wire.Link{Kind: wire.LinkResponse, Token: token}, 0)
		left.send(wire.Link{Kind: wire.LinkReady, Token: token, Size: wire.MinDatagram}, 0)
		left.send(wire.Link{Kind: wire.LinkPing, Token: token}, 0)
	}
	h.handled()
	if n := link.Stats().Rebinds; n != 1 {
		t.Errorf("the session moved %d times, want once", n)
	}
	if after := left.got.Load() - left.sent.Load(); after > before {
		t.Errorf("the address that was left got %d bytes more than was sent in its name", after-before)
	}
	now.send(wire.Link{Kind: wire.LinkPing, Time: 7}, 0)
	if pong := now.next(wire.LinkPong); pong.Time != 7 {
		t.Errorf("pong %+v", pong)
	}
}

// TestRecordedDatagramsMoveNothing has a stranger keep datagrams from arriving and send them from an address of its
// own.
func TestRecordedDatagramsMoveNothing(t *testing.T) {
	clock := newMovableClock()
	cfg := engine.Config{ID: 0x67, Secret: [32]byte{9}, Clock: clock}
	e, link := listen(t, "127.0.0.1:0", cfg, udplink.Options{})
	serve(t, link)
	h := hostileClient(t, cfg, e)
	client, moved, stranger := h.place("127.0.0.1:0"), h.place("127.0.0.1:0"), h.place("127.0.0.1:0")
	recordedHello := h.packet(wire.Link{Kind: wire.LinkHello, Size: wire.MinDatagram}, wire.MinDatagram)
	ready := h.packet(wire.Link{Kind: wire.LinkReady, Token: client.hello(), Size: wire.MinDatagram}, 0)
	stranger.raw(recordedHello)
	stranger.raw(ready)
	h.handled()
	if path, ok := isReady(t, link); ok {
		t.Fatalf("a recorded ready makes %s the peer", path.RemoteAddr)
	}
	client.begin(wire.Link{})
	clock.forward(time.Second)
	moved.send(wire.Link{Kind: wire.LinkPing}, 0)
	response := h.packet(wire.Link{Kind: wire.LinkResponse, Token: moved.next(wire.LinkChallenge).Token}, 0)
	ping := h.packet(wire.Link{Kind: wire.LinkPing}, 0)
	stranger.raw(response)
	stranger.raw(ping)
	stranger.raw(ping)
	moved.raw(response) // late: it was seen
	h.handled()
	if n := link.Stats().Rebinds; n != 0 {
		t.Errorf("recorded datagrams moved the session %d times", n)
	}
	if got, sent := stranger.got.Load(), stranger.sent.Load(); got > sent {
		t.Errorf("the stranger got %d bytes for %d", got, sent)
	}
}

// TestChallengeOutlastsPings has a client move on a path whose round trip is longer than the time between its pings.
func TestChallengeOutlastsPings(t *testing.T) {
	clock := newMovableClock()
	cfg := engine.Config{ID: 0x68, Secret: [32]byte{9}, Clock: clock}
	e, link := listen(t, "127.0.0.1:0", cfg, udplink.Options{})
	serve(t, link)
	h := hostileClient(t, cfg, e)
	h.place("127.0.0.1:0").begin(wire.Link{})
	moved := h.place("127.0.0.1:0")
	moved.send(wire.Link{Kind: wire.LinkPing}, 0)
	challenge := moved.next(wire.LinkChallenge).Token
	for range 3 {
		clock.forward(250 * time.Millisecond)
		moved.send(wire.Link{Kind: wire.LinkPing}, 0)
		moved.next(wire.LinkChallenge)
	}
	moved.send(wire.Link{Kind: wire.LinkResponse, Token: challenge}, 0)
	moved.next(wire.LinkChallenge)
	if n := link.Stats().Rebinds; n != 1 {
		t.Errorf("the session moved %d times", n)
	}
}
