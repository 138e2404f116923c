package browser_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

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
			if _, err := chromedp.Call(b.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true}); err == nil {
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

// page-17
var _ = journey("a cut of the network", func(t *testing.T, w *world) {
	ada, ben := w.person(t, "Ada", "Sender"), w.person(t, "Ben", "Receiver")
	const size = 72 << 20
	local := noise(t, filepath.Join(t.TempDir(), "film.mov"), size)
	b := w.open(t)
	p := w.sending(t, b, ada, ben, "Cut", local, 40<<20)
	w.in.Cut(true)
	t.Cleanup(func() { w.in.Cut(false) })
	w.gate.allow(-1)
	b.transfer("Cut", "waiting")
	b.sees("The connection is lost. It goes on by itself.")
	time.Sleep(time.Minute)
	w.in.Cut(false)
	b.transfer("Cut", "completed")
	w.arrived(t, p, "film.mov", local)
	w.gate.sentTwice(t, size)
})

// page-22
var _ = journey("two tabs", func(t *testing.T, w *world) {
	ada, ben := w.person(t, "Ada", "Sender"), w.person(t, "Ben", "Receiver")
	const size = 72 << 20
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

var _ = journey("a reload", func(t *testing.T, w *world) {
	ada, ben := w.person(t, "Ada", "Sender"), w.person(t, "Ben", "Receiver")
	const size = 72 << 20
	local := noise(t, filepath.Join(t.TempDir(), "film.mov"), size)
	b := w.open(t)
	p := w.sending(t, b, ada, ben, "Reload", local, 24<<20)
	if !b.leave("reload", chromedp.Reload()) {
		t.Error("the page was left without a warning though it alone can send")
	}
	b.transfer("Reload", "needs-files")
	b.checkPage("a transfer that waits for its files")
	w.gate.allow(-1)
	b.choose(".transfer input[type=file]:not([webkitdirectory])", local)
	b.transfer("Reload", "completed")
	w.arrived(t, p, "film.mov", local)
	w.gate.sentTwice(t, size)
})

// page-20
var _ = journey("a file that changed", func(t *testing.T, w *world) {
	ada, ben := w.person(t, "Ada", "Sender"), w.person(t, "Ben", "Receiver")
	local := noise(t, filepath.Join(t.TempDir(), "film.mov"), 72<<20)
	b := w.open(t)
	p := w.sending(t, b, ada, ben, "Changed", local, 24<<20)
	noise(t, local, 70<<20)
	w.gate.allow(-1)
	b.transfer("Changed", "needs-files")
	b.choose(".transfer input[type=file]:not([webkitdirectory])", local)
	b.transfer("Changed", "completed")
	b.sees("A file had changed and was started anew:", "film.mov")
	w.arrived(t, p, "film.mov", local)
})

// page-19: a dropped file has a handle.
var _ = journey("a reload with handles", func(t *testing.T, w *world) {
	ada, ben := w.person(t, "Ada", "Sender"), w.person(t, "Ben", "Receiver")
	const size = 72 << 20
	local := noise(t, filepath.Join(t.TempDir(), "film.mov"), size)
	b := w.open(t)
	w.gate.reset(t)
	w.gate.allow(24 << 20)
	b.logIn(ada, "/packages/received")
	b.drop(local)
	b.at("/packages/new")
	b.sees("1 file, 72.0\u00a0MiB")
	b.fill("Handles", ben)
	b.press("Send")
	p := b.sentPackage(ada, "Handles")
	w.gate.await(b, 24<<20)
	b.leave("reload", chromedp.Reload())
	b.until("go on or ask once", `['needs-permission', 'running'].includes(document.querySelector('.transfer')?.dataset.state)`)
	w.gate.allow(-1)
	if value[string](b, `document.querySelector('.transfer').dataset.state`) == "needs-permission" {
		b.press("Allow reading the files")
	}
	b.transfer("Handles", "completed")
	w.arrived(t, p, "film.mov", local)
	w.gate.sentTwice(t, size)
})

// page-25, page-26
var _ = journey("failures of transfers", func(t *testing.T, w *world) {
	ada, ben := w.person(t, "Ada", "Sender"), w.person(t, "Ben", "Receiver")
	local := noise(t, filepath.Join(t.TempDir(), "film.mov"), 3<<20)
	b := w.open(t)
	p := w.sending(t, b, ada, ben, "Failing", local, 0)
	for _, c := range []struct {
		status         int
		code, sentence string
	}{
		{http.StatusInsufficientStorage, "node_full", "The storage of the transfer node is full."},
		{http.StatusForbidden, "quota", "There is not enough room left for you."},
		{http.StatusForbidden, "token_withdrawn", "The permission for this upload was withdrawn."},
		{http.StatusForbidden, "token_refused", "The transfer node did not accept the permission for this upload."},
	} {
		w.gate.fail(func(r *http.Request) (int, string) {
			if r.Method == http.MethodPatch {
				return c.status, c.code
			}
			return 0, ""
		})
		b.control("Pause \u2068Failing\u2069")
		b.transfer("Failing", "paused")
		b.control("Resume \u2068Failing\u2069")
		b.transfer("Failing", "failed")
		b.sees(c.sentence)
		w.gate.fail(nil)
		b.press("Retry")
		b.transfer("Failing", "running")
	}
	b.checkPage("a transfer that failed")
	w.gate.fail(func(r *http.Request) (int, string) {
		if r.Method == http.MethodPatch || r.Method == http.MethodHead {
			return http.StatusNotFound, "session_unknown"
		}
		return 0, ""
	})
	if err := ada.DeletePackages(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	b.control("Pause \u2068Failing\u2069")
	b.transfer("Failing", "paused")
	b.control("Resume \u2068Failing\u2069")
	b.sees("The package was deleted while its files were sent.")
	if left, err := os.ReadDir(w.atNode(p)); err == nil {
		for _, e := range left {
			if e.Name() == "film.mov" {
				t.Error("a file that is not whole is visible at the node")
			}
		}
	}
})
