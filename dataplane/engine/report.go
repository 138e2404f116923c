package engine

import (
	"fmt"
	"time"

	"faspex.io/operator/dataplane/wire"
)

// Bounds of the interval between reports, and the number of new gaps that makes one early.
const (
	leastReport = 2 * time.Millisecond
	mostReport  = 10 * time.Millisecond
	idleReport  = 50 * time.Millisecond
	earlyReport = 96
	// repeatReports is how often a gap is told in consecutive reports; after that only complete reports,
	// every half round trip, tell it until the sender has said that it knows.
	repeatReports = 4
)

// interval is what happened since the last report.
type interval struct {
	n        int
	echo     uint32        // send time of the newest packet
	at       time.Duration // when it arrived
	min, sum int64         // of arrival less send time, microseconds, relative to first
	first    uint32        // the interval's first arrival less send time, modulo 2^24
}

// add takes a packet. Of datagrams that were merged only the first one's arrival is known, and so its delay: with those
// that were sent later the path would look shorter than it is. It was sent at dated.
func (v *interval) add(sent, dated uint32, now time.Duration, newest bool) {
	if v.n == 0 {
		v.first = uint32(now.Microseconds()) - dated
		v.min, v.sum = 0, 0
	}
	d := int64(wire.Elapsed24(uint32(now.Microseconds())-dated, v.first))
	v.min = min(v.min, d)
	v.sum += d
	if v.n == 0 || newest {
		v.echo, v.at = sent, now
	}
	v.n++
}

// drainRate follows how fast the sink takes bytes.
type drainRate struct {
	at      time.Duration
	written int64
	bps     float64
}

// untilReport is how long the receiving loop may wait for packets.
func (r *Receiver) untilReport() time.Duration {
	every := min(max(r.senderRTT/8, leastReport), mostReport)
	switch {
	case r.allHere && r.closing:
		every = leastReport // the writers are about to finish
	case r.since.n == 0:
		every = idleReport
		if len(r.arrivals.gaps) > 0 || r.closing {
			every = mostReport
		}
	}
	return max(r.reported+every-r.cfg.Clock.Now(), 100*time.Microsecond)
}

// reportIfDue sends the reports that are due.
func (r *Receiver) reportIfDue(now time.Duration, done bool) error {
	if r.packets == 0 {
		return nil // nothing to tell, and nobody has proved to be there
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	every := min(max(r.senderRTT/8, leastReport), mostReport)
	due := now-r.reported >= every && (r.since.n > 0 || len(r.arrivals.gaps) > 0 || r.closing) ||
		now-r.reported >= idleReport
	if !due && now-r.reported >= time.Millisecond && len(r.arrivals.gaps) > 0 {
		due = r.arrivals.unreported(now) >= earlyReport
	}
	if !due && !(done && r.reported == 0) {
		return nil
	}
	r.reported = now
	r.fill(now, done)
	i := r.arrivals.stale(repeatReports)
	if now >= r.fullAt || len(r.arrivals.gaps) <= 2*earlyReport {
		i = 0
		r.fullAt = now + max(r.senderRTT/2, mostReport)
	}
	for {
		next, more := r.arrivals.report(&r.feedback, i, now)
		if err := r.sendReport(); err != nil {
			return err
		}
		if !more {
			return nil
		}
		i = next
	}
}

// fill sets all of the report but the gaps.
func (r *Receiver) fill(now time.Duration, done bool) {
	f := &r.feedback
	f.Done, f.HasEcho = done, r.since.n > 0
	if f.HasEcho {
		v := &r.since
		f.Echo24, f.Hold = v.echo&(1<<24-1), uint64((now - v.at).Microseconds())
		f.MinDelay24 = (v.first + uint32(v.min)) & (1<<24 - 1)
		f.MeanDelay = uint64(v.sum/int64(v.n) - v.min)
		f.Arrival = uint64(v.at.Microseconds())
		v.n = 0
	}
	f.Packets, f.Bytes = r.packets, r.bytes
	f.Written = uint64(r.written)
	f.Drops = r.link.Stats().ReceiveDrops
	f.LimitBps = lowest(r.limit(now), r.part(now))
}

// limit is the rate the sink can take, told when half of the memory waits to be written.
func (r *Receiver) limit(now time.Duration) uint64 {
	if dt := now - r.drain.at; dt >= 100*time.Millisecond {
		bps := float64(r.written-r.drain.written) * 8 / dt.Seconds()
		r.drain.bps += (bps - r.drain.bps) / 2
		r.drain.at, r.drain.written = now, r.written
	}
	backlog, half := r.pool.backlog(), r.pool.limit/2
	if backlog <= half {
		return 0
	}
	// At half of the memory the rate that is drained, near its end almost nothing.
	left := float64(r.pool.limit-backlog) / float64(r.pool.limit-half)
	return uint64(max(r.drain.bps*left, 1e6))
}

// sendReport seals and sends the feedback.
func (r *Receiver) sendReport() error {
	h := r.packet[:wire.PrefixSize]
	wire.PutPrefix(h, wire.TypeFeedback, r.cfg.ID.ConnID(), r.reportPN)
	body := r.feedback.Append(h)[wire.PrefixSize:]
	p, err := r.sealer.Seal(h, body, r.reportPN)
	if err != nil {
		return err
	}
	r.reportPN++
	if err := r.link.Send(p, len(p)); err != nil {
		return fmt.Errorf("send report: %w", err)
	}
	return nil
}

// abort tells the sender, three times and without waiting for an answer, that this side gave up.
func (r *Receiver) abort() {
	if r.packets == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for range 3 {
		r.fill(r.cfg.Clock.Now(), false)
		r.feedback.Abort, r.feedback.Gaps = true, nil
		r.feedback.From, r.feedback.To = r.arrivals.settled, r.arrivals.settled
		if r.sendReport() != nil {
			return
		}
	}
}
