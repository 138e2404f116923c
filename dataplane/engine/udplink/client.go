package udplink

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"faspex.io/operator/dataplane/batchio"
	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/wire"
)

const (
	pingEvery    = proofDue
	silentPing   = 250 * time.Millisecond // without a proof
	readyRetries = 20
	// The peer takes no data before ready, so a lost one is not waited for: copies follow it, apart enough for a burst of
	// losses to spare one.
	readyCopies = 4
	readyGap    = 2 * time.Millisecond
)

// clientLink is the dialling side of a link. Its socket is not connected, so a change of the own
// address needs nothing but the server's challenge.
type clientLink struct {
	conn   *batchio.Conn
	cfg    engine.Config
	server netip.AddrPort
	path   engine.Path
	proof  proof // of the server's address
	forged atomic.Uint64
	faults atomic.Uint64

	withheld atomic.Uint64

	mu      sync.Mutex // keys and what follows
	keys    *linkKeys
	ready   wire.Link
	acked   bool
	retries int
	pinged  uint64 // what the next pong has to bring back, 0 is nothing
	scratch []byte

	// Receive only.
	nextTick time.Duration
	fromPeer bool // the last datagrams came from the server's address
}

func (l *clientLink) Ready(context.Context) (engine.Path, error) { return l.path, nil }

func (l *clientLink) Send(train []byte, size int) error {
	if !l.proof.allows(l.cfg.Clock.Now(), len(train)) {
		l.withheld.Add(1)
		return nil
	}
	return lostIfTooLong(l.conn.Send(train, size, l.server))
}

func (l *clientLink) Receive(buf []byte, timeout time.Duration) (int, int, error) {
	now := l.cfg.Clock.Now()
	for end := now + timeout; ; {
		if err := l.tick(now); err != nil {
			return 0, 0, err
		}
		n, size, from, err := l.conn.Receive(buf, max(min(end, l.nextTick)-now, 0))
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				err = engine.ErrClosed
			}
			return 0, 0, err
		}
		now = l.cfg.Clock.Now()
		if n > 0 { // any source: packets authenticate themselves
			if l.fromPeer = from == l.server; l.fromPeer {
				l.proof.came(now, n)
			}
			if n = takeLinks(buf, n, size, l.takeLink); n > 0 {
				return n, min(size, n), nil
			}
		}
		if now >= end {
			return 0, 0, nil
		}
	}
}

// Proved implements engine.Proving.
func (l *clientLink) Proved() bool { return l.proof.holds(l.cfg.Clock.Now()) }

// Age implements engine.Stamped.
func (l *clientLink) Age() time.Duration { return l.conn.Age() }

// StopTrains implements engine.TrainSender.
func (l *clientLink) StopTrains() { l.conn.StopGSO() }

// Merged implements engine.Merging.
func (l *clientLink) Merged() (merged, fromPeer bool) { return l.conn.Merged(), l.fromPeer }

// SetMerging implements engine.Merging.
func (l *clientLink) SetMerging(on bool) error { return l.conn.SetGRO(on) }

// MergingFails implements engine.Merging.
func (l *clientLink) MergingFails() { l.faults.Add(1) }

// takeLink handles a link packet.
func (l *clientLink) takeLink(d []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var m wire.Link
	if l.keys.parse(&m, d, l.scratch) != nil {
		l.forged.Add(1)
		return
	}
	now := l.cfg.Clock.Now()
	switch m.Kind {
	case wire.LinkReadyAck:
		l.acked = true
	case wire.LinkPong:
		l.acked = true
		if m.Time == l.pinged && l.pinged != 0 {
			l.pinged = 0
			l.proof.renew(now, l.path.RTT)
			l.nextTick = now + pingEvery
		}
	case wire.LinkChallenge:
		if !l.proof.allows(now, wire.LinkPacketSize) {
			l.withheld.Add(1) // the server has to show first that it is still there
			return
		}
		_ = l.sendLink(&wire.Link{Kind: wire.LinkResponse, Token: m.Token})
	}
}

// tick repeats the ready packet until it is acknowledged, keeps the path alive, and has the server's address prove
// itself.
func (l *clientLink) tick(now time.Duration) error {
	if now < l.nextTick {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.acked && l.retries < readyRetries {
		l.retries++
		l.nextTick = now + max(l.path.RTT*3/2, 20*time.Millisecond)
		if l.retries < readyCopies {
			l.nextTick = now + readyGap
		}
		if err := l.sendLink(&l.ready); err != nil || l.retries < readyCopies {
			return err
		}
		return l.ping()
	}
	l.nextTick = now + silentPing
	if l.proof.holds(now) {
		l.nextTick = now + proofRetry
	}
	return l.ping()
}

// ping asks the server for a sign of life that only who reads at its address can give.
func (l *clientLink) ping() error {
	if l.pinged == 0 {
		var err error
		if l.pinged, err = random64(l.cfg.Rand); err != nil {
			return err
		}
	}
	return l.sendLink(&wire.Link{Kind: wire.LinkPing, Token: l.ready.Token, Time: l.pinged})
}

func (l *clientLink) sendLink(m *wire.Link) error {
	b, err := l.keys.append(nil, m, 0)
	if err != nil {
		return err
	}
	return l.conn.Send(b, len(b), l.server)
}

func (l *clientLink) Stats() engine.LinkStats {
	st := connStats(l.conn)
	st.AuthFailures, st.MergeFaults, st.Withheld = l.forged.Load(), l.faults.Load(), l.withheld.Load()
	return st
}

func (l *clientLink) Close() error { return l.conn.Close() }
