package dial

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

const host = "node.example.com:33001"

var remote = &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 33001}

func newKeys(t *testing.T) (ed, old ssh.PublicKey) {
	t.Helper()
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if ed, err = ssh.NewPublicKey(public); err != nil {
		t.Fatal(err)
	}
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	if old, err = ssh.NewPublicKey(private.Public()); err != nil {
		t.Fatal(err)
	}
	return ed, old
}

func TestFingerprints(t *testing.T) {
	key, other := newKeys(t)
	one, two := sha1.Sum(key.Marshal()), sha256.Sum256(key.Marshal())
	for _, fingerprint := range []string{
		hex.EncodeToString(one[:]), strings.ToUpper(hex.EncodeToString(one[:])), hex.EncodeToString(two[:]), ssh.FingerprintSHA256(key),
	} {
		h := HostKey{Fingerprint: fingerprint}
		if err := h.check(host, remote, key); err != nil {
			t.Errorf("%s: %v", fingerprint, err)
		}
		if err := h.check(host, remote, other); err == nil {
			t.Errorf("%s: another key is accepted", fingerprint)
		}
	}
}

func TestKnownHosts(t *testing.T) {
	ed, old := newKeys(t)
	file := filepath.Join(t.TempDir(), "known_hosts")
	// The host is known by its RSA key alone, although it has a better one.
	if err := os.WriteFile(file, []byte(knownhosts.Line([]string{knownhosts.Normalize(host)}, old)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	h := HostKey{KnownHosts: []string{file, "/nowhere"}}
	if diff := cmp.Diff([][]string{rsaAlgorithms}, h.algorithms(host)); diff != "" {
		t.Errorf("algorithms (-want +got):\n%s", diff)
	}
	if err := h.check(host, remote, old); err != nil {
		t.Errorf("the known key: %v", err)
	}
	if err := h.check(host, remote, ed); err == nil {
		t.Error("another key is accepted")
	}

	var said []string
	h.Note = func(text string) { said = append(said, text) }
	if err := h.check("other.example.com:33001", remote, ed); err != nil || len(said) != 1 {
		t.Errorf("an unknown host: %v, notes %v", err, said)
	}
	if got := h.algorithms("other.example.com:33001"); len(got) != 1 || len(got[0]) != len(newAlgorithms)+len(rsaAlgorithms) {
		t.Errorf("algorithms for an unknown host: %v", got)
	}
}
