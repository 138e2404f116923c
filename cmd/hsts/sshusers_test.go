package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"faspex.io/operator/dataplane/config"
	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/test/mariadbd"
)

// ownKey makes a key of a transfer user, and returns its file.
func (n *testNode) ownKey(t *testing.T, users ...string) string {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "key")
	write(t, file, string(pem.EncodeToMemory(block)))
	for _, user := range users {
		write(t, filepath.Join(n.cfg.Secrets.AuthorizedKeys, user), string(ssh.MarshalAuthorizedKey(signer.PublicKey())))
	}
	return file
}

// plain is ascp as people call it, without a transfer spec.
func (n *testNode) plain(t *testing.T, env []string, args ...string) (said string, status int) {
	t.Helper()
	ascp, err := buildASCP()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), ascp, append([]string{"-q", "-P", strconv.Itoa(n.cfg.Ports.SSH),
		"-O", strconv.Itoa(n.cfg.Ports.UDP)}, args...)...)
	cmd.Env = append(append(os.Environ(), "HOME="+t.TempDir()), env...)
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// node-21: what transfer users may do without a token, by each way in.
func TestAuthorizationOfTransferUsers(t *testing.T) {
	t.Parallel()
	n := newNode(t, "n1", mariadbd.Start(t).Database(t))
	n.cfg.Secrets.AuthorizedKeys = filepath.Join(t.TempDir(), "keys")
	n.cfg.Ports.WSS = freePort(t)
	n.cfg.TransferUsers = []config.TransferUser{
		{Name: "xfer"},
		{Name: "asks", Incoming: token.ModeToken, Outgoing: token.ModeToken},
		{Name: "free", Docroot: "/default/free", Incoming: token.ModeAllow, Outgoing: token.ModeDeny},
		{Name: "shut", Incoming: token.ModeDeny, Outgoing: token.ModeDeny},
	}
	key := n.ownKey(t, "xfer", "asks", "free", "shut")
	n.start(t)
	local := filepath.Join(t.TempDir(), "f.txt")
	write(t, local, "content")
	write(t, filepath.Join(n.cfg.StorageRoot, "default/secret"), "secret")
	symlink(t, "..", filepath.Join(n.cfg.StorageRoot, "default/free/out"))
	c := n.client(t, "node", nodePassword)
	tokenFor := func(d transferspec.Direction, user string) transferspec.Spec {
		t.Helper()
		var spec transferspec.Spec
		var err error
		if d == transferspec.Send {
			spec, err = c.UploadSetup(t.Context(), client.TransferRequest{DestinationRoot: "/default/in"})
		} else {
			spec, err = c.DownloadSetup(t.Context(),
				client.TransferRequest{Paths: []transferspec.Path{{Source: "/default/secret"}}})
		}
		if err != nil {
			t.Fatal(err)
		}
		// The token is for the first user. One that any user may present is made here.
		keys, err := token.ReadKeys(n.cfg.Secrets.TokenKeys)
		if err != nil {
			t.Fatal(err)
		}
		ring, err := token.NewKeyring(keys)
		if err != nil {
			t.Fatal(err)
		}
		g, err := ring.Open(spec.Token)
		if err != nil {
			t.Fatal(err)
		}
		g.User = user
		if spec.Token, err = ring.Seal(g); err != nil {
			t.Fatal(err)
		}
		return spec
	}
	up := func(user string) []string { return []string{"-i", key, local, user + "@127.0.0.1:/new/"} }
	down := func(user string) []string {
		return []string{"-i", key, user + "@127.0.0.1:/default/secret", t.TempDir()}
	}
	withToken := func(d transferspec.Direction, user string) []string {
		return []string{"ASPERA_SCP_TOKEN=" + tokenFor(d, user).Token}
	}
	for name, c := range map[string]struct {
		env  []string
		args []string
		says string
	}{
		"token: none":       {nil, up("asks"), "error 37: authorization token is missing"},
		"token: none, down": {nil, down("asks"), "error 37: authorization token is missing"},
		"no rule: none":     {nil, up("xfer"), "error 37: authorization token is missing"},
		"token: one": {withToken(transferspec.Send, "asks"),
			[]string{"-i", key, local, "asks@127.0.0.1:/default/in"}, ""},
		"token: one, down": {withToken(transferspec.Receive, "asks"), down("asks"), ""},
		"allow: own key":   {nil, up("free"), ""},
		"allow: nothing of its own": {[]string{"ASPERA_SCP_TOKEN=ATM3_x"},
			[]string{local, "free@127.0.0.1:/new/"}, "error 37"},
		"allow: out of the docroot": {nil, []string{"-i", key, local, "free@127.0.0.1:/out/"}, "error "},
		"allow: climbs":             {nil, []string{"-i", key, local, "free@127.0.0.1:/../../x/"}, "error "},
		"deny: none":                {nil, up("shut"), "error 37: the transfer user may not transfer in this direction"},
		"deny: a good token": {withToken(transferspec.Send, "shut"), up("shut"),
			"error 37: the transfer user may not"},
		"deny: down": {withToken(transferspec.Receive, "free"), []string{"-i", key, "free@127.0.0.1:/default/secret",
			t.TempDir()}, "error 37: the transfer user may not"},
	} {
		said, status := n.plain(t, c.env, append([]string{"-d"}, c.args...)...)
		if (status == 0) != (c.says == "") || !strings.Contains(said, c.says) {
			t.Errorf("%s: status %d, said %q, want %q", name, status, said, c.says)
		}
	}
	if text, err := os.ReadFile(filepath.Join(n.cfg.StorageRoot, "default/free/new/f.txt")); err != nil ||
		string(text) != "content" {
		t.Errorf("what arrived in the docroot: %q, %v", text, err)
	}
	for _, outside := range []string{"new", "x", "default/f.txt", "f.txt"} {
		if _, err := os.Stat(filepath.Join(n.cfg.StorageRoot, outside)); err == nil {
			t.Errorf("%s was made outside of the docroot", outside)
		}
	}
	// The other door knows no key: allow does not help there, deny holds.
	for user, says := range map[string]string{"free": "error 37", "shut": "error 37: the transfer user may not"} {
		spec := tokenFor(transferspec.Send, user)
		spec.RemoteUser, spec.WSSEnabled, spec.WSSPort = user, true, n.cfg.Ports.WSS
		spec.Paths = []transferspec.Path{{Source: local}}
		if user == "free" {
			spec.Token = "ATM3_bad"
		}
		trust := filepath.Join(t.TempDir(), "ca.pem")
		write(t, trust, string(n.ca))
		cmd := command(t, spec)
		cmd.Env = append(cmd.Env, "SSL_CERT_FILE="+trust)
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), says) {
			t.Errorf("wss as %s: %v %s", user, err, out)
		}
	}
}

