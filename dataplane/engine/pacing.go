package engine

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"faspex.io/operator/dataplane/wire"
)

// Pacing. A train holds what the rate allows in trainTime, within the limits of the kernel; the
// catch-up allowance is what a descheduled thread may send at once when it comes back.
const (
	trainTime    = time.Millisecond
	catchUp      = 20 * time.Millisecond
	maxTrain     = 44
	maxTrainSize = 64 << 10
	leastPause   = 20 * time.Microsecond
	smoothTime   = 200 * time.Microsecond // of a train where the buffer may be shallow
	smoothBurst  = 2 * smoothTime         // leaves in a row then,
	smoothPeak   = 1.25                   // and what a thread was late for at this many times the rate
	burstTime    = 200 * time.Microsecond // what is earned in it leaves in a row, where that is more than a train
	firstSync    = time.Second            // without data until then, syncs begin to keep the session alive
	calmTail     = 64                     // packets repeated early at the end, two entries each, when no loss was seen
)

// train is packets built in one go: consecutive packet numbers from first.
type train struct {
	first   uint64
	parts   [maxTrain]extent
	n       int
	resend  bool
	sync    bool
	wait    time.Duration // when there is nothing to send
	done    bool
	info    wire.Sync
	packets []byte
}

// pace is the sending loop: it owns the data keys and the current slab.
func (s *Sender) pace(ctx context.Context) error {
	if _, real := s.cfg.Clock.(systemClock); real {
		// The thread is not given back: it ends with the goroutine, and its timer slack with it.
		runtime.LockOSThread()
		preciseThread()
	}
	s.job.packets = make([]byte, 0, maxTrainSize+wire.MaxDatagram)
	for {
		if err := ctx.Err(); err != nil {
			s.farewell(wire.Sync{Abort: true})
			return err
		}
		if err := s.nextSlab(); err != nil {
			return err
		}
		s.mu.Lock()
		now := s.cfg.Clock.Now()
		err := s.plan(now)
		s.control.Sent(now, s.sentData)
		s.mu.Unlock()
		if err != nil {
			s.farewell(wire.Sync{Abort: true})
			return err
		}
		switch {
		case s.job.done:
			s.farewell(wire.Sync{Bye: true, Closed: true})
			return nil
		case s.job.n == 0:
			s.pause(ctx, s.job.wait)
			continue
		}
		size, err := s.seal(now)
		if err != nil {
			return err
		}
		if err := s.link.Send(s.job.packets, size); err != nil {
			return fmt.Errorf("send: %w", err)
		}
	}
}

// pause waits: precisely when the wait is short, else interruptibly.
func (s *Sender) pause(ctx context.Context, d time.Duration) {
	if d <= 2*time.Millisecond {
		s.cfg.Clock.Sleep(d)
		return
	}
	t := time.NewTimer(min(d, 100*time.Millisecond))
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.wake:
	case <-ctx.Done():
	}
}

// nextSlab has s.cur hold bytes not sent yet, if there are any.
func (s *Sender) nextSlab() error {
	if s.cur != nil && s.curAt < len(s.cur.data) {
		return nil
	}
	if s.cur != nil {
		s.ahead.free <- s.cur
		s.cur = nil
	}
	select {
	case slab, ok := <-s.ahead.ready:
		if ok {
			s.cur, s.curAt = slab, 0
			return nil
		}
		s.mu.Lock()
		if s.fresh {
			s.fresh, s.tailAt = false, s.flight.next
		}
		s.mu.Unlock()
	default:
	}
	return nil
}

// plan decides, under the lock, what leaves now: nothing (how long to wait), a sync, or data.
func (s *Sender) plan(now time.Duration) error {
	j := &s.job
	j.n, j.sync, j.resend, j.done, j.wait = 0, false, false, false, 0
	total, closed := s.queue.state()
	if s.aborted {
		return ErrAborted
	}
	if closed && !s.fresh && s.stats.Bytes >= total {
		s.finished, j.done = true, true
		return nil
	}
	if now-s.heard > s.cfg.IdleTimeout {
		return fmt.Errorf("no answer from %s for %v: %w", s.path.RemoteAddr, s.cfg.IdleTimeout, ErrPeerLost)
	}
	rate := s.rate(now)
	s.refill(now, rate)
	if s.sentData == 0 && s.cur == nil && !closed && now-s.began < firstSync {
		s.heard = now                        // nothing was sent that could be answered
		j.wait = firstSync - (now - s.began) // there will be something to send, which tells the receiver as much
		return nil
	}
	if now >= s.nextSync {
		s.planSync(now, total, closed, rate)
		return nil
	}
	if s.silent(now) || s.flight.full() || rate <= 0 {
		j.wait = min(s.nextSync-now, 5*time.Millisecond)
		return nil
	}
	quantum := s.quantum(rate)
	have := s.tokens
	if s.smooth {
		have = min(have, s.burst)
	}
	if need := min(float64(quantum), float64(s.pending())) - have; need > 0 {
		j.wait = min(s.nextSync-now, max(time.Duration(need*8/float64(rate)*1e9), shortest(rate)))
		return nil
	}
	s.planData(quantum)
	if j.n == 0 {
		s.tokens = min(s.tokens, float64(quantum))
		j.wait = s.nextSync - now
	}
	return nil
}

