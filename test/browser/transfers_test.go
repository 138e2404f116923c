package browser_test

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	nodeclient "faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/faspex/api"
)

// chunk is how many bytes a request of the page has at most; streams is how many requests there are at once.
const chunk, streams = 16 << 20, 2

// sending logs a person in, begins to send a file, and waits until the gate holds it up after so many bytes.
func (w *world) sending(t *testing.T, b *tab, from, to person, title, local string, allowed int64) api.Package {
	t.Helper()
	w.gate.reset(t)
	w.gate.allow(allowed)
	b.logIn(from, "/packages/new")
	b.choose("#send-files", local)
	b.fill(title, to)
	b.press("Send")
	p := b.sentPackage(from, title)
	w.gate.await(b, allowed)
	return p
}

// control clicks a button of a transfer by its name for screen readers, which is in a tooltip that is not shown.
func (b *tab) control(name string) {
	b.t.Helper()
	find := `[...document.querySelectorAll('.transfer button')].find(e => [e.ariaLabel, e.textContent.trim(), ` +
		`document.getElementById(e.getAttribute('aria-labelledby'))?.textContent.trim()].includes(` + quote(name) + `))`
	b.until("find "+name, find)
	value[any](b, find+`.click()`)
}

// leave does what leaves a page, agrees if it is asked for that, and tells whether it was.
func (b *tab) leave(what string, action chromedp.Action[chromedp.Void]) (warned bool) {
	b.t.Helper()
	done, asked := make(chan struct{}), make(chan bool)
	go func() {
		accepted := false
		defer func() { asked <- accepted }()
		for {
			if _, err := chromedp.Call(b.ctx, page.HandleJavaScriptDialog,
				page.HandleJavaScriptDialogParams{Accept: true}); err == nil {
				accepted = true
			}
			select {
			case <-done:
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	b.do(what, action)
	close(done)
	return <-asked
}

// sentTwice fails if more than a chunk a stream was sent again.
func (g *gate) sentTwice(t *testing.T, size int64) {
	t.Helper()
	if again := g.bytes() - size; again > chunk*streams {
		t.Errorf("%d bytes were sent again, more than a chunk a stream", again)
	}
}

// page-22
var _ = journey("two tabs", func(t *testing.T, w *world) {
	ada, ben := w.person(t, "Ada", "Sender"), w.person(t, "Ben", "Receiver")
	const size = 48 << 20
	local := noise(t, filepath.Join(t.TempDir(), "film.mov"), size)
	first := w.open(t)
	p := w.sending(t, first, ada, ben, "Two tabs", local, 24<<20)
	second := first.another()
	second.goTo("/packages/sent")
	second.transfer("Two tabs", "running")
	second.control("Pause \u2068Two tabs\u2069")
	first.transfer("Two tabs", "paused")
	first.control("Resume \u2068Two tabs\u2069")
	second.transfer("Two tabs", "running")
	first.until("know that another can go on", `navigator.locks.query().then(l => l.pending.length === 1)`)
	time.Sleep(time.Second) // the tab looks for others twice a second
	if first.leave("close the tab that sends", chromedp.Navigate("about:blank")) {
		t.Error("leaving was warned of though the other tab can go on")
	}
	w.gate.allow(-1)
	second.transfer("Two tabs", "completed")
	w.arrived(t, p, "film.mov", local)
	w.gate.sentTwice(t, size)
})

// faspex-AB6: who leaves a page that alone can send is warned first, and the upload ends until its files are chosen
// again. node-136, with TestMemoryOfThePage: the node's session ends with the page, and nothing of it is visible.
var _ = journey("a reload", func(t *testing.T, w *world) {
	ada, ben := w.person(t, "Ada", "Sender"), w.person(t, "Ben", "Receiver")
	const size = 48 << 20
	local := noise(t, filepath.Join(t.TempDir(), "film.mov"), size)
	b := w.open(t)
	p := w.sending(t, b, ada, ben, "Reload", local, 24<<20)
	if !b.leave("reload", chromedp.Reload()) {
		t.Error("the page was left without a warning though it alone can send")
	}
	b.transfer("Reload", "needs-files")
	b.eventually("the end of the session of the page that was left", func() bool {
		return !slices.ContainsFunc(w.transfersOf(t, p), func(x nodeclient.Transfer) bool {
			return x.Status == nodeclient.StatusRunning
		})
	})
	if seen, err := filepath.Glob(filepath.Join(w.atNode(p), "*.mov")); err != nil || len(seen) > 0 {
		t.Errorf("visible of an upload that ended in its middle: %v %v", seen, err)
	}
	b.checkPage("a transfer that waits for its files")
	w.gate.allow(-1)
	b.choose(".transfer input[type=file]:not([webkitdirectory])", local)
	b.transfer("Reload", "completed")
	w.arrived(t, p, "film.mov", local)
	w.gate.sentTwice(t, size)
})
