package browser_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"
)

// gate stands between the router and the gateway. It counts the bytes of uploads, and can
// hold them up or refuse requests.
type gate struct {
	mu sync.Mutex
	// limit bounds the bytes that are let through in all; negative is no bound.
	limit, taken int64
	refuse       func(r *http.Request) (status int, code string)
}

func newGate() *gate { return &gate{limit: -1} }

// reset begins to count for a journey, after which everything is let through again.
func (g *gate) reset(t *testing.T) {
	t.Helper()
	g.mu.Lock()
	g.taken = 0
	g.mu.Unlock()
	t.Cleanup(func() { g.allow(-1); g.fail(nil) })
}

// allow has so many bytes pass in all, and then none until more are allowed.
func (g *gate) allow(bytes int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.limit = bytes
}

// fail has the requests refused for which refuse gives a status.
func (g *gate) fail(refuse func(r *http.Request) (status int, code string)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.refuse = refuse
}

// bytes tells how many bytes of uploads passed since the journey began; what was sent twice counts twice.
func (g *gate) bytes() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.taken
}

// await waits until so many bytes have passed.
func (g *gate) await(b *tab, bytes int64) {
	b.t.Helper()
	b.eventually(fmt.Sprintf("%d bytes at the gateway", bytes), func() bool { return g.bytes() >= bytes })
}

// before puts the gate before the gateway.
func (g *gate) before(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		refuse := g.refuse
		g.mu.Unlock()
		if refuse != nil {
			if status, code := refuse(r); status != 0 {
				w.Header().Set("Content-Type", "application/problem+json")
				w.Header().Set("Connection", "close")
				w.WriteHeader(status)
				_ = json.NewEncoder(w).Encode(map[string]any{"code": code, "error": map[string]string{"code": code}})
				return
			}
		}
		if r.Method == http.MethodPatch {
			r.Body = &gatedBody{ReadCloser: r.Body, gate: g}
		}
		next.ServeHTTP(w, r)
	})
}

// gatedBody gives what the gate lets through.
type gatedBody struct {
	io.ReadCloser
	gate *gate
}

func (b *gatedBody) Read(p []byte) (int, error) {
	g := b.gate
	g.mu.Lock()
	room := int64(len(p))
	if g.limit >= 0 {
		room = min(room, max(0, g.limit-g.taken))
	}
	g.mu.Unlock()
	if room == 0 && len(p) > 0 {
		// Nothing for now: the reader asks again, unless it has been stopped.
		time.Sleep(10 * time.Millisecond)
		return 0, nil
	}
	n, err := b.ReadCloser.Read(p[:room])
	g.mu.Lock()
	g.taken += int64(n)
	g.mu.Unlock()
	return n, err
}
