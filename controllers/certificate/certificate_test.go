package certificate_test

import (
	"crypto/tls"
	"crypto/x509"
	"maps"
	"net"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/controllers/certificate"
)

var (
	now     = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	subject = certificate.Subject{
		CommonName: "demo-hsts",
		DNSNames:   []string{"demo-hsts", "demo-hsts.files.svc"},
		IPs:        []net.IP{net.IPv4(10, 0, 0, 1)},
	}
)

func TestNewIsTrustedByItsAuthority(t *testing.T) {
	data, err := certificate.New(now, subject)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(data[certificate.CertKey], data[certificate.PrivateKeyKey])
	if err != nil {
		t.Fatal(err)
	}
	authorities, err := certificate.Authorities(data)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authorities)
	for _, name := range []string{"demo-hsts", "demo-hsts.files.svc", "10.0.0.1"} {
		if _, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: name, CurrentTime: now}); err != nil {
			t.Errorf("verify for %s: %v", name, err)
		}
	}
	if _, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: "elsewhere", CurrentTime: now}); err == nil {
		t.Error("verified for a name it was not made for")
	}
}

func TestCheck(t *testing.T) {
	good, err := certificate.New(now, subject)
	if err != nil {
		t.Fatal(err)
	}
	other, err := certificate.New(now, subject)
	if err != nil {
		t.Fatal(err)
	}
	with := func(key string, value []byte) map[string][]byte {
		data := map[string][]byte{}
		for k, v := range good {
			data[k] = v
		}
		data[key] = value
		return data
	}
	for _, test := range []struct {
		name    string
		at      time.Time
		data    map[string][]byte
		subject certificate.Subject
		want    string
	}{
		{"good", now, good, subject, ""},
		{"empty", now, nil, subject, "tls.crt is missing"},
		{"no key", now, with(certificate.PrivateKeyKey, nil), subject, "tls.key is missing"},
		{"key of another", now, with(certificate.PrivateKeyKey, other[certificate.PrivateKeyKey]), subject, "no pair"},
		{"ends soon", now.AddDate(9, 11, 0), good, subject, ""},
		{"ended", now.AddDate(10, 1, 0), good, subject, "is valid from"},
		{"not yet", now.AddDate(0, -1, 0), good, subject, "is valid from"},
		{"name not covered", now, good, certificate.Subject{DNSNames: []string{"elsewhere"}}, "not valid for elsewhere"},
		{"address not covered", now, good, certificate.Subject{IPs: []net.IP{net.IPv4(10, 0, 0, 2)}},
			"not valid for 10.0.0.2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := certificate.Check(test.at, test.data, test.subject)
			switch {
			case test.want == "" && err != nil:
				t.Errorf("unexpected: %v", err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestRenew(t *testing.T) {
	data, err := certificate.New(now, subject)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name    string
		at      time.Time
		subject certificate.Subject
		want    bool
	}{
		{"new", now, subject, false},
		{"half of its life", now.AddDate(5, 0, 0), subject, false},
		{"before two thirds of its life", now.AddDate(6, 7, 0), subject, true},
		{"ended", now.AddDate(11, 0, 0), subject, true},
		{"another name", now, certificate.Subject{DNSNames: []string{"elsewhere"}}, true},
	} {
		if got := certificate.Renew(test.at, data, test.subject); got != test.want {
			t.Errorf("%s: got %t, want %t", test.name, got, test.want)
		}
	}
	other, err := certificate.New(now, subject)
	if err != nil {
		t.Fatal(err)
	}
	for name, authority := range map[string][]byte{"no authority": nil, "another's authority": other[certificate.CAKey]} {
		changed := maps.Clone(data)
		changed[certificate.CAKey] = authority
		if !certificate.Renew(now, changed, subject) {
			t.Errorf("%s: no renewal", name)
		}
	}
}

// TestRenewedIsTrustedWithTheFormer: who reads ca.crt trusts the server before and after it serves the renewed
// certificate, and however often it was renewed two authorities are in it.
func TestRenewedIsTrustedWithTheFormer(t *testing.T) {
	first, err := certificate.New(now, subject)
	if err != nil {
		t.Fatal(err)
	}
	verifies := func(served, trusted map[string][]byte, at time.Time) bool {
		t.Helper()
		pair, err := tls.X509KeyPair(served[certificate.CertKey], served[certificate.PrivateKeyKey])
		if err != nil {
			t.Fatal(err)
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(trusted[certificate.CAKey])
		_, err = pair.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: "demo-hsts", CurrentTime: at})
		return err == nil
	}
	later := now.AddDate(6, 7, 0)
	second, err := certificate.Renewed(later, first, subject)
	if err != nil {
		t.Fatal(err)
	}
	if !verifies(first, second, later) || !verifies(second, second, later) || certificate.Renew(later, second, subject) {
		t.Error("the former certificate and the renewed one are not both trusted")
	}
	if made := certificate.Made(second); !made.Equal(later.Truncate(time.Second)) {
		t.Errorf("made %s, want %s", made, later)
	}
	third, err := certificate.Renewed(later, second, subject)
	if err != nil {
		t.Fatal(err)
	}
	if verifies(first, third, later) || !verifies(second, third, later) || !verifies(third, third, later) {
		t.Error("not the last two are trusted")
	}
	if spoilt, err := certificate.Renewed(later, map[string][]byte{certificate.CAKey: []byte("x")}, subject); err != nil ||
		!verifies(spoilt, spoilt, later) {
		t.Errorf("renewed from nothing: %v", err)
	}
}
