package browser_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"faspex.io/operator/faspex/api"
)

// flowing logs a person in and begins to send a file of which some bytes pass every few milliseconds.
func (w *world) flowing(t *testing.T, b *tab, from, to person, title, local string, step int64) api.Package {
	t.Helper()
	w.gate.reset(t)
	w.gate.flow(t, step)
	b.logIn(from, "/packages/new")
	b.choose("#send-files", local)
	b.fill(title, to)
	b.press("Send")
	return b.sentPackage(from, title)
}

// page-15, with 1,000 files: a tree with everything that file systems have arrives as it is when it is dropped.
// page-31: the recipient saves it as one archive whose length is known from the start, and finds the same tree in it.
var _ = journey("a tree", func(t *testing.T, w *world) {
	w.gate.reset(t)
	ada, ben := w.person(t, "Ada", "Sender"), w.person(t, "Ben", "Receiver")
	dir := filepath.Join(t.TempDir(), "Übung 🎬 2026")
	for i := range 1000 {
		noise(t, filepath.Join(dir, fmt.Sprintf("reel %02d", i%20), fmt.Sprintf("frame-%04d.dpx", i)), 100+i)
	}
	noise(t, filepath.Join(dir, "Größe", "naïve café.txt"), 77)
	noise(t, filepath.Join(dir, "emoji 👩‍👩‍👧", "😀😀.txt"), 78)
	noise(t, filepath.Join(dir, strings.Repeat("n", 200)), 79)
	noise(t, filepath.Join(dir, "empty file"), 0)
	if err := os.MkdirAll(filepath.Join(dir, "empty", "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	want := treeOf(t, os.DirFS(filepath.Dir(dir)))
	b := w.open(t)
	b.logIn(ada, "/packages/received")
	b.drop(dir)
	b.at("/packages/new")
	b.sees("1,004 files")
	b.fill("A tree", ben)
	b.press("Send")
	p := b.sentPackage(ada, "A tree")
	b.transfer("A tree", "completed")
	if diff := cmp.Diff(want, treeOf(t, os.DirFS(w.atNode(p)))); diff != "" {
		t.Errorf("at the node:\n%s", diff)
	}

	w.service(t, p.ID)
	r := w.open(t)
	r.logIn(ben, "/packages/received/"+p.ID)
	d := r.saves()
	r.press("Download")
	name := d.finished(r, 1)[0]
	info, err := os.Stat(d.path(name))
	if err != nil {
		t.Fatal(err)
	}
	if name != "A tree.zip" || d.length(name) != info.Size() {
		t.Errorf("%q has %d bytes, and the browser knew of %d", name, info.Size(), d.length(name))
	}
	if diff := cmp.Diff(want, unzipped(t, d.path(name))); diff != "" {
		t.Errorf("in the archive:\n%s", diff)
	}
	b.clean()
	r.clean()
})

// page-17, with a cut of a few seconds: the upload goes on by itself, and less than a chunk a stream is sent twice.
// That it waits out 60 s and more is told by the waits of patience.test.ts.
var _ = journey("a cut", func(t *testing.T, w *world) {
	ada, ben := w.person(t, "Ada", "Sender"), w.person(t, "Ben", "Receiver")
	const size = 48 << 20
	local := noise(t, filepath.Join(t.TempDir(), "film.mov"), size)
	b := w.open(t)
	p := w.sending(t, b, ada, ben, "A cut", local, 24<<20)
	t.Cleanup(func() { w.in.Cut(false) })
	w.in.Cut(true)
	b.transfer("A cut", "waiting")
	b.sees("The connection is lost. It goes on by itself.")
	time.Sleep(3 * time.Second)
	w.gate.allow(-1)
	w.in.Cut(false)
	b.transfer("A cut", "completed")
	w.arrived(t, p, "film.mov", local)
	w.gate.sentTwice(t, size)
})

// page-18: a pause stops the bytes within a second and survives a reload, and what has arrived is not sent again.
var _ = journey("a pause", func(t *testing.T, w *world) {
	ada, ben := w.person(t, "Ada", "Sender"), w.person(t, "Ben", "Receiver")
	const size = 48 << 20
	local := noise(t, filepath.Join(t.TempDir(), "film.mov"), size)
	b := w.open(t)
	p := w.flowing(t, b, ada, ben, "A pause", local, 128<<10)
	w.gate.await(b, 4<<20)
	b.control("Pause \u2068A pause\u2069")
	b.transfer("A pause", "paused")
	// What the browser had sent before waits in the buffers of the connection; the open gate takes that at once, and all
	// of the file if the browser went on.
	w.gate.allow(-1)
	time.Sleep(time.Second)
	stopped := w.gate.bytes()
	time.Sleep(time.Second)
	if more := w.gate.bytes() - stopped; more > 0 || stopped >= size {
		t.Errorf("%d bytes were sent a second after the pause, at %d", more, stopped)
	}
	b.do("reload", chromedp.Reload())
	b.transfer("A pause", "paused")
	b.control("Resume \u2068A pause\u2069")
	b.transfer("A pause", "needs-files")
	if more := w.gate.bytes() - stopped; more > 0 {
		t.Errorf("%d bytes were sent after the reload of a paused upload", more)
	}
	b.choose(".transfer input[type=file]:not([webkitdirectory])", local)
	b.transfer("A pause", "completed")
	w.arrived(t, p, "film.mov", local)
	if again := w.gate.bytes() - size; again > 2<<20 {
		t.Errorf("%d bytes were sent again after the pause", again)
	}
})

// page-19: with handles of files an upload goes on by itself after a reload.
var _ = journey("a reload with handles", func(t *testing.T, w *world) {
	ada, ben := w.person(t, "Ada", "Sender"), w.person(t, "Ben", "Receiver")
	w.gate.reset(t)
	w.gate.allow(8 << 20)
	b := w.open(t)
	b.logIn(ada, "/packages/new")
	// The handle is one of the browser's own file system, which asks for no permission; the dialog that gives it is the
	// only thing that no test can use.
	b.until("have a file with a handle", `document.querySelector('#send-choose')`)
	value[any](b, `(async () => {
		const handle = await (await navigator.storage.getDirectory()).getFileHandle('film.mov', {create: true});
		const file = await handle.createWritable();
		for (let i = 0; i < 24; i++) await file.write(new Uint8Array(1 << 20).fill(i));
		await file.close();
		window.showOpenFilePicker = async () => [handle];
	})()`)
	b.press("Choose files")
	b.sees("1 file, 24.0\u00a0MiB")
	b.fill("With handles", ben)
	b.press("Send")
	p := b.sentPackage(ada, "With handles")
	w.gate.await(b, 8<<20)
	b.leave("reload", chromedp.Reload())
	w.gate.allow(-1)
	b.transfer("With handles", "completed")
	local := filepath.Join(t.TempDir(), "film.mov")
	content := make([]byte, 24<<20)
	for i := range content {
		content[i] = byte(i >> 20)
	}
	if err := os.WriteFile(local, content, 0o600); err != nil {
		t.Fatal(err)
	}
	w.arrived(t, p, "film.mov", local)
	w.gate.sentTwice(t, int64(len(content)))
})

// page-20: a file that changed is started anew, and the page says so.
var _ = journey("a changed file", func(t *testing.T, w *world) {
	ada, ben := w.person(t, "Ada", "Sender"), w.person(t, "Ben", "Receiver")
	local := noise(t, filepath.Join(t.TempDir(), "film.mov"), 48<<20)
	b := w.open(t)
	p := w.sending(t, b, ada, ben, "Changed", local, 24<<20)
	b.leave("reload", chromedp.Reload())
	// The gateway learns that the former page is gone when it reads on.
	w.gate.allow(-1)
	b.transfer("Changed", "needs-files")
	noise(t, local, 40<<20)
	b.choose(".transfer input[type=file]:not([webkitdirectory])", local)
	b.transfer("Changed", "completed")
	b.sees("A file had changed and was started anew:", "film.mov")
	w.arrived(t, p, "film.mov", local)
	b.checkPage("a transfer with a changed file")
})

// page-21: other pages, and another application, do not touch an upload.
// page-24: progress tells bytes, share, files, rate and time left; the share never falls, and is whole only at the end.
// page-29: the node's record of the upload has cookie and tags, and the service releases the package.
// page-92: progress is announced at most every ten seconds, by the clock of the page, and at its end.
var _ = journey("going elsewhere", func(t *testing.T, w *world) {
	admin, ben := w.firstAdmin(), w.person(t, "Ben", "Receiver")
	local := noise(t, filepath.Join(t.TempDir(), "film.mov"), 48<<20)
	other := w.sent(t, admin, "Another package", ben)
	b := w.open(t)
	p := w.flowing(t, b, admin, ben, "On its way", local, 128<<10)
	b.transfer("On its way", "running")
	value[any](b, `(() => {
		window.__shares = []; window.__texts = []; window.__told = []; window.__graphs = [];
		// The clock of the page runs ten times as fast; that of the worker, which sends, does not.
		const now = Date.now, start = now();
		Date.now = () => start + (now() - start) * 10;
		const look = () => {
			const e = document.querySelector('.transfer');
			if (!e) return;
			window.__shares.push([Number(e.dataset.share), e.dataset.state]);
			window.__texts.push(e.innerText);
			const told = document.querySelector('[data-testid=transfer-announcement]');
			const at = Number(told.dataset.at); // by the clock of the page, when it decided to tell
			if (at && at !== window.__told.at(-1)?.[0]) window.__told.push([at, told.innerText]);
			const graph = document.querySelector('.transfer__graph')?.dataset.seconds;
			if (graph) window.__graphs.push(graph);
		};
		new MutationObserver(look).observe(document.body,
			{subtree: true, childList: true, attributes: true, characterData: true});
	})()`)
	b.press("Sent")
	b.press("Another package")
	b.heading(other.Title)
	b.press("Admin")
	b.heading("Users")
	b.press("Packages")
	b.heading("Received")
	b.until("see four seconds of it", `window.__graphs.at(-1)?.split(' ').length >= 4`)
	w.gate.allow(-1)
	b.transfer("On its way", "completed")

	for _, graph := range value[[]string](b, `window.__graphs`) {
		gap := 0
		for _, second := range strings.Fields(graph)[1:] { // the first second is one of the beginning
			if bytes, err := strconv.ParseFloat(second, 64); err != nil || bytes > 0 {
				gap = 0
			} else if gap++; gap > 2 {
				t.Fatalf("the graph has a gap: %s", graph)
			}
		}
	}
	last := 0.0
	for _, look := range value[[][]any](b, `window.__shares`) {
		share, state := look[0].(float64), look[1].(string)
		if share < last || (share == 1) != (state == "completed") {
			t.Errorf("the share is %v after %v while the upload is %s", share, last, state)
		}
		last = share
	}
	texts := strings.Join(value[[]string](b, `window.__texts`), "\n")
	for _, part := range []string{"of 48.0\u00a0MiB", "%", "/s", " s left", "0 of 1 file", "1 of 1 file", "100%"} {
		if !strings.Contains(texts, part) {
			t.Errorf("progress never says %q", part)
		}
	}
	told := value[[][]any](b, `window.__told`)
	for i, each := range told {
		end := strings.Contains(each[1].(string), "is sent.")
		if i > 0 && !end && each[0].(float64)-told[i-1][0].(float64) < 10_000 {
			t.Errorf("%q is announced too soon: %v", each[1], told)
		}
		if end != (i == len(told)-1) {
			t.Errorf("announcement %d of %d is %q", i+1, len(told), each[1])
		}
	}
	if len(told) < 2 {
		t.Errorf("only %v was announced", told)
	}

	w.recorded(t, p)
	w.service(t, p.ID)
	got, err := ben.Package(t.Context(), p.ID)
	if err != nil || got.State != "released" || got.TotalFiles != 1 || got.TotalBytes != 48<<20 {
		t.Errorf("the recipient has %s with %d files, %d bytes: %v", got.State, got.TotalFiles, got.TotalBytes, err)
	}
	b.clean()
})

// recorded fails unless the node tells of an upload into a package with the cookie and the tags of Faspex.
func (w *world) recorded(t *testing.T, p api.Package) {
	t.Helper()
	transfers := w.transfersOf(t, p)
	if len(transfers) == 0 {
		t.Error("the node tells of no transfer of the package")
	}
	for _, tr := range transfers {
		if tr.StartSpec.Cookie == "" || !strings.Contains(string(tr.StartSpec.Tags), "xfer_id") {
			t.Errorf("the node tells of a transfer with cookie %q and tags %s", tr.StartSpec.Cookie, tr.StartSpec.Tags)
		}
	}
}
