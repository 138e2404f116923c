package udplink

import (
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

// Endpoint is one UDP port shared by all sessions of a node. It reads the socket, finds the session
// of each datagram by its connection id and drops the rest unseen.
type Endpoint struct {
	conn    *batchio.Conn
	options Options
	sockets batchio.Options // of the sessions' own sockets
	done    chan struct{}
	stray   atomic.Uint64

	mu     sync.RWMutex
	links  map[uint32]*serverLink
	past   Totals // of sessions that were removed
	closed bool
}

// Listen opens the port ("host:port", host may be empty for all addresses of both
// families) and serves it until Close.
func Listen(addr string, o Options) (*Endpoint, error) {
	o, bo, err := o.normal()
	if err != nil {
		return nil, fmt.Errorf("listen on udp %s: %w", addr, err)
	}
	conn, err := batchio.Listen("udp", addr, bo)
	if err != nil {
		return nil, err
	}
	if err := conn.Share(); err != nil {
		conn.Close()
		return nil, fmt.Errorf("listen on udp %s: share the port: %w", addr, err)
	}
	e := &Endpoint{conn: conn, options: o, sockets: bo, done: make(chan struct{}), links: map[uint32]*serverLink{}}
	go e.serve()
	return e, nil
}

// Register announces a session; datagrams with its connection id that pass authentication
// reach the returned link from then on. Closing the link removes the session.
func (e *Endpoint) Register(cfg engine.Config) (engine.Link, error) {
	cfg, err := cfg.WithDefaults()
	if err != nil {
		return nil, fmt.Errorf("register session: %w", err)
	}
	l, err := newServerLink(e, cfg)
	if err != nil {
		return nil, fmt.Errorf("register session: %w", err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, fmt.Errorf("register session: endpoint: %w", engine.ErrClosed)
	}
	if _, taken := e.links[cfg.ID.ConnID()]; taken {
		return nil, fmt.Errorf("register session: connection id %08x is taken", cfg.ID.ConnID())
	}
	e.links[cfg.ID.ConnID()] = l
	return l, nil
}

// Addr is the bound address.
func (e *Endpoint) Addr() netip.AddrPort { return e.conn.LocalAddr() }

// Stray counts datagrams that belong to no session.
func (e *Endpoint) Stray() uint64 { return e.stray.Load() }

// Close closes the port and every link registered on it.
func (e *Endpoint) Close() error {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return nil
	}
	e.closed = true
	links := make([]*serverLink, 0, len(e.links))
	for _, l := range e.links {
		links = append(links, l)
	}
	e.mu.Unlock()
	for _, l := range links {
		l.Close()
	}
	err := e.conn.Close()
	<-e.done
	return err
}

func (e *Endpoint) find(conn uint32) *serverLink {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.links[conn]
}

func (e *Endpoint) remove(l *serverLink) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.links[l.cfg.ID.ConnID()] == l {
		delete(e.links, l.cfg.ID.ConnID())
		e.past.add(l.counted())
	}
}

// serve reads the socket until it is closed.
func (e *Endpoint) serve() {
	defer close(e.done)
	buf := make([]byte, trainBuffer)
	for {
		n, size, from, err := e.conn.Receive(buf, time.Hour)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil || n == 0 {
			continue
		}
		buf = e.dispatch(buf, n, size, e.conn.Age(), from)
	}
}

// dispatch hands a train of an age to its session and returns the buffer to read into next. A train comes from
// one address; should it hold packets of several sessions, it is cut.
func (e *Endpoint) dispatch(buf []byte, n, size int, age time.Duration, from netip.AddrPort) []byte {
	head, err := wire.ParsePrefix(buf[:min(size, n)])
	if err != nil {
		e.stray.Add(1)
		if size >= n {
			return buf
		}
	}
	l := e.find(head.ConnID)
	if err == nil && l != nil && uniform(buf[:n], size) {
		if head.Type == wire.TypeLink {
			l.takeLink(buf[:n], size, l.cfg.Clock.Now()-age, from)
			return buf
		}
		return l.enqueue(buf, n, size, age, from)
	}
	for p := buf[:n]; len(p) > 0; {
		d := p[:min(size, len(p))]
		p = p[len(d):]
		head, err := wire.ParsePrefix(d)
		if err != nil {
			e.stray.Add(1)
			continue
		}
		switch l := e.find(head.ConnID); {
		case l == nil:
			e.stray.Add(1)
		case head.Type == wire.TypeLink:
			l.takeLink(d, len(d), l.cfg.Clock.Now()-age, from)
		default:
			single := l.buffer()
			copy(single, d)
			l.recycle(l.enqueue(single, len(d), len(d), age, from))
		}
	}
	return buf
}

// uniform says that every packet of a train has the connection id of the first and that all of them are
// link packets or none is.
func uniform(b []byte, size int) bool {
	for at := size; at < len(b); at += size {
		if len(b)-at < wire.PrefixSize || [4]byte(b[at+1:]) != [4]byte(b[1:]) || isLink(b[at:]) != isLink(b) {
			return false
		}
	}
	return true
}