// openSSH is the real client, which gets a password from a program.
func (n *testNode) openSSH(t *testing.T, user, password string, args ...string) (said string, status int) {
	t.Helper()
	ask := filepath.Join(t.TempDir(), "ask")
	write(t, ask, "#!/bin/sh\nprintf '%s\\n' \"$PASSWORD\"\n")
	if err := os.Chmod(ask, 0o700); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "ssh", append([]string{"-F", "none", "-p", strconv.Itoa(n.cfg.Ports.SSH),
		"-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "NumberOfPasswordPrompts=1",
		"-o", "PreferredAuthentications=password", user + "@127.0.0.1"}, args...)...)
	cmd.Env = append(os.Environ(), "SSH_ASKPASS="+ask, "SSH_ASKPASS_REQUIRE=force", "PASSWORD="+password)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

// node-22: passwords of transfer users, tried by OpenSSH and by ascp. Each wrong one counts; both show why.
func TestPasswordsOfTransferUsers(t *testing.T) {
	db := mariadbd.Start(t).Database(t)
	n := newNode(t, "n1", db)
	n.cfg.Secrets.Passwords = filepath.Join(t.TempDir(), "passwords")
	n.cfg.TransferUsers = []config.TransferUser{
		{Name: "xfer"}, {Name: "partner", Docroot: "/default/partner", Incoming: token.ModeAllow},
	}
	n.cfg.Logins.Failures = 4
	write(t, filepath.Join(n.cfg.Secrets.Passwords, "partner"), "right one\n")
	n.start(t)
	local := filepath.Join(t.TempDir(), "f.txt")
	write(t, local, "content")
	ascp := func(user, password string) (string, int) {
		return n.plain(t, []string{"ASPERA_SCP_PASS=" + password}, local, user+"@127.0.0.1:/")
	}
	said, status := n.openSSH(t, "partner", "right one")
	if status != 1 || !strings.Contains(said, "file transfers only") {
		t.Errorf("the right password: status %d, %q", status, said)
	}
	if said, status := ascp("partner", "right one"); status != 0 {
		t.Errorf("ascp with the right password: status %d, %q", status, said)
	}
	const wrong, many = "the server does not accept the password", "too many failed logins, try again later"
	for _, user := range []string{"xfer", "nobody"} { // one without a password, and nobody
		for _, password := range []string{"right one", "other"} {
			if said, status := n.openSSH(t, user, password); status != 255 || !strings.Contains(said, wrong) {
				t.Errorf("%s by ssh: status %d, %q", user, status, said)
			}
			if said, status := ascp(user, password); status != 1 || !strings.Contains(said, wrong) {
				t.Errorf("%s by ascp: status %d, %q", user, status, said)
			}
		}
		if said, _ := n.openSSH(t, user, "other"); !strings.Contains(said, many) {
			t.Errorf("%s after four tries: %q", user, said)
		}
	}
	// 127.0.0.1 has logged in as partner, so that its own tries count.
	for i := range 4 {
		if said, status := n.openSSH(t, "partner", "wrong"+strconv.Itoa(i)); status != 255 || !strings.Contains(said, wrong) {
			t.Errorf("try %d: status %d, %q", i, status, said)
		}
	}
	if said, status := n.openSSH(t, "partner", "right one"); status != 255 || !strings.Contains(said, many) {
		t.Errorf("ssh after four tries: status %d, %q", status, said)
	}
	if said, status := ascp("partner", "right one"); status != 1 || !strings.Contains(said, many) {
		t.Errorf("ascp after four tries: status %d, %q", status, said)
	}
	eventually(t, "the ban", func() (any, bool) {
		out, err := hsts(t, db, "", "bans", "list")
		return out, err == nil && strings.Contains(out, "ssh:partner")
	})
	// A changed password begins anew, without a restart.
	write(t, filepath.Join(n.cfg.Secrets.Passwords, "partner"), "changed")
	if out, err := hsts(t, db, "", "bans", "lift", "--account", "ssh:partner"); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	eventually(t, "the changed password", func() (any, bool) {
		said, status := n.openSSH(t, "partner", "changed")
		return said, status == 1
	})
	for _, secret := range []string{"right one", "wrong1", "changed"} {
		if strings.Contains(n.log.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}
