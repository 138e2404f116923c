package udplink_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/engine/enginetest"
	"faspex.io/operator/dataplane/engine/udplink"
)

// nat forwards datagrams between one client and a server, and can take another port towards the server, as
// a home router does when it forgets a mapping.
type nat struct {
	inside  *net.UDPConn
	outside atomic.Pointer[net.UDPConn]
	client  atomic.Pointer[netip.AddrPort]
	server  netip.AddrPort

	seen    atomic.Value // func([]byte): sees what the client sends
	drop    atomic.Value // func([]byte) bool: loses what it says of that
	in, out atomic.Int64 // bytes to and from the server
}

func newNAT(t *testing.T, server string) *nat {
	t.Helper()
	to, err := net.ResolveUDPAddr("udp", server)
	if err != nil {
		t.Fatal(err)
	}
	n := &nat{server: to.AddrPort()}
	if n.inside, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
		t.Fatal(err)
	}
	_ = n.inside.SetReadBuffer(8 << 20)
	n.move(t)
	go func() {
		buf := make([]byte, 65536)
		for {
			k, from, err := n.inside.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			if c := n.client.Load(); c == nil || *c != from {
				moved := from
				n.client.Store(&moved)
			}
			if seen, ok := n.seen.Load().(func([]byte)); ok {
				seen(buf[:k])
			}
			if drop, ok := n.drop.Load().(func([]byte) bool); ok && drop(buf[:k]) {
				continue
			}
			n.in.Add(int64(k))
			_, _ = n.outside.Load().WriteToUDPAddrPort(buf[:k], n.server)
		}
	}()
	t.Cleanup(func() {
		n.inside.Close()
		n.outside.Load().Close()
	})
	return n
}

// dial has a client connect through the router.
func (n *nat) dial(t *testing.T, cfg engine.Config) engine.Link {
	t.Helper()
	client, err := udplink.Dial(t.Context(), n.inside.LocalAddr().String(), cfg, udplink.Options{MaxDatagram: 1472})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// move takes another port.
func (n *nat) move(t *testing.T) {
	t.Helper()
	out, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	_ = out.SetReadBuffer(8 << 20)
	go func() {
		buf := make([]byte, 65536)
		for {
			k, _, err := out.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			n.out.Add(int64(k))
			if c := n.client.Load(); c != nil {
				_, _ = n.inside.WriteToUDPAddrPort(buf[:k], *c)
			}
		}
	}()
	if old := n.outside.Swap(out); old != nil {
		old.Close()
	}
}

func TestClientMoves(t *testing.T) {
	for _, upload := range []bool{true, false} {
		name := map[bool]string{true: "upload", false: "download"}[upload]
		t.Run(name, func(t *testing.T) {
			cfg := engine.Config{ID: 7, Secret: [32]byte{7}, Rate: engine.Rate{Policy: engine.PolicyFixed, TargetBps: 40e6}}
			e, server := listen(t, "127.0.0.1:0", cfg, udplink.Options{})
			router := newNAT(t, e.Addr().String())
			client := router.dial(t, cfg)
			from, to := server, client
			if upload {
				from, to = client, server
			}
			go func() {
				time.Sleep(500 * time.Millisecond)
				router.move(t)
			}()
			sink := enginetest.NewSpace(8e6)
			transfer(t, cfg, from, to, sink, []engine.Range{{Length: 8e6}})
			sink.Check(t, engine.Range{Length: 8e6})
			if n := server.Stats().Rebinds; n != 1 {
				t.Errorf("the server followed %d moves, want 1", n)
			}
		})
	}
}

func TestNobodyAnswers(t *testing.T) {
	silent, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	addr := silent.LocalAddr().String()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err = udplink.Dial(ctx, addr, engine.Config{ID: 1}, udplink.Options{})
	host, port, _ := net.SplitHostPort(addr)
	want := "UDP port " + port + " of host " + host + " does not answer"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %q", err, want)
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v does not wrap the deadline", err)
	}
}

// TestStrangersGetNothing sends datagrams that do not authenticate: no answer goes out, and a session
// beside them works.
func TestStrangersGetNothing(t *testing.T) {
	cfg := engine.Config{ID: 0x99, Secret: [32]byte{9}}
	e, server := listen(t, "127.0.0.1:0", cfg, udplink.Options{})
	if _, err := e.Register(cfg); err == nil {
		t.Error("a connection id was registered twice")
	}
	stranger, err := net.Dial("udp4", e.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	hello := make([]byte, 1232)
	copy(hello, []byte{0x14, 0, 0, 0, 0x99}) // a link packet for the session, without its key
	for i := range 200 {
		hello[100] = byte(i)
		_, _ = stranger.Write(hello)
		_, _ = stranger.Write(hello[:i])
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	wrong := cfg
	wrong.Secret[0]++
	short, stop := context.WithTimeout(ctx, 200*time.Millisecond)
	defer stop()
	if _, err := udplink.Dial(short, e.Addr().String(), wrong, udplink.Options{}); err == nil {
		t.Error("a client with another secret got a link")
	}
	client, err := udplink.Dial(ctx, e.Addr().String(), cfg, udplink.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	sink := enginetest.NewSpace(1e6)
	transfer(t, cfg, client, server, sink, []engine.Range{{Length: 1e6}})
	sink.Check(t, engine.Range{Length: 1e6})
	_ = stranger.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := stranger.Read(make([]byte, 2000)); err == nil {
		t.Errorf("a stranger got %d bytes", n)
	}
	if server.Stats().AuthFailures == 0 {
		t.Error("forged hellos were not counted")
	}
}

// held counts what this process holds.
func held(t *testing.T) (goroutines, descriptors int) {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return runtime.NumGoroutine(), len(entries)
}

// TestNothingLeaks runs and stops sessions and looks for goroutines and descriptors left behind.
func TestNothingLeaks(t *testing.T) {
	session := func(i int) {
		cfg := engine.Config{ID: engine.SessionID(i + 1), Secret: [32]byte{byte(i)}}
		e, err := udplink.Listen("127.0.0.1:0", udplink.Options{})
		if err != nil {
			t.Fatal(err)
		}
		server, err := e.Register(cfg)
		if err != nil {
			t.Fatal(err)
		}
		client, err := udplink.Dial(t.Context(), e.Addr().String(), cfg, udplink.Options{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		s, r := enginetest.Ends(t, cfg, client, server, enginetest.Source{}, &enginetest.Counting{}, 1<<32)
		time.AfterFunc(30*time.Millisecond, cancel)
		if sent, received := enginetest.Run(ctx, s, r); sent == nil || received == nil {
			t.Errorf("stopped session ended well: %v, %v", sent, received)
		}
		_ = client.Close()
		_ = server.Close()
		_ = e.Close()
	}
	session(0) // what the first one opens for good (the poller) does not count
	goroutines, descriptors := held(t)
	for i := range 5 {
		session(i + 1)
	}
	for range 100 {
		g, d := held(t)
		if g <= goroutines && d <= descriptors {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	g, d := held(t)
	t.Errorf("%d goroutines and %d descriptors, were %d and %d", g, d, goroutines, descriptors)
}
