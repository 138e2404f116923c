package udplink_test

import (
	"net"
	"sync/atomic"
	"testing"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/engine/udplink"
	"faspex.io/operator/dataplane/wire"
)

// movableClock is a clock that a test puts forward.
type movableClock struct {
	engine.Clock
	ahead *atomic.Int64
}

func newMovableClock() movableClock { return movableClock{engine.SystemClock(), new(atomic.Int64)} }

func (c movableClock) Now() time.Duration { return c.Clock.Now() + time.Duration(c.ahead.Load()) }

func (c movableClock) forward(d time.Duration) { c.ahead.Add(int64(d)) }

// hostile is a peer that has the keys of a session and says whatever a test wants, from any place.
type hostile struct {
	t       *testing.T
	cfg     engine.Config
	server  *net.UDPAddr
	seal    *wire.Keys
	reports *wire.Keys
	own     wire.Direction
	peer    wire.Direction
	next    uint64
	report  uint64
}

func newHostile(t *testing.T, cfg engine.Config, own, peer wire.Direction, to net.Addr) *hostile {
	t.Helper()
	h := &hostile{t: t, cfg: cfg, own: own, peer: peer}
	if to != nil {
		h.server = to.(*net.UDPAddr)
	}
	h.seal, h.reports = h.keys(own), h.keys(wire.DirFeedback)
	return h
}

// hostileClient attacks an endpoint.
func hostileClient(t *testing.T, cfg engine.Config, e *udplink.Endpoint) *hostile {
	t.Helper()
	return newHostile(t, cfg, wire.DirLinkClient, wire.DirLinkServer, net.UDPAddrFromAddrPort(e.Addr()))
}

func (h *hostile) keys(d wire.Direction) *wire.Keys {
	h.t.Helper()
	keys, err := wire.NewKeys(h.cfg.Secret, uint64(h.cfg.ID), "aes-128-gcm", d)
	if err != nil {
		h.t.Fatal(err)
	}
	return keys
}

// packet seals a link packet of size bytes, 0 is the smallest.
func (h *hostile) packet(l wire.Link, size int) []byte {
	h.t.Helper()
	size = max(size, wire.LinkPacketSize)
	b := make([]byte, size)
	wire.PutPrefix(b, wire.TypeLink, uint32(h.cfg.ID), h.next)
	l.Session = uint64(h.cfg.ID)
	l.Append(b[:wire.PrefixSize])
	b, err := h.seal.Seal(b[:wire.PrefixSize], b[wire.PrefixSize:size-wire.TagSize], h.next)
	if err != nil {
		h.t.Fatal(err)
	}
	h.next++
	return b
}

// feedback seals a report which says that everything has arrived.
func (h *hostile) feedback() []byte {
	h.t.Helper()
	b := make([]byte, wire.PrefixSize, 256)
	wire.PutPrefix(b, wire.TypeFeedback, uint32(h.cfg.ID), h.report)
	f := wire.Feedback{To: 1 << 40}
	p, err := h.reports.Seal(b, f.Append(nil), h.report)
	if err != nil {
		h.t.Fatal(err)
	}
	h.report++
	return p
}

// place is an address of the attacker's, or one that the attacker writes on datagrams: then nobody reads what it gets.
type place struct {
	*net.UDPConn
	h         *hostile
	sent, got atomic.Int64 // bytes
	data      atomic.Int64 // of these, bytes of data packets
	links     chan wire.Link
}

// place opens a socket at an address of this machine ("" is any) that reads all it gets.
func (h *hostile) place(local string) *place {
	h.t.Helper()
	if local == "" {
		local = ":0"
	}
	from, err := net.ResolveUDPAddr("udp", local)
	if err != nil {
		h.t.Fatal(err)
	}
	to := *h.server
	if to.IP.IsUnspecified() {
		to.IP = net.IPv6loopback
		if from.IP.To4() != nil {
			to.IP = net.IPv4(127, 0, 0, 1)
		}
	}
	c, err := net.DialUDP("udp", from, &to)
	if err != nil {
		h.t.Fatal(err)
	}
	_ = c.SetReadBuffer(8 << 20)
	p := &place{UDPConn: c, h: h, links: make(chan wire.Link, 4096)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.read(h.keys(h.peer))
	}()
	h.t.Cleanup(func() {
		c.Close()
		<-done
	})
	return p
}

func (p *place) read(keys *wire.Keys) {
	buf := make([]byte, 65536)
	expected := uint64(0)
	for {
		n, err := p.UDPConn.Read(buf)
		if err != nil {
			return
		}
		p.got.Add(int64(n))
		head, err := wire.ParsePrefix(buf[:n])
		if err != nil || head.Type != wire.TypeLink {
			p.data.Add(int64(n))
			continue
		}
		pn := wire.FullPN(head.PN, expected)
		body, err := keys.Open(nil, buf[:n], wire.PrefixSize, pn)
		var l wire.Link
		if err != nil || l.Parse(body) != nil {
			continue
		}
		expected = max(expected, pn+1)
		select {
		case p.links <- l:
		default:
		}
	}
}

func (p *place) raw(b []byte) {
	p.h.t.Helper()
	if _, err := p.UDPConn.Write(b); err != nil {
		p.h.t.Fatal(err)
	}
	p.sent.Add(int64(len(b)))
}

func (p *place) send(l wire.Link, size int) {
	p.h.t.Helper()
	p.raw(p.h.packet(l, size))
}

// next is the next link packet of a kind.
func (p *place) next(kind wire.LinkKind) wire.Link {
	p.h.t.Helper()
	limit := time.After(10 * time.Second)
	for {
		select {
		case l := <-p.links:
			if l.Kind == kind {
				return l
			}
		case <-limit:
			p.h.t.Fatalf("no link packet of kind %d came", kind)
		}
	}
}

// hello returns the token of the answer.
func (p *place) hello() uint64 {
	p.h.t.Helper()
	p.send(wire.Link{Kind: wire.LinkHello, Size: wire.MinDatagram}, wire.MinDatagram)
	return p.next(wire.LinkAnswer).Token
}

// begin proves the address and begins the session with what the peer claims.
func (p *place) begin(claims wire.Link) {
	p.h.t.Helper()
	claims.Token = p.hello()
	claims.Kind, claims.Size = wire.LinkReady, wire.MinDatagram
	p.send(claims, 0)
	p.next(wire.LinkReadyAck)
}

// handled waits until the endpoint has handled what was sent to it before.
func (h *hostile) handled() {
	h.t.Helper()
	c := h.place("127.0.0.1:0")
	c.send(wire.Link{Kind: wire.LinkHello, Size: wire.MinDatagram}, wire.MinDatagram)
	select {
	case <-c.links:
	case <-time.After(10 * time.Second):
		h.t.Fatal("the endpoint does not answer")
	}
}
