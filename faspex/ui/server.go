// Package ui serves the web page: the built files of faspex/ui/web with the headers that keep a page safe, and
// the client configuration that the page and command-line clients read. It knows neither the API nor the
// database; the page itself calls the API.
package ui

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"strings"

	"faspex.io/operator/faspex/process"
)

// BasePath is where the router serves the page; faspex/ui/web/vite.config.ts builds it for the same path.
const BasePath = "/aspera/faspex/"

// The page loads nothing from elsewhere and talks to its own origin alone. Scripts and documents are made in trusted.ts
// alone.
const contentSecurityPolicy = "default-src 'self'; object-src 'none'; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types faspex"

// Config is what the server is told by its environment.
type Config struct {
	// ClientID is the OAuth client of the page (FASPEX_CORE_UI_CLIENT_ID).
	ClientID string
	// CoreURL is the origin that people use (FASPEX_CORE_URL), for example https://faspex.example.com.
	CoreURL string
}

// ConfigFromEnv reads FASPEX_CORE_UI_CLIENT_ID and FASPEX_CORE_URL. getenv is os.Getenv outside of tests.
func ConfigFromEnv(getenv func(string) string) (Config, error) {
	c := Config{ClientID: getenv("FASPEX_CORE_UI_CLIENT_ID"), CoreURL: getenv("FASPEX_CORE_URL")}
	return c, c.validate()
}

func (c Config) validate() error {
	var problems []error
	// The client id goes between quotes into a text that is read by simple means.
	if c.ClientID == "" || strings.ContainsAny(c.ClientID, "'\"\\{}:, \t\r\n") {
		problems = append(problems,
			errors.New("FASPEX_CORE_UI_CLIENT_ID is empty or has characters that a client id cannot have"))
	}
	if u, err := url.Parse(c.CoreURL); err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
		problems = append(problems, errors.New("FASPEX_CORE_URL is not an http or https URL"))
	}
	return errors.Join(problems...)
}

// New makes the handler of the ui: the page below BasePath, config.js, and the probes. root holds the built page.
func New(config Config, root fs.FS, log *slog.Logger) (http.Handler, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	files, err := loadSite(root)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	registry := process.NewRegistry()
	process.HandleProbes(mux, registry, map[string]process.Check{})
	mux.HandleFunc("GET "+BasePath+"config.js", clientConfig(config))
	mux.HandleFunc("GET "+BasePath, page(files))
	toPage := http.RedirectHandler(strings.TrimSuffix(config.CoreURL, "/")+BasePath, http.StatusFound)
	mux.Handle("GET /{$}", toPage)
	mux.Handle("GET "+strings.TrimSuffix(BasePath, "/"), toPage)
	return process.Requests(secure(mux), log, registry), nil
}

// clientConfig answers with `name = {client_id:'..',redirect_uri:'..'}`. Clients take it apart by hand: no semicolon,
// no blank inside of a value, and a path instead of a URL.
func clientConfig(config Config) http.HandlerFunc {
	text := fmt.Sprintf("faspexConfig = {client_id:'%s',redirect_uri:'%s'}", config.ClientID, BasePath)
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		w.Header().Set("Cache-Control", "no-cache")
		_, _ = w.Write([]byte(text)) // a failed write means the browser has gone
	}
}

// page sends a file, or the page itself for the addresses that exist only inside of it. What looks like a file and is
// none is not found, so that an old page asking for assets of a former version does not get HTML for a script.
func page(files site) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(path.Clean(r.URL.Path), strings.TrimSuffix(BasePath, "/"))
		name = strings.TrimPrefix(name, "/")
		if file, ok := files[name]; ok && name != indexName {
			file.serve(w, r)
			return
		}
		if strings.HasPrefix(name, "assets/") || (path.Ext(name) != "" && name != indexName && types[path.Ext(name)] != "") {
			http.NotFound(w, r)
			return
		}
		files[indexName].serve(w, r)
	}
}

func secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentSecurityPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}
