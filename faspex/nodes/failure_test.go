package nodes_test

import (
	"context"
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"faspex.io/operator/faspex/keyring"
	"faspex.io/operator/faspex/nodes"
	"faspex.io/operator/faspex/store"
)

func TestFailureOf(t *testing.T) {
	ring, err := keyring.New("a secret of the tests, long enough", "")
	if err != nil {
		t.Fatal(err)
	}
	dialer := nodes.NewDialer(ring)
	sealed, err := dialer.Seal("u", "p")
	if err != nil {
		t.Fatal(err)
	}
	answer := func(status int, body string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://elsewhere.example.com/")
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		})
	}
	hang := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	plain := func(h http.Handler) string {
		s := httptest.NewServer(h)
		t.Cleanup(s.Close)
		return s.Listener.Addr().String()
	}
	secure := httptest.NewTLSServer(answer(200, `{}`))
	t.Cleanup(secure.Close)
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}))
	closed, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	drop := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			c.Close()
		}
	})
	_, securePort, err := net.SplitHostPort(secure.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		address string
		change  func(*store.Node)
		want    nodes.Failure
	}{
		"no such name":   {"no-such-host.invalid:9092", nil, nodes.NotResolved},
		"nobody listens": {closed.Addr().String(), nil, nodes.Refused},
		"hangs":          {plain(hang), func(n *store.Node) { n.ConnectionTimeout = 1 }, nodes.TimedOut},
		"unknown certificate": {secure.Listener.Addr().String(), func(n *store.Node) { n.UseSSL, n.VerifySSL = true, true },
			nodes.NotTrusted},
		"other name": {"localhost:" + securePort,
			func(n *store.Node) { n.UseSSL, n.VerifySSL, n.PublicKey = true, true, ca }, nodes.NotTrusted},
		"speaks no TLS":        {plain(answer(200, `{}`)), func(n *store.Node) { n.UseSSL = true }, nodes.NoTLS},
		"unauthorized":         {plain(answer(401, `{"error":{"user_message":"SECRET"}}`)), nil, nodes.Unauthorized},
		"not found":            {plain(answer(404, `SECRET`)), nil, nodes.NotANode},
		"redirects":            {plain(answer(302, `SECRET`)), nil, nodes.NotANode},
		"error with a message": {plain(answer(500, `{"error":{"user_message":"SECRET"}}`)), nil, nodes.NotANode},
		"page":                 {plain(answer(200, `<html>SECRET`)), nil, nodes.NotANode},
		"says nothing":         {plain(drop), nil, nodes.NotANode},
	} {
		t.Run(name, func(t *testing.T) {
			host, port, err := net.SplitHostPort(test.address)
			if err != nil {
				t.Fatal(err)
			}
			n := store.Node{Name: "n", Host: host, APIUsername: "u", APIPassword: sealed, ConnectionTimeout: 30}
			if n.APIPort, err = strconv.Atoi(port); err != nil {
				t.Fatal(err)
			}
			if test.change != nil {
				test.change(&n)
			}
			c, err := dialer.Client(n)
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.Info(context.Background())
			if err == nil {
				t.Fatal("the call succeeded")
			}
			if got := nodes.FailureOf(err); got != test.want {
				t.Errorf("%q, want %q: %v", got, test.want, err)
			}
		})
	}
}
