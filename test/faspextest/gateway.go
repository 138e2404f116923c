package faspextest

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/crypto/ssh"

	"faspex.io/operator/faspex/gateway"
	"faspex.io/operator/faspex/process"
)

// StartGateway starts a gateway that may connect to a node of StartTransferNode, and has the router forward to it.
// between, if not nil, stands between the two.
func (in *Instance) StartGateway(t testing.TB, n *Node, between func(http.Handler) http.Handler) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "nodes.yaml")
	text := fmt.Sprintf("nodes:\n- {host: 127.0.0.1, sshPort: %d, sshHostKeys: [%q]}\n", n.transfers.SSHPort,
		ssh.MarshalAuthorizedKey(n.transfers.HostKey))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	log, err := process.NewLogger(in.Log, "debug")
	if err != nil {
		t.Fatal(err)
	}
	nodes, err := gateway.OpenNodes(file, log)
	if err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewRegistry()
	server := gateway.New(gateway.Config{Nodes: nodes, Ring: in.ring, Limits: gateway.DefaultLimits(), Log: log,
		Registry: registry})
	t.Cleanup(server.Close)
	mux := http.NewServeMux()
	server.Register(mux)
	handler := process.Requests(mux, log, registry)
	if between != nil {
		handler = between(handler)
	}
	in.mux.Handle(gateway.Base+"/", handler)
}
