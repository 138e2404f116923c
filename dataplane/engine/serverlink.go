package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"faspex.io/operator/dataplane/batchio"
	"faspex.io/operator/dataplane/wire"
)

// linkQueue is how many trains wait for a session that is slow to take them; more are dropped.
const linkQueue = 16

// challengeEvery bounds how often a new address is challenged.
const challengeEvery = 50 * time.Millisecond

type queuedTrain struct {
	buf     []byte
	n, size int
	came    time.Duration // when it reached the machine, by the session's clock
}

// serverLink is the listening side of a link. Until the client's address has proved itself, and again
// when it moves, its datagrams come through the endpoint's socket and wait in a queue; else through a
// connected socket of the session's own on the same port.
type serverLink struct {
	endpoint *Endpoint
	cfg      Config
	queue    chan queuedTrain
	free     chan []byte
	proved   chan struct{} // closed when the client's address has proved itself
	gone     chan struct{}
	moved    chan struct{} // tells Receive of the own socket
	once     sync.Once
	peer     atomic.Pointer[netip.AddrPort] // where to send; nil before the first authentic hello
	forged   atomic.Uint64
	faults   atomic.Uint64
	rebinds  atomic.Uint64
	drops    atomic.Uint64
	own      atomic.Pointer[batchio.Conn]

	mu         sync.Mutex
	keys       *linkKeys
	token      uint64
	candidate  netip.AddrPort // an address that was sent a challenge
	challenge  uint64
	challenged time.Duration
	path       Path
	ready      bool
	scratch    []byte
	answer     []byte

	// Receive only.
	timer *time.Timer
	age   time.Duration
	isOwn bool // the last datagrams came through the own socket
}

func newServerLink(e *Endpoint, cfg Config) (*serverLink, error) {
	keys, err := newLinkKeys(&cfg, wire.DirLinkServer, wire.DirLinkClient)
	if err != nil {
		return nil, err
	}
	token, err := random64(cfg.Rand)
	if err != nil {
		return nil, err
	}
	return &serverLink{endpoint: e, cfg: cfg, keys: keys, token: token,
		queue: make(chan queuedTrain, linkQueue), free: make(chan []byte, linkQueue),
		proved: make(chan struct{}), gone: make(chan struct{}), moved: make(chan struct{}, 1), scratch: make([]byte, 0, wire.MaxDatagram)}, nil
}

// Ready waits for the client's hello and the proof of its address.
func (l *serverLink) Ready(ctx context.Context) (Path, error) {
	idle := time.NewTimer(l.cfg.IdleTimeout)
	defer idle.Stop()
	select {
	case <-l.proved:
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.path, nil
	case <-l.gone:
		return Path{}, ErrClosed
	case <-ctx.Done():
		return Path{}, ctx.Err()
	case <-idle.C:
		return Path{}, fmt.Errorf("no hello for %v: %w", l.cfg.IdleTimeout, ErrPeerLost)
	}
}

func (l *serverLink) Send(train []byte, size int) error {
	select {
	case <-l.gone:
		return ErrClosed
	default:
	}
	to := l.peer.Load()
	if to == nil {
		return nil // nobody has proved to be there
	}
	if own := l.own.Load(); own != nil {
		return lostIfTooLong(own.Send(train, size, *to))
	}
	return lostIfTooLong(l.endpoint.conn.Send(train, size, *to))
}

func (l *serverLink) Receive(buf []byte, timeout time.Duration) (int, int, error) {
	if own := l.own.Load(); own != nil {
		// Before the queue is looked at: what is queued afterwards wakes the reader of the socket.
		own.Arm()
		select {
		case t := <-l.queue:
			return l.deliver(buf, t)
		default:
			return l.receiveOwn(own, buf, timeout)
		}
	}
	if l.timer == nil {
		l.timer = time.NewTimer(timeout)
	} else {
		l.timer.Reset(timeout)
	}
	defer l.timer.Stop()
	select {
	case t := <-l.queue:
		return l.deliver(buf, t)
	case <-l.moved:
		return 0, 0, nil // the session has a socket of its own now
	case <-l.gone:
		return 0, 0, ErrClosed
	case <-l.timer.C:
		return 0, 0, nil
	}
}

