package client_test

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"faspex.io/operator/dataplane/nodeapi/client"
)

const password = "very-s3cret"

func serve(t *testing.T, h http.HandlerFunc) client.Config {
	t.Helper()
	server := httptest.NewTLSServer(h)
	t.Cleanup(server.Close)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	return client.Config{URL: server.URL, Username: "user", Password: password, CA: ca}
}

func connect(t *testing.T, cfg client.Config) *client.Client {
	t.Helper()
	c, err := client.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

func TestConfigurationsThatAreRefused(t *testing.T) {
	for name, cfg := range map[string]client.Config{
		"no url":               {},
		"not a url":            {URL: "https://a b"},
		"other scheme":         {URL: "ftp://host"},
		"no host":              {URL: "https://"},
		"credentials in it":    {URL: "https://user:" + password + "@host"},
		"bad with credentials": {URL: "https://user:" + password + "@ho st"},
		"ca is no pem":         {URL: "https://host", CA: []byte("x")},
	} {
		if _, err := client.New(cfg); err == nil || strings.Contains(err.Error(), password) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestErrorsTellWhatTheNodeSaid(t *testing.T) {
	for name, tt := range map[string]struct {
		status int
		body   string
		want   string
	}{
		"with a message": {404, `{"error":{"code":404,"reason":"Not Found","user_message":"no such key"}}`,
			"node api GET /access_keys/a%2Fb: 404: no such key"},
		"without a message": {502, `<html>`, "node api GET /access_keys/a%2Fb: 502: Bad Gateway"},
		"not json":          {200, `<html>`, "decode answer"},
	} {
		cfg := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if user, pass, _ := r.BasicAuth(); user != "user" || pass != password {
				t.Errorf("credentials %q %q", user, pass)
			}
			w.WriteHeader(tt.status)
			_, _ = w.Write([]byte(tt.body))
		})
		_, err := connect(t, cfg).AccessKey(t.Context(), "a/b")
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), password) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCredentialsGoToTheNodeAlone(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter,
		*http.Request) {
		t.Error("a redirect is followed")
	}))
	defer elsewhere.Close()
	cfg := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/ping" && r.Header.Get("Authorization") != "" {
			t.Error("ping carries credentials")
		}
		if r.URL.Path != "/ping" {
			http.Redirect(w, r, elsewhere.URL, http.StatusFound)
		}
	})
	c := connect(t, cfg)
	if err := c.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := c.Info(t.Context()); err == nil || !strings.Contains(err.Error(), "302") {
		t.Errorf("redirect: %v", err)
	}
	stranger := cfg
	stranger.CA = nil
	if err := connect(t, stranger).Ping(t.Context()); err == nil {
		t.Error("a certificate nobody vouches for is accepted")
	}
	stranger.InsecureSkipVerify = true
	if err := connect(t, stranger).Ping(t.Context()); err != nil {
		t.Errorf("although the owner accepts any certificate: %v", err)
	}
}

func TestIterationTokenIsKeptWhenThereIsNoNews(t *testing.T) {
	cfg := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if token := r.URL.Query().Get("iteration_token"); token == "" {
			w.Header().Set("Link",
				`<https://node/ops/transfers?count=1>; rel="prev", <https://node/ops/transfers?count=1&iteration_token=7>; rel="next"`)
		}
		_, _ = w.Write([]byte("[]"))
	})
	c := connect(t, cfg)
	for given, want := range map[string]string{"": "7", "9": "9"} {
		if _, next, err := c.Transfers(t.Context(), client.TransferQuery{IterationToken: given, Count: 1}); err != nil ||
			next != want {
			t.Errorf("after %q: %q, %v", given, next, err)
		}
	}
}
