package auth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"faspex.io/operator/faspex/auth"
)

// spellings of the account ulf and its e-mail address that the database takes for the same login.
var spellings = []string{
	"ulf", "ULF", "úlf", "ülf", "ùlf", "Ûlf", " ulf", "ulf ", "\tulf\n",
	"ulf@example.com", "ULF@EXAMPLE.COM", "ûlf@example.com", "ülf@exämple.cöm", " ulf@example.com ",
}

func (b *browser) fail(t *testing.T, login string, times int) {
	t.Helper()
	for i := range times {
		if res, _ := b.login(t, authorizeQuery("cli"), login, "wrong"); res.StatusCode != http.StatusUnauthorized {
			t.Fatalf("try %d of %q: %d", i, login, res.StatusCode)
		}
	}
}

func (b *browser) status(t *testing.T, login, pass string) int {
	t.Helper()
	res, _ := b.login(t, authorizeQuery("cli"), login, pass)
	return res.StatusCode
}

func TestThrottleOfAnAccount(t *testing.T) {
	s := start(t, "the current secret of core", "")
	s.browser(t).fail(t, "ulf", 1)
	for range 4 { // slow enough that the account is not locked
		s.clock.advance(90 * time.Second)
		s.browser(t).fail(t, "ulf", 1)
	}
	res, page := s.browser(t).login(t, authorizeQuery("cli"), "Ulf ", password)
	if res.StatusCode != 429 || res.Header.Get("Retry-After") != "31" || !strings.Contains(page, "Too many attempts") {
		t.Errorf("right password while blocked: %d, retry after %q", res.StatusCode, res.Header.Get("Retry-After"))
	}
	// Another replica knows as well.
	s.serve(t, "the current secret of core", "")
	if got := s.browser(t).status(t, "ulf", password); got != 429 {
		t.Errorf("other replica: %d", got)
	}
	s.clock.advance(31 * time.Second)
	if got := s.browser(t).status(t, "ulf", "wrong"); got != 401 {
		t.Errorf("after the wait: %d", got)
	}
	s.clock.advance(31 * time.Second)
	if got := s.browser(t).status(t, "ulf", password); got != 429 {
		t.Errorf("the second wait is not longer: %d", got)
	}
	s.clock.advance(30 * time.Second)
	if got := s.browser(t).status(t, "ulf", password); got != 302 {
		t.Errorf("after the second wait: %d", got)
	}
	// The success gave the whole budget back.
	s.browser(t).fail(t, "ulf", 4)
	if got := s.browser(t).status(t, "ulf", password); got != 302 {
		t.Errorf("after a success and four failures: %d", got)
	}
}

func TestThrottleForgets(t *testing.T) {
	s := start(t, "the current secret of core", "")
	s.browser(t).fail(t, "ulf", 4)
	s.clock.advance(time.Hour + time.Second)
	s.browser(t).fail(t, "ulf", 4)
	if got := s.browser(t).status(t, "ulf", password); got != 302 {
		t.Errorf("tries of an hour ago count: %d", got)
	}
}

func TestThrottleIsOneForAllSpellings(t *testing.T) {
	s := start(t, "the current secret of core", "")
	for i, spelling := range spellings {
		want := http.StatusUnauthorized
		if i >= 5 {
			want = http.StatusTooManyRequests
		}
		if got := s.browser(t).status(t, spelling, "wrong"); got != want {
			t.Errorf("try %d, spelled %q: %d, want %d", i, spelling, got, want)
		}
	}
	for _, spelling := range spellings {
		if got := s.browser(t).status(t, spelling, password); got != http.StatusTooManyRequests {
			t.Errorf("the blocked account, spelled %q: %d", spelling, got)
		}
	}
	if got := s.browser(t).status(t, "ina", password); got != http.StatusForbidden {
		t.Errorf("another account: %d", got)
	}
}

