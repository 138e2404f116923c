package udplink

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
	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/wire"
)

// linkQueue is how many trains wait for a session that is slow to take them; more are dropped.
const linkQueue = 16

// moveEvery bounds how often a session moves to another address: routers forget a mapping far less often.
const moveEvery = 250 * time.Millisecond

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
	cfg      engine.Config
	queue    chan queuedTrain
	free     chan []byte
	proved   chan struct{} // closed when the client's address has proved itself
	gone     chan struct{}
	moved    chan struct{} // tells Receive of the own socket
	once     sync.Once
	peer     atomic.Pointer[netip.AddrPort] // where to send; nil before an address has proved itself
	proof    proof                          // of that address
	withheld atomic.Uint64
	forged   atomic.Uint64
	faults   atomic.Uint64
	rebinds  atomic.Uint64
	drops    atomic.Uint64
	own      atomic.Pointer[batchio.Conn]

	mu      sync.Mutex
	keys    *linkKeys
	tokens  *addressTokens
	greeted bool
	hello   time.Duration  // when the first authentic hello came
	shown   netip.AddrPort // an address that answered a challenge before its ready came
	shownAt time.Duration
	movedAt time.Duration
	path    engine.Path
	ready   bool
	scratch []byte
	answer  []byte

	// Receive only.
	timer *time.Timer
	age   time.Duration
	isOwn bool // the last datagrams came through the own socket
}

func newServerLink(e *Endpoint, cfg engine.Config) (*serverLink, error) {
	keys, err := newLinkKeys(&cfg, wire.DirLinkServer, wire.DirLinkClient)
	if err != nil {
		return nil, err
	}
	tokens, err := newAddressTokens(cfg.Rand)
	if err != nil {
		return nil, err
	}
	return &serverLink{endpoint: e, cfg: cfg, keys: keys, tokens: tokens,
		queue: make(chan queuedTrain, linkQueue), free: make(chan []byte, linkQueue),
		proved: make(chan struct{}), gone: make(chan struct{}), moved: make(chan struct{}, 1), scratch: make([]byte, 0, wire.MaxDatagram)}, nil
}

// Ready waits for the client's hello and the proof of its address.
func (l *serverLink) Ready(ctx context.Context) (engine.Path, error) {
	idle := time.NewTimer(l.cfg.IdleTimeout)
	defer idle.Stop()
	select {
	case <-l.proved:
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.path, nil
	case <-l.gone:
		return engine.Path{}, engine.ErrClosed
	case <-ctx.Done():
		return engine.Path{}, ctx.Err()
	case <-idle.C:
		return engine.Path{}, fmt.Errorf("no hello for %v: %w", l.cfg.IdleTimeout, engine.ErrPeerLost)
	}
}

func (l *serverLink) Send(train []byte, size int) error {
	select {
	case <-l.gone:
		return engine.ErrClosed
	default:
	}
	to := l.peer.Load()
	if to == nil || !l.proof.allows(l.cfg.Clock.Now(), len(train)) {
		l.withheld.Add(1) // nobody has proved to be there
		return nil
	}
	if own := l.own.Load(); own != nil {
		return lostIfTooLong(own.Send(train, size, *to))
	}
	return lostIfTooLong(l.endpoint.conn.Send(train, size, *to))
}

// Proved implements engine.Proving.
func (l *serverLink) Proved() bool { return l.proof.holds(l.cfg.Clock.Now()) }

func (l *serverLink) Receive(buf []byte, timeout time.Duration) (int, int, error) {
	l.askAgain()
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
		return 0, 0, engine.ErrClosed
	case <-l.timer.C:
		return 0, 0, nil
	}
}

// receiveOwn reads the session's own socket.
func (l *serverLink) receiveOwn(own *batchio.Conn, buf []byte, timeout time.Duration) (int, int, error) {
	n, size, from, err := own.Receive(buf, timeout)
	if err != nil {
		if errors.Is(err, net.ErrClosed) {
			return 0, 0, engine.ErrClosed
		}
		if batchio.Hearsay(err) {
			return 0, 0, nil // the peer's port is shut for the moment, or a stranger says so; silence decides
		}
		return 0, 0, err
	}
	l.age, l.isOwn = own.Age(), true
	n = takeLinks(buf, n, size, func(d []byte) { l.takeLink(d, len(d), l.cfg.Clock.Now()-l.age, from) })
	l.came(n, from)
	return n, min(size, n), nil
}

// came counts n bytes from an address.
func (l *serverLink) came(n int, from netip.AddrPort) {
	if peer := l.peer.Load(); n > 0 && peer != nil && *peer == from {
		l.proof.came(l.cfg.Clock.Now(), n)
	}
}

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

// Age implements engine.Stamped.
func (l *serverLink) Age() time.Duration { return l.age }

// StopTrains implements engine.TrainSender.
func (l *serverLink) StopTrains() {
	if own := l.own.Load(); own != nil {
		own.StopGSO()
	}
}

// Merged implements engine.Merging: what comes through the own socket is of the proved address.
func (l *serverLink) Merged() (merged, fromPeer bool) {
	own := l.own.Load()
	return l.isOwn && own.Merged(), l.isOwn
}

// SetMerging implements engine.Merging.
func (l *serverLink) SetMerging(on bool) error {
	if own := l.own.Load(); own != nil {
		return own.SetGRO(on)
	}
	return nil
}

// MergingFails implements engine.Merging.
func (l *serverLink) MergingFails() { l.faults.Add(1) }

func (l *serverLink) deliver(buf []byte, t queuedTrain) (int, int, error) {
	n := copy(buf, t.buf[:t.n])
	l.age, l.isOwn = l.cfg.Clock.Now()-t.came, false
	l.recycle(t.buf)
	return n, t.size, nil
}

// enqueue gives a train of an age to Receive and returns a buffer in exchange. Before the client's address has
// proved itself nothing is kept: datagrams that overtook the proof are sent again.
func (l *serverLink) enqueue(buf []byte, n, size int, age time.Duration, from netip.AddrPort) []byte {
	select {
	case <-l.proved:
	default:
		l.drops.Add(1)
		return buf
	}
	l.came(n, from)
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
		return make([]byte, trainBuffer)
	}
}

func (l *serverLink) recycle(b []byte) {
	select {
	case l.free <- b:
	default:
	}
}

func (l *serverLink) Stats() engine.LinkStats {
	conn := l.endpoint.conn
	if own := l.own.Load(); own != nil {
		conn = own
	}
	st := connStats(conn)
	st.ReceiveDrops += l.drops.Load()
	st.AuthFailures, st.Rebinds, st.MergeFaults = l.forged.Load(), l.rebinds.Load(), l.faults.Load()
	st.Withheld = l.withheld.Load()
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

// takeLink handles link packets that came from one address at a time of the session's clock. To an address that has not
// proved itself nothing leaves but answers to what came from it, each at most as long as that (TestUnprovedAddress).
func (l *serverLink) takeLink(b []byte, size int, now time.Duration, from netip.AddrPort) {
	l.came(len(b), from)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answer = l.answer[:0]
	answered, challenged := false, false
	token := l.tokens.of(from, now)
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

func (l *serverLink) send(b []byte, size int, to netip.AddrPort) {
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
// that answers once and falls silent is three times what came (TestAddressFallsSilentAfterMove).
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
