package batchio

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

const controlHeader = unix.SizeofCmsghdr

// control is what the control messages of recvmsg say; 0 where there is none.
type control struct {
	segment int    // UDP_GRO: size of the datagrams
	drops   uint32 // SO_RXQ_OVFL: datagrams dropped so far
	stamp   int64  // SO_TIMESTAMPNS: when the first datagram reached the machine, ns since 1970
}

// parseControl reads no further than the messages say.
func parseControl(b []byte) (c control) {
	for len(b) >= controlHeader {
		length := int(binary.NativeEndian.Uint64(b))
		level := int32(binary.NativeEndian.Uint32(b[8:]))
		kind := int32(binary.NativeEndian.Uint32(b[12:]))
		if length < controlHeader || length > len(b) {
			return c
		}
		data := b[controlHeader:length]
		switch {
		case level == unix.IPPROTO_UDP && kind == unix.UDP_GRO && len(data) >= 4:
			c.segment = int(int32(binary.NativeEndian.Uint32(data)))
		case level == unix.IPPROTO_UDP && kind == unix.UDP_GRO && len(data) >= 2:
			c.segment = int(binary.NativeEndian.Uint16(data))
		case level == unix.SOL_SOCKET && kind == unix.SO_RXQ_OVFL && len(data) >= 4:
			c.drops = binary.NativeEndian.Uint32(data)
		case level == unix.SOL_SOCKET && kind == unix.SCM_TIMESTAMPNS && len(data) >= 16:
			c.stamp = int64(binary.NativeEndian.Uint64(data))*1e9 + int64(binary.NativeEndian.Uint64(data[8:]))
		}
		b = b[min(unix.CmsgSpace(length-controlHeader), len(b)):]
	}
	return c
}

// size is that of the datagrams of n bytes.
func (c control) size(n int) int {
	if c.segment > 0 && c.segment < n {
		return c.segment
	}
	return n
}

// segmentControl writes the UDP_SEGMENT control message into b, which has CmsgSpace(2) bytes.
func segmentControl(b []byte, size int) []byte {
	binary.NativeEndian.PutUint64(b, uint64(unix.CmsgLen(2)))
	binary.NativeEndian.PutUint32(b[8:], unix.IPPROTO_UDP)
	binary.NativeEndian.PutUint32(b[12:], unix.UDP_SEGMENT)
	binary.NativeEndian.PutUint16(b[controlHeader:], uint16(size))
	return b[:unix.CmsgSpace(2)]
}
