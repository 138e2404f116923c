package browser_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// stepLimit bounds one step on a busy machine; it is never the time a step should take.
const stepLimit = 45 * time.Second

// builtPage builds the web page if it is not current, and gives its directory.
func builtPage(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "../../hack/web-build.sh").CombinedOutput()
	if err != nil {
		t.Fatalf("build the web page: %v\n%s", err, out)
	}
	return "../../faspex/ui/web/dist"
}

// tab is one tab of a browser, and what its console said.
type tab struct {
	t       *testing.T
	ctx     context.Context
	mu      sync.Mutex
	console []string
}

// open starts Chromium with an empty profile.
func open(t *testing.T) *tab {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatalf("%v: install Debian's chromium (make deps)", err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.NoFirstRun, chromedp.WindowSize(1280, 900), chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true))
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	b := &tab{t: t, ctx: ctx}
	// The browser lives as long as the context of the first call, so this one has no limit of its own.
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("start the browser: %v", err)
	}
	messages := chromedp.Console(ctx)
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			b.mu.Lock()
			b.console = append(b.console, string(m.Type)+": "+m.Text)
			b.mu.Unlock()
		}
	}()
	return b
}

// do runs the parts of a step, and on failure keeps what the browser showed.
func (b *tab) do(step string, parts ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, stepLimit)
	defer cancel()
	if err := chromedp.Do(ctx, parts...); err != nil {
		b.fail(step, err.Error())
	}
}

func (b *tab) fail(step, reason string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 10*time.Second)
	defer cancel()
	where := "no screenshot"
	if png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot()); err == nil {
		where = filepath.Join(os.TempDir(), "faspex-browser.png")
		if err := os.WriteFile(where, png, 0o600); err != nil {
			where = err.Error()
		}
	}
	text, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText`))
	b.mu.Lock()
	defer b.mu.Unlock()
	b.t.Fatalf("%s: %s\nscreenshot: %s\npage: %s\nconsole: %s", step, reason, where, text, strings.Join(b.console, "\n"))
}

// value evaluates JavaScript.
func value[T any](b *tab, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, stepLimit)
	defer cancel()
	got, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.fail(expression, err.Error())
	}
	return got
}

// until waits until JavaScript is true. While a page is being replaced it is neither true nor an error.
func (b *tab) until(step, condition string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, stepLimit)
	defer cancel()
	for {
		reached, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+condition+")"))
		if reached {
			return
		}
		select {
		case <-ctx.Done():
			b.fail(step, fmt.Sprintf("never true: %s (%v)", condition, err))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// sees waits until the page shows a text.
func (b *tab) sees(texts ...string) {
	b.t.Helper()
	for _, text := range texts {
		b.until("see "+text, "document.body.innerText.includes("+quote(text)+")")
	}
}

func (b *tab) click(css string) { b.t.Helper(); b.do("click "+css, chromedp.Click(chromedp.CSS(css))) }

// press clicks a link or a button by its text.
func (b *tab) press(text string) {
	b.t.Helper()
	find := "[...document.querySelectorAll('main a, main button, header a, header button')].find(e => e.innerText.trim() === " + quote(text) + " && e.offsetParent)"
	b.until("find "+text, find)
	value[any](b, find+".click()")
}

func (b *tab) enter(css, text string) {
	b.t.Helper()
	b.do("type into "+css, chromedp.SendKeys(chromedp.CSS(css), text))
}

func quote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`).Replace(s) + "'"
}

// checkConsole fails on errors of scripts and on whatever the content security policy stopped.
func (b *tab) checkConsole() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, line := range b.console {
		if strings.Contains(line, "Content Security Policy") || strings.HasPrefix(line, "exception") {
			b.t.Errorf("console: %s", line)
		}
	}
}

// checkPage fails on what keeps people out: fields without a name, no landmark, no or several headings, a page wider than a phone.
func (b *tab) checkPage(where string) {
	b.t.Helper()
	for what, expression := range map[string]string{
		"a language":       `document.documentElement.lang === 'en'`,
		"one main part":    `document.querySelectorAll('main').length === 1`,
		"one h1":           `document.querySelectorAll('h1').length === 1`,
		"named fields":     `[...document.querySelectorAll('input:not([type=hidden]), textarea, select')].every(e => e.labels?.length || e.ariaLabel || e.title)`,
		"named buttons":    `[...document.querySelectorAll('button')].filter(e => e.checkVisibility({visibilityProperty: true})).every(e => e.innerText.trim() || e.ariaLabel || e.title || e.getAttribute('aria-labelledby'))`,
		"no overflow":      `document.documentElement.scrollWidth <= window.innerWidth`,
		"nothing external": `performance.getEntriesByType('resource').every(e => e.name.startsWith(location.origin))`,
	} {
		b.until(where+" has "+what, expression) // a page follows a new size a moment later
	}
}
