package client_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/faspex/client"
)

// These tests hold the client against answers that a real server gives rarely; faspex/core's
// tests run it against the real one.

func grant(t *testing.T) *client.Grant {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return &client.Grant{ClientID: "c", User: "u",
		PrivateKey: pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})}
}

// answers is a server that counts logins and gives what each path says.
type answers struct {
	logins  int
	life    int
	answer  func(w http.ResponseWriter, r *http.Request, token string)
	current string
}

func (a *answers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Path == "/aspera/faspex/auth/token" {
		a.logins++
		a.current = fmt.Sprintf("token %d", a.logins)
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(map[string]any{"access_token": a.current, "expires_in": a.life})
		return
	}
	a.answer(w, r, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
}

func connect(t *testing.T, a *answers, now func() time.Time) *client.Client {
	t.Helper()
	web := httptest.NewServer(a)
	t.Cleanup(web.Close)
	c, err := client.New(client.Config{URL: web.URL, Grant: grant(t), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTokenIsKeptUntilItEnds(t *testing.T) {
	now := time.Now()
	a := &answers{life: 3600, answer: func(w http.ResponseWriter, _ *http.Request,
		_ string) {
		fmt.Fprint(w, `{"version":"1"}`)
	}}
	c := connect(t, a, func() time.Time { return now })
	for _, step := range []struct {
		after  time.Duration
		logins int
	}{{0, 1}, {0, 1}, {57 * time.Minute, 1}, {time.Minute + time.Second, 2}} {
		now = now.Add(step.after)
		if _, err := c.Version(t.Context()); err != nil {
			t.Fatal(err)
		}
		if a.logins != step.logins {
			t.Errorf("%v later: %d logins, want %d", step.after, a.logins, step.logins)
		}
	}
}

func TestRefusedTokenIsRenewedOnce(t *testing.T) {
	calls, refused := 0, "token 1"
	a := &answers{life: 3600, answer: func(w http.ResponseWriter, _ *http.Request, token string) {
		calls++
		if token == refused || refused == "" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprint(w, `{"version":"1"}`)
	}}
	c := connect(t, a, nil)
	if _, err := c.Version(t.Context()); err != nil || calls != 2 || a.logins != 2 {
		t.Errorf("%v after %d calls and %d logins", err, calls, a.logins)
	}
	calls, refused = 0, ""
	if _, err := c.Version(t.Context()); !client.IsUnauthorized(err) || calls != 2 {
		t.Errorf("always refused: %v after %d calls", err, calls)
	}
}

func TestErrors(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		body   string
		want   string
	}{
		"faspex": {409, `{"message":"It is there.","status":"409","code":"conflict"}`,
			"faspex GET /api/v5/version: 409: It is there."},
		"oauth":    {400, `{"error":"invalid_grant","error_description":"No."}`, "faspex GET /api/v5/version: 400: No."},
		"html":     {502, `<html>bad gateway</html>`, "faspex GET /api/v5/version: 502: Bad Gateway"},
		"redirect": {302, ``, "faspex GET /api/v5/version: 302: Found"},
	} {
		a := &answers{life: 3600, answer: func(w http.ResponseWriter, _ *http.Request, _ string) {
			w.Header().Set("Location", "https://elsewhere.example.com/")
			w.WriteHeader(test.status)
			fmt.Fprint(w, test.body)
		}}
		if _, err := connect(t, a, nil).Version(t.Context()); err == nil || err.Error() != test.want {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
	}
}

func TestListsAreReadWhole(t *testing.T) {
	a := &answers{life: 3600, answer: func(w http.ResponseWriter, r *http.Request, _ string) {
		switch r.URL.Query().Get("offset") {
		case "0":
			fmt.Fprint(w, `{"total_count":3,"nodes":[{"id":"1","name":"a"},{"id":"2","name":"ab"}]}`)
		case "2":
			fmt.Fprint(w, `{"total_count":3,"nodes":[{"id":"3","name":"b"}]}`)
		default:
			t.Errorf("asked for %s", r.URL)
		}
	}}
	c := connect(t, a, nil)
	if nodes, err := c.Nodes(t.Context()); err != nil || len(nodes) != 3 {
		t.Errorf("%v, %v", nodes, err)
	}
	if n, err := c.NodeByName(t.Context(), "b"); err != nil || n.ID != "3" {
		t.Errorf("%v, %v", n, err)
	}
	if _, err := c.NodeByName(t.Context(), "c"); !client.IsNotFound(err) {
		t.Errorf("%v", err)
	}
}

func TestConfigurationsThatAreRefused(t *testing.T) {
	good := client.Config{URL: "https://faspex.example.com", Grant: grant(t)}
	for name, spoil := range map[string]func(*client.Config){
		"no url":      func(c *client.Config) { c.URL = "" },
		"scheme":      func(c *client.Config) { c.URL = "ftp://x" },
		"credentials": func(c *client.Config) { c.URL = "https://u:p@x" },
		"ca":          func(c *client.Config) { c.CA = []byte("no PEM") },
		"key":         func(c *client.Config) { c.Grant.PrivateKey = []byte("no PEM") },
		"no user":     func(c *client.Config) { c.Grant.User = "" },
	} {
		c := good
		g := *good.Grant
		c.Grant = &g
		spoil(&c)
		if _, err := client.New(c); err == nil || strings.Contains(err.Error(), "u:p") {
			t.Errorf("%s: %v", name, err)
		}
	}
	c, err := client.New(client.Config{URL: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Nodes(t.Context()); err == nil || !strings.Contains(err.Error(), "no grant") {
		t.Errorf("without a grant: %v", err)
	}
	if err := c.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("nobody there: %v", err)
	}
}
