package browser_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// rows are the titles of the rows of a list.
const rows = `[...document.querySelectorAll('.data-list tbody tr td a.cds--link')].map(e => e.innerText)`

// page-38: the state of a list is in its address, and Back brings the same rows and the same place.
// page-40: a page that became empty gives way to the last one that has rows.
// page-42: the server sorts.
// page-43: rows are selected by mouse and keyboard, and the bar offers what all of them allow.
var _ = journey("lists", func(t *testing.T, w *world) {
	alice, bob := w.person(t, "Alice", "Sender"), w.person(t, "Bob", "Recipient")
	for i := range 60 {
		w.sent(t, alice, fmt.Sprintf("Package %02d", i), bob)
	}
	b := w.open(t)
	b.logIn(alice, "/packages/sent")
	b.sees("Package 59", "60")
	b.press("Next page")
	b.at("/packages/sent?page=2")
	b.sees("Package 34")
	b.misses("Package 59")
	b.do("load it anew", chromedp.Reload())
	b.sees("Package 34")
	value[any](b, `scrollTo(0, 400)`)
	b.until("have scrolled", `scrollY > 300`)
	at := value[int](b, `Math.round(scrollY)`)
	before := value[[]string](b, rows)
	b.press("Package 30")
	b.heading("Package 30")
	b.back()
	b.sees("Package 30", "Package 34")
	b.until("be at the same place", fmt.Sprintf(`Math.abs(scrollY - %d) < 40`, at))
	if after := value[[]string](b, rows); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("Back shows %v instead of %v", after, before)
	}

	b.goTo("/packages/sent?page=9")
	b.at("/packages/sent?page=3")
	b.sees("Package 09")

	b.goTo("/packages/sent")
	b.press("Title")
	b.at("/packages/sent?sort=title")
	b.until("see the first", rows+`[0] === 'Package 00'`)
	b.until("announce the order", `document.querySelector('th[aria-sort=ascending]')?.innerText.includes('Title')`)
	b.press("Title")
	b.at("/packages/sent?sort=-title")
	b.until("see the last", rows+`[0] === 'Package 59'`)

	// The choice is kept with the account.
	later := w.open(t)
	later.logIn(alice, "/packages/sent")
	later.until("see the last", rows+`[0] === 'Package 59'`)
	later.until("announce the order", `document.querySelector('th[aria-sort=descending]')?.innerText.includes('Title')`)

	b.goTo("/packages/sent")
	b.enter(".cds--search-input", "bob recipient") // half of page-39
	b.at("/packages/sent?q=bob+recipient")
	b.sees("Package 59")
	b.replace(".cds--search-input", "no such thing")
	b.sees("Nothing found")
	b.press("Clear search and filters")
	b.sees("Package 59")
	b.at("/packages/sent")

	b.checkPage("a list")
	value[any](b, `document.querySelector('tbody input[type=checkbox]').focus()`)
	b.keys(" ")
	b.sees("1 selected")
	value[any](b, `document.querySelectorAll('tbody input[type=checkbox]')[1].click()`)
	b.sees("2 selected")
	b.axe("a list with selected rows")
	b.press("Delete for everyone")
	b.dialog()
	b.sees("Delete 2 packages for everyone?", "2 other people lose it.")
	b.keys(kb.Escape)
	b.noDialog()

	// page-41: every box has an address and is one click away.
	for _, box := range []string{"Received", "Sent", "Pending", "History"} {
		b.press(box)
		b.heading(box)
	}
	b.clean()
})

// page-47, page-48: a list on which nothing moves is hardly asked for, whatever happened before.
var _ = journey("polling", func(t *testing.T, w *world) {
	alice, bob := w.person(t, "Alice", "Sender"), w.person(t, "Bob", "Recipient")
	b := w.open(t)
	b.logIn(bob, "/packages/received")
	b.sees("No packages yet")
	// Something new appears without a look at the clock: the server tells of it.
	p := w.sent(t, alice, "Told by the server", bob)
	w.released(t, alice, p, map[string]string{"a.txt": "1"})
	b.sees("Told by the server")
	for range 10 {
		value[any](b, `document.dispatchEvent(new Event('visibilitychange'))`)
	}
	value[any](b, `new Promise(r => setTimeout(r, 1000))`)
	b.asked("")
	value[any](b, `new Promise(r => setTimeout(r, 20000))`)
	if asked := b.asked("/api/v5/"); len(asked) > 1 {
		t.Errorf("%d requests in 20 s of an idle list: %v", len(asked), asked)
	}
	b.clean()
})
