package dial

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/dataplane/sshd"
	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/dataplane/transfer/fail"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// Kinds of host keys that servers have.
const (
	ed25519Key = "ed25519"
	ecdsaKey   = "ecdsa"
	rsaKey     = "rsa"
)

func newKeyOf(t *testing.T, kind string) ssh.Signer {
	t.Helper()
	var private any
	var err error
	switch kind {
	case ed25519Key:
		_, private, err = ed25519.GenerateKey(rand.Reader)
	case ecdsaKey:
		private, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case rsaKey:
		private, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		t.Fatal(err)
	}
	s, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// certify makes a certificate for a host's key and returns what signs with it.
func certify(t *testing.T, authority, host ssh.Signer, change func(*ssh.Certificate)) ssh.Signer {
	t.Helper()
	c := &ssh.Certificate{
		Key: host.PublicKey(), CertType: ssh.HostCert, ValidPrincipals: []string{"127.0.0.1"}, ValidAfter: 1, ValidBefore: uint64(time.Now().Add(time.Hour).Unix()),
	}
	if change != nil {
		change(c)
	}
	if err := c.SignCert(rand.Reader, authority); err != nil {
		t.Fatal(err)
	}
	s, err := ssh.NewCertSigner(c, host)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// server is a real SSH server with some host keys, which serves until the test ends.
func server(t *testing.T, keys ...ssh.Signer) (port int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, err := sshd.New(sshd.Config{HostKeys: keys, Users: []string{"xfer"}, Transfers: greeting{make(chan transfer.Peer, 100)}, Logger: discard()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().(*net.TCPAddr).Port
}

// person has a home and hears what is said.
type person struct {
	HostKey
	said []string
}

// newPerson knows what the lines say.
func newPerson(t *testing.T, lines ...string) *person {
	t.Helper()
	p := &person{}
	p.Remember = filepath.Join(t.TempDir(), ".ssh", "known_hosts")
	p.KnownHosts = []string{p.Remember, "/nowhere/known_hosts"}
	p.Note = func(text string) { p.said = append(p.said, text) }
	if len(lines) > 0 {
		p.knows(t, lines...)
	}
	return p
}

func (p *person) knows(t *testing.T, lines ...string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(p.Remember), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p.Remember, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (p *person) remembered(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(p.Remember)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(text)
}

// calls opens a channel and closes it again.
func (p *person) calls(t *testing.T, port int) error {
	t.Helper()
	channel, err := Open(t.Context(), Options{Host: "127.0.0.1", Port: port, User: "xfer", Token: true, HostKey: &p.HostKey})
	if err != nil {
		return err
	}
	channel.Close()
	return nil
}

// refuses checks that a call is refused for the host's key, with all of some words.
func (p *person) refuses(t *testing.T, port int, words ...string) {
	t.Helper()
	err := p.calls(t, port)
	var e *fail.Error
	if !errors.As(err, &e) || e.Code != fail.Insecure {
		t.Fatalf("got %v, want a refusal", err)
	}
	for _, w := range words {
		if !strings.Contains(e.Text, w) {
			t.Errorf("%q does not say %q", e.Text, w)
		}
	}
}

func at(port int) string { return "[127.0.0.1]:" + strconv.Itoa(port) }

func lineOf(hosts string, key ssh.Signer) string {
	return hosts + " " + strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key.PublicKey())))
}

// A server that has keys of several kinds is asked for the one that is known, whichever that is.
func TestHostKeyKnownKindIsAskedFor(t *testing.T) {
	keys := map[string]ssh.Signer{ed25519Key: newKeyOf(t, ed25519Key), ecdsaKey: newKeyOf(t, ecdsaKey), rsaKey: newKeyOf(t, rsaKey)}
	port := server(t, keys[ed25519Key], keys[ecdsaKey], keys[rsaKey])
	for kind, key := range keys {
		for name, hosts := range map[string]string{
			"name": at(port), "hash": knownhosts.HashHostname(at(port)), "in a list": "old.example," + at(port) + ",other",
			"pattern": "[127.0.0.?]:*", "all": "*", "without a port": "127.0.0.1", "pattern without a port": "127.*",
		} {
			t.Run(kind+" "+name, func(t *testing.T) {
				p := newPerson(t, lineOf(hosts, key))
				before := p.remembered(t)
				if err := p.calls(t, port); err != nil {
					t.Error(err)
				}
				if len(p.said) > 0 || p.remembered(t) != before {
					t.Errorf("said %q, remembered %q", p.said, p.remembered(t))
				}
			})
		}
		for name, fingerprint := range fingerprints(key.PublicKey()) {
			t.Run(kind+" by fingerprint "+name, func(t *testing.T) {
				p := newPerson(t)
				p.Fingerprint = fingerprint
				if err := p.calls(t, port); err != nil {
					t.Error(err)
				}
				if len(p.said) > 0 || p.remembered(t) != "" {
					t.Errorf("said %q, remembered %q", p.said, p.remembered(t))
				}
			})
		}
	}
}

// fingerprints are the ways to write that of a key.
func fingerprints(key ssh.PublicKey) map[string]string {
	one, two := sha1.Sum(key.Marshal()), sha256.Sum256(key.Marshal())
	var pairs []string
	for _, b := range one {
		pairs = append(pairs, hex.EncodeToString([]byte{b}))
	}
	return map[string]string{
		"SHA-1": hex.EncodeToString(one[:]), "upper case": strings.ToUpper(hex.EncodeToString(one[:])), "colons": strings.Join(pairs, ":"),
		"SHA-256": hex.EncodeToString(two[:]), "OpenSSH": ssh.FingerprintSHA256(key), "padded": ssh.FingerprintSHA256(key) + "=",
	}
}

func TestHostKeyFingerprintRefuses(t *testing.T) {
	key, other := newKeyOf(t, ed25519Key), newKeyOf(t, ed25519Key)
	port := server(t, key)
	for name, fingerprint := range fingerprints(other.PublicKey()) {
		t.Run(name, func(t *testing.T) {
			p := newPerson(t, lineOf(at(port), key))
			p.Fingerprint = fingerprint
			p.refuses(t, port, "expected "+fingerprint, ssh.FingerprintSHA256(key.PublicKey()))
		})
	}
	right := fingerprints(key.PublicKey())
	for name, fingerprint := range map[string]string{
		"a blank": " ", "a word": "any", "its beginning": right["SHA-1"][:20], "one digit less": right["SHA-256"][1:], "MD5": ssh.FingerprintLegacyMD5(key.PublicKey()),
		"OpenSSH, cut": right["OpenSSH"][:20], "only the kind": "SHA256:", "twice": right["SHA-1"] + right["SHA-1"], "list": right["SHA-1"] + "," + right["SHA-1"],
	} {
		t.Run(name, func(t *testing.T) {
			p := newPerson(t, lineOf(at(port), key))
			p.Fingerprint = fingerprint
			p.refuses(t, port, "is no fingerprint")
		})
	}
}

func TestHostKeyOfAnUnknownHost(t *testing.T) {
	key := newKeyOf(t, ed25519Key)
	port := server(t, key)
	for name, lines := range map[string][]string{
		"no file":                    nil,
		"another port":               {lineOf(at(port+1), newKeyOf(t, rsaKey))},
		"another host":               {lineOf("[127.0.0.2]:"+strconv.Itoa(port), newKeyOf(t, rsaKey))},
		"the port of SSH":            {lineOf("127.0.0.1", newKeyOf(t, ed25519Key))},
		"a pattern that excludes it": {lineOf("!"+at(port)+",*", newKeyOf(t, rsaKey))},
		"another hash":               {lineOf(knownhosts.HashHostname(at(port+1)), newKeyOf(t, rsaKey))},
		"another's authority":        {"@cert-authority " + lineOf("*.example.com", newKeyOf(t, rsaKey))},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPerson(t, lines...)
			before := p.remembered(t)
			for range 2 {
				if err := p.calls(t, port); err != nil {
					t.Fatal(err)
				}
			}
			if len(p.said) != 1 || !strings.Contains(p.said[0], "remembered in "+p.Remember) || !strings.Contains(p.said[0], ssh.FingerprintSHA256(key.PublicKey())) {
				t.Errorf("said %q", p.said)
			}
			added, ok := strings.CutPrefix(p.remembered(t), before)
			if words := strings.Fields(added); !ok || len(words) != 3 || words[1] != ssh.KeyAlgoED25519 || strings.Count(added, "\n") != 1 {
				t.Errorf("added %q", added)
			}
		})
	}
}

