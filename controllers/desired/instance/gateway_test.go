package instance_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"faspex.io/operator/controllers/certificate"
	"faspex.io/operator/controllers/desired/instance"
	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/faspex/gateway"
)

// TestGatewayReadsItsNodes: the list that the operator writes is one that the gateway reads, with all its fields.
func TestGatewayReadsItsNodes(t *testing.T) {
	data, err := certificate.New(time.Now(), certificate.Subject{CommonName: "node"})
	if err != nil {
		t.Fatal(err)
	}
	list, err := instance.GatewayNodes(minimal(), []instance.GatewayNode{{
		Host: "192.0.2.1", SSHPort: 33001, WSSPort: 9093, TLSCA: string(data[certificate.CAKey]),
		SSHHostKeys: []string{"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIvuy2jVNLJRrQxyuLgkGsqqxhV7HxMHTzBAuFYmuSSO"},
	}, {Host: "192.0.2.2", SSHPort: 22}})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range list.Data {
		file := filepath.Join(t.TempDir(), "nodes.yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		nodes, err := gateway.OpenNodes(file, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		for host, want := range map[string]gateway.Node{
			"192.0.2.1": {SSHPort: 33001, WSSPort: 9093}, "192.0.2.2": {SSHPort: 22},
		} {
			node, err := nodes.Of(transferspec.Spec{RemoteHost: host})
			if err != nil || node.SSHPort != want.SSHPort || node.WSSPort != want.WSSPort {
				t.Errorf("%s is read as %+v (%v)", host, node, err)
			}
		}
	}
	if len(list.Data) != 1 {
		t.Errorf("%d files, want 1", len(list.Data))
	}
}
