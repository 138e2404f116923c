package engine

import "time"

const (
	// shareWindow is the least time over which a receiver measures what its sender offers.
	shareWindow = 100 * time.Millisecond
	// unknownWants is what a flow wants of which nothing is known: all there is.
	unknownWants = int64(100e9)
	// A flow that uses nearly all of its part could use more: it asks for growth times as much. One that pauses keeps
	// most of what it asked for, window by window, so that a pause between two files costs little.
	nearlyAll = 0.9
	growth    = 2
	kept      = 0.9
)

// inboundShare is a receiver's part of a group. A receiver can't know what its sender would send, but what it does
// send: packet numbers tell that whatever was lost on the way.
type inboundShare struct {
	member interface {
		Part(now time.Duration, wants int64) int64
		Leave()
	}
	at      time.Duration // when the window began
	next    uint64        // packet number expected then
	packets uint64        // received until then
	bytes   uint64
	wants   int64
	part    int64
}

// update takes what arrived until now (the next packet number, packets and their bytes) and returns the part in
// bits per second, 0 for no limit.
func (s *inboundShare) update(now time.Duration, next, packets, bytes uint64, rtt time.Duration) int64 {
	if s.at == 0 {
		s.at, s.next, s.packets, s.bytes = now, next, packets, bytes
	}
	// What a sender makes of a new part is seen after a round trip.
	if dt := now - s.at; dt >= max(shareWindow, rtt) {
		s.measured(offered(next-s.next, packets-s.packets, bytes-s.bytes, dt))
		s.at, s.next, s.packets, s.bytes = now, next, packets, bytes
	}
	s.part = s.member.Part(now, s.wants)
	return s.part
}

// offered is the rate of sent packets of which some arrived, in bits per second.
func offered(sent, arrived, bytes uint64, dt time.Duration) int64 {
	if arrived == 0 {
		return 0
	}
	return int64(float64(bytes) * 8 / dt.Seconds() * float64(max(sent, arrived)) / float64(arrived))
}

func (s *inboundShare) measured(bps int64) {
	wants := bps
	if float64(bps) > nearlyAll*float64(s.part) {
		wants *= growth
	}
	if s.wants == unknownWants {
		s.wants = max(wants, s.part)
	}
	s.wants = max(wants, int64(kept*float64(s.wants)))
}

// part is what the receiver's group lets it take, 0 is anything.
func (r *Receiver) part(now time.Duration) uint64 {
	if r.share == nil {
		return 0
	}
	return uint64(r.share.update(now, r.arrivals.next, r.packets, r.bytes, r.senderRTT))
}

// lowest of two limits of which 0 is none.
func lowest(a, b uint64) uint64 {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}
