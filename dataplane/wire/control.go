package wire

import "encoding/binary"

// Sync is what a sender tells beside the data. It consumes a packet number of its own, so its
// arrival shows that every lower number has been sent.
type Sync struct {
	Closed    bool   // no more ranges will be pushed; Total is final
	Bye       bool   // the sender is leaving: it knows everything it needs
	Abort     bool   // the sender gave up
	Settled   uint64 // fates of packet numbers below this one are known to the sender
	RTTMicros uint64
	Total     uint64 // bytes pushed so far
	RateBps   uint64 // current pacing rate
}

const (
	syncClosed = 1 << iota
	syncBye
	syncAbort
)

// Append adds the body of s to b.
func (s *Sync) Append(b []byte) []byte {
	var f byte
	if s.Closed {
		f |= syncClosed
	}
	if s.Bye {
		f |= syncBye
	}
	if s.Abort {
		f |= syncAbort
	}
	b = append(b, f)
	for _, v := range [...]uint64{s.Settled, s.RTTMicros, s.Total, s.RateBps} {
		b = binary.AppendUvarint(b, v)
	}
	return b
}

// Parse reads what Append wrote; bytes after it are ignored (room for later versions).
func (s *Sync) Parse(b []byte) error {
	if len(b) < 1 {
		return ErrMalformed
	}
	*s = Sync{Closed: b[0]&syncClosed != 0, Bye: b[0]&syncBye != 0, Abort: b[0]&syncAbort != 0}
	r := reader{b: b[1:]}
	s.Settled, s.RTTMicros, s.Total, s.RateBps = r.uvarint(), r.uvarint(), r.uvarint(), r.uvarint()
	return r.err()
}

// Gap is a run of lost packet numbers.
type Gap struct{ First, Count uint64 }

// Feedback is what a receiver tells. Times are microseconds; those named 24 are modulo 2^24.
type Feedback struct {
	Done       bool   // every expected range is written
	Abort      bool   // the receiver gave up
	HasEcho    bool   // Echo24, Hold, MinDelay24 and MeanDelay24 are about packets of this interval
	Echo24     uint32 // send time of the newest packet
	Hold       uint64 // from its arrival to this report
	Arrival    uint64 // receiver's clock when the newest packet arrived
	Packets    uint64 // packets received, cumulative
	Bytes      uint64 // their datagram payload, cumulative
	MinDelay24 uint32 // smallest receiver's clock less send time of the interval
	MeanDelay  uint64 // mean of the interval above MinDelay24
	Written    uint64 // bytes written, cumulative
	LimitBps   uint64 // what the receiver can take, 0 = anything
	Drops      uint64 // datagrams its socket dropped, cumulative
	From, To   uint64 // every packet number in [From, To) was received or is in Gaps
	Gaps       []Gap  // ascending, disjoint, within [From, To)
}

const (
	feedbackDone = 1 << iota
	feedbackEcho
	feedbackAbort
)

// MaxGaps bounds the gaps of one report.
const MaxGaps = 512

// Append adds the body of f to b.
func (f *Feedback) Append(b []byte) []byte {
	var flags byte
	if f.Done {
		flags |= feedbackDone
	}
	if f.HasEcho {
		flags |= feedbackEcho
	}
	if f.Abort {
		flags |= feedbackAbort
	}
	b = append(b, flags)
	b = append(b, byte(f.Echo24>>16), byte(f.Echo24>>8), byte(f.Echo24))
	b = append(b, byte(f.MinDelay24>>16), byte(f.MinDelay24>>8), byte(f.MinDelay24))
	for _, v := range [...]uint64{f.Hold, f.Arrival, f.Packets, f.Bytes, f.MeanDelay, f.Written,
		f.LimitBps, f.Drops, f.From, f.To - f.From, uint64(len(f.Gaps))} {
		b = binary.AppendUvarint(b, v)
	}
	at := f.From
	for _, g := range f.Gaps {
		b = binary.AppendUvarint(b, g.First-at)
		b = binary.AppendUvarint(b, g.Count)
		at = g.First + g.Count
	}
	return b
}

// Parse reads what Append wrote into f, reusing its Gaps; bytes after it are ignored.
func (f *Feedback) Parse(b []byte) error {
	if len(b) < 7 {
		return ErrMalformed
	}
	gaps := f.Gaps[:0]
	*f = Feedback{Done: b[0]&feedbackDone != 0, HasEcho: b[0]&feedbackEcho != 0,
		Abort:  b[0]&feedbackAbort != 0,
		Echo24: get24(b[1:]), MinDelay24: get24(b[4:])}
	r := reader{b: b[7:]}
	f.Hold, f.Arrival, f.Packets, f.Bytes = r.uvarint(), r.uvarint(), r.uvarint(), r.uvarint()
	f.MeanDelay, f.Written, f.LimitBps, f.Drops = r.uvarint(), r.uvarint(), r.uvarint(), r.uvarint()
	f.From = r.uvarint()
	span, n := r.uvarint(), r.uvarint()
	f.To = f.From + span
	if f.To < f.From || n > MaxGaps {
		return ErrMalformed
	}
	at := f.From
	for range n {
		skip, count := r.uvarint(), r.uvarint()
		if skip > f.To-at || count == 0 || count > f.To-at-skip {
			return ErrMalformed
		}
		gaps = append(gaps, Gap{at + skip, count})
		at += skip + count
	}
	f.Gaps = gaps
	return r.err()
}

// reader takes varints off a body and remembers the first failure.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) err() error {
	if r.bad {
		return ErrMalformed
	}
	return nil
}