func TestThrottleOfAnUnknownLogin(t *testing.T) {
	s := start(t, "the current secret of core", "")
	for i, spelling := range []string{"nöbody", "NOBODY", "nobody", " nobody", "nobodÿ"} {
		if got := s.browser(t).status(t, spelling, "wrong"); got != http.StatusUnauthorized {
			t.Fatalf("try %d: %d", i, got)
		}
	}
	for _, spelling := range []string{"nobody", "NÓBODY", "nobody  "} {
		if got := s.browser(t).status(t, spelling, "wrong"); got != http.StatusTooManyRequests {
			t.Errorf("%q: %d, as if nobody had been told from an account", spelling, got)
		}
	}
	for _, login := range []string{"other", "", strings.Repeat("ü", 400), "bad\xffutf8", "\x00"} {
		if got := s.browser(t).status(t, login, "wrong"); got != http.StatusUnauthorized {
			t.Errorf("%.20q: %d", login, got)
		}
	}
}

// together sends n wrong passwords at once and gives how often each status was answered.
func (s *server) together(t *testing.T, n int, login func(i int) string) map[int]int {
	t.Helper()
	answers := make([]int, n)
	var group sync.WaitGroup
	for i := range n {
		b := s.browser(t)
		group.Go(func() { answers[i] = b.status(t, login(i), fmt.Sprint("guess ", i)) })
	}
	group.Wait()
	count := map[int]int{}
	for _, status := range answers {
		count[status]++
	}
	return count
}

func TestThrottleInParallel(t *testing.T) {
	s := start(t, "the current secret of core", "")
	var hashed atomic.Int64
	s.OnHash(func() { hashed.Add(1) })
	got := s.together(t, 60, func(i int) string { return spellings[i%len(spellings)] })
	if got[401] != 5 || got[429] != 55 || hashed.Load() != 5 {
		t.Errorf("answers %v, %d passwords hashed, want 5 tries and 55 refusals", got, hashed.Load())
	}
	s.clock.advance(31 * time.Second)
	if got := s.together(t, 20, func(int) string { return "ulf" }); got[401] != 1 || got[429] != 19 {
		t.Errorf("after the wait: answers %v, want 1 try", got)
	}
	if got := s.together(t, 20, func(int) string { return "nobody" }); got[401] != 5 || got[429] != 15 {
		t.Errorf("unknown name: answers %v, want 5 tries", got)
	}
}

// Those behind one address share it: one of them must not lock out all.
func TestThrottleKnowsNoAddresses(t *testing.T) {
	s := start(t, "the current secret of core", "")
	b := s.browser(t)
	for i := range 100 {
		if res, _ := b.login(t, authorizeQuery("cli"), fmt.Sprint("name", i),
			strings.Repeat("x", 300)); res.StatusCode != 401 {
			t.Fatalf("try %d: %d", i, res.StatusCode)
		}
	}
	if got := s.browser(t).status(t, "ulf", password); got != 302 {
		t.Errorf("from the address of many failures: %d", got)
	}
}

func TestThrottleLetsKnownBrowsersPass(t *testing.T) {
	s := start(t, "the current secret of core", "")
	known, stranger := s.browser(t), s.browser(t)
	if got := known.status(t, "ulf", password); got != 302 {
		t.Fatalf("login: %d", got)
	}
	stranger.fail(t, "ulf", 5)
	if got := stranger.status(t, "ulf", password); got != 429 {
		t.Errorf("stranger: %d", got)
	}
	if got := known.status(t, "ülf@example.com", password); got != 302 {
		t.Errorf("known browser while strangers try: %d", got)
	}
	if got := stranger.status(t, "ulf", password); got != 429 {
		t.Errorf("a login from a known browser gave strangers new tries: %d", got)
	}
	// It has a budget of its own, and not more.
	known.fail(t, "ulf", 5)
	if got := known.status(t, "ulf", password); got != 429 {
		t.Errorf("known browser after five failures: %d", got)
	}
	// What makes it known is bound to the account, signed, ends, and ends with the password.
	stranger.fail(t, "ina", 5)
	if got := known.status(t, "ina", password); got != 429 {
		t.Errorf("a browser known to one account passes the lock of another: %d", got)
	}
	s.clock.advance(24 * time.Hour)
	if got := known.status(t, "ulf", password); got != 302 {
		t.Fatalf("a day later: %d", got)
	}
	forged := s.browser(t)
	for _, c := range known.cookies(t) {
		if strings.HasPrefix(c.Name, "faspex_known_") {
			c.Value = "x" + c.Value[1:]
		}
		forged.setCookie(t, c)
	}
	stranger.fail(t, "ulf", 5)
	if got := forged.status(t, "ulf", password); got != 429 {
		t.Errorf("forged cookie: %d", got)
	}
	if got := known.status(t, "ulf", password); got != 302 {
		t.Fatalf("known browser: %d", got)
	}
	s.clock.advance(181 * 24 * time.Hour)
	stranger.fail(t, "ulf", 5)
	if got := known.status(t, "ulf", password); got != 429 {
		t.Errorf("half a year later: %d", got)
	}
}

