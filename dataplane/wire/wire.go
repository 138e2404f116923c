// Package wire is the format of the data channel's datagrams: headers, the bodies of sync,
// feedback and link packets, key schedule, sealing and opening. It refuses to know when a
// packet is sent, what is done about a lost one, and what the bytes mean. Formats, limits and
// test vectors are in docs/protocol.md.
//
// Parsers accept any bytes, never panic, allocate nothing that the input's length does not
// bound, and reject what they do not understand with ErrMalformed.
package wire

import (
	"encoding/binary"
	"errors"
)

// Version is the protocol version in the first byte of every datagram.
const Version = 1

// Type tells the packets apart; it shares the first byte with Version.
type Type byte

// The packet types.
const (
	TypeData     Type = 1 // bytes of the transfer space, sender to receiver
	TypeSync     Type = 2 // what the sender knows; consumes a packet number like data
	TypeFeedback Type = 3 // what the receiver knows
	TypeLink     Type = 4 // handshake, path challenge and keep-alive
)

// Sizes in bytes.
const (
	// PrefixSize is the part all packets share: version and type 1, connection id 4, packet
	// number 4 (its low 32 bits), big endian.
	PrefixSize = 9
	// SyncHeaderSize is the prefix and the send time (3).
	SyncHeaderSize = PrefixSize + 3
	// DataHeaderSize is a sync header and the offset (6).
	DataHeaderSize = SyncHeaderSize + 6
	// TagSize is what sealing adds.
	TagSize = 16
	// DataOverhead is what a data packet spends beside its bytes.
	DataOverhead = DataHeaderSize + TagSize
	// MinDatagram is the size every path has to carry (IPv6's minimum of 1280 less its headers).
	MinDatagram = 1232
	// MaxDatagram is the largest datagram: an Ethernet jumbo frame of 9000 less IPv4 and UDP.
	MaxDatagram = 8972
)

// CommonSizes are UDP payloads, ascending, that common paths end at: jumbo frames, Ethernet, PPPoE, VXLAN, tunnels.
var CommonSizes = [...]int{1332, 1352, 1372, 1392, 1412, 1422, 1436, 1452, 1464, 1472, 4052, 8952, 8972}

// ErrMalformed says that a packet is not one of this protocol.
var ErrMalformed = errors.New("malformed packet")

// Prefix is the clear part all packets begin with.
type Prefix struct {
	Type   Type
	ConnID uint32
	PN     uint32 // low 32 bits of the packet number
}

// ParsePrefix reads the first bytes of a datagram and checks version, type and least length.
func ParsePrefix(p []byte) (Prefix, error) {
	if len(p) < PrefixSize+TagSize || p[0]>>4 != Version {
		return Prefix{}, ErrMalformed
	}
	t := Type(p[0] & 15)
	if t < TypeData || t > TypeLink || len(p) < HeaderSize(t)+TagSize {
		return Prefix{}, ErrMalformed
	}
	return Prefix{t, binary.BigEndian.Uint32(p[1:]), binary.BigEndian.Uint32(p[5:])}, nil
}

// HeaderSize is the length of the clear, authenticated header of packets of type t.
func HeaderSize(t Type) int {
	switch t {
	case TypeData:
		return DataHeaderSize
	case TypeSync:
		return SyncHeaderSize
	default:
		return PrefixSize
	}
}

// PutPrefix writes the first PrefixSize bytes of p.
func PutPrefix(p []byte, t Type, conn uint32, pn uint64) {
	_ = p[PrefixSize-1]
	p[0] = Version<<4 | byte(t)
	binary.BigEndian.PutUint32(p[1:], conn)
	binary.BigEndian.PutUint32(p[5:], uint32(pn))
}

// PutSendTime writes the low 24 bits of a time in microseconds into a data or sync header.
func PutSendTime(p []byte, micros uint64) { put24(p[PrefixSize:], uint32(micros)) }

// SendTime reads what PutSendTime wrote.
func SendTime(p []byte) uint32 { return get24(p[PrefixSize:]) }

// PutOffset writes the offset of a data packet's first byte, 48 bits.
func PutOffset(p []byte, off int64) {
	p = p[SyncHeaderSize:DataHeaderSize]
	binary.BigEndian.PutUint16(p, uint16(off>>32))
	binary.BigEndian.PutUint32(p[2:], uint32(off))
}

// Offset reads what PutOffset wrote.
func Offset(p []byte) int64 {
	p = p[SyncHeaderSize:DataHeaderSize]
	return int64(binary.BigEndian.Uint16(p))<<32 | int64(binary.BigEndian.Uint32(p[2:]))
}

// FullPN is the packet number next to expected whose low 32 bits are low.
func FullPN(low uint32, expected uint64) uint64 {
	pn := expected&^uint64(1<<32-1) | uint64(low)
	switch {
	case pn+1<<31 <= expected && pn < 1<<64-1<<32:
		return pn + 1<<32
	case pn > expected+1<<31 && pn >= 1<<32:
		return pn - 1<<32
	}
	return pn
}

// Elapsed24 is the time from then to now on a clock of 24-bit microseconds, as a signed number
// of less than 8.4 seconds either way.
func Elapsed24(now, then uint32) int32 {
	return int32((now-then)<<8) >> 8
}

func put24(p []byte, v uint32) {
	_ = p[2]
	p[0], p[1], p[2] = byte(v>>16), byte(v>>8), byte(v)
}

func get24(p []byte) uint32 { return uint32(p[0])<<16 | uint32(p[1])<<8 | uint32(p[2]) }
