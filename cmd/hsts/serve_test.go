package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"go.yaml.in/yaml/v3"
	"golang.org/x/crypto/ssh"

	"faspex.io/operator/dataplane/config"
	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/test/freeport"
	"faspex.io/operator/test/mariadbd"
)

// testNode is hsts as cmd/hsts runs it, with a real database, on free ports.
type testNode struct {
	cfg     config.Config
	file    string // cfg as hsts.yaml
	env     config.Environment
	url     string
	metrics string
	ca      []byte
	hostKey ssh.PublicKey
	log     *logBuffer
	stop    func() error
}

// logBuffer collects what a node logs.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

const nodePassword = "node-Passw0rd with space"

func startNode(t *testing.T) *testNode { return startNodeOf(t, "n1", mariadbd.Start(t).Database(t)) }

// startNodeOf starts a node of those that share a database.
func startNodeOf(t *testing.T, name string, database *mysql.Config) *testNode {
	t.Helper()
	n := newNode(t, name, database)
	n.start(t)
	return n
}

// newNode prepares a node.
func newNode(t *testing.T, name string, database *mysql.Config) *testNode {
	t.Helper()
	dir := t.TempDir()
	n := &testNode{cfg: config.Default(), log: &logBuffer{}}
	n.cfg.StorageRoot = filepath.Join(dir, "storage")
	n.cfg.Secrets = config.SecretPaths{
		TokenKeys: filepath.Join(dir, "token-keys"), SSHHostKeys: filepath.Join(dir, "ssh"), TLS: filepath.Join(dir, "tls"),
		NodeUser: filepath.Join(dir, "node-user"),
	}
	n.file = filepath.Join(dir, "hsts.yaml")
	n.cfg.Ports = config.Ports{SSH: freePort(t), UDP: freePort(t), NodeAPI: freePort(t), Metrics: freePort(t)}
	if err := os.MkdirAll(filepath.Join(n.cfg.StorageRoot, "default"), 0o755); err != nil {
		t.Fatal(err)
	}
	writeTokenKeys(t, n.cfg.Secrets.TokenKeys, "k1", "k1")
	write(t, filepath.Join(n.cfg.Secrets.NodeUser, "username"), "node")
	write(t, filepath.Join(n.cfg.Secrets.NodeUser, "password"), nodePassword+"\n")
	n.ca = writeCertificate(t, n.cfg.Secrets.TLS)
	n.hostKey = writeHostKey(t, n.cfg.Secrets.SSHHostKeys)
	n.env = config.Environment{NodeName: name, AdvertiseAddress: "127.0.0.1", Database: database}
	n.url = "https://" + net.JoinHostPort("127.0.0.1", port(n.cfg.Ports.NodeAPI)[1:])
	n.metrics = "http://" + net.JoinHostPort("127.0.0.1", port(n.cfg.Ports.Metrics)[1:])
	return n
}

// start runs the node and waits until it is ready.
func (n *testNode) start(t *testing.T) {
	t.Helper()
	ended := n.run(t)
	eventually(t, "readiness", func() (any, bool) {
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("node ended at its start: %v", err)
		default:
		}
		return n.readiness(t)
	})
}

// run runs the node until the end of the test. The channel has why it ended.
func (n *testNode) run(t *testing.T) chan error {
	t.Helper()
	n.configure(t)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- serve(ctx, n.file, n.cfg, n.env, slog.New(slog.NewJSONHandler(n.log,
			&slog.HandlerOptions{Level: n.env.LogLevel})))
	}()
	n.stop = sync.OnceValue(func() error { cancel(); return <-ended })
	stop := n.stop
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Errorf("node ended: %v", err)
		}
		if t.Failed() {
			t.Log(n.log.String())
		}
	})
	return ended
}

// readiness is what the node answers to the kubelet.
func (n *testNode) readiness(t *testing.T) (answer string, ready bool) {
	t.Helper()
	res, err := http.Get(n.metrics + "/readyz")
	if err != nil {
		return err.Error(), false
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return err.Error(), false
	}
	return string(text), res.StatusCode == http.StatusOK
}

// configure writes the node's configuration to its file.
func (n *testNode) configure(t *testing.T) {
	t.Helper()
	text, err := yaml.Marshal(n.cfg)
	if err != nil {
		t.Fatal(err)
	}
	write(t, n.file, string(text))
}

