package ui_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"faspex.io/operator/faspex/ui"
)

var (
	script = strings.Repeat("console.log('faspex');\n", 100)
	built  = fstest.MapFS{
		"index.html":            {Data: []byte("<!doctype html><title>Faspex</title>")},
		"favicon.svg":           {Data: []byte("<svg/>")},
		"assets/index-abc.js":   {Data: []byte(script)},
		"assets/font-abc.woff2": {Data: []byte("wOF2")},
		".inputs":               {Data: []byte("hidden")},
	}
	config = ui.Config{ClientID: "ui-1", CoreURL: "https://faspex.example.com"}
)

func serve(t *testing.T, path string, header map[string]string) *http.Response {
	t.Helper()
	handler, err := ui.New(config, built, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for name, value := range header {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestPaths(t *testing.T) {
	const index = "<!doctype html><title>Faspex</title>"
	tests := map[string]struct {
		path   string
		status int
		typ    string
		cache  string
		body   string
	}{
		"the page":                {"/aspera/faspex/", 200, "text/html; charset=utf-8", "no-cache", index},
		"an address inside of it": {"/aspera/faspex/received/42", 200, "text/html; charset=utf-8", "no-cache", index},
		"a login's answer":        {"/aspera/faspex/?code=c&state=s", 200, "text/html; charset=utf-8", "no-cache", index},
		"a hashed script": {"/aspera/faspex/assets/index-abc.js", 200, "text/javascript; charset=utf-8",
			"public, max-age=31536000, immutable", script},
		"a font": {"/aspera/faspex/assets/font-abc.woff2", 200, "font/woff2",
			"public, max-age=31536000, immutable", "wOF2"},
		"an icon": {"/aspera/faspex/favicon.svg", 200, "image/svg+xml", "no-cache", "<svg/>"},
		"the client configuration": {"/aspera/faspex/config.js", 200, "text/javascript; charset=utf-8", "no-cache",
			"faspexConfig = {client_id:'ui-1',redirect_uri:'/aspera/faspex/'}"},
		"a script of a former page": {"/aspera/faspex/assets/index-old.js", 404, "", "", ""},
		"a missing icon":            {"/aspera/faspex/other.svg", 404, "", "", ""},
		"a hidden file":             {"/aspera/faspex/.inputs", 200, "text/html; charset=utf-8", "no-cache", index},
		"outside of the page":       {"/somewhere", 404, "", "", ""},
		"readiness":                 {"/health", 200, "application/json", "no-store", "{}\n"},
		"liveness":                  {"/livez", 200, "", "", ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			r := serve(t, tc.path, nil)
			if r.StatusCode != tc.status {
				t.Fatalf("status %d, want %d", r.StatusCode, tc.status)
			}
			if tc.status != 200 || tc.typ == "" {
				return
			}
			if got := r.Header.Get("Content-Type"); got != tc.typ {
				t.Errorf("content type %q, want %q", got, tc.typ)
			}
			if got := r.Header.Get("Cache-Control"); got != tc.cache {
				t.Errorf("cache control %q, want %q", got, tc.cache)
			}
			if got := body(t, r); got != tc.body {
				t.Errorf("body %q, want %q", got, tc.body)
			}
		})
	}
}

// page-100, with TestEveryAnswerIsGuarded of core and TestRouterCompresses. That the page lives with it is in each journey.
func TestSecurityHeaders(t *testing.T) {
	for _, path := range []string{"/aspera/faspex/", "/aspera/faspex/assets/index-abc.js", "/nothing"} {
		h := serve(t, path, nil).Header
		if csp := h.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'self';") ||
			!strings.Contains(csp, "frame-ancestors 'none'") ||
			strings.Contains(csp, "script-src") || strings.Contains(csp, "unsafe-") ||
			!strings.Contains(csp, "require-trusted-types-for 'script'; trusted-types faspex") {
			t.Errorf("%s: content security policy %q", path, csp)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" ||
			h.Get("X-Frame-Options") != "DENY" {
			t.Errorf("%s: headers %v", path, h)
		}
	}
}

func TestRedirectToThePage(t *testing.T) {
	for _, path := range []string{"/", "/aspera/faspex"} {
		r := serve(t, path, nil)
		if r.StatusCode != http.StatusFound || r.Header.Get("Location") != "https://faspex.example.com/aspera/faspex/" {
			t.Errorf("%s: %d to %q", path, r.StatusCode, r.Header.Get("Location"))
		}
	}
}

func TestCompressionAndRevalidation(t *testing.T) {
	const path = "/aspera/faspex/assets/index-abc.js"
	packed := serve(t, path, map[string]string{"Accept-Encoding": "br, gzip"})
	if packed.Header.Get("Content-Encoding") != "gzip" || packed.Header.Get("Vary") != "Accept-Encoding" {
		t.Fatalf("headers %v", packed.Header)
	}
	z, err := gzip.NewReader(bytes.NewReader([]byte(body(t, packed))))
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := io.ReadAll(z); err != nil || string(plain) != script {
		t.Errorf("unpacked: %v, %d bytes, want %d", err, len(plain), len(script))
	}
	if again := serve(t, path, map[string]string{"If-None-Match": packed.Header.Get("Etag"),
		"Accept-Encoding": "gzip"}); again.StatusCode != http.StatusNotModified {
		t.Errorf("revalidation: %d", again.StatusCode)
	}
	if refused := serve(t, path,
		map[string]string{"Accept-Encoding": "gzip;q=0"}); refused.Header.Get("Content-Encoding") != "" {
		t.Error("gzip was sent to a client that refuses it")
	}
}

func TestConfigFromEnv(t *testing.T) {
	tests := map[string]struct {
		clientID, url string
		want          string // part of the error, empty for none
	}{
		"good":               {"ui-1", "https://faspex.example.com", ""},
		"no client":          {"", "https://faspex.example.com", "FASPEX_CORE_UI_CLIENT_ID"},
		"quote in client":    {"x'}", "https://faspex.example.com", "FASPEX_CORE_UI_CLIENT_ID"},
		"no scheme":          {"ui-1", "faspex.example.com", "FASPEX_CORE_URL"},
		"neither of the two": {"", "", "FASPEX_CORE_URL"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := ui.ConfigFromEnv(func(name string) string {
				return map[string]string{"FASPEX_CORE_UI_CLIENT_ID": tc.clientID, "FASPEX_CORE_URL": tc.url}[name]
			})
			if (tc.want == "") != (err == nil) || (err != nil && !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}

func TestIncompleteBuildIsRefused(t *testing.T) {
	if _, err := ui.New(config, fstest.MapFS{"app.js": {}}, slog.New(slog.DiscardHandler)); err == nil ||
		!strings.Contains(err.Error(), "index.html") {
		t.Errorf("error %v", err)
	}
}