// refill adds what the rate earned since the last call.
func (s *Sender) refill(now time.Duration, rate int64) {
	earned := float64(rate) / 8 * (now - s.refilled).Seconds()
	s.refilled, s.smooth = now, s.control.Smooth()
	s.tokens += earned
	packet := float64(s.path.MaxDatagram + s.path.Overhead)
	s.burst = min(s.burst+smoothPeak*earned, max(float64(rate)/8*smoothBurst.Seconds(), 2*packet))
	s.tokens = min(s.tokens, max(float64(rate)/8*catchUp.Seconds(), 2*float64(s.path.MaxDatagram)))
}

// quantum is the size of a train in IP bytes at a rate.
func (s *Sender) quantum(rate int64) int {
	packet := s.path.MaxDatagram + s.path.Overhead
	took := trainTime
	if s.smooth {
		took = smoothTime
	}
	return max(packet, min(int(float64(rate)/8*took.Seconds()), maxTrain*packet, maxTrainSize))
}

// shortest is how long a pause is at least: at gigabits long enough for several trains, since to
// wake costs as much as a train.
func shortest(rate int64) time.Duration {
	if float64(rate)/8*burstTime.Seconds() > maxTrainSize {
		return burstTime
	}
	return leastPause
}

// pending is about how many IP bytes could leave now, up to a train.
func (s *Sender) pending() int {
	packet := s.path.MaxDatagram + s.path.Overhead
	n := (len(s.resend) - s.resendAt) * packet
	if s.cur != nil {
		n += len(s.cur.data) - s.curAt
	}
	return max(n, packet)
}

// silent says that the receiver has not been heard for longer than a live path explains, or has not shown to receive at
// its address: data sent now would be lost, so only syncs probe.
func (s *Sender) silent(now time.Duration) bool {
	if link, ok := s.link.(Proving); ok && !link.Proved() {
		return true
	}
	return now-s.heard > max(4*s.srtt, 500*time.Millisecond)
}

// planSync makes the next packet a sync and decides when the one after it is due.
func (s *Sender) planSync(now time.Duration, total int64, closed bool, rate int64) {
	every := min(max(s.srtt/8, 5*time.Millisecond), 25*time.Millisecond)
	switch {
	case s.silent(now):
		every = 100 * time.Millisecond
	case !s.fresh && s.resendAt == len(s.resend):
		every = min(max(s.srtt/8, time.Millisecond), 25*time.Millisecond) // the tail waits for answers
	case s.flight.bytes == 0 && s.cur == nil:
		every = 100 * time.Millisecond // nothing to move
	}
	s.nextSync = now + every
	j := &s.job
	j.sync, j.n = true, 1
	j.first = s.flight.push(extent{})
	j.info = wire.Sync{Closed: closed && !s.fresh, Settled: s.flight.base, RTTMicros: uint64(s.srtt.Microseconds()),
		Total: uint64(total), RateBps: uint64(max(rate, 0))}
	cost := int64(wire.SyncHeaderSize + wire.TagSize + 24 + s.path.Overhead)
	s.sentData += cost
	s.spend(cost)
}

// spend takes what leaves from what was earned.
func (s *Sender) spend(bytes int64) {
	s.tokens -= float64(bytes)
	s.burst -= float64(bytes)
}

