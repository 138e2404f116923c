package main

import (
	"crypto/ed25519"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// What people give instead of a private key is called by its name.
func TestKeysThatAreNone(t *testing.T) {
	dir := t.TempDir()
	private := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	public, err := ssh.NewPublicKey(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	locked, err := ssh.MarshalPrivateKeyWithPassphrase(private, "", []byte("right"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		text, password, says string
	}{
		"key.ppk":  {"PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n", "", "PuTTY key, convert it: puttygen '"},
		"it's.ppk": {"PuTTY-User-Key-File-2: ssh-rsa\n", "", `it'\''s.ppk' -O private-openssh`},
		"id.pub": {string(ssh.MarshalAuthorizedKey(public)), "",
			"the public key, give the private one (" + dir + "/id?)"},
		"rfc4716":     {"---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n", "", "the public key"},
		"pem.pub":     {"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "", "the public key"},
		"certificate": {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "", "a certificate"},
		"empty":       {"\n", "", "it is empty"},
		"something":   {"hello", "", "it holds no key"},
		"locked":      {string(pem.EncodeToMemory(locked)), "", "it has a passphrase"},
		"locked too":  {string(pem.EncodeToMemory(locked)), "wrong", "the passphrase in ASPERA_SCP_PASS is not its own"},
	} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		said := stderrOf(t, func() {
			run([]string{"-P", "1", "-i", file, "127.0.0.1:/a", dir}, func(v string) string {
				return map[string]string{"ASPERA_SCP_PASS": c.password}[v]
			})
		})
		if !strings.Contains(said, "error 19") || !strings.Contains(said, c.says) {
			t.Errorf("%s: said %q, want %q", name, said, c.says)
		}
	}
}

// Who gave no key does not read that it is not accepted.
func TestLoginsThatAreRefused(t *testing.T) {
	n := startNode(t)
	for name, c := range map[string]struct {
		token, password, user, says string
	}{
		"password":                      {"", "secret", "xfer", `takes no password of user "xfer"`},
		"unknown user with a token":     {n.receiving(t, "/"), "", "era-fasp", `does not know user "era-fasp"`},
		"password of nobody beside one": {n.receiving(t, "/"), "secret", "era-fasp", `does not know user "era-fasp"`},
	} {
		said := stderrOf(t, func() {
			run(n.overSSH(t, c.user+"@127.0.0.1:/a", t.TempDir()), func(v string) string {
				return map[string]string{"ASPERA_SCP_PASS": c.password, "ASPERA_SCP_TOKEN": c.token}[v]
			})
		})
		if !strings.Contains(said, "error 19: authentication failed") || !strings.Contains(said, c.says) ||
			strings.Contains(said, "secret") {
			t.Errorf("%s: said %q, want %q", name, said, c.says)
		}
	}
}
