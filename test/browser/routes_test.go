package browser_test

import (
	"net/http"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// route is a line of the table of routes, with an address that has something to show.
type route struct {
	path    string
	heading string // in English
}

// states are the ways in which each route is looked at.
var states = []struct {
	name          string
	width, height int64
	media, value  string
	locale        string
}{
	{name: "light", width: 1280, height: 900, media: "prefers-color-scheme", value: "light"},
	{name: "dark", width: 1280, height: 900, media: "prefers-color-scheme", value: "dark"},
	{name: "phone", width: 390, height: 844, media: "prefers-color-scheme", value: "light"},
	{name: "zoomed to 400 %", width: 320, height: 256, media: "prefers-color-scheme", value: "light"},
	{name: "pseudo-language", width: 1280, height: 900, media: "prefers-color-scheme", value: "light", locale: "en-XA"},
	{name: "right to left", width: 1280, height: 900, media: "prefers-color-scheme", value: "light", locale: "ar-XB"},
}

// hostile is a title that tries to change the text around it.
const hostile = "<b>Invoice\u202etxt.exe</b> \u200b😀"

// page-89, page-94, page-95: every route in every state.
var _ = journey("routes", func(t *testing.T, w *world) {
	bob, alice := w.person(t, "Bob", "Recipient"), w.person(t, "Alice", "Sender")
	got := w.sent(t, alice, hostile, bob)
	w.released(t, alice, got, map[string]string{"read me.txt": "1234567", "camera-a/clip ä.mov": "x"})
	waiting := w.sent(t, bob, "Notes", alice)
	desk := w.group(t, "shared_inboxes", map[string]any{"name": "Desk <b>\u202e" + bob.login},
		map[string][]person{"shared_inbox_admin": {bob}})
	w.call(t, w.firstAdmin(), http.MethodPut, "/accounts/"+bob.id, map[string]any{"forwarding_allowed": true})
	routes := []route{
		{"/packages/received", "Received"},
		{"/packages/received/" + got.ID, hostile},
		{"/packages/received/" + got.ID + "?folder=%2Fcamera-a", hostile},
		{"/packages/all-received", "All received"},
		{"/packages/inboxes/" + desk, "Desk <b>\u202e" + bob.login},
		{"/packages/forward/" + got.ID, "Forward package"},
		{"/packages/sent", "Sent"},
		{"/packages/sent/" + waiting.ID, "Notes"},
		{"/packages/pending", "Pending"},
		{"/packages/history", "History"},
		{"/packages/invitations", "Invitations"},
		{"/packages/invitations/new", "Invite somebody"},
		{"/account/profile", "Profile"},
		{"/account/preferences", "Preferences"},
		{"/account/password", "Password"},
		{"/account/key", "Public key"},
		{"/packages/nowhere", "There is no such page"},
	}
	w.inEveryState(t, bob, routes)
})

// inEveryState looks at routes as somebody does who may open them.
func (w *world) inEveryState(t *testing.T, who person, routes []route) {
	t.Helper()
	b := w.open(t)
	b.logIn(who, routes[0].path)
	for _, state := range states {
		t.Run(state.name, func(t *testing.T) {
			b.t = t
			b.viewport(state.width, state.height)
			b.media("", map[string]string{state.media: state.value})
			w.prefer(t, who, state.locale)
			for _, r := range routes {
				b.goTo(r.path)
				where := state.name + ", " + r.path
				b.until(where+
					" is shown",
					`document.querySelectorAll('h1').length === 1 && !document.querySelector('main [role=status][aria-label], main .cds--skeleton')`)
				if state.locale != "" {
					b.until(where+" is in its language", `document.documentElement.lang === `+quote(state.locale))
					b.translated(where, state.locale)
				} else {
					b.until(where+" has its heading", `document.querySelector('h1').textContent === `+quote(r.heading))
				}
				b.checkPage(where)
				b.reachable(where)
			}
			b.clean()
		})
	}
	b.t = t
}

// translated fails on words that are in no catalogue: in a pseudo-language those have no plain letters. What
// people wrote is set apart by bdi, or where there can be no elements by translate=no.
func (b *tab) translated(where, locale string) {
	b.t.Helper()
	plain := value[[]string](b, `(() => {
		const found = [];
		const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
		for (let n = walker.nextNode(); n; n = walker.nextNode()) {
			const e = n.parentElement;
			if (e.closest('bdi, script, style, noscript, pre, code, .key-print, option[value=de], option[value=fr], option[value=es], option[value=en], [data-testid=size], [translate=no], time')) continue;
			const text = n.textContent.replace(/\u2068[^\u2069]*\u2069/g, '').trim();
			if (/[A-Za-z]{3,}/.test(text) && !/^(GMT|UTC)/.test(text) && !/\d[\s\u00a0](KiB|MiB|GiB)/.test(text) && !/(GMT|UTC)/.test(text)) found.push(text);
		}
		for (const e of document.querySelectorAll('[aria-label], [title], [placeholder]')) {
			for (const name of ['aria-label', 'title', 'placeholder']) {
				const text = (e.getAttribute(name) ?? '').replace(/\u2068[^\u2069]*\u2069/g, '');
				if (/^[\x20-\x7e]*[A-Za-z]{3,}[\x20-\x7e]*$/.test(text)) found.push(name + '=' + text);
			}
		}
		return found;
	})()`)
	for _, text := range plain {
		b.t.Errorf("%s: in no catalogue: %s", where, text)
	}
	if dir := value[string](b, `document.documentElement.dir`); (dir == "rtl") != (locale == "ar-XB") {
		b.t.Errorf("%s: the direction is %s", where, dir)
	}
}

// reachable walks through the page by Tab, and fails when a control is not reached. The controls are looked for
// at each step: navigation and counts may arrive, or be rendered once more, while the walk is under way.
func (b *tab) reachable(where string) {
	b.t.Helper()
	value[any](b, `(() => {
		document.activeElement?.blur();
		window.__reached = new WeakSet();
		window.__controls = () => [...document.querySelectorAll('a[href], button, input, select, textarea, [tabindex="0"]')]
			.filter(e => !e.disabled && e.tabIndex >= 0 && e.checkVisibility({visibilityProperty: true, opacityProperty: false}) && e.type !== 'radio' && e.getAttribute('role') !== 'tab');
		window.__left = () => window.__controls().filter(e => !window.__reached.has(e)); null
	})()`)
	lost := 0
	for steps := 0; steps < 2*value[int](b, `window.__controls().length`)+3; steps++ {
		b.keys(kb.Tab)
		if value[bool](b, `(() => {
			window.__reached.add(document.activeElement); return document.activeElement === document.body })()`) {
			lost++
		}
		if value[int](b, `window.__left().length`) == 0 {
			return
		}
	}
	b.t.Errorf("%s: not reached by Tab (focus on body %d times): %v", where, lost,
		value[[]string](b, `window.__left().map(e => e.outerHTML.slice(0, 200))`))
}

// page-25: an address that leads nowhere says so; old addresses lead on.
var _ = journey("addresses", func(t *testing.T, w *world) {
	alice, bob := w.person(t, "Alice", "Sender"), w.person(t, "Bob", "Recipient")
	p := w.sent(t, alice, "Old addresses", bob)
	b := w.open(t)
	b.logIn(alice, "/packages/sent")
	b.goTo("/sent/" + p.ID)
	b.heading("Old addresses")
	b.at("/packages/sent/" + p.ID)
	b.goTo("/received")
	b.heading("Received")
	b.goTo("/packages/sent/999999999")
	b.sees("The package could not be loaded.")
	b.misses("Try again") // page-62
	b.goTo("/no/such/page")
	b.heading("There is no such page")
	b.press("Go to your packages")
	b.heading("Received")
	b.goTo("/packages/all")
	b.heading("You may not see this page")
	b.clean("404")
})