// planData fills the train: losses first, then fresh bytes, then the early repeat of the tail.
func (s *Sender) planData(quantum int) {
	j := &s.job
	packet := s.path.MaxDatagram + s.path.Overhead
	payload := s.path.MaxDatagram - wire.DataOverhead
	most := max(1, min(quantum/packet, maxTrain, maxTrainSize/s.path.MaxDatagram))
	switch {
	case s.resendAt < len(s.resend):
		j.resend = true
		for j.n < most && s.resendAt < len(s.resend) {
			e := s.resend[s.resendAt]
			rest := e.n - min(e.n, int32(payload)) // packets became smaller since it was queued
			e.n -= rest
			if j.n > 0 && e.n > j.parts[0].n {
				break
			}
			if rest > 0 {
				s.resend[s.resendAt] = extent{off: e.off + int64(e.n), n: rest}
			} else {
				s.resendAt++
			}
			s.put(extent{off: e.off, n: e.n, again: true})
			s.stats.Retransmitted++
			if e.n < j.parts[0].n {
				break
			}
		}
		switch {
		case s.resendAt == len(s.resend):
			s.resend, s.resendAt = s.resend[:0], 0
		case s.resendAt > 4096 && s.resendAt > len(s.resend)/2: // never empty: forget what is done
			s.resend, s.resendAt = s.resend[:copy(s.resend, s.resend[s.resendAt:])], 0
		}
		s.tailAt = s.flight.next
	case s.cur != nil && s.curAt < len(s.cur.data):
		if size := s.watch.probeSize(); size > 0 {
			payload, most = size-wire.DataOverhead, 1
		}
		for j.n < most && s.curAt < len(s.cur.data) {
			n := min(payload, len(s.cur.data)-s.curAt)
			s.put(extent{off: s.cur.off + int64(s.curAt), n: int32(n)})
			s.curAt += n
			s.stats.BytesSent += int64(n)
		}
	case !s.fresh:
		s.planTail(most)
	}
}

// planTail sends again, newest first, what may have been lost after the last byte was sent: the
// reports about the oldest packets come soonest, so both meet in the middle after half a round trip.
func (s *Sender) planTail(most int) {
	j := &s.job
	if s.control.Loss() == 0 && len(s.twins) >= calmTail {
		return // a path that loses nothing needs no more insurance
	}
	for j.n < most && s.tailAt > s.flight.base {
		pn := s.tailAt - 1
		e := s.flight.ring[pn&uint64(len(s.flight.ring)-1)]
		if _, paired := s.twins[pn]; e.known || e.n == 0 || paired || int(e.n) > s.path.MaxDatagram-wire.DataOverhead {
			s.tailAt--
			continue
		}
		if j.n > 0 && e.n != j.parts[0].n {
			return
		}
		s.tailAt--
		j.resend = true
		s.put(extent{off: e.off, n: e.n, again: true})
		s.twins.pair(pn, s.flight.next-1)
		s.stats.Retransmitted++
	}
}

// put appends a data packet to the train.
func (s *Sender) put(e extent) {
	j := &s.job
	pn := s.flight.push(e)
	if j.n == 0 {
		j.first = pn
	}
	j.parts[j.n] = e
	j.n++
	cost := int64(e.n) + int64(wire.DataOverhead+s.path.Overhead)
	s.sentData += cost
	s.spend(cost)
	s.stats.Packets++
}

// seal builds the train's packets and returns their size.
func (s *Sender) seal(now time.Duration) (size int, err error) {
	j := &s.job
	b := j.packets[:0]
	micros := uint64(now.Microseconds())
	conn := s.cfg.ID.ConnID()
	if j.sync {
		var body [64]byte
		b = b[:wire.SyncHeaderSize]
		wire.PutPrefix(b, wire.TypeSync, conn, j.first)
		wire.PutSendTime(b, micros)
		j.packets, err = s.keys.Seal(b, j.info.Append(body[:0]), j.first)
		return len(j.packets), err
	}
	fresh := 0
	if !j.resend {
		fresh = int(j.parts[0].off - s.cur.off)
	}
	for i := range j.n {
		e := j.parts[i]
		at := len(b)
		h := b[at : at+wire.DataHeaderSize : at+wire.DataHeaderSize+int(e.n)+wire.TagSize]
		wire.PutPrefix(h, wire.TypeData, conn, j.first+uint64(i))
		wire.PutSendTime(h, micros)
		wire.PutOffset(h, e.off)
		var plain []byte
		if j.resend {
			plain = h[wire.DataHeaderSize : wire.DataHeaderSize+int(e.n)]
			if err := readFull(s.src, plain, e.off); err != nil {
				return 0, err
			}
		} else {
			plain = s.cur.data[fresh : fresh+int(e.n)]
			fresh += int(e.n)
		}
		p, err := s.keys.Seal(h, plain, j.first+uint64(i))
		if err != nil {
			return 0, err
		}
		b = b[:at+len(p)]
	}
	j.packets = b
	return int(j.parts[0].n) + wire.DataOverhead, nil
}

// farewell tells the receiver, three times and without waiting for an answer, that this is the end.
func (s *Sender) farewell(info wire.Sync) {
	for range 3 {
		s.mu.Lock()
		s.job.sync, s.job.n = true, 1
		s.job.first = s.flight.push(extent{})
		info.Settled = s.flight.base
		s.job.info = info
		s.mu.Unlock()
		size, err := s.seal(s.cfg.Clock.Now())
		if err != nil || s.link.Send(s.job.packets, size) != nil {
			return
		}
	}
}
