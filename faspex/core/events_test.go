package core_test

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/client"
	"faspex.io/operator/faspex/core"
	"faspex.io/operator/faspex/keyring"
	"faspex.io/operator/faspex/store"
)

// stream is somebody who listens to events.
type stream struct {
	lines chan string
	close context.CancelFunc
	last  string // the newest id
}

// listen opens a stream at a server and waits for its beginning.
func (x *exchange) listen(t *testing.T, c *client.Client, url, last string) *stream {
	t.Helper()
	token, err := c.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, "GET", url+core.Base+"/api/v5/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if last != "" {
		req.Header.Set("Last-Event-ID", last)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" ||
		res.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v", res.StatusCode, res.Header)
	}
	s := &stream{lines: make(chan string, 100), close: cancel}
	go func() {
		defer res.Body.Close()
		defer close(s.lines)
		for scan := bufio.NewScanner(res.Body); scan.Scan(); {
			s.lines <- scan.Text()
		}
	}()
	if got := s.next(t); got != "ready" {
		t.Fatalf("the stream begins with %q", got)
	}
	return s
}

// next waits for an event and gives its name and the id of the thing.
func (s *stream) next(t *testing.T) string {
	t.Helper()
	name := ""
	for line := range s.lines {
		switch {
		case strings.HasPrefix(line, "id: "):
			s.last = line[len("id: "):]
		case strings.HasPrefix(line, "event: "):
			name = line[len("event: "):]
		case strings.HasPrefix(line, "data: "):
			if id := jsonOf[struct{ ID string }](t, line[len("data: "):]).ID; id != "" {
				name += " " + id
			}
			return name
		}
	}
	return "end"
}

// until waits for an event, whatever comes before, and gives what came before.
func (s *stream) until(t *testing.T, want string) (before []string) {
	t.Helper()
	for {
		got := s.next(t)
		if got == want {
			return before
		}
		if got == "end" {
			t.Fatalf("the stream ended before %q, after %q", want, before)
		}
		before = append(before, got)
	}
}

// replica starts another core on the same database.
func (x *exchange) replica(t *testing.T) string { return x.replicaWith(t, func(*core.Server) {}) }

func (x *exchange) replicaWith(t *testing.T, change func(*core.Server)) string {
	t.Helper()
	ring, err := keyring.New(testSecret, "")
	if err != nil {
		t.Fatal(err)
	}
	server, err := core.New(x.store, ring, core.Config{ExternalURL: externalURL, Version: "1.2.3"})
	if err != nil {
		t.Fatal(err)
	}
	change(server)
	mux := http.NewServeMux()
	server.Register(mux)
	web := httptest.NewServer(server.Frame(mux))
	t.Cleanup(web.Close)
	return web.URL
}

// Who is no admin any more must not go on hearing of everyone's packages for as long as the stream lives.
func TestEventsEndWithTheRightToThem(t *testing.T) {
	x, ctx := newExchange(t), t.Context()
	url := x.replicaWith(t, func(s *core.Server) { s.SetHeartbeat(10 * time.Millisecond) })
	admin, bob := x.listen(t, x.admin, url, ""), x.listen(t, x.bob, url, "")
	if _, err := x.store.CreateAccount(ctx, store.Account{Name: "deputy", Role: store.RoleAdmin, Type: "local_user",
		Status: store.AccountActive}); err != nil {
		t.Fatal(err)
	}
	own, err := x.admin.Account(ctx)
	if err != nil {
		t.Fatal(err)
	}
	before, err := x.store.Account(ctx, keyOf(t, own.ID))
	if err != nil {
		t.Fatal(err)
	}
	after := before
	after.Role = store.RoleUser
	if err := x.store.UpdateAccount(ctx, before, after); err != nil {
		t.Fatal(err)
	}
	if got := admin.next(t); got != "end" {
		t.Errorf("the stream of a former admin goes on with %q", got)
	}
	p, err := x.bob.CreatePackage(ctx, api.PackageCreate{Title: "x", Recipients: to("carol")})
	if err != nil {
		t.Fatal(err)
	}
	bob.until(t, "package "+p.ID)
}

func TestEvents(t *testing.T) {
	x, ctx := newExchange(t), t.Context()
	// Streams at another replica than the one where things change.
	other := x.replica(t)
	alice, bob, admin := x.listen(t, x.alice, other, ""), x.listen(t, x.bob, other, ""), x.listen(t, x.admin, other, "")
	p, err := x.alice.CreatePackage(ctx, api.PackageCreate{Title: "secret title", Recipients: to("bob")})
	if err != nil {
		t.Fatal(err)
	}
	alice.until(t, "package "+p.ID)
	admin.until(t, "package "+p.ID)
	second, err := x.bob.CreatePackage(ctx, api.PackageCreate{Title: "x", Recipients: to("carol")})
	if err != nil {
		t.Fatal(err)
	}
	// A recipient hears nothing of a package before it is released.
	if before := bob.until(t, "package "+second.ID); len(before) != 0 {
		t.Errorf("bob heard %q", before)
	}
	x.deliver(t, p.ID)
	bob.until(t, "package "+p.ID)
	alice.until(t, "package "+p.ID)
	x.countDownload(t, keyOf(t, p.ID), "bob")
	alice.until(t, "transfer "+p.ID)
	bob.until(t, "transfer "+p.ID)

	// Who comes again is told what happened meanwhile.
	last := bob.last
	bob.close()
	if err := x.alice.DeletePackages(ctx, p.ID); err != nil {
		t.Fatal(err)
	}
	bob = x.listen(t, x.bob, x.url, last)
	bob.until(t, "package "+p.ID)
	// Who was away for too long reads everything again.
	if got := x.listen(t, x.bob, x.url, "999999").next(t); got != "reset" {
		t.Errorf("an id that was never told: %q", got)
	}
	if err := x.store.PurgeEvents(ctx, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got := x.listen(t, x.bob, x.url, "1").next(t); got != "reset" {
		t.Errorf("an id of what is forgotten: %q", got)
	}
	if status, _, body := x.call(t, nil, "GET", "/api/v5/events", nil); status != 401 ||
		!strings.Contains(body, `"code":"unauthorized"`) {
		t.Errorf("a stranger: %d %s", status, body)
	}
}
