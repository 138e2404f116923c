package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"faspex.io/operator/dataplane/engine/ratecontrol"
	"faspex.io/operator/dataplane/wire"
)

// Sender moves pushed ranges from a Source to the peer's Receiver.
type Sender struct {
	cfg   Config
	link  Link
	src   Source
	queue *sendQueue
	ahead *readAhead
	wake  chan struct{} // ends the pacing loop's idle wait
	keys  *wire.Keys    // data and sync; pacing loop only

	mu       sync.Mutex
	path     Path
	control  *ratecontrol.Controller
	member   *ratecontrol.Member // of the configured group, while running
	flight   *inflight
	resend   []extent // lost, in order of loss; resendAt is the first not sent again
	resendAt int
	twins    twins
	watch    pathWatch
	tailAt   uint64 // packets from here down are candidates of an early repeat
	fresh    bool   // bytes that were never sent are left
	finished bool   // the receiver wrote everything
	aborted  bool   // the receiver gave up
	srtt     time.Duration
	minRTT   time.Duration
	heard    time.Duration // when the last authentic packet came
	tokens   float64       // bytes that may leave now
	burst    float64       // likewise where bursts are to be short: smooth
	smooth   bool
	refilled time.Duration
	nextSync time.Duration
	began    time.Duration // when the path was known
	stats    Stats
	sentData int64 // IP bytes, cumulative
	meanSum  time.Duration
	meanN    int64

	job   train
	cur   *readSlab
	curAt int

	releasing Releasing // the source, if it is one
	arrived   Range     // of the report that is taken: joined, not told yet
}

// NewSender prepares a sender; nothing happens before Run.
func NewSender(cfg Config, link Link, src Source) (*Sender, error) {
	cfg, err := cfg.WithDefaults()
	if err != nil {
		return nil, fmt.Errorf("new sender: %w", err)
	}
	keys, err := cfg.keys(wire.DirData)
	if err != nil {
		return nil, fmt.Errorf("new sender: %w", err)
	}
	s := &Sender{cfg: cfg, link: link, src: src, keys: keys,
		queue: newSendQueue(), wake: make(chan struct{}, 1), fresh: true,
		flight: newInflight(int(cfg.MaxMemory / 4 / 24)), twins: twins{}}
	s.control = ratecontrol.New(cfg.Rate)
	s.releasing, _ = src.(Releasing)
	return s, nil
}

// Push appends a range to send. Ranges go out in the order pushed and must not overlap;
// adjacent ones are joined, so that small files share packets. Callable while running.
func (s *Sender) Push(r Range) error { return s.queue.push(r) }

// Abandon has the part of a pushed range that was not read yet not be sent at all. The receiver is not
// told and goes on expecting it, so Run ends by its context then: for layers that know by a channel of
// their own that both ends are done.
func (s *Sender) Abandon(r Range) { s.queue.abandon(r) }

// CloseSend says that no further range will be pushed.
func (s *Sender) CloseSend() {
	s.queue.close()
	s.poke()
}

// SetRate changes policy, target, minimum and cap of a running sender. An invalid rate changes
// nothing.
func (s *Sender) SetRate(r Rate) {
	r, err := normalRate(r)
	if err != nil {
		s.cfg.Logger.Warn("rate refused", "error", err)
		return
	}
	s.mu.Lock()
	s.control.SetLimits(r)
	if s.member != nil {
		s.member.SetWeight(r.Weight())
	}
	s.mu.Unlock()
	s.poke()
}

// rate is the pacing rate at a time: the controller's, within the group's part.
func (s *Sender) rate(now time.Duration) int64 {
	rate := s.control.RateAt(now)
	if s.member == nil {
		return rate
	}
	if part := s.member.Part(now, rate); part > 0 {
		rate = min(rate, part)
	}
	return rate
}

func (s *Sender) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Run sends until every pushed range is acknowledged as written after CloseSend (nil), the
// peer is silent for IdleTimeout (ErrPeerLost) or gives up (ErrAborted), the source fails, or
// ctx ends (its error). It does not close the link.
func (s *Sender) Run(ctx context.Context) error {
	path, err := s.link.Ready(ctx)
	if err != nil {
		return fmt.Errorf("wait for the receiver: %w", err)
	}
	opener, err := s.cfg.keys(wire.DirFeedback)
	if err != nil {
		return err
	}
	now := s.cfg.Clock.Now()
	s.mu.Lock()
	s.path, s.heard, s.refilled, s.began = path, now, now, now
	s.srtt, s.minRTT = path.RTT, path.RTT
	s.control.Start(now, path.RTT, path.CapacityBps+path.BeyondBps, s.cfg.Clock.Wall())
	s.mu.Unlock()
	if s.cfg.Group != nil {
		member := s.cfg.Group.group.Join(s.cfg.Rate.Weight())
		defer member.Leave()
		s.mu.Lock()
		s.member = member
		s.mu.Unlock()
	}
	payload := int64(path.MaxDatagram - wire.DataOverhead)
	s.ahead = newReadAhead(s.queue, s.src, slabSize/payload*payload, s.wake)

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var group sync.WaitGroup
	errs := make(chan error, 3)
	start := func(f func() error) {
		group.Go(func() {
			if err := f(); err != nil {
				errs <- err
				cancel()
			}
		})
	}
	group.Go(func() { s.narrate(ctx) })
	start(func() error { return s.ahead.run(ctx) })
	start(func() error {
		defer cancel() // the pacing loop ends last on success
		return s.pace(ctx)
	})
	start(func() error { return s.listen(ctx, opener) })
	group.Wait()
	s.mu.Lock()
	finished := s.finished
	s.mu.Unlock()
	if finished {
		return nil
	}
	var first error
	for len(errs) > 0 {
		if err := <-errs; first == nil || errors.Is(first, context.Canceled) {
			first = err
		}
	}
	if first == nil {
		first = ctx.Err()
	}
	return first
}

// Stats is a snapshot; safe at any time.
func (s *Sender) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.stats
	st.WireBytes = s.sentData
	st.RateBps = s.control.Rate()
	st.DeliveryBps, st.CapacityBps = s.control.Delivery(), s.control.Capacity()
	st.QueueDelay = s.control.Queue()
	st.RTT = s.srtt
	if s.meanN > 0 {
		st.MeanQueueDelay = s.meanSum / time.Duration(s.meanN)
	}
	st.Link = s.link.Stats()
	return st
}
