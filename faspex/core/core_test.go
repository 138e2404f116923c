package core_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/auth"
	"faspex.io/operator/faspex/client"
	"faspex.io/operator/faspex/core"
	"faspex.io/operator/faspex/keyring"
	"faspex.io/operator/faspex/process"
	"faspex.io/operator/faspex/seed"
	"faspex.io/operator/faspex/store"
	"faspex.io/operator/faspex/store/storetest"
)

const (
	testSecret    = "a secret of the tests, long enough"
	adminName     = "admin@example.com"
	adminPassword = "correct horse"
	operatorID    = "operator-client"
	externalURL   = "https://faspex.example.com"
)

// installation is a core on a real database, seeded, with clients that act for its users.
type installation struct {
	store *store.Store
	url   string // of the server, without a path
	admin *client.Client
	log   *logBuffer
}

// logBuffer is a log that handlers still write to while a test reads.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func install(t *testing.T) *installation {
	t.Helper()
	s := storetest.New(t)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := seed.Run(t.Context(), s, seed.Options{
		ExternalURL: externalURL, UIClientID: "ui-client", ServiceClientID: "service-client", OperatorClientID: operatorID,
		OperatorPublicKey: string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
		AdminUsername:     adminName, AdminPassword: adminPassword,
	}); err != nil {
		t.Fatal(err)
	}
	ring, err := keyring.New(testSecret, "")
	if err != nil {
		t.Fatal(err)
	}
	in := &installation{store: s, log: &logBuffer{}}
	log, err := process.NewLogger(in.log, "debug")
	if err != nil {
		t.Fatal(err)
	}
	server, err := core.New(s, ring, core.Config{ExternalURL: externalURL, Version: "1.2.3", Log: log,
		Gateway: gatewayRing(t)})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	server.Register(mux)
	handler := process.Requests(server.Frame(mux), log, prometheus.NewRegistry())
	web := httptest.NewServer(conforming(t, server.OpenAPI(), mux, handler))
	t.Cleanup(web.Close)
	in.url = web.URL
	in.admin, err = client.New(client.Config{URL: web.URL, Grant: &client.Grant{
		ClientID: operatorID, User: adminName,
		PrivateKey: pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}),
	}})
	if err != nil {
		t.Fatal(err)
	}
	in.configure(t, map[string]any{"users_can_send_to_all_faspex_users": true})
	return in
}

// configure sets fields of the configuration; nil gives a default back.
func (in *installation) configure(t *testing.T, fields map[string]any) {
	t.Helper()
	if err := in.admin.Configure(t.Context(), fields); err != nil {
		t.Fatal(err)
	}
}

