package browser_test

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"

	"faspex.io/operator/faspex/api"
)

// downloads are what a browser profile saved.
type downloads struct {
	dir string
	mu  sync.Mutex
	// urls by the name that the file was saved under, total by its identifier.
	urls  map[string]string
	names map[string]string
	total map[string]int64
	done  []string
}

// saves has the tab's profile save its downloads in a folder.
func (b *tab) saves() *downloads {
	b.t.Helper()
	d := &downloads{dir: b.t.TempDir(), urls: map[string]string{}, names: map[string]string{}, total: map[string]int64{}}
	c := chromedp.FromContext(b.ctx)
	if err := chromedp.ListenBrowser(b.ctx, d.note); err != nil {
		b.fail("listen to downloads", err.Error())
	}
	yes := true
	ctx, cancel := context.WithTimeout(b.ctx, stepLimit)
	defer cancel()
	if err := c.Browser.Call(ctx, browser.CommandSetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, BrowserContextID: c.BrowserContextID,
		DownloadPath: d.dir, EventsEnabled: &yes}, &cdp.Empty{}); err != nil {
		b.fail("save downloads", err.Error())
	}
	return d
}

func (d *downloads) note(event any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch e := event.(type) {
	case *browser.EventDownloadWillBegin:
		d.urls[e.SuggestedFilename], d.names[e.GUID] = e.URL, e.SuggestedFilename
	case *browser.EventDownloadProgress:
		// The first word of a download tells its length, if it is known before the end.
		if _, known := d.total[e.GUID]; !known {
			d.total[e.GUID] = int64(e.TotalBytes)
		}
		if e.State == browser.DownloadProgressStateCompleted {
			d.done = append(d.done, d.names[e.GUID])
		}
	}
}

// finished waits until so many downloads are complete, and gives their names.
func (d *downloads) finished(b *tab, count int) []string {
	b.t.Helper()
	var names []string
	b.eventually(fmt.Sprintf("%d finished downloads", count), func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		names = slices.Clone(d.done)
		return len(names) >= count
	})
	return names
}

// length is what the browser knew of a download's length when it began.
func (d *downloads) length(name string) int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	for guid, other := range d.names {
		if other == name {
			return d.total[guid]
		}
	}
	return 0
}

func (d *downloads) url(name string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.urls[name]
}

func (d *downloads) path(name string) string { return filepath.Join(d.dir, name) }

