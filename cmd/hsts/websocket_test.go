package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/transferspec"
)

// The node says that it has a WebSocket, and ascp takes it, with the certificate of the moment.
func TestTransfersOverWebSocket(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	if err := n.stop(); err != nil {
		t.Fatal(err)
	}
	n.cfg.Ports.WSS = freePort(t)
	n.start(t)
	ctx, c := t.Context(), n.client(t, "node", nodePassword)
	info, err := c.Info(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]any{"wss_enabled": true, "wss_port": float64(n.cfg.Ports.WSS)} {
		if !slices.Contains(info.Settings, client.NameAndValue{Name: name, Value: value}) {
			t.Errorf("settings %v, want %s %v", info.Settings, name, value)
		}
	}
	source, target := t.TempDir(), t.TempDir()
	want := tree(t, source)
	up, err := c.UploadSetup(ctx, client.TransferRequest{DestinationRoot: "/default/p1",
		Paths: []transferspec.Path{{Source: source + "/."}}})
	if err != nil {
		t.Fatal(err)
	}
	if !up.WSSEnabled || up.WSSPort != n.cfg.Ports.WSS {
		t.Errorf("spec = %+v", up)
	}
	up.SSHPort = freePort(t) // Nobody listens there.
	out, err := command(t, up).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "error 51: the certificate of") {
		t.Errorf("a certificate that nothing vouches for: %v: %s", err, out)
	}
	trusting := command(t, up)
	trusting.Env = append(trusting.Env, "SSL_CERT_FILE="+filepath.Join(n.cfg.Secrets.TLS, "tls.crt"))
	if out, err := trusting.CombinedOutput(); err != nil {
		t.Fatalf("upload: %v: %s", err, out)
	}
	if diff := cmp.Diff(want, files(t, filepath.Join(n.cfg.StorageRoot, "default/p1"))); diff != "" {
		t.Errorf("on the node: %.500s", diff)
	}
	awaitStatus(t, c, idOf(t, up), client.StatusCompleted)

	n.ca = writeCertificate(t, n.cfg.Secrets.TLS)
	named := filepath.Join(t.TempDir(), "node.pem")
	if err := os.WriteFile(named, n.ca, 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the new certificate", func() (any, bool) {
		err := n.client(t, "", "").Ping(ctx)
		return err,
			err == nil
	})
	down, err := n.client(t, "node", nodePassword).DownloadSetup(ctx, client.TransferRequest{SourceRoot: "/default/p1"})
	if err != nil {
		t.Fatal(err)
	}
	down.SSHPort = up.SSHPort
	if out, err := command(t, down, "-i", named, target).CombinedOutput(); err != nil {
		t.Fatalf("download: %v: %s", err, out)
	}
	if diff := cmp.Diff(want, files(t, target)); diff != "" {
		t.Errorf("received: %.500s", diff)
	}
}

func TestNodeWithoutWebSocketSaysSo(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	c := n.client(t, "node", nodePassword)
	info, err := c.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(info.Settings, client.NameAndValue{Name: "wss_enabled", Value: false}) {
		t.Errorf("settings %v", info.Settings)
	}
	if spec, err := c.UploadSetup(t.Context(), client.TransferRequest{DestinationRoot: "/default"}); err != nil ||
		spec.WSSEnabled || spec.WSSPort != 0 {
		t.Errorf("spec = %+v, %v", spec, err)
	}
}
