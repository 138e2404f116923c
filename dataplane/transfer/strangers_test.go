package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
)

// undecided is an authorizer that takes its time, and then refuses.
type undecided struct{ until chan struct{} }

func (u undecided) Authorize(ctx context.Context, _ token.Request) (token.Grant, error) {
	<-u.until
	return token.Grant{}, token.ErrInvalid
}

// granting is an authorizer that grants a download of what is beneath a folder, whatever the token.
type granting struct{ folder string }

func (g granting) Authorize(context.Context, token.Request) (token.Grant, error) {
	return token.Grant{Direction: "receive", Root: "/", Paths: []token.Path{{Source: g.folder}}}, nil
}

func strangersServer(t *testing.T, a token.Authorizer) *Server {
	t.Helper()
	root, err := storage.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return &Server{Root: root, Authorizer: a, Recorder: unrecorded{}, Logger: slog.New(slog.DiscardHandler)}
}

// encoded are messages as they travel.
func encoded(t *testing.T, messages ...control.Message) (b []byte) {
	t.Helper()
	for _, m := range messages {
		var err error
		if b, err = control.Append(b, m); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// claimed is a frame that says that it has n bytes.
func claimed(kind control.Type, n int, payload string) []byte {
	return append([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n), byte(kind)}, payload...)
}

// counted is a stream that hands over what a client says, never ends, and counts what is taken.
type counted struct {
	said    io.Reader
	taken   *atomic.Int64
	settled chan struct{} // closed at the end of what is said
	closed  chan struct{}
	once    sync.Once
	ended   sync.Once
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.said.Read(p)
	c.taken.Add(int64(n))
	if err == nil {
		return n, nil
	}
	c.ended.Do(func() { close(c.settled) })
	<-c.closed
	return 0, io.EOF
}

func (c *counted) Write(p []byte) (int, error) { return len(p), nil }

func (c *counted) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}

func liveHeap() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// Sessions of which nothing is authorized take one frame of a client, and little memory, whatever follows
// and whatever the client claims.
func TestServerReadsOneHelloOfAStranger(t *testing.T) {
	const sessions, most = 40, 1 << 20
	hello := encoded(t, &control.Hello{Version: 1, Direction: "send", Token: "Basic x", Destination: "/"})
	flood := bytes.Repeat(encoded(t, &control.Have{Ranges: make([]control.Range, 16384)}), 100)
	for name, c := range map[string]struct {
		said  []byte
		taken int
	}{
		"more follows": {append(bytes.Clone(hello), flood...), len(hello)},
		"keepalives follow": {append(bytes.Clone(hello), bytes.Repeat(encoded(t, &control.Keepalive{}), 100_000)...),
			len(hello)},
		"keepalives come first":  {append(bytes.Repeat(encoded(t, &control.Keepalive{}), 100_000), hello...), 5},
		"unknown messages first": {append(bytes.Repeat(claimed(200, 100, strings.Repeat("x", 100)), 10_000), hello...), 5},
		"another message first":  {flood, 5},
		"too long":               {claimed(control.TypeHello, 256<<10+1, strings.Repeat(" ", 1<<20)), 5},
		"claims and says little": {claimed(control.TypeHello, 256<<10, "{"), 6},
		"empty sources":          {claimed(control.TypeHello, 256<<10, strings.Repeat("{},", 100_000)), 5 + 256<<10},
		"longest": {
			encoded(t, &control.Hello{Version: 1, Direction: "send", Token: strings.Repeat("x", 200<<10), Destination: "/"}), 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				until := make(chan struct{})
				s := strangersServer(t, undecided{until})
				var taken atomic.Int64
				before := liveHeap()
				var running sync.WaitGroup
				ctx, cancel := context.WithCancel(t.Context())
				for range sessions {
					stream := &counted{said: bytes.NewReader(c.said), taken: &taken, settled: make(chan struct{}),
						closed: make(chan struct{})}
					running.Go(func() {
						peer := Peer{User: "xfer", Authorized: func() { t.Error("the session is said to be authorized") }}
						if err := s.Serve(ctx, stream, peer); err == nil {
							t.Error("the session is served")
						}
					})
				}
				synctest.Wait()
				if used := liveHeap() - before; used > sessions*most {
					t.Errorf("%d sessions hold %d KiB each", sessions, used/sessions>>10)
				}
				if want := c.taken; want > 0 && taken.Load() != int64(sessions*want) {
					t.Errorf("%d bytes are read of each client, want %d", taken.Load()/sessions, want)
				}
				close(until)
				cancel()
				running.Wait()
			})
		})
	}
}

