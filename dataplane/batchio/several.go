package batchio

import (
	"net/netip"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// batch is how many trains one call takes or sends.
const batch = 16

// several is trains that one recvmmsg took and Receive has not returned yet. They lie apart, because their
// sizes are not known before; where the kernel does not merge datagrams, each is a train of its own.
type several struct {
	msgs  [batch]unix.Mmsghdr
	iovs  [batch]unix.Iovec
	names [batch]unix.RawSockaddrAny
	oobs  [batch][128]byte
	bufs  []byte
	at, n int // those not returned yet
}

func newSeveral() *several {
	s := &several{bufs: make([]byte, batch*ReceiveBuffer)}
	for i := range batch {
		s.iovs[i].Base = &s.bufs[i*ReceiveBuffer]
		s.iovs[i].Len = ReceiveBuffer
		s.msgs[i].Hdr = unix.Msghdr{Name: (*byte)(unsafe.Pointer(&s.names[i])), Iov: &s.iovs[i], Iovlen: 1,
			Control: &s.oobs[i][0]}
		s.ready(i)
	}
	return s
}

func (s *several) ready(i int) {
	s.msgs[i].Hdr.Namelen = unix.SizeofSockaddrAny
	s.msgs[i].Hdr.Controllen = uint64(len(s.oobs[i]))
}

func (s *several) left() bool { return s != nil && s.at < s.n }

// attemptSeveral is one recvmmsg that does not wait.
func (in *inbox) attemptSeveral(fd int) syscall.Errno {
	if in.several == nil {
		in.several = newSeveral()
	}
	s := in.several
	for i := range s.n { // what the last call changed
		s.ready(i)
	}
	s.at, s.n = 0, 0
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(fd), uintptr(unsafe.Pointer(&s.msgs[0])), batch,
		unix.MSG_DONTWAIT, 0, 0)
	if errno == unix.EINTR {
		errno = unix.EAGAIN
	}
	if errno == 0 {
		s.n = int(n)
	}
	return errno
}

// together is how far apart datagrams may arrive that are returned with one age.
const together = 50 * time.Microsecond

// unpack lays what has one size, address and age back to back into buf.
func (s *several) unpack(in *inbox, buf []byte) (n, size int, from netip.AddrPort) {
	first := int64(0)
	for ; s.at < s.n; s.at++ {
		m := &s.msgs[s.at]
		length := int(m.Len)
		sender := in.from(&s.names[s.at])
		said := parseControl(s.oobs[s.at][:m.Hdr.Controllen])
		each := said.size(length)
		switch {
		case n == 0:
			size, from, first = each, sender, said.stamp
			in.note(length, said)
		case each != size && (each < length || length > size), n+
			length > len(buf), sender != from, said.stamp-first > int64(together):
			return n, size, from
		default:
			in.taken += length
			in.calls++
			in.merged = in.merged || each < length
		}
		n += copy(buf[n:], s.bufs[s.at*ReceiveBuffer:][:length])
		if size > 0 && n%size != 0 { // the last datagram is shorter
			s.at++
			return n, size, from
		}
	}
	return n, size, from
}
