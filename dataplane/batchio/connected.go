package batchio

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// Share lets sockets of Connected stand beside this one on its port. It comes after bind, so a second
// process that wants the port still fails.
func (c *Conn) Share() error {
	return c.use(func(fd int) error {
		return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	})
}

// Connected opens another socket on the port of c for the datagrams of one peer: the kernel prefers it to
// c for them, so they have a buffer of their own and need no hand-over. c has to be shared.
func (c *Conn) Connected(peer netip.AddrPort, o Options) (*Conn, error) {
	lc := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		var inner error
		if err := raw.Control(func(fd uintptr) {
			inner = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
		}); err != nil {
			return err
		}
		return inner
	}}
	pc, err := lc.ListenPacket(context.Background(), "udp", c.bound)
	if err != nil {
		return nil, fmt.Errorf("share %s: %w", c.bound, err)
	}
	n, err := newConn(pc.(*net.UDPConn))
	if err != nil {
		return nil, fmt.Errorf("share %s: %w", c.bound, err)
	}
	err = n.Connect(peer) // at once: until then it takes anybody's datagrams
	if err == nil {
		err = n.configure(o)
	}
	if err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

// Connect has the socket take datagrams of one peer only; it may be called again for another.
func (c *Conn) Connect(peer netip.AddrPort) error {
	return c.use(func(fd int) error {
		var to unix.Sockaddr = &unix.SockaddrInet6{Addr: peer.Addr().As16(), Port: int(peer.Port())}
		if c.family == unix.AF_INET {
			to = &unix.SockaddrInet4{Addr: peer.Addr().As4(), Port: int(peer.Port())}
		}
		if err := unix.Connect(fd, to); err != nil {
			return fmt.Errorf("connect to %s: %w", peer, err)
		}
		return nil
	})
}
