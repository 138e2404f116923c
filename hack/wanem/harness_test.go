package main

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"

	"golang.org/x/sys/unix"
)

// pair returns a link whose TUN devices are replaced by packet socket pairs.
func pair(t *testing.T, s Spec, merge bool) (l *link, feed, out int) {
	t.Helper()
	a, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	b, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range []int{a[0], a[1], b[0], b[1]} {
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, 64<<20)
		t.Cleanup(func() { unix.Close(fd) })
	}
	return newLink("ab", a[1], b[0], s, 42, 0, merge, 32<<20), a[0], b[1]
}

// train builds a TUN frame holding an IPv4 packet with the given payload.
func train(udp bool, seq uint32, payload []byte, gso int) []byte {
	l4len := 20
	if udp {
		l4len = 8
	}
	b := make([]byte, vnetLen+20+l4len)
	p := b[vnetLen:]
	b[0] = vnetNeedsCsum
	binary.LittleEndian.PutUint16(b[2:], uint16(20+l4len))
	binary.LittleEndian.PutUint16(b[6:], 20)
	p[0], p[8], p[9] = 0x45, 64, 6
	if gso > 0 && len(payload) > gso {
		b[1] = gsoTCPv4
		if udp {
			b[1] = gsoUDPL4
		}
		binary.LittleEndian.PutUint16(b[4:], uint16(gso))
	}
	copy(p[12:], []byte{10, 0, 0, 1, 10, 0, 0, 2})
	binary.BigEndian.PutUint16(p[20:], 1000)
	binary.BigEndian.PutUint16(p[22:], 2000)
	binary.BigEndian.PutUint16(p[2:], uint16(20+l4len+len(payload)))
	if udp {
		p[9] = 17
		binary.BigEndian.PutUint16(p[24:], uint16(8+len(payload)))
	} else {
		binary.BigEndian.PutUint32(p[24:], seq)
		p[32], p[33] = 5<<4, 0x18 // ACK|PSH
	}
	return append(b, payload...)
}

type wirePkt struct {
	seq     uint32
	payload []byte
	flags   byte
}

// segments splits a delivered frame the way a NIC would and checks its headers.
func segments(t *testing.T, f []byte) (out []wirePkt) {
	t.Helper()
	kind, l4, hlen := parse(f[vnetLen:])
	if kind == kindOpaque {
		t.Fatalf("bad frame % x", f[:40])
	}
	p := f[vnetLen:]
	if int(binary.BigEndian.Uint16(p[2:])) != len(p) {
		t.Fatalf("IP length %d, frame %d", binary.BigEndian.Uint16(p[2:]), len(p))
	}
	if f[1] != gsoNone || binary.LittleEndian.Uint16(f[2:]) == 0 {
		_ = l4
	}
	gso := int(binary.LittleEndian.Uint16(f[4:]))
	pay := p[hlen:]
	if f[1] == gsoNone {
		gso = max(len(pay), 1)
	}
	seq := uint32(0)
	fl := byte(0)
	if kind == kindTCP4 {
		seq = binary.BigEndian.Uint32(p[24:])
		fl = p[33]
	}
	for {
		n := min(gso, len(pay))
		w := wirePkt{seq, pay[:n], fl}
		pay = pay[n:]
		if len(pay) > 0 {
			w.flags &^= 9
		}
		out = append(out, w)
		seq += uint32(n)
		if len(pay) == 0 {
			return
		}
	}
}

func through(t *testing.T, l *link, feed, out int, frames [][]byte) (got []wirePkt, writes int) {
	t.Helper()
	buf := make([]byte, 1<<17)
	for _, f := range frames {
		if _, err := unix.Write(feed, f); err != nil {
			t.Fatal(err)
		}
		l.ingest(1, 1, 100)
		l.release(math.MaxInt64 / 2)
		for {
			n, err := unix.Read(out, buf)
			if err != nil {
				break
			}
			writes++
			for _, w := range segments(t, buf[:n]) {
				w.payload = bytes.Clone(w.payload)
				got = append(got, w)
			}
		}
	}
	return
}
