package transfer

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/transfer/chunk"
)

// memLink is a data link in memory with the engine's manners: ranges go out in order, in pieces that cross no MiB of
// the space, and only what is expected is delivered. It can be cut after a number of bytes.
type memLink struct {
	mu       sync.Mutex
	changed  *sync.Cond
	pushed   []engine.Range
	expected chunk.Set
	closed   bool // CloseSend
	over     bool // CloseExpect
	src      engine.Source
	sink     engine.Sink
	moved    int64
	cutAfter int64 // 0 is never
	cut      bool
	late     int64        // bytes that have come when it is cut, and are written only after the session was told to end
	given    engine.Range // the last that was abandoned
	between  func(off int64)
}

var errCut = errors.New("link was cut")

func newMemLink() *memLink {
	l := &memLink{}
	l.changed = sync.NewCond(&l.mu)
	return l
}

// wake has those who wait look at their context.
func (l *memLink) wake() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changed.Broadcast()
}

type memSender struct{ *memLink }

func (s memSender) Push(r engine.Range) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pushed = append(s.pushed, r)
	s.changed.Broadcast()
	return nil
}

func (s memSender) Abandon(r engine.Range) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.given = r
	s.pushed = slices.DeleteFunc(s.pushed, func(p engine.Range) bool { return p.Offset >= r.Offset && p.End() <= r.End() })
	s.changed.Broadcast()
}

func (s memSender) CloseSend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.changed.Broadcast()
}

func (s memSender) SetRate(engine.Rate) {}

func (s memSender) Stats() engine.Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return engine.Stats{Bytes: s.moved}
}

func (s memSender) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, s.wake)
	defer stop()
	for {
		s.mu.Lock()
		for len(s.pushed) == 0 && !s.closed && ctx.Err() == nil {
			s.changed.Wait()
		}
		if ctx.Err() != nil || len(s.pushed) == 0 {
			s.mu.Unlock()
			return ctx.Err()
		}
		r := &s.pushed[0]
		off, n := r.Offset, min(r.Length, chunk.Size-r.Offset%chunk.Size)
		if r.Offset, r.Length = off+n, r.Length-n; r.Length == 0 {
			s.pushed = s.pushed[1:]
		}
		s.mu.Unlock()
		if err := s.move(ctx, off, n); err != nil {
			return err
		}
	}
}

func (s memSender) move(ctx context.Context, off, n int64) error {
	if s.between != nil {
		s.between(off)
	}
	buf := make([]byte, n)
	if _, err := s.src.ReadAt(buf, off); err != nil {
		return err
	}
	s.mu.Lock()
	for !s.expected.Covers(off, n) && ctx.Err() == nil {
		s.changed.Wait()
	}
	if s.cutAfter > 0 && s.moved+n > s.cutAfter {
		s.cut = true
		s.changed.Broadcast()
		s.mu.Unlock()
		return errCut
	}
	s.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if _, err := s.sink.WriteAt(buf, off); err != nil {
		return err
	}
	s.mu.Lock()
	s.moved += n
	s.changed.Broadcast()
	s.mu.Unlock()
	return nil
}

type memReceiver struct{ *memLink }

func (r memReceiver) Expect(g engine.Range) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expected.Add(g.Offset, g.Length)
	r.changed.Broadcast()
	return nil
}

func (r memReceiver) CloseExpect() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.over = true
	r.changed.Broadcast()
}

func (r memReceiver) Stats() engine.Stats { return engine.Stats{} }

func (r memReceiver) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, r.wake)
	defer stop()
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		switch {
		case ctx.Err() != nil:
			return r.writeLate()
		case r.cut && r.late == 0:
			return errCut
		case r.over && r.moved == r.expected.Total():
			return nil
		}
		r.changed.Wait()
	}
}

// writeLate has what had come before the end written after it.
func (r memReceiver) writeLate() error {
	if r.late == 0 {
		return context.Canceled
	}
	time.Sleep(50 * time.Millisecond) // whatever else the end sets off comes first
	buf := make([]byte, r.late)
	if _, err := r.src.ReadAt(buf, r.moved); err != nil {
		return err
	}
	_, err := r.sink.WriteAt(buf, r.moved)
	return err
}

// pipe is an in-memory stream with two ends, buffered like a socket.
func pipe() (io.ReadWriteCloser, io.ReadWriteCloser) {
	a, b := &half{}, &half{}
	a.cond, b.cond = sync.NewCond(&a.mu), sync.NewCond(&b.mu)
	return &duplex{r: a, w: b}, &duplex{r: b, w: a}
}

type duplex struct{ r, w *half }

func (d *duplex) Read(p []byte) (int, error)  { return d.r.read(p) }
func (d *duplex) Write(p []byte) (int, error) { return d.w.write(p) }
func (d *duplex) Close() error                { d.r.close(); d.w.close(); return nil }

type half struct {
	mu     sync.Mutex
	cond   *sync.Cond
	buf    []byte
	closed bool
}

func (h *half) read(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for len(h.buf) == 0 && !h.closed {
		h.cond.Wait()
	}
	if len(h.buf) == 0 {
		return 0, io.EOF
	}
	n := copy(p, h.buf)
	h.buf = h.buf[n:]
	return n, nil
}

func (h *half) write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return 0, io.ErrClosedPipe
	}
	h.buf = append(h.buf, p...)
	h.cond.Broadcast()
	return len(p), nil
}

func (h *half) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	h.cond.Broadcast()
}
