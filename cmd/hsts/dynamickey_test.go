package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/test/mariadbd"
)

// clientKey is a new key of a client: its text in a setup, the text of its private part, and the file that holds that.
func clientKey(t *testing.T) (public, private, file string) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	private, file = string(pem.EncodeToMemory(block)), filepath.Join(t.TempDir(), "key")
	write(t, file, private)
	return string(ssh.MarshalAuthorizedKey(signer.PublicKey())), private, file
}

// logIn is what OpenSSH is told that logs in with a key.
func (n *testNode) logIn(t *testing.T, keyFile string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ssh", "-F", "none", "-i", keyFile, "-p", strconv.Itoa(n.cfg.Ports.SSH),
		"-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o", "StrictHostKeyChecking=no",
		"-o", "UserKnownHostsFile=/dev/null", "xfer@127.0.0.1", "true").CombinedOutput()
	if err == nil {
		t.Errorf("ssh ran a command: %s", out)
	}
	return string(out)
}

const (
	letIn  = "This server runs file transfers only"
	denied = "Permission denied"
)

// node-37: the key of a setup logs in at every node for as long as the token lives, and the token is good with it alone.
func TestSetupWithAPublicKey(t *testing.T) {
	t.Parallel()
	db := mariadbd.Start(t).Database(t)
	one, other := newNode(t, "n1", db), newNode(t, "n2", db)
	one.cfg.Ports.WSS = freePort(t)
	other.cfg.StorageRoot, other.cfg.Secrets.TokenKeys = one.cfg.StorageRoot, one.cfg.Secrets.TokenKeys
	one.start(t)
	other.start(t)
	c := one.client(t, "node", nodePassword)
	public, private, keyFile := clientKey(t)
	strange, stranger, strangerFile := clientKey(t)
	if said := one.logIn(t, keyFile); !strings.Contains(said, denied) {
		t.Errorf("before the setup: %q", said)
	}
	source := filepath.Join(t.TempDir(), "f")
	write(t, source, "hello")
	setup := func(life int64, keys string) transferspec.Spec {
		t.Helper()
		spec, err := c.UploadSetup(t.Context(), client.TransferRequest{
			DestinationRoot: "/default/up", Paths: []transferspec.Path{{Source: source}}, TokenLifeSeconds: life,
			PublicKeys: json.RawMessage(keys),
		})
		if err != nil {
			t.Fatal(err)
		}
		return spec
	}
	text := func(key string) string { return strconv.Quote(key) }
	spec := setup(0, text(public))
	if spec.WSSEnabled || spec.WSSPort != 0 {
		t.Error("the spec offers WebSockets, which prove no key")
	}
	with := func(n *testNode, key string) transferspec.Spec {
		s := spec
		s.SSHPort, s.SSHFP, s.SSHPrivateKey = n.cfg.Ports.SSH, "", key
		return s
	}
	for _, n := range []*testNode{one, other} {
		if out := run(t, with(n, private)); out != "" {
			t.Errorf("%s, with the key: %s", n.env.NodeName, out)
		}
		if said := n.logIn(t, keyFile); !strings.Contains(said, letIn) {
			t.Errorf("%s, log-in with the key: %q", n.env.NodeName, said)
		}
		if said := n.logIn(t, strangerFile); !strings.Contains(said, denied) {
			t.Errorf("%s, log-in with another key: %q", n.env.NodeName, said)
		}
		if out := run(t, with(n, "")); !strings.Contains(out, "error 37: ") {
			t.Errorf("%s, the token without a key: %q", n.env.NodeName, out)
		}
		if out := run(t, with(n, stranger)); !strings.Contains(out, "authentication failed") {
			t.Errorf("%s, the token with another key: %q", n.env.NodeName, out)
		}
	}
	overWSS := with(one, "")
	overWSS.WSSEnabled, overWSS.WSSPort = true, one.cfg.Ports.WSS
	cmd := command(t, overWSS)
	cmd.Env = append(cmd.Env, "SSL_CERT_FILE="+filepath.Join(one.cfg.Secrets.TLS, "tls.crt"))
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "error 37: ") {
		t.Errorf("the token by WebSocket: %v %s", err, out)
	}
	// The other's key is let in by a token of its own, and does not open this one.
	setup(4, "["+text(strange)+"]")
	if out := run(t, with(one, stranger)); !strings.Contains(out, "error 37: ") {
		t.Errorf("the token with the key of another token: %q", out)
	}
	if said := other.logIn(t, strangerFile); !strings.Contains(said, letIn) {
		t.Errorf("log-in with a key of four seconds: %q", said)
	}
	eventually(t, "the end of the key of four seconds", func() (any, bool) {
		said := other.logIn(t, strangerFile)
		return said, strings.Contains(said, denied)
	})
	if said := other.logIn(t, keyFile); !strings.Contains(said, letIn) {
		t.Errorf("log-in with the key whose token lives: %q", said)
	}
	for _, bad := range []string{`"ssh-ed25519 AAAA"`, `7`, `["` + strings.Repeat("x", 20) + `"]`,
		text("command=\"x\" " + public)} {
		_, err := c.UploadSetup(t.Context(), client.TransferRequest{DestinationRoot: "/default", PublicKeys: json.RawMessage(bad)})
		var refused *client.Error
		if !errors.As(err, &refused) || refused.Status != http.StatusBadRequest {
			t.Errorf("public_keys %s: %v", bad, err)
		}
	}
}
