package mailbox

import (
	_ "embed"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// keepAtMost bounds what is kept.
const keepAtMost = 500

// Box keeps mails and shows them.
type Box struct {
	mu    sync.Mutex
	mails []kept
	next  int
}

type kept struct {
	Number int
	At     time.Time
	Mail
}

// Keep puts a mail into the box; the oldest one goes when there are too many. A mail that comes again, by its
// Message-ID and its recipient, is kept once.
func (b *Box) Keep(m Mail) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if m.ID != "" && slices.ContainsFunc(b.mails, func(k kept) bool { return k.ID == m.ID && k.To == m.To }) {
		return
	}
	b.next++
	b.mails = append(b.mails, kept{b.next, time.Now(), m})
	if len(b.mails) > keepAtMost {
		b.mails = slices.Delete(b.mails, 0, 1)
	}
}

func (b *Box) find(number string) (kept, bool) {
	n, err := strconv.Atoi(number)
	if err != nil {
		return kept{}, false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	at := slices.IndexFunc(b.mails, func(k kept) bool { return k.Number == n })
	if at < 0 {
		return kept{}, false
	}
	return b.mails[at], true
}

//go:embed page.html
var pageText string

var pages = template.Must(template.New("").Parse(pageText))

// Page serves the list of mails at /, a mail at /mails/N, and its HTML, in which nothing runs, at /mails/N/html.
func (b *Box) Page() http.Handler {
	mux := http.NewServeMux()
	show := func(w http.ResponseWriter, name string, data any) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'")
		_ = pages.ExecuteTemplate(w, name, data) // a failed write means that the browser has gone
	}
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		b.mu.Lock()
		mails := slices.Clone(b.mails)
		b.mu.Unlock()
		slices.Reverse(mails)
		show(w, "list", mails)
	})
	mux.HandleFunc("GET /mails/{number}", func(w http.ResponseWriter, r *http.Request) {
		if m, ok := b.find(r.PathValue("number")); ok {
			show(w, "mail", m)
			return
		}
		http.NotFound(w, r)
	})
	mux.HandleFunc("GET /mails/{number}/html", func(w http.ResponseWriter, r *http.Request) {
		m, ok := b.find(r.PathValue("number"))
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy",
			"default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox allow-popups allow-popups-to-escape-sandbox")
		_, _ = w.Write([]byte(`<base target="_blank">` + m.HTML)) // a failed write means that the browser has gone
	})
	return mux
}
