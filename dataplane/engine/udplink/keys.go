package udplink

import (
	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/wire"
)

// linkKeys are the two directions of link packets with the sender's own packet numbers.
type linkKeys struct {
	seal, open *wire.Keys
	next       uint64
	replay     wire.Replay
	conn       uint32
	session    uint64
}

func newLinkKeys(cfg *engine.Config, own, peer wire.Direction) (*linkKeys, error) {
	seal, err := keysOf(cfg, own)
	if err != nil {
		return nil, err
	}
	open, err := keysOf(cfg, peer)
	if err != nil {
		return nil, err
	}
	return &linkKeys{seal: seal, open: open, conn: cfg.ID.ConnID(), session: uint64(cfg.ID)}, nil
}

func keysOf(cfg *engine.Config, d wire.Direction) (*wire.Keys, error) {
	return wire.NewKeys(cfg.Secret, uint64(cfg.ID), string(cfg.Cipher), d)
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
