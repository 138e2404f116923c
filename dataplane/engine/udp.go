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

// dispersion measures a bottleneck by what a train of datagrams spreads to on its way
// (Dovrolis, Ramanathan and Moore, "Packet-dispersion techniques", 2004).
type dispersion struct {
	first, last uint64 // microseconds
	from, to    uint16 // highest number of those that arrived first, and of all
	size        int    // with headers
	late        int    // datagrams that came after those that arrived first
	n           int
	overhead    int
}

// mostLost is how many datagrams of a train, for each that came, count as having passed the bottleneck and been lost elsewhere.
// More than that were dropped by a full buffer, and passed nothing.
const mostLost = 0.15

func (p *dispersion) add(at uint64, seq uint16, size int) {
	switch {
	case p.n == 0:
		p.first, p.last, p.from, p.size = at, at, seq, size+p.overhead
	case at > p.first:
		p.late++
		p.last = max(p.last, at)
	default:
		p.from = max(p.from, seq)
	}
	p.to = max(p.to, seq)
	p.n++
}

// spreadError is added to a measured spread (microseconds): time stamps are coarse, and too much is the worse
// mistake, because what is sent too fast for a round trip is lost.
const spreadError = 200

// bps is the measured rate, 0 when too little arrived.
func (p *dispersion) bps(least int) int64 {
	if p.n < least {
		return 0
	}
	if p.late == 0 { // all at once
		return int64(p.n) * int64(wire.MinDatagram+p.overhead) * 8 * 1e6 / spreadError
	}
	passed := min(float64(p.to-p.from), float64(p.late)*(1+mostLost))
	return int64(max(passed, float64(p.late)) * float64(p.size) * 8 * 1e6 / float64(p.last-p.first+spreadError))
}

// finest is the rate up to which a train's spread is long enough to be told from a machine that was away for a moment.
const finest = 1e9

// likely is what to believe of a direction's measurement, given the other's: a path is more often
// symmetric than not, and a delayed reader makes a train look faster than it was.
func likely(own, other int64) int64 {
	if other > 0 && own > other && (own < 4*other || own > finest) {
		return other
	}
	return own
}

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
