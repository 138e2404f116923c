package browser_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// page-49: what a busy server asks for is waited out, by lists and by pages, and then goes on by itself.
var _ = journey("a busy server", func(t *testing.T, w *world) {
	alice, bob := w.person(t, "Alice", "Sender"), w.person(t, "Bob", "Recipient")
	w.sent(t, alice, "Later", bob)
	b := w.open(t)
	b.logIn(alice, "/packages/received")
	b.heading("Received")
	for _, status := range []int{429, 503} {
		b.disturb(disturbance{part: "/api/v5/outbox/packages", status: status, body: `{"code": "busy"}`,
			headers: map[string]string{"Content-Type": "application/json", "Retry-After": "4"}})
		b.asked("")
		b.goTo("/packages/sent")
		var first time.Time
		b.eventually("the first request", func() bool {
			first = time.Now()
			return len(b.asked("/outbox/packages")) > 0
		})
		time.Sleep(time.Until(first.Add(2500 * time.Millisecond)))
		if more := b.asked("/outbox/packages"); len(more) > 0 {
			t.Errorf("%d: asked again before the time that the server named: %v", status, more)
		}
		b.undisturbed()
		b.sees("Later")
	}
	b.clean("429", "503")
})

// page-55: a form outlives the end of the session; the same person finds it filled, another one empty.
var _ = journey("a form and a new login", func(t *testing.T, w *world) {
	alice, bob, eve := w.person(t, "Alice", "Sender"), w.person(t, "Bob", "Recipient"), w.person(t, "Eve", "Other")
	fill := func(b *tab) {
		t.Helper()
		b.logIn(alice, "/packages/new")
		b.choose("#send-files", noise(t, filepath.Join(t.TempDir(), "film.mov"), 100))
		b.fill("Half written", bob)
		b.enter("#note", "With a note")
	}
	end := func(b *tab, password string) {
		t.Helper()
		w.in.SetPassword(t, alice.login, password)
		alice.password = password
		b.press("Send")
		b.sees("Your session has ended")
		b.press("Sign in")
		b.do("see the login form", chromedp.WaitVisible(chromedp.CSS("#password")))
	}
	signIn := func(b *tab, p person) {
		t.Helper()
		b.enter("#username", p.login)
		b.enter("#password", p.password)
		b.click("button[type=submit]")
		b.at("/packages/new")
		b.heading("New package")
	}

	b := w.open(t)
	fill(b)
	end(b, "Another-Word-1")
	signIn(b, alice)
	b.until("have what was typed", `document.querySelector('#title').value === 'Half written'
		&& document.querySelector('#note').value === 'With a note'`)
	b.sees("Bob Recipient", "film.mov")

	other := w.open(t)
	fill(other)
	end(other, "Another-Word-2")
	signIn(other, eve)
	other.until("have an empty form", `document.querySelector('#title').value === ''
		&& document.querySelector('#note').value === '' && !document.querySelector('.people__chip')`)
	other.misses("film.mov")
})
