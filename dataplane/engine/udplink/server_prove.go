package udplink

import (
	"fmt"
	"net/netip"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/wire"
)

// moveEvery bounds how often a session moves to another address: routers forget a mapping far less often.
const moveEvery = 250 * time.Millisecond

// askAgain has the peer's address prove itself again in time. Once the proof is too old only the peer's pings lead to
// another question, so that an address at which nobody is any more is not asked for ever.
func (l *serverLink) askAgain() {
	now := l.cfg.Clock.Now()
	if !l.proof.holds(now) || !l.proof.ask(now) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.challenge(now, *l.peer.Load())
}

// takeLink handles link packets that came from one address at a time of the session's clock. To an address that has
// never proved itself nothing leaves but answers to what came from it, each at most as long as that
// (TestUnprovedAddress).
func (l *serverLink) takeLink(b []byte, size int, now time.Duration, from netip.AddrPort) {
	l.came(len(b), from)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answer = l.answer[:0]
	answered, challenged := false, false
	var token uint64
	for len(b) > 0 {
		d := b[:min(size, len(b))]
		b = b[len(d):]
		var m wire.Link
		if err := l.keys.parse(&m, d, l.scratch); err != nil {
			l.forged.Add(1)
			continue
		}
		switch {
		case l.stray(&m, from):
			if !challenged {
				l.challenge(now, from)
				challenged = true
			}
		case m.Kind == wire.LinkHello:
			if !answered {
				token = l.tokens.of(from, now)
			}
			answered = l.takeHello(&m, len(d), now, token) || answered
		default:
			l.takeOther(&m, len(d), now, from)
		}
	}
	if answered {
		l.send(l.answer, min(size, len(l.answer)), from)
	}
}

// stray says whether a packet comes from another address than the session's, and does not prove it.
func (l *serverLink) stray(m *wire.Link, from netip.AddrPort) bool {
	return l.ready && *l.peer.Load() != from && m.Kind != wire.LinkResponse
}

// send sends link packets. Those to the session's own address count as everything that goes there does
// (TestAddressWhoseProofHasRunOut); those to others are answers, no longer than what they answer.
func (l *serverLink) send(b []byte, size int, to netip.AddrPort) {
	if peer := l.peer.Load(); peer != nil && *peer == to && !l.proof.allows(l.cfg.Clock.Now(), len(b)) {
		l.withheld.Add(1)
		return
	}
	if err := l.endpoint.conn.Send(b, size, to); err != nil {
		l.cfg.Logger.Debug("link packet not sent", "to", to, "error", err)
	}
}

// takeHello appends the answer to a hello, as long as it.
func (l *serverLink) takeHello(m *wire.Link, size int, now time.Duration, token uint64) bool {
	if size > l.endpoint.options.MaxDatagram {
		return false
	}
	if !l.greeted {
		l.greeted, l.hello = true, now
	}
	var err error
	l.answer, err = l.keys.append(l.answer, &wire.Link{Kind: wire.LinkAnswer, Seq: m.Seq, Size: m.Size, Token: token,
		Time: m.Time, Arrival: uint64(now.Microseconds())}, size)
	return err == nil
}

// takeOther handles what is no hello.
func (l *serverLink) takeOther(m *wire.Link, size int, now time.Duration, from netip.AddrPort) {
	switch m.Kind {
	case wire.LinkReady:
		l.takeReady(m, now, from)
	case wire.LinkPing:
		if !l.ready {
			return
		}
		l.reply(&wire.Link{Kind: wire.LinkPong, Time: m.Time}, from)
		if l.proof.ask(now) {
			l.challenge(now, from)
		}
	case wire.LinkResponse:
		l.takeResponse(m, size, now, from)
	}
}

// takeReady begins the session, or acknowledges again that it has begun.
func (l *serverLink) takeReady(m *wire.Link, now time.Duration, from netip.AddrPort) {
	if !l.greeted || int(m.Size) < wire.MinDatagram || int(m.Size) > l.endpoint.options.MaxDatagram {
		return
	}
	if !l.ready {
		shown := l.shown == from && now-l.shownAt < tokenSlot
		if !shown && !l.tokens.take(m.Token, from, now) {
			l.challenge(now, from) // the client's address has changed since the hello, or the answer is old
			return
		}
		l.begin(m, now, from)
	}
	l.reply(&wire.Link{Kind: wire.LinkReadyAck}, from)
	if l.proof.ask(now) {
		l.challenge(now, from)
	}
}

// begin takes an address that has proved itself for the client's.
func (l *serverLink) begin(m *wire.Link, now time.Duration, from netip.AddrPort) {
	overhead := 28
	if from.Addr().Is6() {
		overhead = 48
	}
	rtt := believableRTT(m.RTTMicro, now-l.hello)
	capacity, beyond := usable(m.DownBps, l.cfg.Rate)
	l.path = engine.Path{MaxDatagram: int(m.Size), RTT: rtt, CapacityBps: capacity, BeyondBps: beyond, Overhead: overhead,
		LocalAddr: l.endpoint.Addr().String(), RemoteAddr: from.String()}
	l.ready, l.movedAt = true, now-moveEvery
	l.peer.Store(&from)
	l.proof.begin(now, rtt)
	l.separate(from)
	close(l.proved)
}

// takeResponse takes the proof of an address: of the session's that somebody is still there, of another one that the
// session may go there.
func (l *serverLink) takeResponse(m *wire.Link, size int, now time.Duration, from netip.AddrPort) {
	moves := l.ready && *l.peer.Load() != from
	if moves && now-l.movedAt < moveEvery || !l.tokens.take(m.Token, from, now) {
		return
	}
	switch {
	case !l.ready:
		l.shown, l.shownAt = from, now
	case moves:
		l.move(size, now, from)
	default:
		l.proof.renew(now, l.path.RTT)
	}
}

// move has the session go to another address. Data waits until that address has answered once more: what is sent to one
// that answers once and falls silent is three times what came (TestSenderStopsAtSilentAddress,
// TestReceiverStopsAtSilentAddress).
func (l *serverLink) move(size int, now time.Duration, to netip.AddrPort) {
	l.movedAt = now
	l.proof.end(now, size)
	l.peer.Store(&to)
	if own := l.own.Load(); own != nil {
		if err := own.Connect(to); err != nil {
			l.cfg.Logger.Warn("socket does not follow the peer", "error", err)
		}
	}
	l.rebinds.Add(1)
	l.cfg.Logger.Info("peer moved", "session", fmt.Sprintf("%016x", uint64(l.cfg.ID)), "address", to)
	if l.proof.ask(now) {
		l.challenge(now, to)
	}
}

// separate opens the session's own socket. Without one the session goes on through the shared socket.
func (l *serverLink) separate(peer netip.AddrPort) {
	select {
	case <-l.gone:
		return
	default:
	}
	own, err := l.endpoint.conn.Connected(peer, l.endpoint.sockets)
	if err != nil {
		l.cfg.Logger.Warn("session shares the endpoint's socket", "error", err)
		return
	}
	l.own.Store(own)
	l.moved <- struct{}{}
}

// challenge asks an address to prove itself.
func (l *serverLink) challenge(now time.Duration, to netip.AddrPort) {
	l.reply(&wire.Link{Kind: wire.LinkChallenge, Token: l.tokens.of(to, now)}, to)
}

func (l *serverLink) reply(m *wire.Link, to netip.AddrPort) {
	b, err := l.keys.append(nil, m, 0)
	if err == nil {
		l.send(b, len(b), to)
	}
}
