package batchio

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// outbox is what one sending call needs. They are kept, so that sending allocates nothing.
type outbox struct {
	name    [unix.SizeofSockaddrInet6]byte
	control [32]byte
	msgs    [batch]unix.Mmsghdr
	iovs    [batch]unix.Iovec
}

var outboxes = sync.Pool{New: func() any { return new(outbox) }}

// Send transmits a train of datagrams of size bytes (the last may be shorter) to an address.
// It splits trains at the kernel's limits, and falls back to single datagrams, for good, when the
// kernel refuses a train (EIO: the device has no checksum offload) and the mode is Auto.
func (c *Conn) Send(train []byte, size int, to netip.AddrPort) error {
	if size <= 0 {
		return fmt.Errorf("send: datagram size %d", size)
	}
	o := outboxes.Get().(*outbox)
	defer outboxes.Put(o)
	name, err := o.address(to, c.family)
	if err != nil {
		return fmt.Errorf("send to %s: %w", to, err)
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.closed {
		return fmt.Errorf("send to %s: %w", to, net.ErrClosed)
	}
	for len(train) > 0 {
		var n int
		var err error
		if c.gso.Load() && len(train) > size {
			n = min(len(train), size*max(1, min(MaxSegments, MaxTrainBytes/size)))
			err = c.sendWhole(o, train[:n], size, name)
			if n > size && refused(err) && c.mode == Auto {
				c.StopGSO()
				continue
			}
		} else {
			n, err = c.sendSingly(o, train, size, name)
		}
		if err != nil && !transient(err) {
			return fmt.Errorf("send to %s: %w", to, err)
		}
		train = train[n:]
	}
	return nil
}

// sendWhole has the kernel cut a train into datagrams.
func (c *Conn) sendWhole(o *outbox, p []byte, size int, name uint32) error {
	if c.refuse != nil {
		if err := c.refuse((len(p) + size - 1) / size); err != nil {
			return err
		}
	}
	o.iovs[0] = unix.Iovec{Base: &p[0], Len: uint64(len(p))}
	m := &o.msgs[0].Hdr
	*m = unix.Msghdr{Name: &o.name[0], Namelen: name, Iov: &o.iovs[0], Iovlen: 1}
	if len(p) > size {
		control := segmentControl(o.control[:], size)
		m.Control, m.Controllen = &control[0], uint64(len(control))
	}
	for {
		_, _, errno := unix.Syscall(unix.SYS_SENDMSG, uintptr(c.fd), uintptr(unsafe.Pointer(m)), 0)
		if errno != unix.EINTR {
			return orNil(errno)
		}
	}
}

// sendSingly hands the datagrams of a train to the kernel one by one, in one call, and says how many bytes
// are done with: those before one that failed, and that one.
func (c *Conn) sendSingly(o *outbox, p []byte, size int, name uint32) (done int, err error) {
	n := 0
	for at := 0; at < len(p) && n < batch; at += size {
		o.iovs[n] = unix.Iovec{Base: &p[at], Len: uint64(min(size, len(p)-at))}
		o.msgs[n].Hdr = unix.Msghdr{Name: &o.name[0], Namelen: name, Iov: &o.iovs[n], Iovlen: 1}
		n++
	}
	for {
		sent, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(c.fd), uintptr(unsafe.Pointer(&o.msgs[0])), uintptr(n), 0,
			0, 0)
		switch errno {
		case unix.EINTR:
		case 0:
			return min(int(sent)*size, len(p)), nil
		default:
			return min(size, len(p)), errno
		}
	}
}

// address writes the raw form of an address for a socket of a family and returns its length.
func (o *outbox) address(to netip.AddrPort, family int) (uint32, error) {
	binary.NativeEndian.PutUint16(o.name[:], uint16(family))
	binary.BigEndian.PutUint16(o.name[2:], to.Port())
	if family == unix.AF_INET {
		if !to.Addr().Unmap().Is4() {
			return 0, errors.New("no IPv4 address")
		}
		a := to.Addr().As4()
		copy(o.name[4:8], a[:])
		clear(o.name[8:16])
		return unix.SizeofSockaddrInet4, nil
	}
	a := to.Addr().As16()
	clear(o.name[4:8])
	copy(o.name[8:24], a[:])
	binary.NativeEndian.PutUint32(o.name[24:], 0)
	if zone := to.Addr().Zone(); zone != "" {
		scope, err := strconv.ParseUint(zone, 10, 32)
		if err != nil {
			device, err := net.InterfaceByName(zone)
			if err != nil {
				return 0, err
			}
			scope = uint64(device.Index)
		}
		binary.NativeEndian.PutUint32(o.name[24:], uint32(scope))
	}
	return unix.SizeofSockaddrInet6, nil
}

func orNil(errno syscall.Errno) error {
	if errno == 0 {
		return nil
	}
	return errno
}

// refused says that the kernel or the device cannot segment.
func refused(err error) bool {
	return errors.Is(err, unix.EIO) || errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EOPNOTSUPP)
}

// transient says that a datagram was lost here and that the next one may not be: full device queues,
// a firewall's answer about an earlier one, a route that is away for the moment.
func transient(err error) bool {
	for _, e := range [...]error{unix.ENOBUFS, unix.ENOMEM, unix.EAGAIN, unix.EPERM, unix.ENETDOWN, unix.EADDRNOTAVAIL} {
		if errors.Is(err, e) {
			return true
		}
	}
	return Hearsay(err) && !errors.Is(err, unix.EMSGSIZE)
}

// Hearsay says that an error of Send or Receive is what the network told of an earlier datagram of a connected socket:
// an ICMP message, which anybody can write (icmp_err_convert, icmpv6_err_convert and udp_err of the kernel). It ends
// nothing: silence does. That a datagram is too long (EMSGSIZE) is said by the own device, too.
func Hearsay(err error) bool {
	for _, e := range [...]error{unix.ECONNREFUSED, unix.ENETUNREACH, unix.EHOSTUNREACH, unix.EHOSTDOWN, unix.ENONET,
		unix.ENOPROTOOPT,
		unix.EPROTO, unix.EACCES, unix.EMSGSIZE} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
