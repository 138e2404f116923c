package batchio

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"

	"golang.org/x/sys/unix"
)

var controls = sync.Pool{New: func() any { return new([32]byte) }}

// Send transmits a train of datagrams of size bytes (the last may be shorter) to an address.
// It splits trains at the kernel's limits, and falls back to single datagrams, for good, when the
// kernel refuses a train (EIO: the device has no checksum offload) and the mode is Auto.
func (c *Conn) Send(train []byte, size int, to netip.AddrPort) error {
	if size <= 0 {
		return fmt.Errorf("send: datagram size %d", size)
	}
	for len(train) > 0 {
		n := min(len(train), size)
		if c.gso.Load() {
			n = min(len(train), size*max(1, min(MaxSegments, MaxTrainBytes/size)))
		}
		err := c.sendPiece(train[:n], size, to)
		if err != nil && n > size && refused(err) && c.mode == Auto {
			c.gso.Store(false)
			c.fallbacks.Add(1)
			continue
		}
		if err != nil && !transient(err) {
			return fmt.Errorf("send to %s: %w", to, err)
		}
		train = train[n:]
	}
	return nil
}

func (c *Conn) sendPiece(p []byte, size int, to netip.AddrPort) error {
	if len(p) <= size {
		_, _, err := c.send(p, nil, to)
		return err
	}
	control := controls.Get().(*[32]byte)
	_, _, err := c.send(p, segmentControl(control[:], size), to)
	controls.Put(control)
	return err
}

// refused says that the kernel or the device cannot segment.
func refused(err error) bool {
	return errors.Is(err, unix.EIO) || errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EOPNOTSUPP)
}

// transient says that a datagram was lost here and that the next one may not be: full device queues,
// a firewall's answer about an earlier one, a route that is away for the moment.
func transient(err error) bool {
	for _, e := range [...]error{unix.ENOBUFS, unix.ENOMEM, unix.EAGAIN, unix.ECONNREFUSED, unix.EPERM,
		unix.ENETUNREACH, unix.EHOSTUNREACH, unix.ENETDOWN, unix.EADDRNOTAVAIL, unix.EHOSTDOWN} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
