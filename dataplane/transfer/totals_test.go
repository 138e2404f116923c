package transfer

import (
	"context"
	"log/slog"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/engine/simnet"
	"faspex.io/operator/dataplane/record"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/dataplane/transfer/control"
)

// simulated hands out the server's ends of paths and keeps the clients' ends for them to dial.
type simulated struct {
	settings simnet.Settings
	mu       sync.Mutex
	ends     map[engine.SessionID]*simnet.Link
	// to and from are what carries datagrams to the server and from it, by the order of registration.
	to, from []*simnet.Pipe
}

func (s *simulated) Register(cfg engine.Config) (engine.Link, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	to, from := simnet.NewPipe(s.settings, uint64(len(s.to))), simnet.NewPipe(s.settings, 1000+uint64(len(s.to)))
	client, server := simnet.Connect(to, from, 1472, s.settings.RateBps, s.settings.RateBps)
	s.to, s.from = append(s.to, to), append(s.from, from)
	s.ends[cfg.ID] = client
	return server, nil
}

func (s *simulated) dial(_ context.Context, _ int, cfg engine.Config) (engine.Link, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ends[cfg.ID], nil
}

// unrecorded is the recorder of a node that nobody asks about its transfers.
type unrecorded struct{}

func (unrecorded) Begin(context.Context, record.Transfer) (record.Recording, error) {
	return unrecorded{}, nil
}
func (unrecorded) Progress(record.Progress)  {}
func (unrecorded) File(record.FileResult)    {}
func (unrecorded) Finish(record.Outcome)     {}
func (unrecorded) Canceled() <-chan struct{} { return nil }
func (unrecorded) Written() <-chan struct{}  { return nil }

func (unrecorded) RateChanges() <-chan record.RateChange { return nil }

// TestSessionsOfANodeShareItsTotals has two uploads and two downloads at once, over paths that could carry all of each.
func TestSessionsOfANodeShareItsTotals(t *testing.T) {
	dir, from := t.TempDir(), t.TempDir()
	for _, name := range []string{filepath.Join(dir, "down"), filepath.Join(from, "up")} {
		write(t, name, make([]byte, 64<<20))
	}
	root, err := storage.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	const mbit = 1_000_000
	synctest.Test(t, func(t *testing.T) {
		links := &simulated{
			settings: simnet.Settings{RateBps: 50 * mbit, Delay: 10 * time.Millisecond},
			ends:     map[engine.SessionID]*simnet.Link{},
		}
		server := &Server{
			Root: root, Recorder: unrecorded{}, Links: links, UDPPort: 1, Logger: slog.New(slog.DiscardHandler),
			Authorizer: &token.Verifier{
				Users: map[string]token.UserRules{"u": {Incoming: token.ModeAllow, Outgoing: token.ModeAllow}}},
			clock:    simnet.NewClock(),
			Outbound: engine.NewRateGroup(30 * mbit), Inbound: engine.NewRateGroup(12 * mbit),
		}
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		start := func(direction, policy string, n int) {
			client := &Client{
				Hello: control.Hello{Direction: direction, Destination: "/" + strconv.Itoa(n),
					Options: control.Options{RatePolicy: policy, CreateDir: true}},
				Dial: links.dial, clock: simnet.NewClock(),
			}
			if direction == "send" {
				client.Roots = []Root{{Tree: HostTree{}, Path: filepath.Join(from, "up"), Name: "up"}}
			} else {
				client.Hello.Sources = []control.Source{{Source: "/down"}}
				target, err := storage.Open(t.TempDir())
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { target.Close() })
				client.Target = target
			}
			a, b := pipe()
			group.Go(func() { _ = server.Serve(ctx, b, Peer{User: "u", Proved: true}) })
			group.Go(func() { _, _ = client.Run(ctx, a) })
			time.Sleep(100 * time.Millisecond) // so that the paths are in this order
		}
		start("send", "high", 0)
		start("send", "fair", 1)
		start("receive", "high", 2)
		start("receive", "fair", 3)
		carried := func() []float64 {
			links.mu.Lock()
			defer links.mu.Unlock()
			return []float64{
				float64(links.to[0].Stats().Bytes), float64(links.to[1].Stats().Bytes),
				float64(links.from[2].Stats().Bytes), float64(links.from[3].Stats().Bytes),
			}
		}
		check := func(want ...float64) {
			t.Helper()
			time.Sleep(2 * time.Second)
			before := carried()
			time.Sleep(3 * time.Second)
			for i, bytes := range carried() {
				if got := (bytes - before[i]) * 8 / 3 / mbit; got < 0.85*want[i] || got > 1.05*want[i] {
					t.Errorf("session %d takes %.1f Mbit/s, want %.0f", i, got, want[i])
				}
			}
		}
		check(8, 4, 20, 10)
		server.Inbound.SetTotal(24 * mbit)
		server.Outbound.SetTotal(15 * mbit)
		check(16, 8, 10, 5)
		cancel()
		group.Wait()
	})
}
