// Package batchio is a UDP socket that moves trains: many datagrams of one size that cross the
// kernel in one call, by UDP_SEGMENT (GSO) on the way out and UDP_GRO on the way in. It refuses to
// know what the datagrams hold and when they are sent.
//
// Words: a datagram is one UDP payload; a train is datagrams back to back in memory, all of one
// size but the last, which may be shorter.
package batchio

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Mode is the switch of the offloads.
type Mode int

// The positions of the switch.
const (
	Auto Mode = iota // use them until the kernel refuses
	On               // use them and fail when the kernel refuses
	Off
)

// Limits of a train that every kernel with UDP_SEGMENT accepts: udp(7) UDP_MAX_SEGMENTS, and the
// largest UDP payload over IPv4.
const (
	MaxSegments   = 64
	MaxTrainBytes = 65507
	// ReceiveBuffer is the least buffer for Receive: what GRO can merge at most.
	ReceiveBuffer = 65535
)

// Options describe a socket.
type Options struct {
	Offload     Mode
	ReadBuffer  int // wanted SO_RCVBUF in bytes
	WriteBuffer int // wanted SO_SNDBUF in bytes
}

// Conn is an unconnected UDP socket. Send and Receive may be called from different goroutines; each
// from one at a time, except that Send is safe for concurrent use.
type Conn struct {
	udp        *net.UDPConn
	mode       Mode
	gso        atomic.Bool
	gro        bool
	fallbacks  atomic.Uint64
	drops      atomic.Uint64
	readBuffer int
	oob        []byte
	deadline   time.Time

	// send is the system call, exchanged by tests.
	send func(b, oob []byte, to netip.AddrPort) (int, int, error)
}

// Listen opens a socket on addr ("host:port"; "" and ":0" are valid).
func Listen(network, addr string, o Options) (*Conn, error) {
	local, err := net.ResolveUDPAddr(network, addr)
	if err != nil {
		return nil, fmt.Errorf("resolve %s: %w", addr, err)
	}
	udp, err := net.ListenUDP(network, local)
	if err != nil {
		return nil, fmt.Errorf("listen on udp %s: %w", addr, err)
	}
	c := &Conn{udp: udp, mode: o.Offload, oob: make([]byte, 256)}
	c.send = udp.WriteMsgUDPAddrPort
	if err := c.configure(o); err != nil {
		udp.Close()
		return nil, fmt.Errorf("configure udp %s: %w", addr, err)
	}
	return c, nil
}

// configure sets the socket options. Only the offloads in mode On are worth failing for.
func (c *Conn) configure(o Options) error {
	raw, err := c.udp.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	err = raw.Control(func(fd uintptr) {
		s := int(fd)
		buffer(s, unix.SO_RCVBUFFORCE, unix.SO_RCVBUF, o.ReadBuffer)
		buffer(s, unix.SO_SNDBUFFORCE, unix.SO_SNDBUF, o.WriteBuffer)
		c.readBuffer, _ = unix.GetsockoptInt(s, unix.SOL_SOCKET, unix.SO_RCVBUF)
		// Never fragment: the handshake finds the size that crosses. One of the two fails on a
		// socket of one family.
		_ = unix.SetsockoptInt(s, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_PROBE)
		_ = unix.SetsockoptInt(s, unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER, unix.IPV6_PMTUDISC_PROBE)
		_ = unix.SetsockoptInt(s, unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 1)
		if o.Offload == Off {
			return
		}
		groErr := unix.SetsockoptInt(s, unix.IPPROTO_UDP, unix.UDP_GRO, 1)
		_, gsoErr := unix.GetsockoptInt(s, unix.IPPROTO_UDP, unix.UDP_SEGMENT)
		c.gro = groErr == nil
		c.gso.Store(gsoErr == nil)
		if o.Offload == On {
			inner = errors.Join(groErr, gsoErr)
		}
	})
	return errors.Join(err, inner)
}

// buffer asks for a socket buffer beyond the system's limit, then within it.
func buffer(fd, force, plain, size int) {
	if size <= 0 {
		return
	}
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, force, size) != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, plain, size)
	}
}

// LocalAddr is the bound address.
func (c *Conn) LocalAddr() netip.AddrPort {
	return unmap(c.udp.LocalAddr().(*net.UDPAddr).AddrPort())
}

// Close ends Receive with net.ErrClosed.
func (c *Conn) Close() error { return c.udp.Close() }

// GSO says whether trains leave in one piece, GRO whether they may arrive so.
func (c *Conn) GSO() bool { return c.gso.Load() }

// GRO says whether the kernel may merge arriving datagrams.
func (c *Conn) GRO() bool { return c.gro }

// Fallbacks counts the trains the kernel refused and that left datagram by datagram.
func (c *Conn) Fallbacks() uint64 { return c.fallbacks.Load() }

// Drops is how many datagrams the receive buffer had no room for (SO_RXQ_OVFL).
func (c *Conn) Drops() uint64 { return c.drops.Load() }

// ReadBuffer is the size of the receive buffer in bytes as the kernel accounts it.
func (c *Conn) ReadBuffer() int { return c.readBuffer }

// Receive waits until timeout has passed for datagrams from one address, lays them back to back
// into buf and returns their size. n == 0 and no error is a timeout.
func (c *Conn) Receive(buf []byte, timeout time.Duration) (n, size int, from netip.AddrPort, err error) {
	// Moving the deadline is not free: keep one that is near enough.
	now := time.Now()
	if want := now.Add(timeout); c.deadline.After(want) || want.Sub(c.deadline) > timeout/4 {
		c.deadline = want
		if err := c.udp.SetReadDeadline(want); err != nil {
			return 0, 0, from, err
		}
	}
	n, oobn, _, from, err := c.udp.ReadMsgUDPAddrPort(buf, c.oob)
	if err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return 0, 0, from, nil
		}
		return 0, 0, from, err
	}
	size = n
	segment, drops := parseControl(c.oob[:oobn])
	if segment > 0 && segment < n {
		size = segment
	}
	if drops > 0 {
		c.drops.Store(uint64(drops))
	}
	return n, size, unmap(from), nil
}

func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}
