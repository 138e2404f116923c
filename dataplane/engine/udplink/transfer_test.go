package udplink_test

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/engine/enginetest"
	"faspex.io/operator/dataplane/engine/udplink"
)

// listen opens an endpoint with a session.
func listen(t *testing.T, addr string, cfg engine.Config, o udplink.Options) (*udplink.Endpoint, engine.Link) {
	t.Helper()
	e, err := udplink.Listen(addr, o)
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
func pair(t *testing.T, addr string, cfg engine.Config, o udplink.Options) (server, client engine.Link) {
	t.Helper()
	e, server := listen(t, addr, cfg, o)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	to := e.Addr()
	if to.Addr().IsUnspecified() { // of both families: IPv4 arrives in IPv6's form
		to = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), to.Port())
	}
	client, err := udplink.Dial(ctx, to.String(), cfg, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return server, client
}

func transfer(t *testing.T, cfg engine.Config, from, to engine.Link, sink engine.Sink, ranges []engine.Range) (
	*engine.Sender, *engine.Receiver) {
	t.Helper()
	s, err := engine.NewSender(cfg, from, enginetest.Source{})
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
	first := func(n int64) []engine.Range { return []engine.Range{{Length: n}} }
	tests := []struct {
		name   string
		addr   string
		gso    udplink.GSO
		cipher engine.Cipher
		upload bool
		ranges []engine.Range
	}{
		{"nothing", "127.0.0.1:0", udplink.GSOAuto, engine.AES128GCM, true, nil},
		{"one byte", "127.0.0.1:0", udplink.GSOAuto, engine.AES128GCM, true, first(1)},
		{"upload", "127.0.0.1:0", udplink.GSOAuto, engine.AES256GCM, true, first(20_000_001)},
		{"download", "127.0.0.1:0", udplink.GSOAuto, engine.AES192GCM, false, first(20_000_001)},
		{"in the clear", "127.0.0.1:0", udplink.GSOAuto, engine.ClearGMAC, true, first(5_000_000)},
		{"no offload", "127.0.0.1:0", udplink.GSOOff, engine.AES128GCM, true, first(5_000_000)},
		{"IPv6", "[::1]:0", udplink.GSOAuto, engine.AES128GCM, true, first(5_000_000)},
		{"all addresses", ":0", udplink.GSOAuto, engine.AES128GCM, true, first(5_000_000)},
		{"ranges", "127.0.0.1:0", udplink.GSOAuto, engine.AES128GCM, false,
			[]engine.Range{{Offset: 7, Length: 1}, {Offset: 8, Length: 3_000_000}, {Offset: 4_000_000, Length: 13},
				{Offset: 5 << 20, Length: 1 << 20}, {Offset: 1<<20*7 - 1, Length: 2}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := engine.Config{ID: 0x1122334455667788, Secret: [32]byte{1, 2, 3}, Cipher: tt.cipher}
			server, client := pair(t, tt.addr, cfg, udplink.Options{GSO: tt.gso})
			from, to := server, client
			if tt.upload {
				from, to = client, server
			}
			sink := enginetest.NewSpace(21_000_000)
			s, r := transfer(t, cfg, from, to, sink, tt.ranges)
			sink.Check(t, tt.ranges...)
			t.Logf("sender %+v", s.Stats())
			t.Logf("receiver %+v", r.Stats())
		})
	}
}