// gatewayRing is the secret that core shares with a gateway.
func gatewayRing(t *testing.T) *keyring.Ring {
	t.Helper()
	ring, err := keyring.New("the secret of core and gateway, long enough", "")
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

// user makes an account and gives a client that acts for it.
func (in *installation) user(t *testing.T, name, role string) *client.Client {
	t.Helper()
	if _, err := in.admin.CreateAccount(t.Context(), api.AccountChange{Name: &name, FirstName: ptr("Test"),
		LastName: ptr(name),
		Email:    ptr(name + "@example.com"), Role: &role}); err != nil {
		t.Fatal(err)
	}
	return in.admin.As(name)
}

// call sends a raw request to a path beneath the product's and gives status, headers and body.
func (in *installation) call(t *testing.T, c *client.Client, method, path string, body any) (int, http.Header, string) {
	t.Helper()
	var reader io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		reader = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, in.url+core.Base+path, reader)
	if err != nil {
		t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c != nil {
		token, err := c.Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return do(t, req)
}

func do(t *testing.T, req *http.Request) (int, http.Header, string) {
	t.Helper()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(raw)
}

func ptr[T any](v T) *T { return &v }

func TestDetection(t *testing.T) {
	in := install(t)
	status, header, body := in.call(t, nil, "GET", "/api/v5/configuration/ping", nil)
	if status != 200 || body != "" || header.Get("X-IBM-Aspera") != "1.2.3" {
		t.Errorf("ping: %d %q, header %q", status, body, header.Get("X-IBM-Aspera"))
	}
	status, header, body = in.call(t, nil, "GET", "/health", nil)
	if status != 200 || strings.TrimSpace(body) != `{"core":{"connected":true}}` || header.Get("X-IBM-Aspera") == "" {
		t.Errorf("health: %d %s", status, body)
	}
	version, err := in.admin.Version(t.Context())
	if err != nil || version != "1.2.3" {
		t.Errorf("version %q, %v", version, err)
	}
	status, _, body = in.call(t, in.admin, "GET", "/api/v5/configuration", nil)
	if status != 200 || !strings.Contains(body, `"server_address":"faspex.example.com"`) {
		t.Errorf("configuration: %d %s", status, body)
	}
	for _, kind := range []string{"json", "yaml"} {
		if status, _, body = in.call(t, nil, "GET", "/api/v5/openapi."+kind, nil); status != 200 ||
			!strings.Contains(body, "/packages/{id}/transfer_spec/upload") {
			t.Errorf("openapi.%s: %d, %d bytes", kind, status, len(body))
		}
	}
	if strings.Contains(in.log.String(), adminPassword) {
		t.Error("the log holds the admin's password")
	}
}

func TestDatabaseThatDoesNotAnswer(t *testing.T) {
	db, err := store.Open(store.Config{Host: "127.0.0.1", Port: 1, Database: "faspex", Username: "u", Password: "p"})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ring, err := keyring.New(testSecret, "")
	if err != nil {
		t.Fatal(err)
	}
	server, err := core.New(store.New(db), ring, core.Config{ExternalURL: externalURL, Version: "1.2.3"})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	server.Register(mux)
	for _, test := range []struct {
		method, path string
		status       int
		want         string
	}{
		{"GET", "/health", 503, `"message":"Core is not ready: the database does not answer."`},
		{"GET", "/api/v5/configuration/ping", 200, ``},
		{"POST", "/auth/token?", 503, `"error":"temporarily_unavailable"`},
		{"GET", "/auth/authorize?client_id=x", 500, `The login page is not available now.`},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), test.method, core.Base+
			test.path, strings.NewReader("client_id=x&grant_type=refresh_token"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		mux.ServeHTTP(w, r)
		if w.Code != test.status || !strings.Contains(w.Body.String(), test.want) ||
			strings.Contains(w.Body.String(), "127.0.0.1") {
			t.Errorf("%s: %d %s", test.path, w.Code, w.Body)
		}
	}
}

func TestDescription(t *testing.T) {
	server, err := core.New(nil, &keyring.Ring{}, core.Config{ExternalURL: externalURL})
	if err != nil {
		t.Fatal(err)
	}
	server.Register(http.NewServeMux())
	open := map[string]bool{"ping": true, "health": true, "authorize": true, "token": true,
		"create-password-code": true, "set-password-by-code": true}
	seen := map[string]bool{}
	for path, item := range server.OpenAPI().Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Delete, item.Patch} {
			if op == nil {
				continue
			}
			if seen[op.OperationID] || strings.ContainsAny(op.OperationID, "{}/ ") || op.Summary == "" || len(op.Tags) != 1 {
				t.Errorf("%s %s: id %q, summary %q, tags %q", op.Method, path, op.OperationID, op.Summary, op.Tags)
			}
			seen[op.OperationID] = true
			if open[op.OperationID] != (len(op.Security) == 0) {
				t.Errorf("%s: security %v", op.OperationID, op.Security)
			}
			if op.Responses["422"] != nil {
				t.Errorf("%s: describes an answer that is never given", op.OperationID)
			}
		}
	}
	if len(seen) < 50 {
		t.Errorf("%d operations", len(seen))
	}
}

