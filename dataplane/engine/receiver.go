package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"faspex.io/operator/dataplane/wire"
)

// writers is how many writes a receiver has under way at most.
const writers = 2

// Receiver takes the expected ranges from the peer's Sender into a Sink.
type Receiver struct {
	cfg       Config
	link      Link
	sink      Sink
	onWritten func(Range)
	opener    *wire.Keys
	sealer    *wire.Keys
	pool      *slabPool
	writeq    chan *slab
	told      sync.Mutex   // one onWritten at a time
	writeTill atomic.Int64 // when writing ends, on the session's clock; 0 is never

	mu         sync.Mutex
	expected   intervals
	generation int // counts changes of expected
	closed     bool
	written    int64
	stats      Stats

	// The rest belongs to the receiving loop.
	received  intervals
	arrivals  arrivals
	slabs     map[int64]*slab
	last      *slab // the slab used last
	scratch   []byte
	missing   []span
	feedback  wire.Feedback
	reportPN  uint64
	reported  time.Duration // when the last report left
	fullAt    time.Duration // when the next complete report is due
	heard     time.Duration
	judge     mergeJudge
	damaged   int           // datagrams of the last train that did not authenticate
	came      time.Duration // when the train that is being taken reached the machine
	dated     uint32        // when its first datagram was sent
	isDated   bool
	senderRTT time.Duration
	since     interval
	packets   uint64
	bytes     uint64
	closing   bool // the sender closed: total is all there is
	total     int64
	bye       bool
	aborted   bool
	allHere   bool // everything expected so far has arrived
	drain     drainRate
	share     *inboundShare // of the configured group, nil without
	packet    []byte
}

// NewReceiver prepares a receiver; nothing happens before Run. onWritten, when not nil, is
// called after Sink.WriteAt returned for a range, one call at a time, ranges in any order and
// of any size (join them); it must not block for long.
func NewReceiver(cfg Config, link Link, sink Sink, onWritten func(Range)) (*Receiver, error) {
	cfg, err := cfg.WithDefaults()
	if err != nil {
		return nil, fmt.Errorf("new receiver: %w", err)
	}
	opener, err := cfg.keys(wire.DirData)
	if err != nil {
		return nil, fmt.Errorf("new receiver: %w", err)
	}
	sealer, err := cfg.keys(wire.DirFeedback)
	if err != nil {
		return nil, fmt.Errorf("new receiver: %w", err)
	}
	limit := int(cfg.MaxMemory / slabSize)
	return &Receiver{cfg: cfg, link: link, sink: sink, onWritten: onWritten, opener: opener, sealer: sealer,
		pool: newSlabPool(limit), writeq: make(chan *slab, limit), slabs: map[int64]*slab{},
		arrivals: arrivals{wait: leastReorderWait, maxWait: 20 * time.Millisecond},
		scratch:  make([]byte, 0, wire.MaxDatagram), packet: make([]byte, 0, wire.MaxDatagram)}, nil
}

// Expect allows a range to be received. Data outside of the expected ranges is dropped,
// counted, and asked for again, so expecting late costs a round trip and no byte.
func (r *Receiver) Expect(g Range) error {
	if err := g.check(); err != nil {
		return fmt.Errorf("expect: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return fmt.Errorf("expect after close: %w", ErrClosed)
	}
	r.expected.add(g.Offset, g.End())
	r.generation++
	return nil
}

// CloseExpect says that no further range will be expected.
func (r *Receiver) CloseExpect() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
}

// Run receives until every expected range is written after CloseExpect (nil), the peer is
// silent for IdleTimeout (ErrPeerLost), the peer finishes early (ErrIncomplete) or gives up
// (ErrAborted), the sink fails, or ctx ends (its error). However it ends, what has arrived is
// written, if that takes no more than seconds: it need not be sent again. It does not close the link.
func (r *Receiver) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if r.cfg.Group != nil {
		share := &inboundShare{member: r.cfg.Group.group.Join(r.cfg.Rate.Weight()), wants: unknownWants}
		defer share.member.Leave()
		r.share = share
	}
	var group sync.WaitGroup
	errs := make(chan error, writers)
	for range writers {
		group.Go(func() {
			if err := r.write(); err != nil {
				errs <- err
				cancel()
			}
		})
	}
	err := r.receive(ctx)
	if err != nil && !errors.Is(err, ErrAborted) {
		r.abort()
	}
	switch {
	case len(errs) > 0 && errors.Is(err, context.Canceled):
		err = <-errs
	case ctx.Err() != nil:
		r.linger(context.WithoutCancel(ctx))
	}
	r.writeRest()
	group.Wait()
	return err
}

// Stats is a snapshot; safe at any time.
func (r *Receiver) Stats() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	st := r.stats
	st.Bytes = r.written
	st.Backlog = int64(r.pool.inUse()) * slabSize
	st.Link = r.link.Stats()
	return st
}

