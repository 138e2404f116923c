package engine

import (
	"context"
	"sync"
	"time"
)

// slab gathers the arrived bytes of one 1 MiB aligned chunk of the transfer space until they are
// written in one piece.
type slab struct {
	base    int64
	buf     []byte
	runs    intervals // arrived and not written, absolute offsets
	have    int64     // bytes of the chunk that arrived, written ones included
	want    int64     // bytes of the chunk that are expected, as of generation
	born    time.Duration
	touched time.Duration

	generation int
}

// slabPool bounds the memory of a receiver: at most limit slabs exist.
type slabPool struct {
	mu     sync.Mutex
	freed  chan struct{}
	free   []*slab
	made   int
	limit  int
	queued int // handed to the writers and not back yet
}

func newSlabPool(limit int) *slabPool {
	return &slabPool{limit: limit, freed: make(chan struct{}, 1)}
}

// get returns an empty slab or nil when all are in use.
func (p *slabPool) get() *slab {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.free); n > 0 {
		s := p.free[n-1]
		p.free = p.free[:n-1]
		return s
	}
	if p.made == p.limit {
		return nil
	}
	p.made++
	return &slab{buf: make([]byte, slabSize)}
}

func (p *slabPool) put(s *slab) {
	s.runs.s, s.runs.total = s.runs.s[:0], 0
	p.mu.Lock()
	p.free = append(p.free, s)
	p.queued--
	p.mu.Unlock()
	select {
	case p.freed <- struct{}{}:
	default:
	}
}

// wait pauses until a slab may have come back.
func (p *slabPool) wait(ctx context.Context) error {
	select {
	case <-p.freed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// backlog is how many slabs the writers have not finished.
func (p *slabPool) backlog() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.queued
}

func (p *slabPool) enqueue() {
	p.mu.Lock()
	p.queued++
	p.mu.Unlock()
}

// inUse is how many slabs are neither free nor unmade.
func (p *slabPool) inUse() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.made - len(p.free)
}
