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
		proved: make(chan struct{}), gone: make(chan struct{}), moved: make(chan struct{}, 1),
		scratch: make([]byte, 0, wire.MaxDatagram)}, nil
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
