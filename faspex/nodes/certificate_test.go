package nodes_test

import (
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"

	"faspex.io/operator/faspex/nodes"
	"faspex.io/operator/faspex/store"
)

func TestCertificateIsReadWithoutThePassword(t *testing.T) {
	var requests atomic.Int64
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
	t.Cleanup(server.Close)
	host, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	n := store.Node{Name: "n", Host: host, APIUsername: "u", UseSSL: true, VerifySSL: true, ConnectionTimeout: 10}
	if n.APIPort, err = strconv.Atoi(port); err != nil {
		t.Fatal(err)
	}
	own := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	for name, test := range map[string]struct {
		change  func(*store.Node)
		trusted bool
	}{
		"of the system's roots": {func(*store.Node) {}, false},
		"by its own":            {func(n *store.Node) { n.PublicKey = own }, true},
		"of another name":       {func(n *store.Node) { n.PublicKey, n.Host = own, "localhost" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			n := n
			test.change(&n)
			c, err := nodes.LookAt(t.Context(), n)
			if err != nil || !c.Equal(server.Certificate()) || c.Trusted != test.trusted {
				t.Errorf("trusted %v, want %v: %v", c.Trusted, test.trusted, err)
			}
		})
	}
	if n := requests.Load(); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}