// talkTo serves a session of a client that speaks through the conn.
func talkTo(t *testing.T, s *Server, p Peer) (*conn, <-chan error) {
	t.Helper()
	a, b := pipe()
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(t.Context(), b, p) }()
	c := newConn(a)
	t.Cleanup(c.close)
	return c, ended
}

// A list of sources that is too long for a Hello goes on once the session is authorized, and
// each source is held to the grant.
func TestServerHoldsAllSourcesToTheGrant(t *testing.T) {
	const n = 30_000
	all := make([]control.Source, n)
	for i := range all {
		all[i].Source = fmt.Sprintf("/in/a rather long name of a file, number %d", i)
	}
	for name, c := range map[string]struct {
		change func([]control.Source)
		code   fail.Code
		says   string
	}{
		"all are permitted, the last is not there": {func([]control.Source) {}, fail.NoSuchFile, "number 0"},
		"the last is beside the grant": {func(s []control.Source) { s[n-1].Source = "/out/x" },
			fail.Authorization, "/out/x"},
		"the last climbs": {func(s []control.Source) { s[n-1].Source = "/in/../out/x" },
			fail.BadPath, "outside"},
		"a pair is beside the grant": {func(s []control.Source) {
			s[n-1] = control.Source{Source: "/out/x",
				Destination: "y"}
		}, fail.Authorization, "/out/x"},
	} {
		t.Run(name, func(t *testing.T) {
			s := strangersServer(t, granting{"/in"})
			if err := s.Root.MkdirAll("/in", 0o755); err != nil {
				t.Fatal(err)
			}
			sources := append([]control.Source{}, all...)
			c.change(sources)
			var authorized atomic.Int32
			a, b := pipe()
			ended := make(chan error, 1)
			go func() { ended <- s.Serve(t.Context(), b, Peer{User: "u", Authorized: func() { authorized.Add(1) }}) }()
			client := &Client{Hello: control.Hello{Direction: "receive", Token: "T", Sources: sources}}
			_, err := client.Run(t.Context(), a)
			var e *fail.Error
			if !errors.As(err, &e) || e.Code != c.code || !strings.Contains(e.Text, c.says) {
				t.Errorf("%v, want code %d and %q", err, c.code, c.says)
			}
			<-ended
			if authorized.Load() != 1 {
				t.Errorf("said to be authorized %d times", authorized.Load())
			}
		})
	}
}

// Sources without end, or other messages in their place, end the session.
func TestServerBoundsSources(t *testing.T) {
	for name, c := range map[string]struct {
		say  func(*conn) error
		says string
	}{
		"another message": {func(c *conn) error { return c.send(&control.Want{}) }, "instead of sources"},
		"none and more":   {func(c *conn) error { return c.send(&control.Sources{More: true}) }, "is empty"},
		"too many": {func(c *conn) error {
			for range control.MaxSources/5000 + 1 {
				if err := c.send(&control.Sources{Sources: make([]control.Source, 5000), More: true}); err != nil {
					return nil // The server hangs up.
				}
			}
			return nil
		}, "send them in several"},
	} {
		t.Run(name, func(t *testing.T) {
			client, ended := talkTo(t, strangersServer(t, granting{"/in"}), Peer{User: "u"})
			hello := &control.Hello{Version: 1, Direction: "receive", Token: "T", Sources: []control.Source{{Source: "/in/a"}},
				MoreSources: true}
			if err := client.send(hello); err != nil {
				t.Fatal(err)
			}
			if m, err := client.read(); err != nil || m.Type() != control.TypeContinue {
				t.Fatalf("the server answers %v, %v", m, err)
			}
			if err := c.say(client); err != nil {
				t.Fatal(err)
			}
			if err := <-ended; err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q", err, c.says)
			}
		})
	}
}

func TestClientRefusesAHelloThatIsTooLong(t *testing.T) {
	a, _ := pipe()
	client := &Client{Hello: control.Hello{Direction: "receive", Token: strings.Repeat("t", 256<<10)}}
	var e *fail.Error
	if _, err := client.Run(t.Context(), a); !errors.As(err, &e) || e.Code != fail.Usage {
		t.Errorf("%v, want code %d", err, fail.Usage)
	}
}
