// Package nodetest runs a transfer node in a test's own process: the real SSH server, the real data port and real
// tokens over one folder. What the product keeps in MariaDB is kept in memory; there is no Node API.
package nodetest

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"log/slog"
	"net"
	"testing"
	"time"

	"faspex.io/operator/dataplane/engine/udplink"
	"faspex.io/operator/dataplane/sshd"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/dataplane/transferspec"
	"github.com/google/uuid"
	"golang.org/x/crypto/ssh"
)

// Node is a transfer node.
type Node struct {
	Dir     string // the storage
	SSHPort int
	HostKey ssh.PublicKey
	Keys    *token.Keyring
	Recorder
}

// Change changes what a node does before it starts.
type Change func(*transfer.Server, *sshd.Config)

// Start starts a node over an empty folder that ends with the test.
func Start(t testing.TB, changes ...Change) *Node {
	t.Helper()
	return StartIn(t, t.TempDir(), changes...)
}

// StartIn starts a node over a folder.
func StartIn(t testing.TB, dir string, changes ...Change) *Node {
	t.Helper()
	keys, err := token.NewKeyring(token.Keys{Active: "k1",
		ByID: map[string][]byte{"k1": bytes.Repeat([]byte{7}, token.KeySize)}})
	if err != nil {
		t.Fatal(err)
	}
	root, err := storage.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	data, err := udplink.Listen("127.0.0.1:0", udplink.Options{})
	if err != nil {
		t.Fatal(err)
	}
	n := &Node{Dir: dir, Keys: keys}
	log := slog.New(slog.DiscardHandler)
	server := &transfer.Server{
		Root: root, Recorder: &n.Recorder, Links: data, UDPPort: int(data.Addr().Port()), Agent: "test", Policy: "fair",
		Logger:     log,
		Authorizer: &token.Verifier{Keys: keys, AccessKeys: token.NoAccessKeys{}, Ledger: token.NoLedger{}, Now: time.Now},
	}
	signer, err := ssh.NewSignerFromKey(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	config := sshd.Config{HostKeys: []ssh.Signer{signer}, Users: []string{"xfer"}, Transfers: server, Logger: log}
	for _, change := range changes {
		change(server, &config)
	}
	n.HostKey = config.HostKeys[0].PublicKey()
	s, err := sshd.New(config)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n.SSHPort = l.Addr().(*net.TCPAddr).Port
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the node's SSH server ended with %v", err)
		}
		data.Close()
		root.Close()
	})
	return n
}

// Seal makes a token of a grant, beneath all of the storage and for an hour unless the grant says otherwise.
func (n *Node) Seal(t testing.TB, g token.Grant) string {
	t.Helper()
	if g.ExpiresAt.IsZero() {
		g.ExpiresAt = time.Now().Add(time.Hour)
	}
	if g.Root == "" {
		g.Root = "/"
	}
	if g.TransferID == "" {
		g.TransferID = uuid.NewString()
	}
	text, err := n.Keys.Seal(g)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Upload is a transfer spec with a token for uploads to a folder, as the Node API makes them.
func (n *Node) Upload(t testing.TB, folder string) transferspec.Spec {
	t.Helper()
	id := uuid.NewString()
	s := n.spec(transferspec.Send, id)
	s.DestinationRoot, s.CreateDir = folder, true
	s.Token = n.Seal(t, token.Grant{Direction: token.Send, TransferID: id, Cookie: s.Cookie, Tags: s.Tags,
		Paths: []token.Path{{Destination: folder}}})
	return s
}

// Download is a transfer spec with a token for downloads of paths.
func (n *Node) Download(t testing.TB, paths ...string) transferspec.Spec {
	t.Helper()
	id := uuid.NewString()
	s := n.spec(transferspec.Receive, id)
	grant := token.Grant{Direction: token.Receive, TransferID: id, Cookie: s.Cookie, Tags: s.Tags}
	for _, p := range paths {
		s.Paths = append(s.Paths, transferspec.Path{Source: p})
		grant.Paths = append(grant.Paths, token.Path{Source: p})
	}
	s.Token = n.Seal(t, grant)
	return s
}

func (n *Node) spec(d transferspec.Direction, id string) transferspec.Spec {
	tags, _ := json.Marshal(map[string]any{"aspera": map[string]any{"xfer_id": id}}) // It is text alone.
	return transferspec.Spec{
		Direction: d, RemoteHost: "127.0.0.1", RemoteUser: "xfer", SSHPort: n.SSHPort,
		SSHFP:          ssh.FingerprintSHA256(n.HostKey),
		Authentication: "token", Cookie: "cookie of " + id, Tags: tags,
	}
}
