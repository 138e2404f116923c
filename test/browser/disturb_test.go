package browser_test

import (
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// disturbance is what happens to requests whose address contains a text.
type disturbance struct {
	part    string
	delay   time.Duration
	status  int // 0 lets the request pass
	cut     bool
	headers map[string]string
	body    string
}

// disturb has requests to matching addresses meet something else than the server.
func (b *tab) disturb(d disturbance) {
	b.t.Helper()
	b.mu.Lock()
	b.disturbance = &d
	b.mu.Unlock()
	pattern := fetch.RequestPattern{URLPattern: "*" + d.part + "*"}
	if _, err := chromedp.Call(b.ctx, fetch.Enable,
		fetch.EnableParams{Patterns: []*fetch.RequestPattern{&pattern}}); err != nil {
		b.fail("disturb requests", err.Error())
	}
}

func (b *tab) delay(part string, by time.Duration) {
	b.t.Helper()
	b.disturb(disturbance{part: part, delay: by})
}

// undisturbed lets every request pass again.
func (b *tab) undisturbed() {
	b.t.Helper()
	b.mu.Lock()
	b.disturbance = nil
	b.mu.Unlock()
	if _, err := chromedp.Call(b.ctx, fetch.Disable, cdp.Empty{}); err != nil {
		b.fail("let requests pass", err.Error())
	}
}

// paused answers a request that was stopped. It runs beside the listener, which must not wait.
func (b *tab) paused(e *fetch.EventRequestPaused) {
	b.mu.Lock()
	d := b.disturbance
	b.mu.Unlock()
	if d == nil || !strings.Contains(e.Request.URL, d.part) {
		d = &disturbance{}
	}
	select {
	case <-time.After(d.delay):
	case <-b.ctx.Done():
		return
	}
	// A request that waits here is let pass when the disturbance has ended meanwhile.
	b.mu.Lock()
	over := b.disturbance == nil
	b.mu.Unlock()
	if over {
		d = &disturbance{}
	}
	if d.cut {
		_, _ = chromedp.Call(b.ctx, fetch.FailRequest, fetch.FailRequestParams{RequestID: e.RequestID,
			ErrorReason: network.ErrorReasonInternetDisconnected})
		return
	}
	if d.status == 0 {
		// The tab may have gone, or the request with it.
		_, _ = chromedp.Call(b.ctx, fetch.ContinueRequest, fetch.ContinueRequestParams{RequestID: e.RequestID})
		return
	}
	answer := fetch.FulfillRequestParams{RequestID: e.RequestID, ResponseCode: int64(d.status), Body: []byte(d.body)}
	for name, value := range d.headers {
		answer.ResponseHeaders = append(answer.ResponseHeaders, &fetch.HeaderEntry{Name: name, Value: value})
	}
	_, _ = chromedp.Call(b.ctx, fetch.FulfillRequest, answer)
}

// offline has every request fail as without a network, or lets them pass again.
func (b *tab) offline(off bool) {
	b.t.Helper()
	if off {
		b.disturb(disturbance{part: "/", cut: true})
		return
	}
	b.undisturbed()
}
