package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/test/lab"
)

// person is somebody's own Chromium, with nothing in it but the page.
type person struct {
	t         *testing.T
	ctx       context.Context
	web       string // with a slash at its end
	downloads string
}

// browse opens a Chromium and logs somebody in, through the router, at a path of the page.
func browse(t *testing.T, who *lab.Person, path string) *person {
	t.Helper()
	web, err := cluster.Web(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(1280, 900),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("ignore-certificate-errors", true), // the demo's certificate is its own
		chromedp.UserDataDir(t.TempDir()),
	)
	allocator, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(cancel)
	p := &person{t: t, ctx: ctx, web: strings.TrimSuffix(web, "/") + "/", downloads: t.TempDir()}
	p.do("log in",
		chromedp.Navigate(p.web+path),
		chromedp.WaitVisible(chromedp.CSS(`input[name="username"]`)),
		chromedp.SendKeys(chromedp.CSS(`input[name="username"]`), who.Name),
		chromedp.SendKeys(chromedp.CSS(`input[name="password"]`), who.Password),
		chromedp.Submit(chromedp.CSS(`input[name="password"]`)),
	)
	if _, err := chromedp.CallBrowser(p.ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: p.downloads,
	}); err != nil {
		t.Fatalf("permit downloads: %v", err)
	}
	return p
}

func (p *person) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, steps...); err != nil {
		p.fail(what, err)
	}
}

// sees waits until an expression of JavaScript holds in the page.
func (p *person) sees(what, expression string) {
	p.t.Helper()
	for {
		holds, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		if holds {
			return
		}
		select {
		case <-p.ctx.Done():
			p.fail("see "+what, err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// text waits until a text is on the page.
func (p *person) text(text string) {
	p.t.Helper()
	p.sees(text, "document.body.innerText.includes("+quote(text)+")")
}

// press presses the link or button of a name once it can be pressed.
func (p *person) press(name string) {
	p.t.Helper()
	find := "[...document.querySelectorAll('a, button')].find(e => (e.innerText.trim() === " + quote(name) +
		" || e.ariaLabel === " + quote(name) + ") && !e.disabled)"
	p.sees(name, find)
	if _, err := chromedp.Run(p.ctx, chromedp.Evaluate[any](find+".click()")); err != nil {
		p.fail("press "+name, err)
	}
}

// fail keeps what the browser showed, for the person who reads the failure.
func (p *person) fail(what string, cause error) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), 10*time.Second)
	defer cancel()
	if png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot()); err != nil {
		p.t.Logf("no screenshot: %v", err)
	} else if path := filepath.Join(os.TempDir(), "faspex-e2e-browser.png"); os.WriteFile(path, png, 0o600) == nil {
		p.t.Logf("screenshot: %s", path)
	}
	p.t.Fatalf("%s at %s: %v", what, p.web, cause)
}

func quote(text string) string {
	quoted, _ := json.Marshal(text) // a string always has a JSON
	return string(quoted)
}

// personSeesPackage logs in as Bob, and finds the package that Alice sent.
func personSeesPackage(t *testing.T) {
	browse(t, bob, "").text(packageTitle)
}

// personSendsAndReceives is the whole way with browsers alone: Alice sends a file, Bob downloads
// it, through router and gateway.
func personSendsAndReceives(t *testing.T) {
	const title, name = "Sent from a browser", "größe 3.bin"
	sent := payload(t, lab.PayloadSpec{Seed: 11, LargeBytes: 64 << 20})
	file := filepath.Join(t.TempDir(), name)
	if err := os.Rename(filepath.Join(sent.Dir, "large.bin"), file); err != nil {
		t.Fatal(err)
	}

	sender := browse(t, alice, "packages/new")
	sender.sees("the form", "document.querySelector('#send-files')")
	sender.do("choose a file", chromedp.SetUploadFiles(chromedp.CSS("#send-files"), []string{file}, chromedp.NodeReady))
	sender.do("write to Bob", chromedp.SendKeys(chromedp.CSS("#recipients"), bob.Name+","))
	sender.sees("that Bob is known", "document.querySelector('.people__chip[data-state=known]')")
	sender.do("write the title", chromedp.SendKeys(chromedp.CSS("#title"), title))
	sender.press("Send")
	sender.sees("that the file is sent", "document.querySelector('.transfer[data-state=completed]')")
	pkg := packageCalled(t, alice, "outbox", title)
	pkg, err := cluster.WaitPackage(t.Context(), alice, pkg.ID, "released", 2*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if pkg.TotalBytes != 64<<20 || pkg.TotalFiles != 1 {
		t.Errorf("the package has %d files and %d bytes, want 1 and %d", pkg.TotalFiles, pkg.TotalBytes, 64<<20)
	}

	recipient := browse(t, bob, "packages/received/"+pkg.ID)
	recipient.text(title)
	recipient.press("Download")
	received := filepath.Join(recipient.downloads, name)
	for !arrived(received, 64<<20) {
		select {
		case <-recipient.ctx.Done():
			recipient.fail("download the file", fmt.Errorf("it never arrived: %w", context.Cause(recipient.ctx)))
		case <-time.After(100 * time.Millisecond):
		}
	}
	if err := lab.Same(filepath.Dir(file), recipient.downloads); err != nil {
		t.Error(err)
	}
}

// arrived tells whether Chromium has given a download its name, which it does at its end.
func arrived(path string, size int64) bool {
	info, err := os.Stat(path)
	return err == nil && info.Size() == size
}

func packageCalled(t *testing.T, who *lab.Person, box, title string) api.Package {
	t.Helper()
	packages, err := who.API.Packages(t.Context(), box)
	if err != nil {
		t.Fatal(err)
	}
	for _, pkg := range packages {
		if pkg.Title == title {
			return pkg
		}
	}
	t.Fatalf("%s has no package %q in the %s", who.Name, title, box)
	return api.Package{}
}