func TestKnownBrowserEndsWithThePassword(t *testing.T) {
	s := start(t, "the current secret of core", "")
	known := s.browser(t)
	if got := known.status(t, "ulf", password); got != 302 {
		t.Fatalf("login: %d", got)
	}
	if err := s.store.SetPassword(t.Context(), s.users["ulf"], auth.HashPassword("another password")); err != nil {
		t.Fatal(err)
	}
	s.browser(t).fail(t, "ulf", 5)
	if got := known.status(t, "ulf", "another password"); got != 429 {
		t.Errorf("a browser that knew the old password passes the lock: %d", got)
	}
}

// A login costs one hash whatever is wrong with it, so that its time tells nothing.
func TestLoginCostsTheSame(t *testing.T) {
	s := start(t, "the current secret of core", "")
	var hashed atomic.Int64
	s.OnHash(func() { hashed.Add(1) })
	for i, try := range []struct{ name, pass string }{
		{"ulf", "wrong"}, {"nobody", "wrong"}, {"nopass", ""}, {"nopass", "wrong"}, {"ina", "wrong"}, {"ina", password},
		{"", ""}, {"ulf", password},
	} {
		s.browser(t).status(t, try.name, try.pass)
		if got := hashed.Load(); got != int64(i+1) {
			t.Fatalf("%q with %q: %d hashes after %d logins", try.name, try.pass, got, i+1)
		}
	}
}

func TestHashingQueueIsBounded(t *testing.T) {
	s := start(t, "the current secret of core", "")
	turn := make(chan struct{})
	release := sync.OnceFunc(func() { close(turn) })
	t.Cleanup(release)
	s.OnHash(func() { <-turn })
	var group sync.WaitGroup
	results := make(chan error, auth.HashPlaces)
	enter := func(from string, n int) {
		for range n {
			group.Go(func() {
				_, err := s.HashPassword(context.Background(), "x", from)
				results <- err
			})
		}
	}
	taken := func(n int) {
		for s.HashPlacesTaken() != n {
			time.Sleep(time.Millisecond)
		}
	}
	enter("192.0.2.1", auth.HashPlacesOfOne)
	taken(auth.HashPlacesOfOne)
	if _, err := s.HashPassword(t.Context(), "x", "192.0.2.1"); !errors.Is(err, auth.ErrBusy) {
		t.Errorf("one address may take more than its share: %v", err)
	}
	enter("192.0.2.2", auth.HashPlaces-auth.HashPlacesOfOne)
	taken(auth.HashPlaces)

	// A full queue is told, and what was not tried is not counted: it does not lock the account.
	for range 10 {
		res, page := s.browser(t).login(t, authorizeQuery("cli"), "ulf", password)
		if res.StatusCode != 503 || res.Header.Get("Retry-After") != "6" || !strings.Contains(page, "Too many people") {
			t.Fatalf("full queue: %d, retry after %q", res.StatusCode, res.Header.Get("Retry-After"))
		}
	}
	release()
	group.Wait()
	for range auth.HashPlaces {
		if err := <-results; err != nil {
			t.Errorf("who waited: %v", err)
		}
	}
	if got := s.browser(t).status(t, "ulf", password); got != 302 {
		t.Errorf("after the rush: %d", got)
	}
	if n := s.HashPlacesTaken(); n != 0 {
		t.Errorf("%d places are still taken", n)
	}
}

