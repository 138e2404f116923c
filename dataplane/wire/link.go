package wire

import "encoding/binary"

// LinkKind tells link packets apart.
type LinkKind byte

// The link packets. C is the dialling side, S the listening one.
const (
	LinkHello     LinkKind = 1 // C: here I am; padded, a train of them probes size and capacity
	LinkAnswer    LinkKind = 2 // S: to each hello, exactly as long as it
	LinkReady     LinkKind = 3 // C: echoes the answers' token, tells what the train measured
	LinkReadyAck  LinkKind = 4 // S
	LinkPing      LinkKind = 5 // C: keep-alive; from a new address it asks for a challenge
	LinkPong      LinkKind = 6 // S: to a ping from the proven address
	LinkChallenge LinkKind = 7 // S: to an address that has not proved itself
	LinkResponse  LinkKind = 8 // C: echoes the challenge's token
)

// Link is the body of a link packet. Fields a kind does not use are zero.
type Link struct {
	Kind     LinkKind
	Session  uint64 // whole session id
	Seq      uint16 // place in the hello train, echoed by the answer
	Size     uint16 // datagram size of a hello, echoed; of a ready: the size that crossed
	Token    uint64 // what an address proves itself with
	Time     uint64 // sender's clock in microseconds, echoed by answer and pong
	Arrival  uint64 // answer: receiver's clock when the hello arrived
	UpBps    uint64 // ready: capacity measured from C to S
	DownBps  uint64 // ready: capacity measured from S to C
	RTTMicro uint64 // ready: smallest round trip
}

// linkSize is the length of a link body without padding.
const linkSize = 1 + 8 + 2 + 2 + 6*8

// LinkPacketSize is the length of an unpadded link packet.
const LinkPacketSize = PrefixSize + linkSize + TagSize

// Append adds the body of l to b.
func (l *Link) Append(b []byte) []byte {
	b = append(b, byte(l.Kind))
	b = binary.BigEndian.AppendUint64(b, l.Session)
	b = binary.BigEndian.AppendUint16(b, l.Seq)
	b = binary.BigEndian.AppendUint16(b, l.Size)
	for _, v := range [...]uint64{l.Token, l.Time, l.Arrival, l.UpBps, l.DownBps, l.RTTMicro} {
		b = binary.BigEndian.AppendUint64(b, v)
	}
	return b
}

// Parse reads what Append wrote; what follows is padding.
func (l *Link) Parse(b []byte) error {
	if len(b) < linkSize || b[0] < byte(LinkHello) || b[0] > byte(LinkResponse) {
		return ErrMalformed
	}
	u64 := func(i int) uint64 { return binary.BigEndian.Uint64(b[13+8*i:]) }
	*l = Link{
		Kind:    LinkKind(b[0]),
		Session: binary.BigEndian.Uint64(b[1:]),
		Seq:     binary.BigEndian.Uint16(b[9:]),
		Size:    binary.BigEndian.Uint16(b[11:]),
		Token:   u64(0), Time: u64(1), Arrival: u64(2), UpBps: u64(3), DownBps: u64(4), RTTMicro: u64(5),
	}
	return nil
}

// Replay remembers which of the last 1024 packet numbers of a direction were seen.
type Replay struct {
	next uint64 // one above the largest number seen
	seen [16]uint64
}

// Expected is the number FullPN should reconstruct towards.
func (r *Replay) Expected() uint64 { return r.next }

// Fresh reports whether pn was not seen and is not too old to tell.
func (r *Replay) Fresh(pn uint64) bool {
	if pn >= r.next {
		return true
	}
	return r.next-pn <= 1024 && r.seen[pn/64%16]>>(pn%64)&1 == 0
}

// Mark remembers pn, which has to be Fresh and authentic.
func (r *Replay) Mark(pn uint64) {
	if pn >= r.next {
		if pn-r.next >= 1024 {
			r.seen = [16]uint64{}
		} else {
			for n := r.next; n <= pn; n++ {
				r.seen[n/64%16] &^= 1 << (n % 64)
			}
		}
		r.next = pn + 1
	}
	r.seen[pn/64%16] |= 1 << (pn % 64)
}
