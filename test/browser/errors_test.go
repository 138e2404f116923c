package browser_test

import (
	"testing"
)

// rawWords are words of browsers and parsers, and what a page shows that was not prepared for an answer.
const rawWords = `/Failed to fetch|NetworkError|Unexpected (token|end)|not valid JSON|undefined|\[object|NaN|TypeError|Cannot read/`

// page-59, page-60: whatever one call answers, header and menu stay, and a sentence says so with the request's id.
var _ = journey("errors", func(t *testing.T, w *world) {
	alice, bob := w.person(t, "Alice", "Sender"), w.person(t, "Bob", "Recipient")
	p := w.sent(t, alice, "Broken answers", bob)
	w.released(t, alice, p, map[string]string{"a.txt": "1"})
	b := w.open(t)
	b.logIn(bob, "/packages/received")
	html := map[string]string{"Content-Type": "text/html", "X-Request-Id": "req-77"}
	data := map[string]string{"Content-Type": "application/json", "X-Request-Id": "req-77"}
	null := disturbance{status: 200, headers: data, body: "null"}
	captive := disturbance{status: 200, headers: html, body: "<html>captive portal</html>"}
	types := disturbance{status: 200, headers: data,
		body: `{"packages": null, "total_count": "many", "id": 5, "items": 3, "actions": {}, "recipients": 1}`}
	all := []disturbance{
		null, captive, types,
		{status: 200, headers: data, body: ""},
		{status: 200, headers: data, body: `[]`},
		{status: 500, headers: html, body: "<html>oops</html>"},
		{status: 418, headers: data, body: `{"error": {"code": 7}}`},
	}
	// Each call goes through the same client, so that one meets all answers, and the others those that differ by schema.
	for _, call := range []struct {
		path, api string
		answers   []disturbance
	}{
		{"/packages/received", "/api/v5/inbox/packages", all},
		{"/packages/received", "/api/v5/account/preferences", []disturbance{null, types}},
		{"/packages/received", "/api/v5/account", []disturbance{null, captive, types}},
		{"/packages/received/" + p.ID, "/api/v5/packages/" + p.ID, []disturbance{null, types}},
		{"/packages/received/" + p.ID, "/files/received", []disturbance{null, types}},
		{"/account/password", "/api/v5/account/password_rules", []disturbance{null, types}},
	} {
		for _, d := range call.answers {
			d.part = call.api
			where := call.path + " with " + call.api + " answering " + d.body
			b.disturb(d)
			b.goTo(call.path)
			b.until(where+": a sentence",
				`[...document.querySelectorAll('[role=alert]')].some(e => e.innerText.includes('req-77'))`)
			if d.status != 418 {
				b.until(where+": Try again",
					`[...document.querySelectorAll('button')].some(e => e.innerText.trim() === 'Try again')`)
			}
			b.until(where+": header and menu", `document.querySelector('header')?.checkVisibility() &&
				[...document.querySelectorAll('nav a')].some(e => e.checkVisibility())`)
			if raw := value[[]string](b, `document.body.innerText.match(`+rawWords+`)?.slice(0, 1) ?? []`); len(raw) > 0 {
				t.Errorf("%s: the page shows %q", where, raw)
			}
		}
	}
	b.undisturbed()
	b.goTo("/packages/received")
	b.sees("Broken answers")
	b.mu.Lock()
	b.console, b.answers = nil, nil
	b.mu.Unlock()

	// page-61: a banner says that the server cannot be reached, and goes by itself; what was typed stays.
	b.offline(true)
	b.enter(".cds--search-input", "half a word")
	b.sees("The server cannot be reached.")
	b.offline(false)
	b.misses("The server cannot be reached.")
	b.sees("Nothing found")
	b.until("have the typed text", `document.querySelector('.cds--search-input').value === 'half a word'`)
})