// sumOf is the SHA-256 of a file.
func sumOf(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// treeOf has the SHA-256 of each file of a file system by its path; folders end with a slash.
func treeOf(t *testing.T, files fs.FS) map[string]string {
	t.Helper()
	tree := map[string]string{}
	if err := fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == "." {
			return err
		}
		if entry.IsDir() {
			tree[path+"/"] = ""
			return nil
		}
		content, err := fs.ReadFile(files, path)
		tree[path] = fmt.Sprintf("%x", sha256.Sum256(content))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return tree
}

// unzipped is the tree of an archive.
func unzipped(t *testing.T, path string) map[string]string {
	t.Helper()
	r, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	return treeOf(t, r)
}

// sharing makes a package of files and releases it.
func (w *world) sharing(t *testing.T, from, to person, title string, files map[string]string) api.Package {
	t.Helper()
	p := w.sent(t, from, title, to)
	w.released(t, from, p, files)
	return p
}

// page-30: one click saves a single file under its own name, whatever the name is written in.
var _ = journey("download a file", func(t *testing.T, w *world) {
	ada, ben := w.person(t, "Ada", "Sender"), w.person(t, "Ben", "Receiver")
	b := w.open(t)
	b.logIn(ben, "/packages/received")
	d := b.saves()
	for i, name := range []string{"שלום עולם.txt", "報告書 2026.pdf", "Größe & 50% 😀.mov"} {
		p := w.sharing(t, ada, ben, fmt.Sprintf("Single %d", i), map[string]string{name: "content of " + name})
		b.goTo("/packages/received/" + p.ID)
		b.press("Download")
		if got := d.finished(b, i+1)[i]; got != name {
			t.Errorf("%s is saved as %q", name, got)
		}
		if content, err := os.ReadFile(d.path(name)); err != nil || string(content) != "content of "+name {
			t.Errorf("%s: %q, %v", name, content, err)
		}
		b.heading(p.Title)
	}
	b.clean()
})

// page-32: a download that is cut off in the middle goes on by a range, by itself, and is complete.
// page-34: an address works once, and shows nothing to somebody else afterwards.
var _ = journey("download again", func(t *testing.T, w *world) {
	ada, ben := w.person(t, "Ada", "Sender"), w.person(t, "Ben", "Receiver")
	const size = 8 << 20
	content := strings.Repeat("0123456789abcdef", size/16)
	p := w.sharing(t, ada, ben, "Cut off", map[string]string{"film.mov": content, "other.txt": "another file"})
	b := w.open(t)
	b.logIn(ben, "/packages/received/"+p.ID)
	d := b.saves()
	w.gate.cut(t, size/2)
	b.until("see the files", `document.querySelector('.file-tree input[type=checkbox]')`)
	b.pick("film.mov")
	b.press("Download 1 selected")
	d.finished(b, 1)
	if got := sumOf(t, d.path("film.mov")); got != fmt.Sprintf("%x", sha256.Sum256([]byte(content))) {
		t.Errorf("the file has another SHA-256: %s", got)
	}
	if asked := w.gate.asked(); len(asked) != 1 || !strings.HasPrefix(asked[0], "bytes=") || asked[0] == "bytes=0-" {
		t.Errorf("the browser went on with the ranges %v", asked)
	}
	for _, byRange := range []string{"", "bytes=0-9"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.url("film.mov"), nil)
		if err != nil {
			t.Fatal(err)
		}
		if byRange != "" {
			req.Header.Set("Range", byRange)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != http.StatusGone || !strings.Contains(string(body), "ticket_used") {
			t.Errorf("the address once more, range %q: %d %.100s", byRange, res.StatusCode, body)
		}
	}
	b.clean()
})

// pick selects a file or a folder of a package.
func (b *tab) pick(name string) {
	b.t.Helper()
	find := `[...document.querySelectorAll('.file-tree [role=row]')].find(e => ` +
		`[...e.querySelectorAll('bdi')].some(n => n.innerText === ` + quote(name) + `))` +
		`?.querySelector('input[type=checkbox]')`
	b.until("find "+name, find)
	value[any](b, find+`.click()`)
	b.until("have chosen "+name, find+`.checked`)
}

// page-33: what is selected is downloaded without the rest; packages that are selected in a list by one action.
// faspex-R1: files, folders and several packages can be chosen, each of those whole.
// page-35 (in part: the API has no times of downloads): the sender sees who downloaded it, wholly or in part.
var _ = journey("download a selection", func(t *testing.T, w *world) {
	ada, ben := w.person(t, "Ada", "Sender"), w.person(t, "Ben", "Receiver")
	first := w.sharing(t, ada, ben, "Many", map[string]string{
		"a.txt": "A", "b.txt": "B", "folder/c.txt": "C", "folder/deep/d.txt": "D", "other/e.txt": "E"})
	w.sharing(t, ada, ben, "One", map[string]string{"one.txt": "1"})
	b := w.open(t)
	b.logIn(ben, "/packages/received/"+first.ID)
	d := b.saves()
	b.pick("a.txt")
	b.pick("folder")
	b.press("Download 2 selected")
	archive := d.finished(b, 1)[0]
	var names []string
	for name := range unzipped(t, d.path(archive)) {
		names = append(names, name)
	}
	slices.Sort(names)
	if got := strings.Join(names, " "); got != "a.txt folder/ folder/c.txt folder/deep/ folder/deep/d.txt" {
		t.Errorf("the archive of the selection has %s", got)
	}

	b.press("Received")
	b.sees("Many", "One")
	value[any](b, `document.querySelectorAll('tbody input[type=checkbox]').forEach(e => e.click())`)
	b.sees("2 selected")
	b.press("Download")
	all := d.finished(b, 3)[1:]
	slices.Sort(all)
	if len(all) != 2 || !slices.Contains(all, "one.txt") {
		t.Errorf("both packages are saved as %q", all)
	}
	b.clean()

	s := w.open(t)
	s.logIn(ada, "/packages/sent/"+first.ID)
	w.service(t, first.ID)
	s.sees("Ben Receiver downloaded it once", "1 download of a part of it.")
	s.checkPage("a package that was downloaded")
	s.clean()
})

// page-36: a limit that is reached, a package that browsers may not have, and an account that may not download: each
// with its reason where the button is.
var _ = journey("no download", func(t *testing.T, w *world) {
	ada, ben := w.person(t, "Ada", "Sender"), w.person(t, "Ben", "Receiver")
	to := []api.RecipientName{{Name: ben.login}}
	one := 1
	made := map[string]api.Package{}
	for title, create := range map[string]api.PackageCreate{
		"Once": {DownloadLimit: &one}, "By ascp": {PreventHTTPDownload: true}, "Open": {},
	} {
		create.Title, create.Recipients = title, to
		p, err := ada.CreatePackage(t.Context(), create)
		if err != nil {
			t.Fatal(err)
		}
		w.uploaded(t, ada, p, map[string]string{"a.txt": "1"})
		made[title] = p
	}
	w.service(t, "no download")
	b := w.open(t)
	b.logIn(ben, "/packages/received/"+made["Once"].ID)
	d := b.saves()
	b.press("Download")
	d.finished(b, 1)
	w.service(t, "no download, once")
	refused := func(title, reason string) {
		t.Helper()
		b.goTo("/packages/received/" + made[title].ID)
		b.sees(reason)
		b.until("have a button that cannot be used and says why", `[...document.querySelectorAll('main button')].some(e =>
			e.innerText.trim() === 'Download' && e.disabled
			&& document.getElementById(e.getAttribute('aria-describedby'))?.innerText.includes(`+quote(reason)+`))`)
		b.checkPage(title)
	}
	refused("Once", "You have downloaded this package as often as its sender allowed.")
	refused("By ascp", "Its sender allows downloads with ascp only.")
	no := false
	if _, err := w.in.Admin.UpdateAccount(t.Context(), ben.id, api.AccountChange{DownloadsAllowed: &no}); err != nil {
		t.Fatal(err)
	}
	refused("Open", "Your account may not download packages.")
	b.clean("403")
})
