// Package enginetest has what tests of the engine and of its links share: sources and sinks whose bytes are a
// function of their offset, and both ends of a session. It refuses to know links.
package enginetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"faspex.io/operator/dataplane/engine"
)

// Pattern fills p with the bytes of the space from off on.
func Pattern(p []byte, off int64) {
	for i := range p {
		x := uint64(off) + uint64(i)
		p[i] = byte(x ^ x>>8 ^ x>>16*7 ^ x>>24*13)
	}
}

// Source supplies the pattern.
type Source struct{}

// ReadAt implements engine.Source.
func (Source) ReadAt(p []byte, off int64) (int, error) {
	Pattern(p, off)
	return len(p), nil
}

// Nothing supplies what is in the buffer, and drops what it is given.
type Nothing struct{}

// ReadAt implements engine.Source.
func (Nothing) ReadAt(p []byte, _ int64) (int, error) { return len(p), nil }

// WriteAt implements engine.Sink.
func (Nothing) WriteAt(p []byte, _ int64) (int, error) { return len(p), nil }

// Counting is a sink that samples the pattern and counts.
type Counting struct{ Bytes, Wrong atomic.Int64 }

// WriteAt implements engine.Sink.
func (c *Counting) WriteAt(p []byte, off int64) (int, error) {
	var want [1]byte
	for i := 0; i < len(p); i += 256 {
		if Pattern(want[:], off+int64(i)); p[i] != want[0] {
			c.Wrong.Add(1)
		}
	}
	c.Bytes.Add(int64(len(p)))
	return len(p), nil
}

// Space is a sink in memory.
type Space struct {
	mu      sync.Mutex
	data    []byte
	written []byte // how often each byte was written
}

// NewSpace makes a space of n bytes.
func NewSpace(n int) *Space { return &Space{data: make([]byte, n), written: make([]byte, n)} }

// WriteAt implements engine.Sink.
func (s *Space) WriteAt(p []byte, off int64) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if off < 0 || off+int64(len(p)) > int64(len(s.data)) {
		return 0, fmt.Errorf("write of %d bytes at %d beyond %d", len(p), off, len(s.data))
	}
	copy(s.data[off:], p)
	for i := range p {
		s.written[int(off)+i]++
	}
	return len(p), nil
}

// Check says whether exactly the ranges were written, each byte once and right.
func (s *Space) Check(t *testing.T, ranges ...engine.Range) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	want := make([]byte, len(s.data))
	bits := make([]byte, len(s.data))
	for _, r := range ranges {
		Pattern(want[r.Offset:r.End()], r.Offset)
		for i := r.Offset; i < r.End(); i++ {
			bits[i]++
		}
	}
	if !bytes.Equal(s.written, bits) {
		for i := range bits {
			if bits[i] != s.written[i] {
				t.Fatalf("byte %d was written %d times, want %d", i, s.written[i], bits[i])
			}
		}
	}
	if !bytes.Equal(s.data, want) {
		t.Fatal("bytes differ")
	}
}

// Ends makes both ends of a session for bytes bytes; zero leaves pushing and expecting to the caller.
func Ends(t *testing.T, cfg engine.Config, a, b engine.Link, src engine.Source, sink engine.Sink, bytes int64) (
	*engine.Sender, *engine.Receiver) {
	t.Helper()
	s, err := engine.NewSender(cfg, a, src)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Group = nil // the sender's
	r, err := engine.NewReceiver(cfg, b, sink, nil)
	if err != nil {
		t.Fatal(err)
	}
	if bytes > 0 {
		if err := errors.Join(r.Expect(engine.Range{Length: bytes}), s.Push(engine.Range{Length: bytes})); err != nil {
			t.Fatal(err)
		}
		r.CloseExpect()
		s.CloseSend()
	}
	return s, r
}

// Run runs both ends and returns how they ended.
func Run(ctx context.Context, s *engine.Sender, r *engine.Receiver) (sent, received error) {
	var group sync.WaitGroup
	group.Go(func() { sent = s.Run(ctx) })
	group.Go(func() { received = r.Run(ctx) })
	group.Wait()
	return sent, received
}
