package batchio

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Resting. A wake-up costs as much as taking dozens of datagrams, so a reader to whom much comes does not
// wait for the next datagram: it rests, and takes then what has come meanwhile.
const (
	leastRest = time.Millisecond // the runtime's timers are no finer
	mostRest  = 4 * time.Millisecond
	restCalls = 6         // as often in mostRest something has to come, else waiting is cheaper
	restBytes = 512 << 10 // how much may come in a rest; above 4 Gbit/s there is none
	// restAfter is for how long much has to come. Bursts are answered at once: how fast a train of hellos comes
	// back is how the path is measured.
	restAfter = 50 * time.Millisecond
)

// longTrain is what is worth a call of its own, without a copy.
const longTrain = 16 << 10

// inbox is what receiving needs: made once, so that it allocates nothing.
type inbox struct {
	c        *Conn
	now      func(fd int) error // attempt
	buf      []byte
	n        int
	errno    syscall.Errno
	hdr      unix.Msghdr
	iov      unix.Iovec
	name     unix.RawSockaddrAny
	oob      [128]byte
	lastName [unix.SizeofSockaddrAny]byte // raw form of lastFrom
	lastFrom netip.AddrPort

	woken atomic.Bool // Wake was called
	empty time.Time   // when nothing was there
	busy  time.Time   // since when much has come, zero if little does
	calls int         // that brought datagrams since then
	taken int         // bytes since then
	age   time.Duration

	merged bool // the kernel merged what the last Receive returned

	several *several // where trains are short
	long    bool     // the last call brought a long train
}

func (in *inbox) init(c *Conn) {
	in.c = c
	in.now = in.attempt
	in.hdr = unix.Msghdr{Name: (*byte)(unsafe.Pointer(&in.name)), Iov: &in.iov, Iovlen: 1, Control: &in.oob[0]}
}

// attempt is one system call that does not wait; what came of it is in n and errno.
func (in *inbox) attempt(fd int) error {
	if !in.long {
		in.errno = in.attemptSeveral(fd)
		return nil
	}
	in.hdr.Namelen = unix.SizeofSockaddrAny
	in.hdr.Controllen = uint64(len(in.oob))
	in.iov.Base, in.iov.Len = &in.buf[0], uint64(len(in.buf))
	// It does not block, so the scheduler need not know.
	n, _, errno := unix.RawSyscall(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&in.hdr)), unix.MSG_DONTWAIT)
	in.n, in.errno = int(n), errno
	if errno == unix.EINTR {
		in.errno = unix.EAGAIN
	}
	return nil
}

// arrived is the attempt of a waiter. It sees a wake-up whose deadline the wait has replaced.
func (in *inbox) arrived(int) bool {
	return in.woken.Load() || in.c.use(in.now) != nil || in.errno != unix.EAGAIN
}

// Receive waits until timeout has passed for datagrams from one address, lays them back to back
// into buf and returns their size. n == 0 and no error is a timeout.
func (c *Conn) Receive(buf []byte, timeout time.Duration) (n, size int, from netip.AddrPort, err error) {
	in := &c.in
	if in.several.left() {
		in.merged = false
		n, size, from = in.several.unpack(in, buf)
		return n, size, from, nil
	}
	in.merged = false
	in.buf = buf
	if err := c.use(in.now); err != nil {
		return 0, 0, from, err
	}
	if in.errno == unix.EAGAIN {
		if err := in.wait(timeout); err != nil {
			return 0, 0, from, err
		}
	}
	switch {
	case in.errno == unix.EAGAIN:
		return 0, 0, from, nil
	case in.errno != 0:
		return 0, 0, from, fmt.Errorf("receive: %w", in.errno)
	case in.several.left():
		n, size, from = in.several.unpack(in, buf)
		return n, size, from, nil
	}
	said := parseControl(in.oob[:in.hdr.Controllen])
	in.note(in.n, said)
	return in.n, said.size(in.n), in.from(&in.name), nil
}