func TestErrorBody(t *testing.T) {
	in := install(t)
	for _, test := range []struct {
		name, method, path string
		who                *client.Client
		body               any
		want               api.Error
	}{
		{"no token", "GET", "/api/v5/nodes", nil, nil,
			api.Error{Message: "Log in: the access token is missing or not valid any more.", Status: "401",
				Code: "unauthorized"}},
		{"no such thing", "GET", "/api/v5/nodes/77", in.admin, nil,
			api.Error{Message: "There is no such node.", Status: "404", Code: "not_found"}},
		{"id that is none", "GET", "/api/v5/packages/x", in.admin, nil,
			api.Error{Message: "There is no such package.", Status: "404", Code: "not_found"}},
		{"no such address", "GET", "/api/v5/nothing/here", in.admin, nil,
			api.Error{Message: "There is nothing at this address.", Status: "404", Code: "not_found"}},
		{"bad body", "POST", "/api/v5/packages", in.admin, map[string]any{"title": "", "recipients": []any{}},
			api.Error{Message: "validation failed: recipients: expected array length >= 1; title: expected length >= 1",
				Status: "400", Code: "bad_request",
				Errors: []api.FieldError{{Location: "body.recipients", Message: "expected array length >= 1"},
					{Location: "body.title", Message: "expected length >= 1"}}}},
		{"secret value in a bad body", "PUT", "/api/v5/accounts/1", in.admin, map[string]any{"current_password": strings.Repeat("hush", 65)},
			api.Error{Message: "validation failed: current_password: expected length <= 256", Status: "400", Code: "bad_request",
				Errors: []api.FieldError{{Location: "body.current_password", Message: "expected length <= 256"}}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, header, body := in.call(t, test.who, test.method, test.path, test.body)
			var got api.Error
			if err := json.Unmarshal([]byte(body), &got); err != nil {
				t.Fatalf("%d %s: %v", status, body, err)
			}
			if strings.Contains(body, "hush") {
				t.Errorf("body %s", body)
			}
			if got.RequestID != header.Get("X-Request-Id") && got.RequestID != "" {
				t.Errorf("request id %q in the body, %q in the header", got.RequestID, header.Get("X-Request-Id"))
			}
			got.RequestID = ""
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if !strings.HasPrefix(header.Get("Content-Type"), "application/json") {
				t.Errorf("content type %q", header.Get("Content-Type"))
			}
		})
	}
}

func TestRoles(t *testing.T) {
	in := install(t)
	manager, user := in.user(t, "mona", "manager"), in.user(t, "ulf", "user")
	boss := ptr("admin")
	admin, err := in.admin.AccountByName(t.Context(), adminName)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		method, path      string
		body              any
		byUser, byManager int
	}{
		{"GET", "/api/v5/account", nil, 200, 200},
		{"GET", "/api/v5/account/preferences", nil, 200, 200},
		{"GET", "/api/v5/contacts?q=mona&type[]=user", nil, 200, 200},
		{"GET", "/api/v5/inbox/packages", nil, 200, 200},
		{"GET", "/api/v5/shared_folders", nil, 200, 200},
		{"GET", "/api/v5/accounts", nil, 403, 200},
		{"GET", "/api/v5/nodes", nil, 403, 403},
		{"POST", "/api/v5/nodes", map[string]any{"name": "n"}, 403, 403},
		{"GET", "/api/v5/nodes/1/shared_folders", nil, 403, 403},
		{"GET", "/auth/oauth_clients", nil, 403, 403},
		{"POST", "/api/v5/accounts", api.AccountChange{Name: ptr("eve"), FirstName: ptr("E"), LastName: ptr("Ve"),
			Email: ptr("eve@example.com"), Role: boss}, 403, 403},
		{"PUT", "/api/v5/accounts/" + admin.ID, api.AccountChange{Email: ptr("x@example.com")}, 403, 403},
		{"DELETE", "/api/v5/accounts/" + admin.ID, nil, 403, 403},
	} {
		if got, _, body := in.call(t, user, test.method, test.path, test.body); got != test.byUser {
			t.Errorf("%s %s by a user: %d, want %d: %s", test.method, test.path, got, test.byUser, body)
		}
		if got, _, body := in.call(t, manager, test.method, test.path, test.body); got != test.byManager {
			t.Errorf("%s %s by a manager: %d, want %d: %s", test.method, test.path, got, test.byManager, body)
		}
	}
}

// setPassword gives an account a password, as the utility does.
func (in *installation) setPassword(t *testing.T, login, password string) {
	t.Helper()
	a, err := in.store.AccountByLogin(t.Context(), login)
	if err == nil {
		err = in.store.ResetPassword(t.Context(), a.ID, auth.HashPassword(password))
	}
	if err != nil {
		t.Fatal(err)
	}
}
