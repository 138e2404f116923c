package browser_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/test/faspextest"
)

// eventually waits until something outside of the browser is true.
func (b *tab) eventually(what string, reached func() bool) {
	b.t.Helper()
	for limit := time.Now().Add(stepLimit); time.Now().Before(limit); time.Sleep(20 * time.Millisecond) {
		if reached() {
			return
		}
	}
	b.fail(what, "never")
}

// choose gives files to an input of the page.
func (b *tab) choose(css string, files ...string) {
	b.t.Helper()
	b.until("find "+css, `document.querySelector(`+quote(css)+`)`)
	b.do("choose files", chromedp.SetUploadFiles(chromedp.CSS(css), files, chromedp.NodeReady))
}

// drop drops files and folders on the middle of the page.
func (b *tab) drop(files ...string) {
	b.t.Helper()
	b.until("be ready for a drop", `document.querySelector('[data-testid=transfer-announcement]')`)
	data := &input.DragData{Items: []*input.DragDataItem{}, Files: files, DragOperationsMask: 1}
	value[any](b, `(window.__drops = 0, window.addEventListener('drop', () => window.__drops++, true), null)`)
	// The browser passes a drop on only if it has the page's answer to what is dragged over it by then.
	b.eventually("a drop that reaches the page", func() bool {
		for _, kind := range []input.DispatchDragEventType{input.DispatchDragEventTypeDragEnter,
			input.DispatchDragEventTypeDragOver, input.DispatchDragEventTypeDrop} {
			if _, err := chromedp.Call(b.ctx, input.DispatchDragEvent,
				input.DispatchDragEventParams{Type: kind, X: 640, Y: 450, Data: data}); err != nil {
				b.fail("drop files", err.Error())
			}
		}
		for range 20 {
			if value[int](b, `window.__drops`) > 0 {
				return true
			}
			time.Sleep(50 * time.Millisecond)
		}
		return false
	})
}

// noise writes a file that does not repeat itself, and gives its path.
func noise(t *testing.T, path string, size int) string {
	t.Helper()
	content := make([]byte, size)
	source := rand.NewChaCha8([32]byte{byte(size)})
	if _, err := source.Read(content); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// fill types recipients and a title into the form for a package.
func (b *tab) fill(title string, to ...person) {
	b.t.Helper()
	b.heading("New package")
	for _, p := range to {
		b.enter("#recipients", p.login+",")
		b.until("know "+
			p.login, `[...document.querySelectorAll('.people__chip[data-state=known]')].some(e => e.innerText.includes(`+
			quote(p.name)+`))`)
	}
	b.enter("#title", title)
}

// sentPackage waits for the page of a package that was just sent, and gives the package.
func (b *tab) sentPackage(from person, title string) api.Package {
	b.t.Helper()
	b.until("come to the package", `/^\/aspera\/faspex\/packages\/sent\/\d+$/.test(location.pathname)`)
	b.heading(title)
	p, err := from.Package(b.t.Context(), value[string](b, `location.pathname.split('/').pop()`))
	if err != nil {
		b.t.Fatal(err)
	}
	return p
}

// transfer waits until the transfer of a title is in a state.
func (b *tab) transfer(title, state string) {
	b.t.Helper()
	b.until("see "+title+" "+state, `[...document.querySelectorAll('.transfer')].some(e => e.innerText.includes(`+
		quote(title)+`) && e.dataset.state === `+quote(state)+`)`)
}

// atNode is where the node has the files of a package.
func (w *world) atNode(p api.Package) string {
	return filepath.Join(w.node.Dir, faspextest.PackageFolder(p))
}

// arrived compares a file of a package at the node with one of this machine, byte for byte.
func (w *world) arrived(t *testing.T, p api.Package, path, local string) {
	t.Helper()
	want, err := os.ReadFile(local)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(w.atNode(p), path))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s: %d bytes with SHA-256 %x, want %d with %x", path, len(got), sha256.Sum256(got), len(want),
			sha256.Sum256(want))
	}
}