// done says that everything expected is written.
func (r *Receiver) done() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed && r.written == r.expected.total
}

// over says that nothing more can come about on this side: no range will be expected, none is held
// in memory.
func (r *Receiver) over() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed && r.pool.inUse() == 0 && r.written != r.expected.total
}

// receive is the receiving loop: it owns the reassembly and the reports.
func (r *Receiver) receive(ctx context.Context) error {
	buf := make([]byte, receiveBuffer)
	r.heard = r.cfg.Clock.Now()
	var doneAt time.Duration
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, size, err := r.link.Receive(buf, r.untilReport())
		if err != nil {
			return fmt.Errorf("receive: %w", err)
		}
		now := r.cfg.Clock.Now()
		if err := r.takeTrain(ctx, buf[:n], size, now); err != nil {
			return err
		}
		r.flushAged(now)
		done := r.done()
		if done && doneAt == 0 {
			doneAt = now
			r.reported = 0
			if r.packets == 0 && r.totalExpected() == 0 {
				return nil
			}
		}
		if err := r.reportIfDue(now, done); err != nil {
			return err
		}
		switch {
		case r.aborted:
			return ErrAborted
		case done && (r.bye || now-doneAt > max(time.Second, 4*r.senderRTT)):
			return nil
		case r.bye && !r.over():
			// The sender is gone with everything it had: what is left is local.
		case r.bye:
			return ErrIncomplete
		case now-r.heard > r.cfg.IdleTimeout:
			return fmt.Errorf("nothing from the sender for %v: %w", r.cfg.IdleTimeout, ErrPeerLost)
		}
	}
}

func (r *Receiver) totalExpected() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.expected.total
}

// takeTrain takes the datagrams of one receive call, if it gave any.
func (r *Receiver) takeTrain(ctx context.Context, b []byte, size int, now time.Duration) error {
	if len(b) == 0 {
		return nil
	}
	r.came = now - ageOf(r.link)
	r.mu.Lock()
	defer r.mu.Unlock()
	authentic := r.packets
	r.isDated, r.damaged = false, 0
	for len(b) > 0 {
		d := b[:min(size, len(b))]
		b = b[len(d):]
		if err := r.takeDatagram(ctx, d, now); err != nil {
			return err
		}
	}
	r.judgeMerging(int(r.packets-authentic), r.damaged)
	return nil
}

func (r *Receiver) takeDatagram(ctx context.Context, d []byte, now time.Duration) error {
	head, err := wire.ParsePrefix(d)
	if err != nil || head.ConnID != r.cfg.ID.ConnID() || head.Type != wire.TypeData && head.Type != wire.TypeSync {
		r.forged(d)
		return nil
	}
	pn := wire.FullPN(head.PN, r.arrivals.next)
	if !r.arrivals.fresh(pn) {
		r.stats.Replayed++
		return nil
	}
	if head.Type == wire.TypeSync {
		r.takeSync(d, pn, now)
		return nil
	}
	return r.takeData(ctx, d, pn, now)
}

func (r *Receiver) takeSync(d []byte, pn uint64, now time.Duration) {
	var s wire.Sync
	body, err := r.opener.Open(r.scratch[:0], d, wire.SyncHeaderSize, pn)
	if err == nil {
		err = s.Parse(body)
	}
	if err != nil {
		r.forged(d)
		return
	}
	r.noteArrival(d, pn, now)
	r.arrivals.settle(s.Settled)
	r.senderRTT = time.Duration(min(s.RTTMicros, uint64(longestRTT/time.Microsecond))) * time.Microsecond
	r.arrivals.maxWait = max(r.senderRTT/2, 20*time.Millisecond)
	r.bye = r.bye || s.Bye
	r.aborted = r.aborted || s.Abort
	if s.Closed {
		r.closing, r.total = true, int64(s.Total)
	}
	r.stats.RTT, r.stats.RateBps = r.senderRTT, int64(min(s.RateBps, 1<<62))
}

// forged counts a datagram that does not authenticate. One that is too long is several that were merged before
// merging was switched off.
func (r *Receiver) forged(d []byte) {
	r.stats.AuthFailures++
	if len(d) <= wire.MaxDatagram {
		r.damaged++
	}
}

// noteArrival does the accounting of an authentic packet.
func (r *Receiver) noteArrival(d []byte, pn uint64, now time.Duration) {
	before := r.arrivals.next
	r.arrivals.arrived(pn, now)
	r.account(d, now, pn >= before)
	if pn > before {
		r.stats.Lost += pn - before
	}
}

func (r *Receiver) account(d []byte, now time.Duration, newest bool) {
	r.heard = now
	r.packets++
	r.bytes += uint64(len(d))
	r.stats.Packets++
	r.stats.WireBytes += int64(len(d))
	sent := wire.SendTime(d)
	if !r.isDated {
		r.isDated, r.dated = true, sent
	}
	r.since.add(sent, r.dated, r.came, newest)
}
