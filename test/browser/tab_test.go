package browser_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

const (
	// stepLimit bounds one step on a busy machine; it is never the time a step should take.
	stepLimit = 2 * time.Minute
	base      = "/aspera/faspex"
)

// tab is one tab of a browser, and what happened in it.
type tab struct {
	t   *testing.T
	w   *world
	ctx context.Context

	mu sync.Mutex
	// console has errors and warnings of scripts, and what the browser itself complains about.
	console []string
	// answers has the status and the address of each answer of 400 and more.
	answers []string
	// requests has the address of each request.
	requests []string
	// bearer is the access token that the page sent last.
	bearer      string
	received    int64
	disturbance *disturbance
}

// open opens a tab in a browser profile that holds nothing.
func (w *world) open(t *testing.T) *tab {
	t.Helper()
	return w.newTab(w.browser, t, chromedp.WithNewBrowserContext())
}

// another opens a further tab in the same profile.
func (b *tab) another() *tab {
	b.t.Helper()
	return b.w.newTab(b.ctx, b.t)
}

func (w *world) newTab(parent context.Context, t *testing.T, options ...chromedp.ContextOption) *tab {
	t.Helper()
	b := &tab{t: t, w: w}
	ctx, cancel := chromedp.NewContext(parent, append(options, chromedp.WithListener(b.note))...)
	t.Cleanup(cancel)
	b.ctx = ctx
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	for _, enable := range []func() error{
		func() error { _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); return err },
		func() error { _, err := chromedp.Call(ctx, log.Enable, cdp.Empty{}); return err },
		func() error { _, err := chromedp.Call(ctx, runtime.Enable, cdp.Empty{}); return err },
	} {
		if err := enable(); err != nil {
			t.Fatalf("watch a tab: %v", err)
		}
	}
	return b
}

// note keeps what a test may ask for later.
func (b *tab) note(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			var words []string
			for _, arg := range e.Args {
				words = append(words, string(arg.Value)+arg.Description)
			}
			b.console = append(b.console, string(e.Type)+": "+strings.Join(words, " "))
		}
	case *runtime.EventExceptionThrown:
		text := "exception: " + e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			text += " " + e.ExceptionDetails.Exception.Description
		}
		b.console = append(b.console, text)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			b.console = append(b.console, string(e.Entry.Level)+": "+e.Entry.Text+" "+e.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
		if token, ok := bearerOf(e.Request.Headers); ok {
			b.bearer = token
		}
	case *network.EventLoadingFinished:
		b.noteBytes(e)
	case *network.EventRequestWillBeSentExtraInfo:
		if token, ok := bearerOf(e.Headers); ok {
			b.bearer = token
		}
	case *fetch.EventRequestPaused:
		go b.paused(e)
	case *network.EventResponseReceived:
		if e.Response.Status >= 400 {
			b.answers = append(b.answers, fmt.Sprintf("%d %s", e.Response.Status, e.Response.URL))
		}
	}
}

// asked gives the requests since the last call whose address contains a text.
func (b *tab) asked(part string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var found []string
	for _, url := range b.requests {
		if strings.Contains(url, part) {
			found = append(found, url)
		}
	}
	b.requests = nil
	return found
}

// clean fails on everything that a page should not do: complain in the console, or ask for what is not there (page-99).
// Answers that a journey provoked are named by a part of their line.
func (b *tab) clean(provoked ...string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, line := range append(append([]string{}, b.console...), b.answers...) {
		expected := false
		for _, part := range provoked {
			expected = expected || strings.Contains(line, part)
		}
		if !expected {
			b.t.Errorf("the page complains: %s", line)
		}
	}
	b.console, b.answers = nil, nil
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
	b.t.Fatalf("%s: %s\nscreenshot: %s\npage: %s\nconsole: %s\n%s", step, reason, where, text,
		strings.Join(b.console, "\n"), strings.Join(b.answers, "\n"))
}

// value evaluates JavaScript; a promise is waited for.
func value[T any](b *tab, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, stepLimit)
	defer cancel()
	got, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
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

