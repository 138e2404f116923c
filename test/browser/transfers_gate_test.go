package browser_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
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
	// cutAt is after how many bytes the next download is cut off; 0 cuts none. ranges are the ranges that downloads
	// asked for.
	cutAt  int64
	ranges []string
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

// flow lets some bytes through every few milliseconds until the journey ends or the gate is opened, so that an upload
// takes its time.
func (g *gate) flow(t *testing.T, step int64) {
	t.Helper()
	g.allow(0)
	go func() {
		for {
			select {
			case <-t.Context().Done():
				return
			case <-time.After(20 * time.Millisecond):
			}
			g.mu.Lock()
			open := g.limit < 0
			if !open {
				g.limit = g.taken + step
			}
			g.mu.Unlock()
			if open {
				return
			}
		}
	}()
}

// cut has the next download end after so many bytes, as when a connection is lost.
func (g *gate) cut(t *testing.T, bytes int64) {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.cutAt, g.ranges = bytes, nil
}

// asked gives the ranges that downloads asked for since the last cut.
func (g *gate) asked() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.ranges)
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
		if r.Method == http.MethodGet {
			w = g.download(w, r)
		}
		next.ServeHTTP(w, r)
	})
}

// download notes the range of a download, and cuts it off if it is to be.
func (g *gate) download(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
	g.mu.Lock()
	defer g.mu.Unlock()
	if asked := r.Header.Get("Range"); asked != "" {
		g.ranges = append(g.ranges, asked)
	}
	if g.cutAt == 0 {
		return w
	}
	left := g.cutAt
	g.cutAt = 0
	return &cutAnswer{ResponseWriter: w, left: left}
}

// cutAnswer breaks the connection off after some bytes.
type cutAnswer struct {
	http.ResponseWriter
	left int64
}

func (c *cutAnswer) Unwrap() http.ResponseWriter { return c.ResponseWriter }

func (c *cutAnswer) Write(p []byte) (int, error) {
	if int64(len(p)) < c.left {
		c.left -= int64(len(p))
		return c.ResponseWriter.Write(p)
	}
	_, _ = c.ResponseWriter.Write(p[:c.left])
	_ = http.NewResponseController(c.ResponseWriter).Flush()
	panic(http.ErrAbortHandler)
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
