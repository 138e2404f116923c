package main

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"
)

func parse(t *testing.T, data []byte) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode(data)
	if block == nil {
		t.Fatal("no PEM block")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func TestIssuedCertificates(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	ca, err := newAuthority("test", now)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca.cert)
	for name, c := range map[string]struct {
		dns, ips []string
		usage    x509.ExtKeyUsage
		host     string
		refused  x509.ExtKeyUsage
	}{
		"server by name": {[]string{"kubernetes"}, []string{"10.96.0.1"}, x509.ExtKeyUsageServerAuth, "kubernetes",
			x509.ExtKeyUsageClientAuth},
		"server by address": {[]string{"kubernetes"}, []string{"10.96.0.1"}, x509.ExtKeyUsageServerAuth, "10.96.0.1",
			x509.ExtKeyUsageClientAuth},
		"client": {nil, nil, x509.ExtKeyUsageClientAuth, "", x509.ExtKeyUsageServerAuth},
	} {
		t.Run(name, func(t *testing.T) {
			pair, err := ca.issue(pkix.Name{CommonName: "somebody", Organization: []string{"group"}}, c.dns, c.ips)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tls.X509KeyPair(pair.cert, pair.key); err != nil {
				t.Errorf("key and certificate: %v", err)
			}
			cert := parse(t, pair.cert)
			verify := func(usage x509.ExtKeyUsage, at time.Time) error {
				_, err := cert.Verify(x509.VerifyOptions{Roots: roots, DNSName: c.host, CurrentTime: at,
					KeyUsages: []x509.ExtKeyUsage{usage}})
				return err
			}
			if err := verify(c.usage, now); err != nil {
				t.Errorf("intended use: %v", err)
			}
			if verify(c.refused, now) == nil {
				t.Error("the other use is accepted")
			}
			if verify(c.usage, now.Add(2*validity)) == nil {
				t.Error("it never expires")
			}
			if cert.IsCA {
				t.Error("it may sign others")
			}
		})
	}
}

func TestCreatePKI(t *testing.T) {
	s := stateDir(t.TempDir())
	if err := createPKI(s, time.Now()); err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{"ca.crt", "apiserver.key", "front-proxy-client.crt", "sa.key"} {
		info, err := os.Stat(s.pki(f))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", f, info.Mode().Perm())
		}
	}
	dir, err := os.Stat(filepath.Dir(s.pki("ca.key")))
	if err != nil {
		t.Fatal(err)
	}
	if dir.Mode().Perm() != 0o700 {
		t.Errorf("the folder of the keys has mode %v", dir.Mode().Perm())
	}
	for _, c := range clients() {
		data, err := os.ReadFile(s.kubeconfig(c.name))
		if err != nil {
			t.Fatal(err)
		}
		config, err := clientcmd.RESTConfigFromKubeConfig(data)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if config.Host != c.server {
			t.Errorf("%s talks to %s, not %s", c.name, config.Host, c.server)
		}
		if got := parse(t, config.CertData).Subject.CommonName; got != c.user {
			t.Errorf("%s is %s, not %s", c.name, got, c.user)
		}
	}
}