func TestHostKeyThatChanged(t *testing.T) {
	shown := map[string]ssh.Signer{ed25519Key: newKeyOf(t, ed25519Key), rsaKey: newKeyOf(t, rsaKey)}
	for kind, key := range shown {
		port := server(t, key)
		// Another kind of key is no excuse: it would be the way round the key that is known.
		for _, known := range []string{ed25519Key, ecdsaKey, rsaKey} {
			for name, hosts := range map[string]string{
				"name": at(port), "hash": knownhosts.HashHostname(at(port)), "pattern": "[127.0.0.*]:*", "all": "*", "upper case": strings.ToUpper(at(port)),
			} {
				t.Run(known+" "+name+" became "+kind, func(t *testing.T) {
					old := newKeyOf(t, known)
					p := newPerson(t, "# a comment", lineOf(hosts, old))
					before := p.remembered(t)
					p.refuses(t, port, "has changed", ssh.FingerprintSHA256(old.PublicKey()), ssh.FingerprintSHA256(key.PublicKey()), p.Remember+":2",
						"ssh-keygen -f '"+p.Remember+"' -R '"+at(port)+"'")
					if p.remembered(t) != before || len(p.said) > 0 {
						t.Errorf("remembered %q, said %q", p.remembered(t), p.said)
					}
				})
			}
		}
	}
}