func TestHashingQueueHeedsCancellation(t *testing.T) {
	s := start(t, "the current secret of core", "")
	turn := make(chan struct{})
	release := sync.OnceFunc(func() { close(turn) })
	t.Cleanup(release)
	s.OnHash(func() { <-turn })
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if _, err := s.HashPassword(context.Background(), "x", "192.0.2.1"); err != nil {
				t.Error(err)
			}
		})
	}
	for s.HashPlacesTaken() != 4 {
		time.Sleep(time.Millisecond)
	}
	ulf, err := s.store.Account(t.Context(), s.users["ulf"])
	if err != nil {
		t.Fatal(err)
	}
	for range 8 {
		ctx, cancel := context.WithCancel(t.Context())
		gone := make(chan error, 1)
		go func() { gone <- s.CheckOwnPassword(ctx, ulf, password, "192.0.2.2") }()
		for s.HashPlacesTaken() != 5 {
			select {
			case err := <-gone:
				t.Fatalf("did not wait: %v", err)
			default:
				time.Sleep(time.Millisecond)
			}
		}
		cancel()
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Fatalf("who gave up waits on: %v", err)
		}
		if n := s.HashPlacesTaken(); n != 4 {
			t.Fatalf("who gave up keeps a place: %d are taken", n)
		}
	}
	release()
	group.Wait()
	if err := s.CheckOwnPassword(t.Context(), ulf, password, "192.0.2.2"); err != nil {
		t.Errorf("tries that were given up were counted: %v", err)
	}
}

func TestCheckOwnPasswordHasItsOwnBudget(t *testing.T) {
	s := start(t, "the current secret of core", "")
	ulf, err := s.store.Account(t.Context(), s.users["ulf"])
	if err != nil {
		t.Fatal(err)
	}
	s.browser(t).fail(t, "ulf", 5)
	if err := s.CheckOwnPassword(t.Context(), ulf, password, "192.0.2.1"); err != nil {
		t.Errorf("strangers keep the owner from changing the password: %v", err)
	}
	for range 5 {
		if err := s.CheckOwnPassword(t.Context(), ulf, "wrong", "192.0.2.1"); !errors.Is(err, auth.ErrWrongPassword) {
			t.Fatalf("wrong: %v", err)
		}
	}
	var wait *auth.WaitError
	if err := s.CheckOwnPassword(t.Context(), ulf, password, "192.0.2.1"); !errors.As(err, &wait) ||
		wait.Wait != 30*time.Second {
		t.Errorf("after five failures: %v", err)
	}
}

// faspex-D6
func TestClientAddressIsThePeersUnlessAProxyIsTrusted(t *testing.T) {
	s := start(t, "the current secret of core", "")
	for name, test := range map[string]struct {
		proxies, peer string
		forwarded     []string
		want          string
	}{
		"nobody trusted":      {"", "192.0.2.1:4711", []string{"198.51.100.7"}, "192.0.2.1"},
		"private, nobody":     {"", "10.0.0.1:4711", []string{"198.51.100.7"}, "10.0.0.1"},
		"loopback, nobody":    {"", "127.0.0.1:4711", []string{"198.51.100.7"}, "127.0.0.1"},
		"other peer":          {"10.0.0.0/8", "192.0.2.1:4711", []string{"198.51.100.7"}, "192.0.2.1"},
		"router":              {"10.0.0.0/8", "10.9.9.9:4711", []string{"198.51.100.7"}, "198.51.100.7"},
		"client lies":         {"10.0.0.0/8", "10.9.9.9:4711", []string{"10.0.0.1, 198.51.100.7"}, "198.51.100.7"},
		"client lies by line": {"10.0.0.0/8", "10.9.9.9:4711", []string{"10.0.0.1", "198.51.100.7"}, "198.51.100.7"},
		"version 6":           {"fd00::/8", "[fd00::1]:4711", []string{"2001:db8::1"}, "2001:db8::1"},
		"mapped peer":         {"10.0.0.0/8", "[::ffff:10.9.9.9]:4711", []string{"198.51.100.7"}, "198.51.100.7"},
		"garbage":             {"10.0.0.0/8", "10.9.9.9:4711", []string{"unknown"}, "10.9.9.9"},
		"none":                {"10.0.0.0/8", "10.9.9.9:4711", nil, "10.9.9.9"},
	} {
		s.proxies = test.proxies
		s.serve(t, "the current secret of core", "")
		r := &http.Request{RemoteAddr: test.peer, Header: http.Header{"X-Forwarded-For": test.forwarded}}
		if got := s.ClientAddress(r); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}
