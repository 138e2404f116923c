package engine

import (
	"context"
	"fmt"
	"time"

	"faspex.io/operator/dataplane/engine/ratecontrol"
	"faspex.io/operator/dataplane/wire"
)

const (
	receiveBuffer = 64 << 10
	mostUnheard   = 64 // reports in a row that count as lost: silence beyond that is told by other signs
)

// longestRTT is the longest round trip that is measured, or believed of a peer: what 24 bits of microseconds can tell.
const longestRTT = 8 * time.Second

// listen takes the receiver's reports until ctx ends.
func (s *Sender) listen(ctx context.Context, keys *wire.Keys) error {
	buf := make([]byte, receiveBuffer)
	plain := make([]byte, 0, wire.MaxDatagram)
	var replay wire.Replay
	var f wire.Feedback
	for ctx.Err() == nil {
		n, size, err := s.link.Receive(buf, 50*time.Millisecond)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("receive: %w", err)
		}
		for p := buf[:n]; len(p) > 0; {
			d := p[:min(size, len(p))]
			p = p[len(d):]
			head, err := wire.ParsePrefix(d)
			if err != nil || head.Type != wire.TypeFeedback || head.ConnID != s.cfg.ID.ConnID() {
				s.count(&s.stats.AuthFailures)
				continue
			}
			pn := wire.FullPN(head.PN, replay.Expected())
			if !replay.Fresh(pn) {
				s.count(&s.stats.Replayed)
				continue
			}
			body, err := keys.Open(plain, d, wire.PrefixSize, pn)
			if err == nil {
				err = f.Parse(body)
			}
			if err != nil {
				s.count(&s.stats.AuthFailures)
				continue
			}
			newest, unheard := pn >= replay.Expected(), int64(pn)-int64(replay.Expected())
			replay.Mark(pn)
			if s.report(&f, newest, int(min(unheard, mostUnheard)), ageOf(s.link)) {
				return nil
			}
		}
	}
	return nil
}

func (s *Sender) count(c *uint64) {
	s.mu.Lock()
	*c++
	s.mu.Unlock()
}

// report takes one feedback that came an age ago, after unheard ones that did not, and says whether it was the last one
// needed. An older one than the newest still tells fates, but nothing about rates.
func (s *Sender) report(f *wire.Feedback, newest bool, unheard int, age time.Duration) (finished bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.Clock.Now()
	s.heard = now
	lost, arrived := s.fates(f)
	s.stats.Lost += uint64(lost)
	if w := int64(f.Written); w > s.stats.Bytes {
		s.stats.Bytes = w
	}
	s.aborted = s.aborted || f.Abort
	if newest {
		s.measure(now, now-age, f, lost, arrived, unheard)
	}
	total, closed := s.queue.state()
	// A receiver that claims bytes which were never sent is heard on: silence has to end the session, not this.
	finished = closed && !s.fresh && s.stats.Bytes >= total
	if lost > 0 || f.Done || f.Abort || finished {
		s.poke()
	}
	return finished
}

// fates settles the packet numbers a report covers and queues what was lost.
func (s *Sender) fates(f *wire.Feedback) (lost, arrived int) {
	pn := max(f.From, s.flight.base)
	gaps := f.Gaps
	for to := min(f.To, s.flight.next); pn < to; {
		for len(gaps) > 0 && gaps[0].First+gaps[0].Count <= pn {
			gaps = gaps[1:]
		}
		missing := len(gaps) > 0 && gaps[0].First <= pn
		e, ok := s.flight.settle(pn)
		if ok {
			s.watch.fate(e.n, missing)
		}
		if ok && e.n > 0 {
			switch {
			case !missing:
				arrived++
				s.carries(e.n)
				s.acknowledge(e, s.twins[pn] == covered)
				s.twins.arrived(pn)
			default:
				lost++
				if s.twins.lost(pn) {
					s.queueAgain(e)
				}
			}
		}
		pn++
	}
	s.acknowledge(extent{}, false)
	s.flight.advance()
	s.watchPath()
	return lost, arrived
}

// acknowledge tells the source of what arrived, joined as far as it lies together. An empty extent ends that. What a
// twin has brought before was told then.
func (s *Sender) acknowledge(e extent, again bool) {
	if s.releasing == nil || again {
		return
	}
	if e.n > 0 && s.arrived.Length > 0 && s.arrived.End() == e.off {
		s.arrived.Length += int64(e.n)
		return
	}
	if s.arrived.Length > 0 {
		s.releasing.Acknowledged(s.arrived)
	}
	s.arrived = Range{Offset: e.off, Length: int64(e.n)}
}

// queueAgain has an extent sent again, in pieces if packets became smaller meanwhile.
func (s *Sender) queueAgain(e extent) {
	payload := int32(s.path.MaxDatagram - wire.DataOverhead)
	for e.n > 0 {
		n := min(e.n, payload)
		s.resend = append(s.resend, extent{off: e.off, n: n})
		e.off, e.n = e.off+int64(n), e.n-n
	}
}

// measure feeds the rate controller with a report that came a moment ago.
func (s *Sender) measure(now, came time.Duration, f *wire.Feedback, lost, arrived, unheard int) {
	sample := ratecontrol.Sample{Now: now, Lost: lost, Arrived: arrived, Unheard: unheard,
		DeliveredBytes: int64(f.Bytes) + int64(f.Packets)*int64(s.path.Overhead),
		Arrival:        time.Duration(f.Arrival) * time.Microsecond,
		LimitBps:       int64(min(f.LimitBps, 1<<50)), Backlogged: s.fresh || s.resendAt < len(s.resend)}
	if f.HasEcho {
		age := time.Duration(wire.Elapsed24(uint32(came.Microseconds()), f.Echo24)) * time.Microsecond
		rtt := age - time.Duration(min(f.Hold, 1<<24))*time.Microsecond
		sample.SentAt = came - age
		if rtt > 0 && rtt < longestRTT {
			sample.RTT = rtt
			s.minRTT = min(s.minRTT, rtt)
			if s.srtt == 0 {
				s.srtt = rtt
			}
			s.srtt += (rtt - s.srtt) / 8
		}
		sample.HasDelay, sample.Delay24 = true, f.MinDelay24
		sample.MeanDelay = time.Duration(min(f.MeanDelay, 1<<24)) * time.Microsecond
	}
	s.control.Feedback(sample)
	if f.HasEcho {
		s.meanSum += s.control.MeanQueue()
		s.meanN++
	}
}
