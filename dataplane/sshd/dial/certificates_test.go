package dial

import (
	"crypto/rand"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// certify makes a certificate for a host's key and returns what signs with it.
func certify(t *testing.T, authority, host ssh.Signer, change func(*ssh.Certificate)) ssh.Signer {
	t.Helper()
	c := &ssh.Certificate{
		Key: host.PublicKey(), CertType: ssh.HostCert, ValidPrincipals: []string{"127.0.0.1"}, ValidAfter: 1,
		ValidBefore: uint64(time.Now().Add(time.Hour).Unix()),
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
			"good": {nil, authority,
				func(h string) []string { return []string{"@cert-authority " + lineOf(h, authority)} }, ""},
			"authority of all": {nil, authority,
				func(string) []string { return []string{"@cert-authority " + lineOf("*", authority)} }, ""},
			"authority, no port": {nil, authority,
				func(string) []string { return []string{"@cert-authority " + lineOf("127.0.0.1", authority)} }, ""},
			"of any name": {func(c *ssh.Certificate) { c.ValidPrincipals = nil }, authority,
				func(h string) []string { return []string{"@cert-authority " + lineOf(h, authority)} }, ""},
			"its key is known": {nil, other,
				func(h string) []string { return []string{"@cert-authority " + lineOf(h, authority), lineOf(h, key)} }, ""},
			"of another authority": {nil, other,
				func(h string) []string { return []string{"@cert-authority " + lineOf(h, authority)} }, "is not certified"},
			"expired": {func(c *ssh.Certificate) { c.ValidBefore = 2 }, authority,
				func(h string) []string { return []string{"@cert-authority " + lineOf(h, authority)} }, "expired"},
			"expired, no port": {func(c *ssh.Certificate) { c.ValidBefore = 2 }, authority,
				func(string) []string { return []string{"@cert-authority " + lineOf("127.0.0.1", authority)} }, "expired"},
			"for another host": {func(c *ssh.Certificate) { c.ValidPrincipals = []string{"other"} }, authority,
				func(h string) []string { return []string{"@cert-authority " + lineOf(h, authority)} }, "principal"},
			"of a user": {func(c *ssh.Certificate) { c.CertType = ssh.UserCert }, authority,
				func(h string) []string { return []string{"@cert-authority " + lineOf(h, authority)} }, "not that of a host"},
			"the authority revoked": {nil, authority, func(h string) []string {
				return []string{"@cert-authority " + lineOf(h, authority), "@revoked " + lineOf("*", authority)}
			}, "is revoked"},
			"its key revoked": {nil, authority, func(h string) []string {
				return []string{"@cert-authority " + lineOf(h, authority), "@revoked " + lineOf("*", key)}
			}, "is revoked"},
			"another key is known": {nil, other, func(h string) []string {
				return []string{"@cert-authority " + lineOf(h, authority), lineOf(h, other)}
			}, "has changed"},
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
