package core

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"faspex.io/operator/faspex/store"
)

const (
	// lookForEvents is how often the database is asked while somebody listens. Replicas need
	// no other way to tell each other.
	lookForEvents = time.Second
	// overlap is how many ids before the newest are read again each time: a transaction that began earlier may end later,
	// and its events appear among ids that were seen already (TestEventsThatAppearLate).
	overlap = 200
	// eventBatch bounds what is read at once.
	eventBatch = 5000
	// missedTooMany is how far back a client is told what it missed. Beyond that it reads everything again.
	missedTooMany = 2000
)

// told is an event on its way to a client.
type told struct {
	id   int64
	kind string // package, transfer, ready or reset
	of   int64  // the thing's id; 0 for none
}

// text is the event as text/event-stream.
func (e told) text() []byte {
	data := "{}"
	if e.of != 0 {
		data = fmt.Sprintf(`{"id":"%d"}`, e.of)
	}
	return fmt.Appendf(nil, "id: %d\nevent: %s\ndata: %s\n\n", e.id, e.kind, data)
}

// subscriber is one stream.
type subscriber struct {
	account int64
	all     bool // hears of everyone's packages
	wake    chan struct{}

	mu      sync.Mutex
	waiting []told
}

// take gives what waits for the client.
func (s *subscriber) take() []told {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.waiting
	s.waiting = nil
	return out
}

// put keeps an event for the client, once for each thing: it reads what is there now, not what happened.
func (s *subscriber) put(e told) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, w := range s.waiting {
		if w.kind == e.kind && w.of == e.of {
			s.waiting[i].id = max(w.id, e.id)
			return
		}
	}
	if len(s.waiting) >= missedTooMany {
		s.waiting = []told{{id: e.id, kind: "reset"}} // a client that reads too slowly
	} else {
		s.waiting = append(s.waiting, e)
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *subscriber) wants(e store.Event) bool { return s.all || e.AccountID == s.account }

// eventHub reads events from the database while somebody listens, and hands them out. Safe for concurrent use.
type eventHub struct {
	store   *store.Store
	every   time.Duration
	log     *slog.Logger
	stopped chan struct{}
	stop    func()

	mu      sync.Mutex
	subs    map[*subscriber]bool
	reading bool
	newest  int64
	seen    map[int64]bool // ids among the last overlap that were handed out
}

func newEventHub(s *store.Store, log *slog.Logger) *eventHub {
	h := &eventHub{store: s, every: lookForEvents, log: log, stopped: make(chan struct{}), subs: map[*subscriber]bool{}}
	h.stop = sync.OnceFunc(func() { close(h.stopped) })
	return h
}

// subscribe begins a stream. after is the id that the client saw last, or -1.
func (h *eventHub) subscribe(ctx context.Context, account int64, all bool, after int64) (*subscriber, error) {
	sub := &subscriber{account: account, all: all, wake: make(chan struct{}, 1)}
	h.mu.Lock()
	defer h.mu.Unlock()
	newest, oldest, err := h.store.LastEvent(ctx)
	if err != nil {
		return nil, err
	}
	if !h.reading {
		// What comes while nobody reads is not in seen; what is there now was not handed out, and need not be.
		if err := h.begin(ctx, newest); err != nil {
			return nil, err
		}
	}
	sub.put(told{id: newest, kind: "ready"})
	switch {
	case after < 0:
	case after > newest || after < oldest-1 || newest-after > missedTooMany:
		sub.put(told{id: newest, kind: "reset"})
	default:
		missed, err := h.store.EventsAfter(ctx, max(after-overlap, 0), eventBatch)
		if err != nil {
			return nil, err
		}
		for _, e := range missed {
			if sub.wants(e) {
				sub.put(told{e.ID, e.Kind, e.ThingID})
			}
		}
	}
	h.subs[sub] = true
	return sub, nil
}

// begin starts the reader; the caller holds mu.
func (h *eventHub) begin(ctx context.Context, newest int64) error {
	h.newest, h.seen = newest, map[int64]bool{}
	recent, err := h.store.EventsAfter(ctx, max(newest-overlap, 0), eventBatch)
	if err != nil {
		return err
	}
	for _, e := range recent {
		h.seen[e.ID] = true
		h.newest = max(h.newest, e.ID)
	}
	h.reading = true
	go h.read()
	return nil
}

func (h *eventHub) leave(sub *subscriber) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.subs, sub)
}

// read hands events out until nobody listens any more.
func (h *eventHub) read() {
	tick := time.NewTicker(h.every)
	defer tick.Stop()
	for {
		select {
		case <-h.stopped:
			return
		case <-tick.C:
		}
		if h.idle() {
			return
		}
		if err := h.look(); err != nil {
			h.log.Warn("reading events failed", "error", err)
		}
	}
}

// idle ends the reading when nobody listens.
func (h *eventHub) idle() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.subs) == 0 {
		h.reading = false
	}
	return !h.reading
}

// look reads once.
func (h *eventHub) look() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	h.mu.Lock()
	from := max(h.newest-overlap, 0)
	h.mu.Unlock()
	found, err := h.store.EventsAfter(ctx, from, eventBatch)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range found {
		if h.seen[e.ID] {
			continue
		}
		h.seen[e.ID] = true
		h.newest = max(h.newest, e.ID)
		for sub := range h.subs {
			if sub.wants(e) {
				sub.put(told{e.ID, e.Kind, e.ThingID})
			}
		}
	}
	for id := range h.seen {
		if id < h.newest-overlap {
			delete(h.seen, id)
		}
	}
	return nil
}
