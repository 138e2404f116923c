package gateway

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"faspex.io/operator/dataplane/transferspec"
)

// TestNodesOfOneMachine: nodes that share a machine are told by their ports.
func TestNodesOfOneMachine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "nodes.yaml")
	text := "nodes:\n- {host: 192.0.2.1, sshPort: 33001}\n- {host: 192.0.2.1, sshPort: 33002}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	nodes, err := OpenNodes(file, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for port, known := range map[int]bool{33001: true, 33002: true, 22: false} {
		node, err := nodes.Of(transferspec.Spec{RemoteHost: "192.0.2.1", SSHPort: port})
		if (err == nil) != known || err == nil && node.SSHPort != port {
			t.Errorf("port %d: %+v, %v", port, node, err)
		}
	}
}

// TestNodesOfAWrongFile: it changes nothing, and the log tells of it once.
func TestNodesOfAWrongFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "nodes.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("nodes:\n- {host: 192.0.2.1, sshPort: 33001}\n")
	var log bytes.Buffer
	nodes, err := OpenNodes(file, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	write("nodes:\n- {host: 192.0.2.1, port: 33001}\n- x\n")
	for range 3 {
		if _, err := nodes.Of(transferspec.Spec{RemoteHost: "192.0.2.1"}); err != nil {
			t.Error(err)
		}
	}
	if err := nodes.Ready(); err != nil {
		t.Error(err)
	}
	if n := strings.Count(log.String(), "stays as it was"); n != 1 {
		t.Errorf("the log tells of it %d times:\n%s", n, log.String())
	}
}
