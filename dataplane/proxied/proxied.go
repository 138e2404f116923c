// Package proxied accepts TCP connections that come through balancers which speak the PROXY protocol, versions 1 and 2
// (https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt). Those that are trusted say whom they speak for; who
// else sends such a header is cut off. The package knows nothing of what is said over the connections.
package proxied

import (
	"bufio"
	"bytes"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	proxyproto "github.com/pires/go-proxyproto"

	"faspex.io/operator/dataplane/admission"
	"faspex.io/operator/dataplane/token"
)

const (
	// headerTime is how long a trusted address may take for the header, or for the first bytes of a client without one.
	headerTime = 10 * time.Second
	// mostPending bounds the trusted connections that have not sent them.
	mostPending = 512
)

// errHeader is what those read who serve a connection of an address that is not trusted.
var errHeader = errors.New("a header of the PROXY protocol from an address that is not trusted")

// Listener accepts connections whose RemoteAddr is the client's.
type Listener struct {
	net.Listener
	trusted []netip.Prefix
	log     *slog.Logger

	accepted chan net.Conn
	pending  chan struct{}
	failed   chan error
	ended    chan struct{}
	end      sync.Once
}

// Listen wraps a listener. Addresses in trusted may send a header; a connection from there without one is taken as it
// is.
func Listen(l net.Listener, trusted []netip.Prefix, log *slog.Logger) *Listener {
	p := &Listener{
		Listener: l, trusted: trusted, log: log,
		accepted: make(chan net.Conn), pending: make(chan struct{}, mostPending),
		failed: make(chan error), ended: make(chan struct{}),
	}
	go p.run()
	return p
}

// Accept waits for the next connection whose client is known. A balancer that is slow holds up nobody else.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.accepted:
		return c, nil
	case err := <-l.failed:
		return nil, err
	case <-l.ended:
		return nil, net.ErrClosed
	}
}

// Close stops accepting. A connection that waits for its header is closed when that has come, or not in time.
func (l *Listener) Close() error {
	l.end.Do(func() { close(l.ended) })
	return l.Listener.Close()
}

func (l *Listener) run() {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			select {
			case l.failed <- err: // Whoever accepts decides whether to go on.
				continue
			case <-l.ended:
				return
			}
		}
		if !token.InNetworks(l.trusted, admission.IP(c.RemoteAddr())) {
			l.deliver(&untrusted{Conn: c, log: l.log})
			continue
		}
		select {
		case l.pending <- struct{}{}:
			go func() {
				defer func() { <-l.pending }()
				l.header(c)
			}()
		default:
			l.log.Warn("connection refused: too many of trusted proxies have said nothing yet", "proxy", c.RemoteAddr())
			_ = c.Close()
		}
	}
}

func (l *Listener) deliver(c net.Conn) {
	select {
	case l.accepted <- c:
	case <-l.ended:
		_ = c.Close()
	}
}

// header reads what a trusted proxy says of its client.
func (l *Listener) header(c net.Conn) {
	_ = c.SetReadDeadline(time.Now().Add(headerTime))
	r := bufio.NewReaderSize(c, 4<<10)
	h, err := proxyproto.Read(r)
	if err != nil && !errors.Is(err, proxyproto.ErrNoProxyProtocol) {
		l.log.Info("header of the PROXY protocol can't be read", "proxy", c.RemoteAddr(), "error", err)
		_ = c.Close()
		return
	}
	_ = c.SetReadDeadline(time.Time{})
	client := c.RemoteAddr()
	// A balancer that speaks for itself, to see whether the node is up, names nobody.
	if err == nil && !h.Command.IsLocal() {
		if source, _, ok := h.TCPAddrs(); ok {
			client = source
		}
	}
	l.deliver(&conn{Conn: c, r: r, client: client})
}

// conn is a connection with the address of its client.
type conn struct {
	net.Conn
	r      *bufio.Reader
	client net.Addr
}

// RemoteAddr is the client's.
func (c *conn) RemoteAddr() net.Addr { return c.client }

func (c *conn) Read(p []byte) (int, error) { return c.r.Read(p) }

// CloseWrite ends what is sent, so that the peer can still be read.
func (c *conn) CloseWrite() error { return closeWrite(c.Conn) }

// untrusted is a connection that ends when it begins with a header.
type untrusted struct {
	net.Conn
	log *slog.Logger
	// began are the first bytes, until they can't become a header any more. One goroutine reads.
	began   []byte
	decided bool
}

var signatures = [][]byte{proxyproto.SIGV1, proxyproto.SIGV2}

func (c *untrusted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.decided || n == 0 {
		return n, err
	}
	c.began = append(c.began, p[:min(n, len(proxyproto.SIGV2))]...)
	c.decided = true
	for _, s := range signatures {
		if bytes.HasPrefix(c.began, s) {
			c.log.Warn("connection ended: an address that is not trusted speaks the PROXY protocol", "client", c.RemoteAddr())
			_ = c.Close()
			c.decided = false // Whatever is read goes on failing.
			return 0, errHeader
		}
		if bytes.HasPrefix(s, c.began) {
			c.decided = false
		}
	}
	return n, err
}

// CloseWrite ends what is sent, so that the peer can still be read.
func (c *untrusted) CloseWrite() error { return closeWrite(c.Conn) }

func closeWrite(c net.Conn) error {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
