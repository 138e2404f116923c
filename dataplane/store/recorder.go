package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"faspex.io/operator/dataplane/record"
)

const (
	flushInterval     = time.Second
	heartbeatInterval = 3 * time.Second
	// silentAfter is how long a session may be silent and still keep its transfer from ending.
	silentAfter = 25 * time.Second
	// lostAfter is how long a session may be silent before another node declares it lost.
	lostAfter     = time.Minute
	sweepInterval = 30 * time.Second
	// purgeInterval is how often a node looks for what is kept no longer, once it has found nothing.
	purgeInterval = time.Hour
	// drainTime is how long Run goes on after its context to write what is left.
	drainTime = 15 * time.Second
	// maxRefusals is how often a working database may refuse a write, for a deadlock for example,
	// before Run gives up at its end.
	maxRefusals = 3
	// maxPendingFiles bounds the memory of a session while the database is away; beyond it, results of files are dropped.
	maxPendingFiles = 100_000
)

// codeConnectionLost is ascp's error number for a session whose other end went away.
const codeConnectionLost = 15

// NodeRecorder is the Recorder of one node. Run must run for anything to reach the database.
type NodeRecorder struct {
	store *Store
	node  string
	boot  string
	now   func() time.Time
	log   *slog.Logger
	poke  chan struct{}
	tally tally
	// history is how long what ended is kept.
	history History

	mu       sync.Mutex
	sessions map[string]*recording
}

// NewRecorder makes the recorder of the node with that name; no two running nodes of one database may share a name.
func NewRecorder(s *Store, node string, now func() time.Time, log *slog.Logger) *NodeRecorder {
	return &NodeRecorder{
		store: s, node: node, boot: uuid.NewString(), now: now, log: log,
		poke: make(chan struct{}, 1), sessions: map[string]*recording{}, history: History{}.withDefaults(),
	}
}

// Keep sets how long what ended is kept. It is called before Run.
func (r *NodeRecorder) Keep(h History) { r.history = h.withDefaults() }

// Begin implements Recorder.
func (r *NodeRecorder) Begin(_ context.Context, t record.Transfer) (record.Recording, error) {
	rec := &recording{
		transfer: t, startedUsec: r.now().UnixMicro(), canceled: make(chan struct{}), written: make(chan struct{}),
		rates: make(chan record.RateChange, 1), now: r.now, poke: r.wake, tally: &r.tally,
	}
	r.mu.Lock()
	r.sessions[t.SessionID] = rec
	r.mu.Unlock()
	r.wake()
	return rec, nil
}

// Active is the number of sessions that have not finished.
func (r *NodeRecorder) Active() int {
	n := 0
	for _, rec := range r.all() {
		if !rec.finished() {
			n++
		}
	}
	return n
}

func (r *NodeRecorder) wake() {
	select {
	case r.poke <- struct{}{}:
	default:
	}
}

func (r *NodeRecorder) all() []*recording {
	r.mu.Lock()
	defer r.mu.Unlock()
	recs := make([]*recording, 0, len(r.sessions))
	for _, rec := range r.sessions {
		recs = append(recs, rec)
	}
	return recs
}

func (r *NodeRecorder) forget(sessionID string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.sessions, sessionID)
}

// Run writes until ctx ends, and then for a moment more until all is written.
func (r *NodeRecorder) Run(ctx context.Context) {
	writes := context.WithoutCancel(ctx)
	sweep := sweeper{recorder: r}
	failing := false
	tick := time.NewTicker(flushInterval)
	defer tick.Stop()
	for ctx.Err() == nil {
		err := sweep.recoverOnce(writes)
		if err == nil {
			err = r.flush(writes)
		}
		if err == nil {
			err = sweep.step(writes)
		}
		if err != nil {
			sweep.failed()
		}
		if failing != (err != nil) {
			failing = err != nil
			if failing {
				r.log.Warn("transfers can't be recorded, will go on trying", "error", err)
			} else {
				r.log.Info("transfers are recorded again")
			}
		}
		wake := r.poke
		if failing {
			wake = nil
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		case <-wake:
		}
	}
	r.drain(writes)
}

func (r *NodeRecorder) drain(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	for refusals := 0; ; {
		err := r.flush(ctx)
		if err == nil {
			return
		}
		if answered(err) {
			refusals++
		}
		select {
		case <-ctx.Done():
		case <-time.After(flushInterval):
		}
		if ctx.Err() != nil || refusals >= maxRefusals {
			r.log.Error("the end of some transfers was not recorded", "sessions", len(r.all()), "error", err)
			return
		}
	}
}

// flush writes what changed and picks up what was asked of running transfers.
func (r *NodeRecorder) flush(ctx context.Context) error {
	var running []*recording
	var refused error
	for _, rec := range r.all() {
		w := rec.pending(r.now())
		if err := r.store.write(ctx, r.node, r.boot, rec, w); err != nil {
			err = fmt.Errorf("session %s: %w", rec.transfer.SessionID, err)
			if !answered(err) {
				return err
			}
			// The database is there and refuses this session: the others are written all the same.
			refused = errors.Join(refused, err)
			continue
		}
		if w.end != nil {
			if n := rec.droppedFiles(); n > 0 {
				r.log.Warn("results of files were not recorded", "transfer", rec.transfer.TransferID, "session",
					rec.transfer.SessionID, "files", n)
			}
			r.forget(rec.transfer.SessionID)
			close(rec.written)
			continue
		}
		running = append(running, rec)
	}
	return errors.Join(refused, r.store.readWishes(ctx, running))
}

// sweeper fails the sessions that nobody runs any more: those of this node before it started,
// and those of nodes that are gone.
type sweeper struct {
	recorder   *NodeRecorder
	recovered  bool
	lastFailed time.Time
	last       time.Time
	nextPurge  time.Time
}

func (s *sweeper) failed() { s.lastFailed = s.recorder.now() }

// recoverOnce runs before anything is written: what the former process left must not be
// mixed up with what this one does.
func (s *sweeper) recoverOnce(ctx context.Context) error {
	r := s.recorder
	if s.recovered {
		return nil
	}
	n, err := r.store.failRestarted(ctx, r.node, r.boot, r.now())
	if err != nil {
		return err
	}
	s.recovered = true
	if n > 0 {
		r.log.Info("transfers of the former process are failed", "sessions", n)
	}
	return nil
}

func (s *sweeper) step(ctx context.Context) error {
	r, now := s.recorder, s.recorder.now()
	// After an outage every session looks silent until its node has written again.
	if now.Sub(s.last) < sweepInterval || now.Sub(s.lastFailed) < sweepInterval {
		return nil
	}
	s.last = now
	n, err := r.store.failLost(ctx, lostAfter, now)
	if n > 0 {
		r.log.Warn("transfers of nodes that went away are failed", "sessions", n)
	}
	if err != nil || now.Before(s.nextPurge) {
		return err
	}
	more, err := r.store.purge(ctx, r.history, now)
	if err == nil && !more {
		s.nextPurge = now.Add(purgeInterval)
	}
	return err
}
