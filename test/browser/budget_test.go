package browser_test

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// got gives the bytes that came over the network since the last call.
func (b *tab) got() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := b.received
	b.received = 0
	return n
}

// noteBytes counts what came over the network, headers included.
func (b *tab) noteBytes(e *network.EventLoadingFinished) { b.received += int64(e.EncodedDataLength) }

const (
	loginBudget = 15 << 10
	// shellBudget is what the header and menus take, with the router, the cache and the texts, and Carbon's styles for them.
	shellBudget = 190 << 10
)

// What a visit loads: next to nothing before the login, the shell and one page after it, and of the other applications nothing.
var _ = journey("budgets", func(t *testing.T, w *world) {
	b := w.open(t)
	b.goTo("/packages/received")
	b.do("see the login form", chromedp.WaitVisible(chromedp.CSS("#password")))
	if n := value[int](b, `document.scripts.length`); n != 0 {
		t.Errorf("the login page has %d scripts", n)
	}
	if n := b.got(); n > loginBudget {
		t.Errorf("%d bytes came before the login form, want at most %d", n, loginBudget)
	}

	a := w.open(t)
	a.logIn(w.admin(), "/nowhere")
	a.heading("There is no such page")
	a.until("have everything", `document.readyState === 'complete'`)
	if n := a.got(); n > shellBudget {
		t.Errorf("the shell takes %d bytes, want at most %d", n, shellBudget)
	}
	a.asked("")
	a.goTo("/admin/users")
	a.until("see the users", `document.querySelectorAll('tbody tr').length > 0`)
	for _, url := range a.asked("/assets/") {
		for _, part := range []string{"BoxPage", "PackagePage", "dialogs", "packages-", "SendPage"} {
			if strings.Contains(url, part) {
				t.Errorf("Admin loads %s", url)
			}
		}
	}
	a.clean()
	b.clean()
})

// page-63: a tab that was opened before an update loads the new page, without a word about what is missing.
var _ = journey("update", func(t *testing.T, w *world) {
	bob := w.person(t, "Bob", "Recipient")
	b := w.open(t)
	b.logIn(bob, "/packages/received")
	b.heading("Received")
	value[any](b, `window.__old = true`)
	b.disturb(disturbance{part: "/assets/ProfilePage", status: 404, body: "not found", once: true})
	b.press("Your account")
	b.press("Account settings")
	b.heading("Profile")
	b.until("be a new document", `!window.__old`)
	b.at("/account/profile")
})
