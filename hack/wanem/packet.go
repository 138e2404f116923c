package main

import "encoding/binary"

const ( // what is known about a packet's transport header
	kindOpaque = iota // forwarded untouched, never merged
	kindTCP4
	kindTCP6
	kindUDP4
	kindUDP6
)

// parse recognises TCP and UDP over IPv4/IPv6 without extension headers.
func parse(p []byte) (kind, l4, hlen int) {
	if len(p) < 20 {
		return kindOpaque, 0, 0
	}
	var proto byte
	v6 := false
	switch p[0] >> 4 {
	case 4:
		l4 = int(p[0]&15) * 4
		proto = p[9]
		if binary.BigEndian.Uint16(p[6:])&0x3fff != 0 { // fragment
			return kindOpaque, 0, 0
		}
	case 6:
		l4 = 40
		proto = p[6]
		v6 = true
	default:
		return kindOpaque, 0, 0
	}
	switch {
	case proto == 6 && len(p) >= l4+20:
		hlen = l4 + int(p[l4+12]>>4)*4
		kind = kindTCP4
	case proto == 17 && len(p) >= l4+8:
		hlen = l4 + 8
		kind = kindUDP4
	default:
		return kindOpaque, 0, 0
	}
	if hlen > len(p) || hlen > 128 {
		return kindOpaque, 0, 0
	}
	if v6 {
		kind++
	}
	return
}

// cut copies one packet of a train out as a packet of its own.
func (l *link) cut(s *seg, train []byte) []byte {
	if s.nseg == 1 {
		return append([]byte(nil), train...)
	}
	off := int(s.pay) - int(s.start)
	b := make([]byte, 0, vnetLen+int(s.hlen)+int(s.plen))
	b = append(b, train[:vnetLen+int(s.hlen)]...)
	b = append(b, train[off:off+int(s.plen)]...)
	patch(b[:vnetLen+int(s.hlen)], s, 1, int(s.plen), s.idx+1 == s.nseg)
	return b
}

// patch turns h (vnet header + headers of first's train) into the headers of a
// packet of n segments with total payload bytes that begins with segment first.
func patch(h []byte, first *seg, n, total int, hasLast bool) {
	l4 := int(first.l4)
	p := h[vnetLen:]
	be := binary.BigEndian
	v6 := first.kind == kindTCP6 || first.kind == kindUDP6
	tcp := first.kind == kindTCP4 || first.kind == kindTCP6
	ecn := h[1] & gsoECN
	h[0] = vnetNeedsCsum
	h[1] = gsoNone
	binary.LittleEndian.PutUint16(h[2:], uint16(first.hlen))
	binary.LittleEndian.PutUint16(h[4:], 0)
	binary.LittleEndian.PutUint16(h[6:], uint16(l4))
	if n > 1 {
		switch first.kind {
		case kindTCP4:
			h[1] = gsoTCPv4 | ecn
		case kindTCP6:
			h[1] = gsoTCPv6 | ecn
		default:
			h[1] = gsoUDPL4
		}
		binary.LittleEndian.PutUint16(h[4:], first.gso)
	}
	l4len := int(first.hlen) - l4 + total
	var sum uint32
	if v6 {
		be.PutUint16(p[4:], uint16(l4len))
		sum = csum(0, p[8:40])
	} else {
		be.PutUint16(p[2:], uint16(l4+l4len))
		be.PutUint16(p[4:], be.Uint16(p[4:])+first.idx)
		p[10], p[11] = 0, 0
		be.PutUint16(p[10:], ^fold(csum(0, p[:l4])))
		sum = csum(0, p[12:20])
	}
	if tcp {
		sum += 6
		binary.LittleEndian.PutUint16(h[8:], 16)
		be.PutUint32(p[l4+4:], be.Uint32(p[l4+4:])+uint32(first.idx)*uint32(first.gso))
		if first.idx > 0 {
			p[l4+13] &^= 0x80 // CWR belongs to the first packet
		}
		if !hasLast {
			p[l4+13] &^= 0x09 // FIN, PSH belong to the last one
		}
		be.PutUint16(p[l4+16:], fold(sum+uint32(l4len)))
	} else {
		sum += 17
		binary.LittleEndian.PutUint16(h[8:], 6)
		be.PutUint16(p[l4+4:], uint16(l4len))
		be.PutUint16(p[l4+6:], fold(sum+uint32(l4len)))
	}
}

func csum(s uint32, b []byte) uint32 {
	for len(b) > 1 {
		s += uint32(b[0])<<8 | uint32(b[1])
		b = b[2:]
	}
	if len(b) == 1 {
		s += uint32(b[0]) << 8
	}
	return s
}

func fold(s uint32) uint16 {
	s = s>>16 + s&0xffff
	return uint16(s + s>>16)
}