// goTo loads an address of the application. What a page was about to do by itself, such as to go back, may get in its way
// once.
func (b *tab) goTo(path string) {
	b.t.Helper()
	address := chromedp.Navigate(b.w.in.URL + base + path)
	ctx, cancel := context.WithTimeout(b.ctx, stepLimit)
	defer cancel()
	if err := chromedp.Do(ctx, address); err == nil {
		return
	} else if !strings.Contains(err.Error(), "net::ERR_ABORTED") {
		b.fail("go to "+path, err.Error())
	}
	b.do("go to "+path, address)
}

// logIn opens an address of the application as somebody who is not logged in, and logs in.
func (b *tab) logIn(p person, path string) {
	b.t.Helper()
	b.goTo(path)
	b.do("see the login form", chromedp.WaitVisible(chromedp.CSS("#password")))
	b.enter("#username", p.login)
	b.enter("#password", p.password)
	b.click("button[type=submit]")
	b.until("come to "+
		path, `document.querySelector('#account-name, [data-testid=user-name]') && location.pathname + location.search === `+
		quote(base+path))
}

// at waits until an address of the application is shown.
func (b *tab) at(path string) {
	b.t.Helper()
	b.until("be at "+path, `location.pathname + location.search === `+quote(base+path))
}

// heading waits until the page's only h1 is a text.
func (b *tab) heading(text string) {
	b.t.Helper()
	b.until("see the heading "+
		text, `document.querySelectorAll('h1').length === 1 && document.querySelector('h1').innerText === `+quote(text))
}

// sees waits until the page shows texts.
func (b *tab) sees(texts ...string) {
	b.t.Helper()
	for _, text := range texts {
		b.until("see "+text, "document.body.innerText.includes("+quote(text)+")")
	}
}

// misses waits until the page does not show texts.
func (b *tab) misses(texts ...string) {
	b.t.Helper()
	for _, text := range texts {
		b.until("not see "+text, "!document.body.innerText.includes("+quote(text)+")")
	}
}

func (b *tab) click(css string) { b.t.Helper(); b.do("click "+css, chromedp.Click(chromedp.CSS(css))) }

// press clicks a visible link, button, tab or menu item by its text or its name for screen readers.
func (b *tab) press(text string) {
	b.t.Helper()
	find := `[...document.querySelectorAll('a, button, [role=menuitem], [role=tab], summary, label')].find(e => ` +
		`(e.innerText.trim() === ` + quote(text) + ` || e.ariaLabel === ` + quote(text) +
		` || document.getElementById(e.getAttribute('aria-labelledby'))?.innerText === ` + quote(text) +
		`) && !e.disabled && e.checkVisibility({visibilityProperty: true}))`
	b.until("find "+text, find)
	value[any](b, `{const e = `+find+`; e.focus(); e.click()}`)
}

func (b *tab) enter(css, text string) {
	b.t.Helper()
	b.do("type into "+css, chromedp.SendKeys(chromedp.CSS(css), text))
}

// replace types a text into a field in the place of what is there.
func (b *tab) replace(css, text string) {
	b.t.Helper()
	b.until("find "+css, `document.querySelector(`+quote(css)+`)`)
	value[any](b, `{const e = document.querySelector(`+quote(css)+`); e.focus(); e.select()}`)
	b.keys(text)
}

// keys sends keys to whatever has the focus; named keys are those of chromedp's package kb.
func (b *tab) keys(keys string) {
	b.t.Helper()
	b.do("press keys", chromedp.KeyEvent(keys))
}

func (b *tab) back() { b.t.Helper(); value[any](b, `history.back()`) }

// viewport sets the size of the window.
func (b *tab) viewport(width, height int64) {
	b.t.Helper()
	b.do("set the size", chromedp.EmulateViewport(width, height))
}

// media emulates a medium, such as print, and what a person's system prefers, such as prefers-color-scheme: dark. Empty,
// it emulates nothing.
func (b *tab) media(medium string, features map[string]string) {
	b.t.Helper()
	params := emulation.SetEmulatedMediaParams{Media: medium}
	for name, value := range features {
		params.Features = append(params.Features, &emulation.MediaFeature{Name: name, Value: value})
	}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, params); err != nil {
		b.fail("emulate a medium", err.Error())
	}
}

func quote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`).Replace(s) + "'"
}

// token gives the access token that the page sent last.
func (b *tab) token() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.bearer
}