func (n *testNode) client(t *testing.T, user, password string) *client.Client {
	t.Helper()
	c, err := client.New(client.Config{URL: n.url, Username: user, Password: password, CA: n.ca})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

func freePort(t *testing.T) int {
	t.Helper()
	port, err := freeport.New()
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func writeTokenKeys(t *testing.T, dir, active string, ids ...string) {
	t.Helper()
	for _, id := range ids {
		key := bytes.Repeat([]byte(id[len(id)-1:]), 32)
		write(t, filepath.Join(dir, id), base64.StdEncoding.EncodeToString(key))
	}
	write(t, filepath.Join(dir, "active"), active)
}

func writeCertificate(t *testing.T, dir string) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), NotBefore: time.Now().Add(-time.Hour),
		NotAfter:    time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, BasicConstraintsValid: true, IsCA: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	write(t, filepath.Join(dir, "tls.crt"), string(certificate))
	write(t, filepath.Join(dir, "tls.key"), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})))
	return certificate
}

func writeHostKey(t *testing.T, dir string) ssh.PublicKey {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "ssh_host_ed25519_key"), string(pem.EncodeToMemory(block)))
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	if block, err = ssh.MarshalPrivateKey(other, ""); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "ssh_host_rsa_key"), string(pem.EncodeToMemory(block)))
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return signer.PublicKey()
}

func TestNodeFromStartToEnd(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	ctx := t.Context()
	c := n.client(t, "node", nodePassword)
	if err := n.client(t, "", "").Ping(ctx); err != nil {
		t.Error(err)
	}
	spec, err := c.UploadSetup(ctx, client.TransferRequest{DestinationRoot: "/default/p1", Cookie: "c1"})
	if err != nil {
		t.Fatal(err)
	}
	sum := sha1.Sum(n.hostKey.Marshal())
	if spec.SSHFP != hex.EncodeToString(sum[:]) || spec.SSHPort != n.cfg.Ports.SSH || spec.FASPPort != n.cfg.Ports.UDP ||
		spec.RemoteHost != "127.0.0.1" {
		t.Errorf("spec = %+v", spec)
	}
	for path, want := range map[string]string{
		"/livez":   "ok",
		"/metrics": `hsts_node_api_requests_total{code="200",route="POST /files/upload_setup"} 1`,
	} {
		if body := get(t, n.metrics+path); !strings.Contains(body, want) {
			t.Errorf("%s does not hold %q:\n%s", path, want, body)
		}
	}
	if err := n.stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
	log := n.log.String()
	for name, secret := range map[string]string{"token": spec.Token, "password": nodePassword,
		"database password": n.env.Database.Passwd} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds the %s", name)
		}
	}
	if !strings.Contains(log, `"msg":"hsts ends"`) {
		t.Error("the log does not tell the end")
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(res.Body); err != nil {
		t.Fatal(err)
	}
	return body.String()
}

func TestPortThatIsTakenEndsTheNode(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	second := n.cfg
	second.Ports.Metrics, second.Ports.NodeAPI, second.Ports.UDP = freePort(t), freePort(t), freePort(t)
	err := serve(t.Context(), n.file, second, n.env, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("error = %v", err)
	}
}

func TestSecretsChangeWithoutARestart(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	ctx := t.Context()
	before := n.client(t, "node", nodePassword)
	spec, err := before.UploadSetup(ctx, client.TransferRequest{DestinationRoot: "/default"})
	if err != nil {
		t.Fatal(err)
	}
	secrets, err := config.LoadSecrets(n.cfg.Secrets)
	if err != nil {
		t.Fatal(err)
	}
	writeTokenKeys(t, n.cfg.Secrets.TokenKeys, "k2", "k2")
	write(t, filepath.Join(n.cfg.Secrets.NodeUser, "password"), "other")
	if err := secrets.Reload(); err != nil {
		t.Fatal(err)
	}
	if _, err := secrets.Keys().Open(spec.Token); err != nil {
		t.Errorf("token of the previous key: %v", err)
	}
	if secrets.NodeUser().Password != "other" {
		t.Error("the node user is the former one")
	}
	// The running node notices by itself.
	after := n.client(t, "node", "other")
	eventually(t, "login with the new password", func() (any, bool) { _, err := after.Info(ctx); return err, err == nil })
	if _, err := before.Info(ctx); !client.IsUnauthorized(err) {
		t.Errorf("the former password: %v", err)
	}
	write(t, filepath.Join(n.cfg.Secrets.NodeUser, "password"), "")
	write(t, filepath.Join(n.cfg.Secrets.TokenKeys, "active"), "none")
	if err := secrets.Reload(); err == nil {
		t.Error("broken secrets are read without an error")
	}
	if _, err := secrets.Keys().Open(spec.Token); err != nil || secrets.NodeUser().Password != "other" {
		t.Errorf("broken secrets replace good ones: %v", err)
	}
}

func TestCertificateChangesWithoutARestart(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	n.ca = writeCertificate(t, n.cfg.Secrets.TLS)
	c := n.client(t, "", "")
	eventually(t, "the new certificate", func() (any, bool) { err := c.Ping(t.Context()); return err, err == nil })
}
