package engine

import (
	"context"
	"time"

	"faspex.io/operator/dataplane/wire"
)

// How long arrived bytes wait in memory for the rest of their chunk before they are written as
// they are.
const (
	slabIdle = 250 * time.Millisecond // after the last packet of the chunk
	slabAge  = 2 * time.Second        // after its first
)

// takeData opens a data packet and puts its bytes where they belong. Called under the lock.
func (r *Receiver) takeData(ctx context.Context, d []byte, pn uint64, now time.Duration) error {
	lo := wire.Offset(d)
	hi := lo + int64(len(d)-wire.DataOverhead)
	// A packet goes straight into its slab when that exists and none of its bytes has arrived: a forged
	// one then destroys nothing, and costs no memory.
	if s := r.slabOf(lo); s != nil && hi > lo && hi <= s.base+slabSize &&
		r.received.overlap(lo, hi) == 0 && r.expected.contains(lo, hi) {
		at := lo - s.base
		if _, err := r.opener.Open(s.buf[at:at:at+hi-lo], d, wire.DataHeaderSize, pn); err != nil {
			r.forged(d)
			return nil
		}
		r.noteArrival(d, pn, now)
		r.took(s, lo, hi, now)
		return nil
	}
	body, err := r.opener.Open(r.scratch[:0], d, wire.DataHeaderSize, pn)
	if err != nil {
		r.forged(d)
		return nil
	}
	if hi > lo && !r.expected.contains(lo, hi) {
		r.stats.Unexpected++
		r.arrivals.refused(pn, now)
		r.account(d, now, false)
		return nil
	}
	r.noteArrival(d, pn, now)
	r.missing = r.received.missing(r.missing[:0], lo, hi)
	if len(r.missing) == 0 {
		r.stats.Duplicates++
		return nil
	}
	for _, m := range r.missing {
		for m.lo < m.hi {
			s, err := r.slabFor(ctx, m.lo, now)
			if err != nil {
				return err
			}
			end := min(m.hi, s.base+slabSize)
			copy(s.buf[m.lo-s.base:], body[m.lo-lo:end-lo])
			r.took(s, m.lo, end, now)
			m.lo = end
		}
	}
	return nil
}

// slabOf is the slab of an offset if there is one.
func (r *Receiver) slabOf(off int64) *slab {
	base := off &^ (slabSize - 1)
	if r.last != nil && r.last.base == base {
		return r.last
	}
	s := r.slabs[base]
	if s != nil {
		r.last = s
	}
	return s
}

// slabFor is the slab of an offset, made if need be. When the memory is used up it waits for the
// writers, or writes the slab with the oldest hole as it is.
func (r *Receiver) slabFor(ctx context.Context, off int64, now time.Duration) (*slab, error) {
	if s := r.slabOf(off); s != nil {
		return s, nil
	}
	s := r.pool.get()
	for s == nil {
		if r.pool.backlog() == 0 {
			r.flush(r.oldest())
		}
		r.mu.Unlock()
		err := r.pool.wait(ctx)
		r.mu.Lock()
		if err != nil {
			return nil, err
		}
		s = r.pool.get()
	}
	s.base = off &^ (slabSize - 1)
	s.have = r.received.overlap(s.base, s.base+slabSize)
	s.born, s.generation = now, 0
	r.slabs[s.base] = s
	r.last = s
	return s, nil
}

// took records that [lo, hi) is in its slab, and hands the slab over when it is whole.
func (r *Receiver) took(s *slab, lo, hi int64, now time.Duration) {
	r.received.add(lo, hi)
	s.runs.add(lo, hi)
	s.have += hi - lo
	s.touched = now
	r.stats.BytesReceived += hi - lo
	if s.have == r.wanted(s) {
		r.flush(s)
	}
	r.allHere = r.received.total == r.expected.total
}

// wanted is how many bytes of a chunk are expected in all.
func (r *Receiver) wanted(s *slab) int64 {
	if s.generation != r.generation {
		s.generation, s.want = r.generation, r.expected.overlap(s.base, s.base+slabSize)
	}
	return s.want
}

// flush hands a slab to the writers.
func (r *Receiver) flush(s *slab) {
	delete(r.slabs, s.base)
	if r.last == s {
		r.last = nil
	}
	r.pool.enqueue()
	r.writeq <- s // has room for all slabs
}

// oldest is the slab whose last packet came first.
func (r *Receiver) oldest() *slab {
	var o *slab
	for _, s := range r.slabs {
		if o == nil || s.touched < o.touched || s.touched == o.touched && s.base < o.base {
			o = s
		}
	}
	return o
}

// flushAged writes what has waited long enough for the rest of its chunk.
func (r *Receiver) flushAged(now time.Duration) {
	if now-r.reported < time.Millisecond {
		return // as often as reports is enough
	}
	wait := max(slabIdle, 2*r.senderRTT)
	for _, s := range r.slabs {
		if now-s.touched > wait || now-s.born > max(slabAge, 4*r.senderRTT) {
			r.flush(s)
		}
	}
}

// write is a writer: it writes slabs until the queue is closed, or the sink fails.
func (r *Receiver) write() error {
	for s := range r.writeq {
		if till := r.writeTill.Load(); till > 0 && int64(r.cfg.Clock.Now()) > till {
			return nil
		}
		for _, run := range s.runs.s {
			if _, err := r.sink.WriteAt(s.buf[run.lo-s.base:run.hi-s.base], run.lo); err != nil {
				return err
			}
			r.told.Lock()
			if r.onWritten != nil {
				r.onWritten(Range{run.lo, run.hi - run.lo})
			}
			r.mu.Lock()
			r.written += run.hi - run.lo
			r.mu.Unlock()
			r.told.Unlock()
		}
		r.pool.put(s)
	}
	return nil
}