var _ = journey("send a file", func(t *testing.T, w *world) {
	w.gate.reset(t)
	ada, ben := w.person(t, "Ada", "Sender"), w.person(t, "Ben", "Receiver")
	local := noise(t, filepath.Join(t.TempDir(), "clip ä\u202egnp.mov"), 40<<20)
	b := w.open(t)
	b.logIn(ada, "/packages/new")
	b.choose("#send-files", local)
	b.sees("1 file, 40.0\u00a0MiB")
	b.fill("Dailies", ben)
	b.checkPage("the form for a package")
	b.press("Send")
	p := b.sentPackage(ada, "Dailies")
	b.transfer("Dailies", "completed")
	b.sees("100%", "1 of 1 file")
	b.checkPage("a package with a finished transfer")
	w.arrived(t, p, filepath.Base(local), local)
	if got := w.gate.bytes(); got != 40<<20 {
		t.Errorf("%d bytes were sent for a file of %d", got, 40<<20)
	}
	b.control("Remove \u2068Dailies\u2069 from the list")
	b.until("have no panel", `!document.querySelector('.transfer-panel')`)
	b.clean()
})

// page-16 (with "drop without the right" below): a drop anywhere never navigates away, and
// opens the form with the files. faspex-AB7: folders are sent by the gateway, with all that is in them.
var _ = journey("drop a folder", func(t *testing.T, w *world) {
	w.gate.reset(t)
	ada, ben := w.person(t, "Ada", "Sender"), w.person(t, "Ben", "Receiver")
	dir := filepath.Join(t.TempDir(), "Ordner ü 😀")
	local := noise(t, filepath.Join(dir, "deep", strings.Repeat("n", 200)), 1<<20)
	noise(t, filepath.Join(dir, "empty file"), 0)
	if err := os.MkdirAll(filepath.Join(dir, "empty", "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	b := w.open(t)
	b.logIn(ada, "/packages/received")
	b.drop(dir)
	b.at("/packages/new")
	b.sees("2 files, 1.0\u00a0MiB", "Ordner ü 😀")
	b.fill("A folder", ben)
	b.drop(noise(t, filepath.Join(t.TempDir(), "beside.txt"), 10))
	b.sees("3 files", "beside.txt")
	b.press("Send")
	p := b.sentPackage(ada, "A folder")
	b.transfer("A folder", "completed")
	w.arrived(t, p, "Ordner ü 😀/deep/"+strings.Repeat("n", 200), local)
	w.arrived(t, p, "Ordner ü 😀/empty file", filepath.Join(dir, "empty file"))
	if info, err := os.Stat(filepath.Join(w.atNode(p), "Ordner ü 😀", "empty", "folder")); err != nil || !info.IsDir() {
		t.Errorf("the empty folder did not arrive: %v", err)
	}
	b.clean()
})

// faspex-N13: what an administrator wrote for senders is shown on the form, and the terms of service have to be accepted
// before anything is sent.
var _ = journey("instructions and terms", func(t *testing.T, w *world) {
	ada, ben := w.person(t, "Ada", "Sender"), w.person(t, "Ben", "Receiver")
	b := w.open(t)
	b.logIn(ada, "/packages/new")
	b.heading("New package")
	b.until("be asked for nothing", `!document.querySelector('#terms')`)
	set := func(instructions, terms string) {
		if err := w.in.Admin.Configure(t.Context(), map[string]any{"package_instructions": instructions,
			"package_terms_of_service": terms}); err != nil {
			t.Fatal(err)
		}
	}
	set("Name <b>the job</b> in the title.", "Nothing secret is sent by this server.")
	t.Cleanup(func() {
		if err := w.in.Admin.Configure(context.Background(), map[string]any{"package_instructions": nil,
			"package_terms_of_service": nil}); err != nil {
			t.Error(err)
		}
	})
	b.goTo("/packages/new")
	b.sees("Name <b>the job</b> in the title.", "Nothing secret is sent by this server.")
	b.checkPage("a form with terms")
	b.fill("Agreed", ben)
	b.choose("#send-files", noise(t, filepath.Join(t.TempDir(), "a.txt"), 10))
	b.press("Send")
	b.sees("Accept the terms of service to send the package.")
	b.until("be at the terms", `document.activeElement.id === 'terms'`)
	if sent, err := ada.Packages(t.Context(), "outbox"); err != nil || len(sent) != 0 {
		t.Errorf("sent without the terms: %v, %v", sent, err)
	}
	b.keys(" ")
	b.misses("Accept the terms of service to send the package.")
	b.press("Send")
	b.sentPackage(ada, "Agreed")
	b.transfer("Agreed", "completed")
	b.clean()
})
