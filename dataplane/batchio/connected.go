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
	return c.control(func(fd int) error {
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
	local := c.udp.LocalAddr()
	pc, err := lc.ListenPacket(context.Background(), "udp", local.String())
	if err != nil {
		return nil, fmt.Errorf("share %s: %w", local, err)
	}
	n := &Conn{udp: pc.(*net.UDPConn), mode: o.Offload, oob: make([]byte, 256)}
	n.send = n.udp.WriteMsgUDPAddrPort
	if err := n.Connect(peer); err != nil {
		pc.Close()
		return nil, err
	}
	if err := n.configure(o); err != nil {
		pc.Close()
		return nil, fmt.Errorf("configure %s: %w", local, err)
	}
	return n, nil
}

// Connect has the socket take datagrams of one peer only; it may be called again for another.
func (c *Conn) Connect(peer netip.AddrPort) error {
	return c.control(func(fd int) error {
		domain, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
		if err != nil {
			return fmt.Errorf("connect to %s: %w", peer, err)
		}
		var to unix.Sockaddr = &unix.SockaddrInet6{Addr: peer.Addr().As16(), Port: int(peer.Port())}
		if domain == unix.AF_INET {
			to = &unix.SockaddrInet4{Addr: peer.Addr().As4(), Port: int(peer.Port())}
		}
		if err := unix.Connect(fd, to); err != nil {
			return fmt.Errorf("connect to %s: %w", peer, err)
		}
		return nil
	})
}

func (c *Conn) control(f func(fd int) error) error {
	raw, err := c.udp.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	if err := raw.Control(func(fd uintptr) { inner = f(int(fd)) }); err != nil {
		return err
	}
	return inner
}
