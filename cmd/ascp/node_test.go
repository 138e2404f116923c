package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"faspex.io/operator/dataplane/engine/udplink"
	"faspex.io/operator/dataplane/sshd"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/dataplane/wss"
	"faspex.io/operator/test/nodetest"
	"golang.org/x/crypto/ssh"
)

// testNode is a transfer node in this process: the real SSH and WebSocket servers, the real data port, real tokens.
type testNode struct {
	dir     string
	sshPort int
	wssPort int
	// certificate is that of the WebSocket server, PEM.
	certificate []byte
	keys        *token.Keyring
	recorder    *nodetest.Recorder
	hostKey     ssh.PublicKey
}

type change func(*transfer.Server, *sshd.Config)

func startNode(t *testing.T, changes ...change) *testNode {
	t.Helper()
	return startNodeIn(t, t.TempDir(), changes...)
}

// startNodeIn serves the folder dir.
func startNodeIn(t *testing.T, dir string, changes ...change) *testNode {
	t.Helper()
	n := &testNode{dir: dir, recorder: &nodetest.Recorder{}, keys: newKeys(t)}
	ctx, cancel := context.WithCancel(context.Background())
	wait, err := n.start(ctx, "127.0.0.1:0", slog.New(slog.NewTextHandler(testWriter{t}, nil)), changes...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); wait() })
	return n
}

func newKeys(t *testing.T) *token.Keyring {
	t.Helper()
	keys, err := token.NewKeyring(token.Keys{Active: "k1",
		ByID: map[string][]byte{"k1": []byte("0123456789abcdef0123456789abcdef")}})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// start serves until ctx ends; wait returns when everything has ended.
func (n *testNode) start(ctx context.Context, addr string, log *slog.Logger, changes ...change) (wait func(),
	err error) {
	root, err := storage.Open(n.dir)
	if err != nil {
		return nil, err
	}
	data, err := udplink.Listen(addr, udplink.Options{})
	if err != nil {
		return nil, err
	}
	server := &transfer.Server{
		Root: root, Recorder: n.recorder,
		Authorizer: &token.Verifier{
			Keys: n.keys, AccessKeys: token.NoAccessKeys{}, Ledger: token.NoLedger{}, Now: time.Now,
		},
		Links: data, UDPPort: int(data.Addr().Port()), Agent: "test", Policy: "fair", Logger: log,
	}
	// All nodes have one key, so that it does not matter which of them had a port before: ascp remembers the key of a
	// port.
	signer, err := ssh.NewSignerFromKey(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	if err != nil {
		return nil, err
	}
	config := sshd.Config{HostKeys: []ssh.Signer{signer}, Users: []string{"xfer"}, Transfers: server, Logger: log}
	for _, c := range changes {
		c(server, &config)
	}
	n.hostKey = config.HostKeys[0].PublicKey()
	s, err := sshd.New(config)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	n.sshPort = l.Addr().(*net.TCPAddr).Port
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := s.Serve(ctx, l); err != nil {
			log.Error("ssh server", "error", err)
		}
	}()
	waitWebSockets, err := n.serveWebSockets(ctx, addr, server, log)
	if err != nil {
		return nil, err
	}
	return func() {
		<-ended
		waitWebSockets()
		data.Close()
		root.Close()
	}, nil
}

func (n *testNode) serveWebSockets(ctx context.Context, addr string, sessions wss.Transfers,
	log *slog.Logger) (wait func(), err error) {
	var certificate tls.Certificate
	if certificate, n.certificate, err = newCertificate(); err != nil {
		return nil, err
	}
	s, err := wss.New(wss.Config{
		TLS:   &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12},
		Users: []string{"xfer"}, Transfers: sessions, Logger: log,
	})
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	n.wssPort = l.Addr().(*net.TCPAddr).Port
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := s.Serve(ctx, l); err != nil {
			log.Error("websocket server", "error", err)
		}
	}()
	return func() { <-ended }, nil
}

// grant seals a token.
func (n *testNode) grant(t *testing.T, g token.Grant) string {
	t.Helper()
	if g.ExpiresAt.IsZero() {
		g.ExpiresAt = time.Now().Add(time.Hour)
	}
	if g.Root == "" {
		g.Root = "/"
	}
	if g.TransferID == "" {
		g.TransferID = "t-1"
	}
	text, err := n.keys.Seal(g)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (n *testNode) sending(t *testing.T, folder string) string {
	return n.grant(t, token.Grant{Direction: token.Send, Paths: []token.Path{{Destination: folder}}})
}

func (n *testNode) receiving(t *testing.T, folder string) string {
	return n.grant(t, token.Grant{Direction: token.Receive, Paths: []token.Path{{Source: folder}}})
}

// overSSH is a command line that leads to the node's SSH server, as overWebSocket is one to its WebSocket.
func (n *testNode) overSSH(_ *testing.T, args ...string) []string {
	return append([]string{"-P", strconv.Itoa(n.sshPort), "-q"}, args...)
}

// ascp runs a command line, with the port of the node and the token put in, and returns the exit status.
func (n *testNode) ascp(t *testing.T, tok string, args ...string) int {
	t.Helper()
	return run(n.overSSH(t, args...), withToken(tok))
}

// withToken is an environment that holds a token.
func withToken(tok string) func(name string) string {
	return func(name string) string {
		if name == "ASPERA_SCP_TOKEN" {
			return tok
		}
		return ""
	}
}

// moved is how many bytes of files the last session carried.
func (n *testNode) moved(t *testing.T) int64 {
	t.Helper()
	_, p := n.recorder.Last(t).Ended(t)
	return p.BytesTransferred
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Log(string(p))
	return len(p), nil
}

// writeFiles fills a folder: names with their content.
func writeFiles(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	for name, content := range files {
		p := filepath.Join(dir, name)
		err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o755), os.WriteFile(p, content, 0o644))
		if err != nil {
			t.Fatal(err)
		}
	}
}

// rsaKey writes a private key that nobody knows and returns its file.
func rsaKey(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return writeKey(t, key)
}