// Age is how long before the last Receive returned its first datagram had reached the machine: by the
// kernel's time stamp, so that neither rests nor a busy machine are taken for a delay of the network.
func (c *Conn) Age() time.Duration { return c.in.age }

// Merged says whether the kernel merged any of what the last Receive returned.
func (c *Conn) Merged() bool { return c.in.merged }

// Wake has a Receive that waits return without datagrams, and so the next ones until Arm.
func (c *Conn) Wake() {
	c.in.woken.Store(true)
	c.waiter.wake()
}

// Arm has Receive wait again. What the reader was woken for is looked at after it.
func (c *Conn) Arm() { c.in.woken.Store(false) }

// wait is called when nothing is there, and tries again after a rest or when something has arrived.
func (in *inbox) wait(timeout time.Duration) error {
	now := time.Now()
	pause := in.pause(now, timeout)
	in.empty, in.calls, in.taken = now, 0, 0
	if pause > 0 {
		if err := in.c.waiter.shut(); err != nil {
			return err
		}
		time.Sleep(pause)
		if err := in.c.use(in.now); err != nil || in.errno != unix.EAGAIN {
			return err
		}
		timeout -= pause
	}
	if timeout <= 0 || in.woken.Load() {
		return nil
	}
	return in.c.waiter.wait(now.Add(timeout), timeout/4)
}

// pause is how long to rest before the next look, 0 is not at all. It follows what has come since the
// socket was last seen empty.
func (in *inbox) pause(now time.Time, timeout time.Duration) time.Duration {
	since := now.Sub(in.empty)
	if float64(in.calls)*float64(mostRest) < restCalls*float64(since) {
		in.busy = time.Time{}
		return 0
	}
	if in.busy.IsZero() {
		in.busy = now
	}
	if now.Sub(in.busy) < restAfter {
		return 0
	}
	most := min(restBytes, in.c.readBuffer/8)
	pause := min(time.Duration(float64(since)*float64(most)/float64(in.taken+1)), mostRest, timeout)
	if pause < leastRest {
		return 0
	}
	return pause
}

// note takes down what a call brought beside the datagrams.
func (in *inbox) note(n int, said control) {
	in.long = n >= longTrain
	in.taken += n
	in.calls++
	in.merged = in.merged || said.size(n) < n
	if said.drops > 0 {
		in.c.drops.Store(uint64(said.drops))
	}
	in.age = 0
	if said.stamp == 0 {
		return
	}
	// The stamp is of the clock that may be set. What came after the socket was empty is no older than that.
	now := time.Now()
	in.age = min(max(now.Sub(time.Unix(0, said.stamp)), 0), now.Sub(in.empty))
}

// from is the address in a raw form; the last one is remembered.
func (in *inbox) from(name *unix.RawSockaddrAny) netip.AddrPort {
	raw := (*[unix.SizeofSockaddrAny]byte)(unsafe.Pointer(name))
	switch name.Addr.Family {
	case unix.AF_INET:
		if [8]byte(raw[:8]) == [8]byte(in.lastName[:8]) {
			return in.lastFrom
		}
		in.lastFrom = netip.AddrPortFrom(netip.AddrFrom4([4]byte(raw[4:8])), binary.BigEndian.Uint16(raw[2:]))
	case unix.AF_INET6:
		if [unix.SizeofSockaddrInet6]byte(raw[:]) == [unix.SizeofSockaddrInet6]byte(in.lastName[:]) {
			return in.lastFrom
		}
		addr := netip.AddrFrom16([16]byte(raw[8:24]))
		if scope := binary.NativeEndian.Uint32(raw[24:]); scope != 0 && !addr.Is4In6() {
			addr = addr.WithZone(strconv.FormatUint(uint64(scope), 10))
		}
		in.lastFrom = unmap(netip.AddrPortFrom(addr, binary.BigEndian.Uint16(raw[2:])))
	default:
		return netip.AddrPort{}
	}
	in.lastName = *raw
	return in.lastFrom
}
