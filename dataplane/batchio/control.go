package batchio

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

const controlHeader = unix.SizeofCmsghdr

// parseControl takes the segment size (UDP_GRO) and the drop counter (SO_RXQ_OVFL) out of the
// control messages of recvmsg; 0 where there is none. It reads no further than the messages say.
func parseControl(b []byte) (segment int, drops uint32) {
	for len(b) >= controlHeader {
		length := int(binary.NativeEndian.Uint64(b))
		level := int32(binary.NativeEndian.Uint32(b[8:]))
		kind := int32(binary.NativeEndian.Uint32(b[12:]))
		if length < controlHeader || length > len(b) {
			return segment, drops
		}
		data := b[controlHeader:length]
		switch {
		case level == unix.IPPROTO_UDP && kind == unix.UDP_GRO && len(data) >= 4:
			segment = int(int32(binary.NativeEndian.Uint32(data)))
		case level == unix.IPPROTO_UDP && kind == unix.UDP_GRO && len(data) >= 2:
			segment = int(binary.NativeEndian.Uint16(data))
		case level == unix.SOL_SOCKET && kind == unix.SO_RXQ_OVFL && len(data) >= 4:
			drops = binary.NativeEndian.Uint32(data)
		}
		b = b[min(unix.CmsgSpace(length-controlHeader), len(b)):]
	}
	return segment, drops
}

// segmentControl writes the UDP_SEGMENT control message into b, which has CmsgSpace(2) bytes.
func segmentControl(b []byte, size int) []byte {
	binary.NativeEndian.PutUint64(b, uint64(unix.CmsgLen(2)))
	binary.NativeEndian.PutUint32(b[8:], unix.IPPROTO_UDP)
	binary.NativeEndian.PutUint32(b[12:], unix.UDP_SEGMENT)
	binary.NativeEndian.PutUint16(b[controlHeader:], uint16(size))
	return b[:unix.CmsgSpace(2)]
}
