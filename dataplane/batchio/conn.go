// Package batchio is a UDP socket that moves trains: many datagrams of one size that cross the
// kernel in one call, by UDP_SEGMENT (GSO) and UDP_GRO, or by sendmmsg and recvmmsg where the kernel or a
// device cannot do that. It refuses to know what the datagrams hold and when they are sent.
//
// Words: a datagram is one UDP payload; a train is datagrams back to back in memory, all of one
// size but the last, which may be shorter.
package batchio

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"

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

// Conn is a UDP socket. Send and Receive may be called from different goroutines; each
// from one at a time, except that Send is safe for concurrent use.
type Conn struct {
	mode       Mode
	family     int // AF_INET or AF_INET6
	readBuffer int
	bound      string // the local address as Listen took it
	local      netip.AddrPort
	gso        atomic.Bool
	gro        atomic.Bool
	fallbacks  atomic.Uint64
	drops      atomic.Uint64
	waiter     *waiter
	in         inbox

	mu     sync.RWMutex // held for reading by those who use fd
	fd     int
	closed bool

	// refuse is the kernel that does not send a train, for tests.
	refuse func(datagrams int) error
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
	c, err := newConn(udp)
	if err != nil {
		return nil, fmt.Errorf("listen on udp %s: %w", addr, err)
	}
	if err := c.configure(o); err != nil {
		c.Close()
		return nil, fmt.Errorf("configure udp %s: %w", addr, err)
	}
	return c, nil
}

// newConn takes the socket of udp over and closes udp. The socket leaves the runtime's poller, which would
// wake up for each datagram even while nobody waits for one.
func newConn(udp *net.UDPConn) (*Conn, error) {
	defer udp.Close()
	local := udp.LocalAddr().(*net.UDPAddr)
	c := &Conn{fd: -1, bound: local.String(), local: unmap(local.AddrPort())}
	raw, err := udp.SyscallConn()
	if err != nil {
		return nil, err
	}
	var inner error
	err = raw.Control(func(fd uintptr) {
		if c.family, inner = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_DOMAIN); inner == nil {
			c.fd, inner = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0)
		}
	})
	if err = errors.Join(err, inner); err != nil {
		return nil, err
	}
	// Sending waits for room in the socket's buffer, receiving has a waiter.
	if err := unix.SetNonblock(c.fd, false); err != nil {
		unix.Close(c.fd)
		return nil, err
	}
	_ = unix.SetsockoptTimeval(c.fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &unix.Timeval{Sec: 1})
	c.in.init(c)
	if c.waiter, err = newWaiter(c.fd, c.in.arrived); err != nil {
		unix.Close(c.fd)
		return nil, err
	}
	return c, nil
}

// configure sets the socket options. Only the offloads in mode On are worth failing for.
func (c *Conn) configure(o Options) error {
	c.mode = o.Offload
	return c.use(func(fd int) error {
		buffer(fd, unix.SO_RCVBUFFORCE, unix.SO_RCVBUF, o.ReadBuffer)
		buffer(fd, unix.SO_SNDBUFFORCE, unix.SO_SNDBUF, o.WriteBuffer)
		c.readBuffer, _ = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF)
		// Never fragment: the handshake finds the size that crosses. One of the two fails on a
		// socket of one family.
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_PROBE)
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER, unix.IPV6_PMTUDISC_PROBE)
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 1)
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
		if o.Offload == Off {
			return nil
		}
		groErr := unix.SetsockoptInt(fd, unix.IPPROTO_UDP, unix.UDP_GRO, 1)
		_, gsoErr := unix.GetsockoptInt(fd, unix.IPPROTO_UDP, unix.UDP_SEGMENT)
		c.gro.Store(groErr == nil)
		c.gso.Store(gsoErr == nil)
		if o.Offload == On {
			return errors.Join(groErr, gsoErr)
		}
		return nil
	})
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

// use calls f with the socket, which stays open meanwhile.
func (c *Conn) use(f func(fd int) error) error {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.closed {
		return net.ErrClosed
	}
	return f(c.fd)
}

// LocalAddr is the bound address.
func (c *Conn) LocalAddr() netip.AddrPort { return c.local }

// Close ends Receive with net.ErrClosed.
func (c *Conn) Close() error {
	c.waiter.close()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	c.closed = true
	return unix.Close(c.fd)
}

// GSO says whether trains leave in one piece, GRO whether they may arrive so.
func (c *Conn) GSO() bool { return c.gso.Load() }

// GRO says whether the kernel may merge arriving datagrams.
func (c *Conn) GRO() bool { return c.gro.Load() }

// StopGSO has trains leave datagram by datagram from now on.
func (c *Conn) StopGSO() {
	if c.gso.Swap(false) {
		c.fallbacks.Add(1)
	}
}

// SetGRO switches the merging of arriving datagrams. What was merged before and was not received yet
// arrives as one datagram that is too long.
func (c *Conn) SetGRO(on bool) error {
	value := 0
	if on {
		value = 1
	}
	err := c.use(func(fd int) error { return unix.SetsockoptInt(fd, unix.IPPROTO_UDP, unix.UDP_GRO, value) })
	if err != nil {
		return fmt.Errorf("switch merging of arriving datagrams: %w", err)
	}
	c.gro.Store(on)
	return nil
}

// Fallbacks counts the times that trains ceased to leave in one piece: the kernel refused one, or StopGSO.
func (c *Conn) Fallbacks() uint64 { return c.fallbacks.Load() }

// Drops is how many datagrams the receive buffer had no room for (SO_RXQ_OVFL).
func (c *Conn) Drops() uint64 { return c.drops.Load() }

// ReadBuffer is the size of the receive buffer in bytes as the kernel accounts it.
func (c *Conn) ReadBuffer() int { return c.readBuffer }

func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}
