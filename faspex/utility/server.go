package utility

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"faspex.io/operator/faspex/address"
	"faspex.io/operator/faspex/process"
	"faspex.io/operator/faspex/store"
)

// BasePath is where the router serves the utility.
const BasePath = "/aspera/faspex/utility"

// privateNetworks is where a router is when nobody says otherwise: in the cluster's own networks.
const privateNetworks = "127.0.0.0/8,::1,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,100.64.0.0/10,fc00::/7"

// Config is what the server is told by its environment.
type Config struct {
	// Username and Password open the page; both are needed.
	Username, Password string
	// Authorized may open the page at all; nobody by default.
	Authorized address.List
	// Router is believed about who asks.
	Router address.List
}

// ConfigFromEnv reads FASPEX_UTILITY_USERNAME, FASPEX_UTILITY_PASSWORD,
// FASPEX_UTILITY_AUTHORIZED_IPS and FASPEX_UTILITY_TRUSTED_PROXIES (the router's networks; private
// networks by default). getenv is os.Getenv outside of tests.
func ConfigFromEnv(getenv func(string) string) (Config, error) {
	c := Config{Username: getenv("FASPEX_UTILITY_USERNAME"), Password: getenv("FASPEX_UTILITY_PASSWORD")}
	var problems []error
	if c.Username == "" || c.Password == "" {
		problems = append(problems, errors.New("FASPEX_UTILITY_USERNAME or FASPEX_UTILITY_PASSWORD is empty"))
	}
	var err error
	if c.Authorized, err = address.Parse(getenv("FASPEX_UTILITY_AUTHORIZED_IPS")); err != nil {
		problems = append(problems, fmt.Errorf("FASPEX_UTILITY_AUTHORIZED_IPS: %w", err))
	}
	proxies := getenv("FASPEX_UTILITY_TRUSTED_PROXIES")
	if proxies == "" {
		proxies = privateNetworks
	}
	if c.Router, err = address.Parse(proxies); err != nil {
		problems = append(problems, fmt.Errorf("FASPEX_UTILITY_TRUSTED_PROXIES: %w", err))
	}
	return c, errors.Join(problems...)
}

// Schema is the version of the database's schema against the one of this program.
type Schema struct {
	Current int  `json:"current"`
	Target  int  `json:"target"`
	Pending int  `json:"pending"`
	Dirty   bool `json:"dirty"`
	Ready   bool `json:"ready"`
}

// Database is how the database fares.
type Database struct {
	Connected           bool    `json:"connected"`
	Error               string  `json:"error,omitempty"`
	Version             string  `json:"version,omitempty"`
	Tables              int     `json:"tables"`
	SizeBytes           int64   `json:"size_bytes"`
	LatencyMilliseconds float64 `json:"latency_milliseconds"`
}

// Status is the answer of GET api/v1/status.
type Status struct {
	Database Database `json:"database"`
	Schema   *Schema  `json:"schema,omitempty"` // absent while the database does not answer
}

// application is what events call the utility.
const application = "utility"

type server struct {
	config Config
	store  *store.Store
	log    *slog.Logger
	logins logins
}

// New makes the handler of the utility: the page and its API below BasePath, and the probes.
func New(config Config, s *store.Store, log *slog.Logger) http.Handler {
	u := &server{config: config, store: s, log: log}
	mux := http.NewServeMux()
	registry := process.NewRegistry()
	process.HandleProbes(mux, registry, map[string]process.Check{
		"database": func(ctx context.Context) error { return SchemaReady(ctx, s) },
	})
	mux.Handle("GET "+BasePath, u.guard(u.showPage))
	mux.Handle("GET "+BasePath+"/{$}", u.guard(u.showPage))
	mux.Handle("GET "+BasePath+"/api/v1/status", u.guard(u.showStatus))
	// A browser sends name and password by itself, so pages elsewhere must not be able to send the form.
	mux.Handle("POST "+BasePath+"/credentials", http.NewCrossOriginProtection().Handler(u.guard(u.setCredentials)))
	return process.Requests(mux, log, registry)
}

// guard lets in who comes from an authorized address and knows name and password.
func (u *server) guard(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Security-Policy",
			"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'")
		from := address.Client(r, u.config.Router)
		if !u.config.Authorized.Allow(from) {
			u.log.WarnContext(r.Context(), "address refused", "remote", from.String())
			u.refuse(w, http.StatusForbidden, "Your address is not in FASPEX_UTILITY_AUTHORIZED_IPS.")
			return
		}
		username, password, _ := r.BasicAuth()
		// Both are compared whatever the first says, and in constant time.
		if same(username, u.config.Username)&same(password, u.config.Password) != 1 {
			u.log.WarnContext(r.Context(), "credentials refused", "remote", from.String())
			h.Set("WWW-Authenticate", `Basic realm="Faspex Utility", charset="UTF-8"`)
			u.refuse(w, http.StatusUnauthorized, "The user name or the password is wrong.")
			return
		}
		u.noteLogin(r.Context(), from.String())
		next(w, r)
	})
}

func same(a, b string) int {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:])
}

func (u *server) refuse(w http.ResponseWriter, status int, message string) {
	writeJSON(w, status, map[string]any{"message": message, "code": status, "status": http.StatusText(status)})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a failed write means the client has gone
}

func (u *server) status(ctx context.Context) Status {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var out Status
	begin := time.Now()
	info, err := u.store.ServerInfo(ctx)
	out.Database.LatencyMilliseconds = float64(time.Since(begin).Microseconds()) / 1000
	if err == nil {
		out.Database.Connected = true
		out.Database.Version, out.Database.Tables, out.Database.SizeBytes = info.Version, info.Tables, info.SizeBytes
		var state store.SchemaState
		if state, err = u.store.Schema(ctx); err == nil {
			out.Schema = &Schema{
				Current: state.Current, Target: state.Wanted, Pending: max(state.Wanted-state.Current, 0), Dirty: state.Dirty,
				Ready: state.Usable() == nil,
			}
		}
	}
	if err != nil {
		out.Database.Error = err.Error()
		u.log.WarnContext(ctx, "database does not answer", "error", err)
	}
	return out
}

func (u *server) showStatus(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, u.status(r.Context()))
}

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"mebibytes": func(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) },
}).Parse(pageText))

func (u *server) showPage(w http.ResponseWriter, r *http.Request) { u.render(w, r, http.StatusOK, "") }

// from is the address that a request comes from.
func (u *server) from(r *http.Request) string { return address.Client(r, u.config.Router).String() }

// render answers with the page; message is what came of a form, empty for none.
func (u *server) render(w http.ResponseWriter, r *http.Request, status int, message string) {
	var text strings.Builder
	if err := page.Execute(&text, struct {
		Status
		Message string
		Failed  bool
		Base    string
	}{u.status(r.Context()), message, status >= http.StatusBadRequest, BasePath}); err != nil {
		u.log.ErrorContext(r.Context(), "render page", "error", err)
		http.Error(w, "The page could not be made.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text.String())) // a failed write means the browser has gone
}
