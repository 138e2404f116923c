package browser_test

import (
	"archive/zip"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
)

// downloads has the browser save what this tab downloads in a folder, and gives it.
func (b *tab) downloads() string {
	b.t.Helper()
	dir := b.t.TempDir()
	_, err := chromedp.CallBrowser(b.ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, BrowserContextID: chromedp.FromContext(b.ctx).BrowserContextID, DownloadPath: dir,
	})
	if err != nil {
		b.fail("set the folder of downloads", err.Error())
	}
	return dir
}

// saved waits until the browser has saved a file of a name, and gives its path.
func (b *tab) saved(dir, name string) string {
	b.t.Helper()
	path := filepath.Join(dir, name)
	b.eventually("save "+name, func() bool { _, err := os.Stat(path); return err == nil })
	return path
}

// page-30
var _ = journey("download a file", func(t *testing.T, w *world) {
	ada, ben := w.person(t, "Ada", "Sender"), w.person(t, "Ben", "Receiver")
	b := w.open(t)
	dir := b.downloads()
	b.logIn(ben, "/packages/received")
	for _, name := range []string{"report.txt", "تقرير ١.txt", "報告 ü 😀.txt"} {
		p := w.sent(t, ada, "One file", ben)
		w.released(t, ada, p, map[string]string{name: "content of " + name})
		b.goTo("/packages/received/" + p.ID)
		b.heading("One file")
		b.press("Download")
		if got, err := os.ReadFile(b.saved(dir, name)); err != nil || string(got) != "content of "+name {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	b.clean()
})

var _ = journey("download a package", func(t *testing.T, w *world) {
	ada, ben := w.person(t, "Ada", "Sender"), w.person(t, "Ben", "Receiver")
	files := map[string]string{"a/1.txt": "one", "a/b/2.txt": "two", "ü.txt": "three"}
	p := w.sent(t, ada, "Several files", ben)
	w.released(t, ada, p, files)
	b := w.open(t)
	dir := b.downloads()
	b.logIn(ben, "/packages/received/"+p.ID)
	b.heading("Several files")
	b.press("Download")
	archive, err := zip.OpenReader(b.saved(dir, "Several files.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	for _, f := range archive.File {
		if f.FileInfo().IsDir() {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		r.Close()
		if want, ok := files[f.Name]; !ok || err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", f.Name, got, err)
		}
		delete(files, f.Name)
	}
	for name := range files {
		t.Errorf("%s is not in the archive", name)
	}
	b.clean()
})
