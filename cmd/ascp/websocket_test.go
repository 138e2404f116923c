package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transferspec"
)

// newCertificate makes a certificate for 127.0.0.1 that signs itself, and returns it with its PEM text.
func newCertificate() (tls.Certificate, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	return tls.Certificate{Certificate: [][]byte{der},
		PrivateKey: key}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
}

// trust writes the node's certificate to a file.
func (n *testNode) trust(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "node.pem")
	if err := os.WriteFile(name, n.certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// overWebSocket is a command line that leads to the node's WebSocket.
func (n *testNode) overWebSocket(t *testing.T, args ...string) []string {
	t.Helper()
	return append([]string{"--ws-connect", "-P", strconv.Itoa(n.wssPort), "-i", n.trust(t), "-q"}, args...)
}

func TestTransfersOverWebSocket(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	from, to := t.TempDir(), t.TempDir()
	files := map[string][]byte{"d/small": []byte("hello"), "d/empty": {}, "d/large": noise(11, 5<<20+3)}
	writeFiles(t, from, files)
	if status := run(n.overWebSocket(t, "-d", from+"/d", "127.0.0.1:/in"), withToken(n.sending(t, "/in"))); status != 0 {
		t.Fatalf("send: exit status %d", status)
	}
	if o, _ := n.recorder.Last(t).Ended(t); o.Status != "completed" {
		t.Errorf("recorded %+v", o)
	}
	if got := n.recorder.Last(t).Transfer; got.RemoteUser != "xfer" || got.ClientAddr != "127.0.0.1" {
		t.Errorf("recorded user %q, client %q", got.RemoteUser, got.ClientAddr)
	}
	if status := run(n.overWebSocket(t, "127.0.0.1:/in/d", to), withToken(n.receiving(t, "/in"))); status != 0 {
		t.Fatalf("receive: exit status %d", status)
	}
	for name, want := range files {
		if got, err := os.ReadFile(filepath.Join(to, name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s differs (%v)", name, err)
		}
	}
}

func TestWebSocketRefusals(t *testing.T) {
	n := startNode(t)
	from := t.TempDir()
	writeFiles(t, from, map[string][]byte{"f": []byte("x")})
	_, another, err := newCertificate()
	if err != nil {
		t.Fatal(err)
	}
	wrong := filepath.Join(from, "another.pem")
	if err := os.WriteFile(wrong, another, 0o600); err != nil {
		t.Fatal(err)
	}
	good, port := n.sending(t, "/in"), strconv.Itoa(n.wssPort)
	expired := n.grant(t, token.Grant{Direction: token.Send, Paths: []token.Path{{Destination: "/in"}},
		ExpiresAt: time.Now().Add(-time.Minute)})
	right := []string{"-P", port, "-i", n.trust(t), from + "/f", "127.0.0.1:/in"}
	for name, c := range map[string]struct {
		token string
		args  []string
		code  fail.Code
		says  string
	}{
		"no token":                {"", right, 19, "needs a token"},
		"expired token":           {expired, right, 37, "has expired"},
		"wrong token":             {good[:len(good)-8] + "AAAAAATA", right, 37, "token is invalid"},
		"certificate not trusted": {good, []string{"-P", port, from + "/f", "127.0.0.1:/in"}, 51, "unknown authority"},
		"another one is trusted": {good, []string{"-P", port, "-i", wrong, from + "/f", "127.0.0.1:/in"}, 51,
			"is not trusted"},
		"certificate's other name": {good, []string{"-P", port, "-i", n.trust(t), from + "/f", "localhost:/in"}, 51,
			"localhost"},
		"key as a certificate": {good, []string{"-P", port, "-i", rsaKey(t), from + "/f", "127.0.0.1:/in"}, 51,
			"holds no certificate"},
		"unknown user": {good, []string{"-P", port, "-i", n.trust(t), from + "/f", "root@127.0.0.1:/in"}, 19,
			`does not accept user "root"`},
		"port of ssh": {good, []string{"-P", strconv.Itoa(n.sshPort), "-i", n.trust(t), from + "/f",
			"127.0.0.1:/in"}, 12, "does not speak TLS"},
	} {
		t.Run(name, func(t *testing.T) {
			var status int
			said := stderrOf(t, func() { status = run(append([]string{"-q", "--ws-connect"}, c.args...), withToken(c.token)) })
			if want := "ascp: error " + strconv.Itoa(int(c.code)) + ":"; status != 1 || !strings.Contains(said, want) ||
				!strings.Contains(said, c.says) {
				t.Errorf("status %d, said %q, want %q and %q", status, said, want, c.says)
			}
			if c.token != "" && strings.Contains(said, c.token) {
				t.Error("the token is printed")
			}
		})
	}
	if got, _ := os.ReadDir(n.dir); len(got) > 0 {
		t.Errorf("written: %v", got)
	}
}

// A transfer spec that names a WebSocket is begun over it, unless there is no token to present.
func TestWebSocketOfASpec(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		flags request
		spec  transferspec.Spec
		on    bool
		port  int
	}{
		"enabled": {request{}, transferspec.Spec{Token: "T", SSHPort: 33001, WSSEnabled: true, WSSPort: 9443},
			true, 9443},
		"without a port":  {request{}, transferspec.Spec{Token: "T", WSSEnabled: true}, true, 0},
		"disabled":        {request{}, transferspec.Spec{Token: "T", WSSPort: 9443}, false, 9443},
		"without a token": {request{}, transferspec.Spec{WSSEnabled: true, WSSPort: 9443}, false, 9443},
		"asked for, with port": {request{webSocket: true, webSocketPort: 443}, transferspec.Spec{Token: "T",
			WSSEnabled: true, WSSPort: 9443}, true, 443},
	} {
		t.Run(name, func(t *testing.T) {
			r := c.flags
			if err := r.applySpec(c.spec); err != nil {
				t.Fatal(err)
			}
			if r.webSocket != c.on || r.webSocketPort != c.port {
				t.Errorf("WebSocket %v, port %d", r.webSocket, r.webSocketPort)
			}
		})
	}
}