// A further file counts as the first does, whichever of them knows the host.
func TestHostKeyOfSeveralFiles(t *testing.T) {
	key, other := newKeyOf(t, ed25519Key), newKeyOf(t, ed25519Key)
	port := server(t, key)
	p := newPerson(t)
	system := filepath.Join(t.TempDir(), "ssh_known_hosts")
	p.KnownHosts = append(p.KnownHosts, system)
	write := func(line string) {
		if err := os.WriteFile(system, []byte(line), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(lineOf(at(port), other))
	p.refuses(t, port, system+":1")
	write("@revoked " + lineOf("*", key))
	p.refuses(t, port, "is revoked", system+":1")
	write(lineOf(at(port), key))
	if err := p.calls(t, port); err != nil || p.remembered(t) != "" {
		t.Errorf("%v, remembered %q", err, p.remembered(t))
	}
}

// Where nothing can be remembered, the first key holds for as long as the HostKey is used, and it is said once.
func TestHostKeyWithoutAFile(t *testing.T) {
	key := newKeyOf(t, ed25519Key)
	for name, file := range map[string]string{"none": "", "beneath a file": "/dev/null/known_hosts", "a device": "/dev/null", "a folder": t.TempDir(), "read-only": "/proc/known_hosts"} {
		t.Run(name, func(t *testing.T) {
			port := server(t, key)
			p := newPerson(t)
			p.Remember, p.KnownHosts = file, []string{file}
			for range 2 {
				if err := p.calls(t, port); err != nil {
					t.Fatal(err)
				}
			}
			if len(p.said) != 1 || !strings.Contains(p.said[0], "can't be remembered") {
				t.Errorf("said %q", p.said)
			}
			addr := "127.0.0.1:" + strconv.Itoa(port)
			if err := p.check(addr, newKeyOf(t, ed25519Key).PublicKey()); err == nil || !strings.Contains(err.Error(), "has changed") {
				t.Errorf("another key in the same transfer: %v", err)
			}
		})
	}
}

// The name of a host comes from a transfer spec. It must not become a line that speaks of other hosts.
func TestHostKeyNameStandsForOneHost(t *testing.T) {
	key := newKeyOf(t, ed25519Key).PublicKey()
	for _, host := range []string{"*", "bank.?xample", "evil.example,bank.example", "!x", "a b", "x\nbank.example", "|1|x", "@revoked", "#"} {
		p := newPerson(t)
		if err := p.check(net.JoinHostPort(host, "33001"), key); err != nil {
			t.Errorf("%q: %v", host, err)
		}
		if text := p.remembered(t); text != "" {
			t.Errorf("%q: remembered %q", host, text)
		}
	}
	for host, name := range map[string]string{"Node1.example.COM": "[node1.example.com]:33001", "2001:DB8::1": "[2001:db8::1]:33001", "fe80::1%eth0": "[fe80::1%eth0]:33001"} {
		p := newPerson(t)
		for range 2 {
			if err := p.check(net.JoinHostPort(host, "33001"), key); err != nil {
				t.Errorf("%s: %v", host, err)
			}
		}
		if text := p.remembered(t); !strings.HasPrefix(text, name+" ssh-ed25519 ") || strings.Count(text, "\n") != 1 {
			t.Errorf("%s: remembered %q", host, text)
		}
	}
	p := newPerson(t)
	if err := p.check("node1:22", key); err != nil || !strings.HasPrefix(p.remembered(t), "node1 ssh-ed25519 ") {
		t.Errorf("port 22: %v, %q", err, p.remembered(t))
	}
}

func TestHostKeyCertificates(t *testing.T) {
	authority, other := newKeyOf(t, ed25519Key), newKeyOf(t, ed25519Key)
	for kind := range map[string]bool{ed25519Key: true, ecdsaKey: true, rsaKey: true} {
		key := newKeyOf(t, kind)
		for name, c := range map[string]struct {
			change func(*ssh.Certificate)
			by     ssh.Signer
			lines  func(host string) []string
			says   string // empty if the certificate is good
		}{
			"good":                 {nil, authority, func(h string) []string { return []string{"@cert-authority " + lineOf(h, authority)} }, ""},
			"authority of all":     {nil, authority, func(string) []string { return []string{"@cert-authority " + lineOf("*", authority)} }, ""},
			"authority, no port":   {nil, authority, func(string) []string { return []string{"@cert-authority " + lineOf("127.0.0.1", authority)} }, ""},
			"of any name":          {func(c *ssh.Certificate) { c.ValidPrincipals = nil }, authority, func(h string) []string { return []string{"@cert-authority " + lineOf(h, authority)} }, ""},
			"its key is known":     {nil, other, func(h string) []string { return []string{"@cert-authority " + lineOf(h, authority), lineOf(h, key)} }, ""},
			"of another authority": {nil, other, func(h string) []string { return []string{"@cert-authority " + lineOf(h, authority)} }, "is not certified"},
			"expired":              {func(c *ssh.Certificate) { c.ValidBefore = 2 }, authority, func(h string) []string { return []string{"@cert-authority " + lineOf(h, authority)} }, "expired"},
			"expired, no port":     {func(c *ssh.Certificate) { c.ValidBefore = 2 }, authority, func(string) []string { return []string{"@cert-authority " + lineOf("127.0.0.1", authority)} }, "expired"},
			"for another host":     {func(c *ssh.Certificate) { c.ValidPrincipals = []string{"other"} }, authority, func(h string) []string { return []string{"@cert-authority " + lineOf(h, authority)} }, "principal"},
			"of a user":            {func(c *ssh.Certificate) { c.CertType = ssh.UserCert }, authority, func(h string) []string { return []string{"@cert-authority " + lineOf(h, authority)} }, "not that of a host"},
			"the authority revoked": {nil, authority, func(h string) []string {
				return []string{"@cert-authority " + lineOf(h, authority), "@revoked " + lineOf("*", authority)}
			}, "is revoked"},
			"its key revoked": {nil, authority, func(h string) []string {
				return []string{"@cert-authority " + lineOf(h, authority), "@revoked " + lineOf("*", key)}
			}, "is revoked"},
			"another key is known": {nil, other, func(h string) []string { return []string{"@cert-authority " + lineOf(h, authority), lineOf(h, other)} }, "has changed"},
		} {
			t.Run(kind+" "+name, func(t *testing.T) {
				port := server(t, certify(t, c.by, key, c.change))
				p := newPerson(t, c.lines(at(port))...)
				before := p.remembered(t)
				if c.says != "" {
					p.refuses(t, port, c.says)
				} else if err := p.calls(t, port); err != nil {
					t.Error(err)
				}
				if p.remembered(t) != before || len(p.said) > 0 {
					t.Errorf("remembered %q, said %q", p.remembered(t), p.said)
				}
			})
		}
		t.Run(kind+" without a certificate", func(t *testing.T) {
			port := server(t, key)
			p := newPerson(t, "@cert-authority "+lineOf(at(port), authority))
			p.refuses(t, port, "is not certified", p.Remember+":1")
		})
	}
}

func TestKnownHostsBadLines(t *testing.T) {
	key := newKeyOf(t, ed25519Key)
	good := lineOf("node", key)
	bad := []string{
		"", "#", "# node " + good, "node", "node ssh-ed25519", "node ssh-ed25519 AAAA", "node ssh-foo AAAAB3NzaFOO", "node ssh-rsa AAAA!!!",
		strings.Replace(good, "ssh-ed25519", "ssh-rsa", 1), "@unknown " + good, "@cert-authority @revoked " + good, "@revoked", "@", "\x00\xff",
		"node 1024 35 1234", strings.Repeat("y", 1<<17), good[:len(good)-9], "\ufeff" + "x",
	}
	name := filepath.Join(t.TempDir(), "known_hosts")
	if err := os.WriteFile(name, []byte(strings.Join(bad, "\n")+"\n\t "+good+" a comment\r\n"+good), 0o600); err != nil {
		t.Fatal(err)
	}
	entries, err := readKnownHosts([]string{name})
	if err != nil || len(entries) != 2 || entries[0].line != len(bad)+1 || !sameKey(entries[0].key, key.PublicKey()) {
		t.Errorf("%+v, %v", entries, err)
	}
}

func TestKnownHostsPatterns(t *testing.T) {
	for _, c := range []struct {
		hosts, host string
		want        bool
	}{
		{"node", "node", true}, {"NODE", "node", true}, {"node", "nod", false}, {"nod?", "node", true}, {"node?", "node", false}, {"*", "[node]:33001", true},
		{"*.example.com", "a.b.example.com", true}, {"*.example.com", "example.com", false}, {"*.example.com", "[a.example.com]:33001", false},
		{"a,,b", "b", true}, {",", "", false}, {"!a,*", "a", false}, {"*,!a", "a", false}, {"!a,*", "b", true}, {"!a", "b", false}, {"a*b*c", "aXbYbZc", true},
		{"a*b*c", "aXbYbZ", false}, {"[node]:*", "[node]:1", true}, {strings.Repeat("a*", 500) + "b", strings.Repeat("a", 5000), false},
		{"|1|", "node", false}, {"|1|a", "node", false}, {"|1|a|b", "node", false}, {"|2|YQ==|YQ==", "node", false}, {"||", "node", false}, {"|1|YQ==|YQ==|", "node", false},
	} {
		if got := (entry{hosts: c.hosts}).speaksOf(c.host); got != c.want {
			t.Errorf("%.40q speaks of %.40q: %v", c.hosts, c.host, got)
		}
	}
	if !slices.Equal([]bool{true, false}, []bool{entry{hosts: knownhosts.HashHostname("[n]:1")}.speaksOf("[n]:1"), entry{hosts: knownhosts.HashHostname("n")}.speaksOf("m")}) {
		t.Error("hashed names")
	}
}
