package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"faspex.io/operator/dataplane/engine"
)

// space is a source and sink in memory whose bytes are a function of their offset.
type space struct {
	mu      sync.Mutex
	data    []byte
	written []byte // how often each byte was written
}

func newSpace(n int) *space { return &space{data: make([]byte, n), written: make([]byte, n)} }

func pattern(p []byte, off int64) {
	for i := range p {
		x := uint64(off) + uint64(i)
		p[i] = byte(x ^ x>>8 ^ x>>16*7 ^ x>>24*13)
	}
}

type patternSource struct{}

func (patternSource) ReadAt(p []byte, off int64) (int, error) {
	pattern(p, off)
	return len(p), nil
}

func (s *space) WriteAt(p []byte, off int64) (int, error) {
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

// check says whether exactly the ranges were written, each byte once and right.
func (s *space) check(t *testing.T, ranges ...engine.Range) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	want := make([]byte, len(s.data))
	bits := make([]byte, len(s.data))
	for _, r := range ranges {
		pattern(want[r.Offset:r.End()], r.Offset)
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

// listen opens an endpoint with a session.
func listen(t *testing.T, addr string, cfg engine.Config, o engine.Options) (*engine.Endpoint, engine.Link) {
	t.Helper()
	e, err := engine.ListenUDP(addr, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	server, err := e.Register(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return e, server
}

// pair opens an endpoint and a dialled link to it.
func pair(t *testing.T, addr string, cfg engine.Config, o engine.Options) (server, client engine.Link) {
	t.Helper()
	e, server := listen(t, addr, cfg, o)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	to := e.Addr()
	if to.Addr().IsUnspecified() { // of both families: IPv4 arrives in IPv6's form
		to = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), to.Port())
	}
	client, err := engine.DialUDP(ctx, to.String(), cfg, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return server, client
}

func transfer(t *testing.T, cfg engine.Config, from, to engine.Link, sink engine.Sink, ranges []engine.Range) (*engine.Sender, *engine.Receiver) {
	t.Helper()
	s, err := engine.NewSender(cfg, from, patternSource{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := engine.NewReceiver(cfg, to, sink, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range ranges {
		if err := errors.Join(r.Expect(g), s.Push(g)); err != nil {
			t.Fatal(err)
		}
	}
	s.CloseSend()
	r.CloseExpect()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	result := make(chan error, 1)
	go func() { result <- s.Run(ctx) }()
	if err := r.Run(ctx); err != nil {
		t.Errorf("receiver: %v; stats %+v; sender %+v", err, r.Stats(), s.Stats())
	}
	if err := <-result; err != nil {
		t.Errorf("sender: %v", err)
	}
	return s, r
}

func TestTransferOverLoopback(t *testing.T) {
	tests := []struct {
		name   string
		addr   string
		gso    engine.GSO
		cipher engine.Cipher
		upload bool
		ranges []engine.Range
	}{
		{"nothing", "127.0.0.1:0", engine.GSOAuto, engine.AES128GCM, true, nil},
		{"one byte", "127.0.0.1:0", engine.GSOAuto, engine.AES128GCM, true, []engine.Range{{0, 1}}},
		{"upload", "127.0.0.1:0", engine.GSOAuto, engine.AES256GCM, true, []engine.Range{{0, 20_000_001}}},
		{"download", "127.0.0.1:0", engine.GSOAuto, engine.AES192GCM, false, []engine.Range{{0, 20_000_001}}},
		{"in the clear", "127.0.0.1:0", engine.GSOAuto, engine.ClearGMAC, true, []engine.Range{{0, 5_000_000}}},
		{"no offload", "127.0.0.1:0", engine.GSOOff, engine.AES128GCM, true, []engine.Range{{0, 5_000_000}}},
		{"IPv6", "[::1]:0", engine.GSOAuto, engine.AES128GCM, true, []engine.Range{{0, 5_000_000}}},
		{"all addresses", ":0", engine.GSOAuto, engine.AES128GCM, true, []engine.Range{{0, 5_000_000}}},
		{"ranges", "127.0.0.1:0", engine.GSOAuto, engine.AES128GCM, false,
			[]engine.Range{{7, 1}, {8, 3_000_000}, {4_000_000, 13}, {5 << 20, 1 << 20}, {1<<20*7 - 1, 2}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := engine.Config{ID: 0x1122334455667788, Secret: [32]byte{1, 2, 3}, Cipher: tt.cipher}
			server, client := pair(t, tt.addr, cfg, engine.Options{GSO: tt.gso})
			from, to := server, client
			if tt.upload {
				from, to = client, server
			}
			sink := newSpace(21_000_000)
			s, r := transfer(t, cfg, from, to, sink, tt.ranges)
			sink.check(t, tt.ranges...)
			t.Logf("sender %+v", s.Stats())
			t.Logf("receiver %+v", r.Stats())
		})
	}
}