// receiveOwn reads the session's own socket.
func (l *serverLink) receiveOwn(own *batchio.Conn, buf []byte, timeout time.Duration) (int, int, error) {
	n, size, from, err := own.Receive(buf, timeout)
	if err != nil {
		if errors.Is(err, net.ErrClosed) {
			return 0, 0, ErrClosed
		}
		if batchio.Hearsay(err) {
			return 0, 0, nil // the peer's port is shut for the moment, or a stranger says so; silence decides
		}
		return 0, 0, err
	}
	l.age, l.isOwn = own.Age(), true
	return takeLinks(buf, n, size, func(d []byte) { l.takeLink(d, len(d), l.cfg.Clock.Now()-l.age, from) }), min(size, n), nil
}

// Age implements stamped.
func (l *serverLink) Age() time.Duration { return l.age }

// StopTrains implements trainSender.
func (l *serverLink) StopTrains() {
	if own := l.own.Load(); own != nil {
		own.StopGSO()
	}
}

// Merged implements merging: what comes through the own socket is of the proved address.
func (l *serverLink) Merged() (merged, fromPeer bool) {
	own := l.own.Load()
	return l.isOwn && own.Merged(), l.isOwn
}

// SetMerging implements merging.
func (l *serverLink) SetMerging(on bool) error {
	if own := l.own.Load(); own != nil {
		return own.SetGRO(on)
	}
	return nil
}

// MergingFails implements merging.
func (l *serverLink) MergingFails() { l.faults.Add(1) }

func (l *serverLink) deliver(buf []byte, t queuedTrain) (int, int, error) {
	n := copy(buf, t.buf[:t.n])
	l.age, l.isOwn = l.cfg.Clock.Now()-t.came, false
	l.recycle(t.buf)
	return n, t.size, nil
}

// enqueue gives a train of an age to Receive and returns a buffer in exchange. Before the client's address has
// proved itself nothing is kept: datagrams that overtook the proof are sent again.
func (l *serverLink) enqueue(buf []byte, n, size int, age time.Duration) []byte {
	select {
	case <-l.proved:
	default:
		l.drops.Add(1)
		return buf
	}
	other := l.buffer()
	select {
	case l.queue <- queuedTrain{buf, n, size, l.cfg.Clock.Now() - age}:
		if own := l.own.Load(); own != nil {
			own.Wake()
		}
		return other
	default:
		l.drops.Add(1)
		l.recycle(other)
		return buf
	}
}

func (l *serverLink) buffer() []byte {
	select {
	case b := <-l.free:
		return b
	default:
		return make([]byte, receiveBuffer)
	}
}

func (l *serverLink) recycle(b []byte) {
	select {
	case l.free <- b:
	default:
	}
}

func (l *serverLink) Stats() LinkStats {
	conn := l.endpoint.conn
	if own := l.own.Load(); own != nil {
		conn = own
	}
	st := connStats(conn)
	st.ReceiveDrops += l.drops.Load()
	st.AuthFailures, st.Rebinds, st.MergeFaults = l.forged.Load(), l.rebinds.Load(), l.faults.Load()
	return st
}

func (l *serverLink) Close() error {
	l.once.Do(func() {
		close(l.gone)
		l.endpoint.remove(l)
		l.mu.Lock()
		defer l.mu.Unlock()
		if own := l.own.Load(); own != nil {
			own.Close()
		}
	})
	return nil
}

