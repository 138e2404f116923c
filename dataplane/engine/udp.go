package engine

import (
	"fmt"

	"faspex.io/operator/dataplane/batchio"
	"faspex.io/operator/dataplane/wire"
)

// GSO is the switch of the segmentation offloads.
type GSO string

// The positions of the switch; "" is GSOAuto: use them until the kernel refuses.
const (
	GSOAuto GSO = "auto"
	GSOOn   GSO = "on"
	GSOOff  GSO = "off"
)

// Options describe a UDP socket; the zero value is usable.
type Options struct {
	GSO         GSO
	ReadBuffer  int // bytes, 0 is 32 MiB (as far as the kernel allows)
	WriteBuffer int // bytes, 0 is 4 MiB
	MaxDatagram int // largest UDP payload to probe for, 0 is 8972
}

const (
	defaultReadBuffer  = 32 << 20
	defaultWriteBuffer = 4 << 20
)

func (o Options) normal() (Options, batchio.Options, error) {
	b := batchio.Options{ReadBuffer: o.ReadBuffer, WriteBuffer: o.WriteBuffer}
	switch o.GSO {
	case "", GSOAuto:
		b.Offload = batchio.Auto
	case GSOOn:
		b.Offload = batchio.On
	case GSOOff:
		b.Offload = batchio.Off
	default:
		return o, b, fmt.Errorf("unknown gso mode %q", o.GSO)
	}
	if b.ReadBuffer == 0 {
		b.ReadBuffer = defaultReadBuffer
	}
	if b.WriteBuffer == 0 {
		b.WriteBuffer = defaultWriteBuffer
	}
	if o.MaxDatagram == 0 {
		o.MaxDatagram = wire.MaxDatagram
	}
	if o.MaxDatagram < wire.MinDatagram || o.MaxDatagram > wire.MaxDatagram {
		return o, b, fmt.Errorf("datagram size %d is not within %d and %d", o.MaxDatagram, wire.MinDatagram, wire.MaxDatagram)
	}
	return o, b, nil
}

// linkKeys are the two directions of link packets with the sender's own packet numbers.
type linkKeys struct {
	seal, open *wire.Keys
	next       uint64
	replay     wire.Replay
	conn       uint32
	session    uint64
}

func newLinkKeys(cfg *Config, own, peer wire.Direction) (*linkKeys, error) {
	seal, err := cfg.keys(own)
	if err != nil {
		return nil, err
	}
	open, err := cfg.keys(peer)
	if err != nil {
		return nil, err
	}
	return &linkKeys{seal: seal, open: open, conn: cfg.connID(), session: uint64(cfg.ID)}, nil
}

// append adds a sealed link packet of size bytes (0 is the smallest) to b.
func (k *linkKeys) append(b []byte, l *wire.Link, size int) ([]byte, error) {
	size = max(size, wire.LinkPacketSize)
	l.Session = k.session
	at := len(b)
	b = append(b, make([]byte, size)...)
	h := b[at : at+wire.PrefixSize : at+size]
	wire.PutPrefix(h, wire.TypeLink, k.conn, k.next)
	l.Append(h)
	_, err := k.seal.Seal(h, h[wire.PrefixSize:size-wire.TagSize], k.next)
	k.next++
	return b, err
}

// parse opens a link packet; scratch is overwritten.
func (k *linkKeys) parse(l *wire.Link, d, scratch []byte) error {
	head, err := wire.ParsePrefix(d)
	if err != nil {
		return err
	}
	pn := wire.FullPN(head.PN, k.replay.Expected())
	if !k.replay.Fresh(pn) {
		return wire.ErrForged
	}
	body, err := k.open.Open(scratch[:0], d, wire.PrefixSize, pn)
	if err != nil {
		return err
	}
	k.replay.Mark(pn)
	if err := l.Parse(body); err != nil {
		return err
	}
	if l.Session != k.session {
		return wire.ErrForged
	}
	return nil
}

// isLink says that a datagram claims to be a link packet.
func isLink(d []byte) bool { return len(d) > 0 && d[0] == wire.Version<<4|byte(wire.TypeLink) }

// takeLinks hands the link packets of a train to take and returns the length of what is left, moved to
// the front. Packets of both kinds meet in a train only when they happen to have one size.
func takeLinks(buf []byte, n, size int, take func(d []byte)) int {
	links := false
	for at := 0; at < n; at += size {
		links = links || isLink(buf[at:])
	}
	if !links {
		return n
	}
	left := 0
	for at := 0; at < n; at += size {
		d := buf[at:min(at+size, n)]
		if isLink(d) {
			take(d)
			continue
		}
		left += copy(buf[left:], d)
	}
	return left
}
