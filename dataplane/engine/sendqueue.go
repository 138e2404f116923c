package engine

import (
	"context"
	"fmt"
	"io"
	"sync"
)

// sendQueue is the pushed ranges that were not read yet, joined where they touch.
type sendQueue struct {
	mu     sync.Mutex
	ranges []Range
	closed bool
	total  int64
	wake   chan struct{}
}

func newSendQueue() *sendQueue { return &sendQueue{wake: make(chan struct{}, 1)} }

func (q *sendQueue) push(r Range) error {
	if err := r.check(); err != nil {
		return fmt.Errorf("push: %w", err)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return fmt.Errorf("push after close: %w", ErrClosed)
	}
	if r.Length == 0 {
		return nil
	}
	q.total += r.Length
	if n := len(q.ranges); n > 0 && q.ranges[n-1].End() == r.Offset {
		q.ranges[n-1].Length += r.Length
	} else {
		q.ranges = append(q.ranges, r)
	}
	q.signal()
	return nil
}

// abandon removes what was not taken yet of a range.
func (q *sendQueue) abandon(r Range) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var left []Range
	for _, g := range q.ranges {
		before := Range{g.Offset, min(g.End(), r.Offset) - g.Offset}
		after := Range{max(g.Offset, r.End()), g.End() - max(g.Offset, r.End())}
		for _, part := range []Range{before, after} {
			if part.Length > 0 {
				left = append(left, part)
			}
		}
	}
	q.ranges = left
	q.signal()
}

func (q *sendQueue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.signal()
}

func (q *sendQueue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// state is how many bytes were pushed and whether that is all.
func (q *sendQueue) state() (total int64, closed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.total, q.closed
}

// take removes up to n bytes from the front; ok is false when nothing is there.
func (q *sendQueue) take(n int64) (r Range, ok, closed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.ranges) == 0 {
		return Range{}, false, q.closed
	}
	front := &q.ranges[0]
	r = Range{front.Offset, min(n, front.Length)}
	front.Offset += r.Length
	front.Length -= r.Length
	if front.Length == 0 {
		q.ranges = q.ranges[1:]
		if len(q.ranges) == 0 {
			q.ranges = nil
		}
	}
	return r, true, q.closed
}

// readSlabs is how far reading runs ahead of sending, in slabs of 1 MiB.
const readSlabs = 4

// readSlab is a contiguous piece of the transfer space, read.
type readSlab struct {
	off  int64
	data []byte
	buf  []byte
}

// readAhead reads pushed ranges before they are sent, so that a slow read delays nothing.
type readAhead struct {
	queue *sendQueue
	src   Source
	size  int64 // of a slab: a multiple of what a packet carries
	ready chan *readSlab
	free  chan *readSlab
	wake  chan struct{} // told when a slab is ready
}

func newReadAhead(q *sendQueue, src Source, size int64, wake chan struct{}) *readAhead {
	a := &readAhead{queue: q, src: src, size: size, wake: wake,
		ready: make(chan *readSlab, readSlabs), free: make(chan *readSlab, readSlabs)}
	for range readSlabs {
		a.free <- &readSlab{}
	}
	return a
}

// run reads until the queue is closed and empty or ctx ends. It closes ready at the end.
func (a *readAhead) run(ctx context.Context) error {
	for {
		var slab *readSlab
		select {
		case slab = <-a.free:
		case <-ctx.Done():
			return ctx.Err()
		}
		r, ok, closed := a.queue.take(a.size)
		for !ok {
			if closed {
				close(a.ready)
				a.tell()
				return nil
			}
			select {
			case <-a.queue.wake:
			case <-ctx.Done():
				return ctx.Err()
			}
			r, ok, closed = a.queue.take(a.size)
		}
		if lending, ok := a.src.(Lending); ok {
			if err := a.lend(ctx, lending, r, slab); err != nil {
				return err
			}
			continue
		}
		if int64(len(slab.buf)) < r.Length {
			slab.buf = make([]byte, max(r.Length, min(a.size, 2*r.Length)))
		}
		slab.off, slab.data = r.Offset, slab.buf[:r.Length]
		if err := readFull(a.src, slab.data, r.Offset); err != nil {
			return err
		}
		a.ready <- slab
		a.tell()
	}
}

// lend passes on the bytes of a range without reading them, in as many slabs as it takes, of which slab is the first.
func (a *readAhead) lend(ctx context.Context, src Lending, r Range, slab *readSlab) error {
	for r.Length > 0 {
		if slab == nil {
			select {
			case slab = <-a.free:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		b, err := src.Lend(r.Offset, r.Length)
		if err == nil && len(b) == 0 {
			err = io.ErrNoProgress
		}
		if err != nil {
			return fmt.Errorf("borrow %d bytes at %d of the source: %w", r.Length, r.Offset, err)
		}
		slab.off, slab.data = r.Offset, b
		r.Offset, r.Length = r.Offset+int64(len(b)), r.Length-int64(len(b))
		a.ready <- slab
		a.tell()
		slab = nil
	}
	return nil
}

func (a *readAhead) tell() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// readFull fills p from the source; an end of file at the end of p is no error.
func readFull(src Source, p []byte, off int64) error {
	n, err := src.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	if err == nil {
		err = fmt.Errorf("short read")
	}
	return fmt.Errorf("read %d bytes at %d of the source: %w", len(p), off, err)
}