// takeLink handles link packets that came from one address at a time of the session's clock.
func (l *serverLink) takeLink(b []byte, size int, now time.Duration, from netip.AddrPort) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answer = l.answer[:0]
	answered := false
	for len(b) > 0 {
		d := b[:min(size, len(b))]
		b = b[len(d):]
		var m wire.Link
		if err := l.keys.parse(&m, d, l.scratch); err != nil {
			l.forged.Add(1)
			continue
		}
		if m.Kind == wire.LinkHello && l.takeHello(&m, len(d), now, from) {
			answered = true
			continue
		}
		l.takeOther(&m, now, from)
	}
	if answered {
		l.send(l.answer, min(size, len(l.answer)), from)
	}
}

func (l *serverLink) send(b []byte, size int, to netip.AddrPort) {
	if err := l.endpoint.conn.Send(b, size, to); err != nil {
		l.cfg.Logger.Debug("link packet not sent", "to", to, "error", err)
	}
}

// takeHello appends the answer to a hello, as long as it. The first address that sends an authentic one
// is where the session goes; another one has to be challenged like any.
func (l *serverLink) takeHello(m *wire.Link, size int, now time.Duration, from netip.AddrPort) bool {
	if size > l.endpoint.options.MaxDatagram {
		return false
	}
	if l.peer.Load() == nil {
		l.peer.Store(&from)
	}
	if *l.peer.Load() != from {
		if l.ready {
			l.probe(now, from)
			return false
		}
		l.peer.Store(&from) // the client asks again from another port before it was ready
	}
	var err error
	l.answer, err = l.keys.append(l.answer, &wire.Link{Kind: wire.LinkAnswer, Seq: m.Seq, Size: m.Size, Token: l.token,
		Time: m.Time, Arrival: uint64(now.Microseconds())}, size)
	return err == nil
}

func (l *serverLink) takeOther(m *wire.Link, now time.Duration, from netip.AddrPort) {
	peer := l.peer.Load()
	switch m.Kind {
	case wire.LinkReady:
		if m.Token != l.token || peer == nil || int(m.Size) < wire.MinDatagram || int(m.Size) > l.endpoint.options.MaxDatagram {
			return
		}
		if *peer != from {
			l.probe(now, from)
			return
		}
		if !l.ready {
			l.ready = true
			overhead := 28
			if from.Addr().Is6() {
				overhead = 48
			}
			l.path = Path{MaxDatagram: int(m.Size), RTT: time.Duration(min(m.RTTMicro, 60e6)) * time.Microsecond,
				CapacityBps: int64(min(m.DownBps, 1<<40)), Overhead: overhead,
				LocalAddr: l.endpoint.Addr().String(), RemoteAddr: from.String()}
			l.separate(from)
			close(l.proved)
		}
		l.reply(&wire.Link{Kind: wire.LinkReadyAck}, from)
	case wire.LinkPing:
		switch {
		case peer == nil || m.Token != l.token:
		case *peer != from:
			l.probe(now, from)
		default:
			l.reply(&wire.Link{Kind: wire.LinkPong, Time: m.Time}, from)
		}
	case wire.LinkResponse:
		if l.challenge != 0 && m.Token == l.challenge && from == l.candidate {
			l.peer.Store(&from)
			l.challenge = 0
			if own := l.own.Load(); own != nil {
				if err := own.Connect(from); err != nil {
					l.cfg.Logger.Warn("socket does not follow the peer", "error", err)
				}
			}
			l.rebinds.Add(1)
			l.cfg.Logger.Info("peer moved", "session", fmt.Sprintf("%016x", uint64(l.cfg.ID)), "address", from)
		}
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

// probe challenges an address the session does not go to.
func (l *serverLink) probe(now time.Duration, to netip.AddrPort) {
	if l.challenge != 0 && l.candidate == to && now-l.challenged < challengeEvery {
		return
	}
	token, err := random64(l.cfg.Rand)
	if err != nil {
		return
	}
	l.candidate, l.challenge, l.challenged = to, token|1, now
	l.reply(&wire.Link{Kind: wire.LinkChallenge, Token: token | 1}, to)
}

func (l *serverLink) reply(m *wire.Link, to netip.AddrPort) {
	b, err := l.keys.append(nil, m, 0)
	if err == nil {
		l.send(b, len(b), to)
	}
}
