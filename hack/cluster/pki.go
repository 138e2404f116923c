package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// authority is a certificate authority of the cluster.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	now  time.Time
}

// pemPair is a certificate with its key, PEM encoded.
type pemPair struct{ cert, key []byte }

const validity = 365 * 24 * time.Hour

func newSerial() (*big.Int, error) {
	return rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
}

// newAuthority makes a self-signed authority, valid from an hour before now: clocks of one machine do not differ, but
// containers may be started while it is being set.
func newAuthority(name string, now time.Time) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(validity),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature,
		IsCA:     true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("sign authority %s: %w", name, err)
	}
	cert, err := x509.ParseCertificate(der)
	return &authority{cert: cert, key: key, now: now}, err
}

func (a *authority) pem() (pemPair, error) { return encodePair(a.cert.Raw, a.key) }

// issue signs a certificate: for a server when it has names or addresses, for a client otherwise.
func (a *authority) issue(subject pkix.Name, dnsNames []string, ips []string) (pemPair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pemPair{}, err
	}
	serial, err := newSerial()
	if err != nil {
		return pemPair{}, err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: subject, DNSNames: dnsNames,
		NotBefore: a.cert.NotBefore, NotAfter: a.cert.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	for _, ip := range ips {
		template.IPAddresses = append(template.IPAddresses, net.ParseIP(ip))
	}
	if len(dnsNames)+len(ips) > 0 {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		return pemPair{}, fmt.Errorf("sign certificate of %s: %w", subject.CommonName, err)
	}
	return encodePair(der, key)
}

func encodePair(der []byte, key *ecdsa.PrivateKey) (pemPair, error) {
	k, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return pemPair{}, err
	}
	return pemPair{
		cert: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		key:  pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: k}),
	}, nil
}

// newServiceAccountKey makes the key pair that signs tokens of service accounts.
func newServiceAccountKey() (pemPair, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return pemPair{}, err
	}
	pub, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return pemPair{}, err
	}
	return pemPair{
		cert: pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pub}),
		key:  pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}),
	}, nil
}

// client is somebody who talks to the API server, with a certificate of the cluster's authority.
type client struct {
	name   string // of the kubeconfig
	user   string
	groups []string
	server string
}

// clients are all holders of a kubeconfig. The processes beside the API server reach it on the loopback.
func clients() []client {
	const local = "https://127.0.0.1:6443"
	c := []client{
		{"admin", "admin", []string{"system:masters"}, apiURL},
		{"controller-manager", "system:kube-controller-manager", nil, local},
		{"scheduler", "system:kube-scheduler", nil, local},
		{"kube-proxy", "system:kube-proxy", nil, apiURL},
	}
	for i := 1; i <= workers; i++ {
		c = append(c, client{nodeName(i), "system:node:" + nodeName(i), []string{"system:nodes"}, apiURL})
	}
	return c
}

// createPKI makes all keys, certificates and kubeconfigs of a new cluster.
func createPKI(s stateDir, now time.Time) error {
	ca, err := newAuthority("kubernetes", now)
	if err != nil {
		return err
	}
	frontProxy, err := newAuthority("front-proxy", now)
	if err != nil {
		return err
	}
	pairs := map[string]func() (pemPair, error){
		"ca":             ca.pem,
		"front-proxy-ca": frontProxy.pem,
		"sa":             newServiceAccountKey,
		"apiserver": func() (pemPair, error) {
			return ca.issue(pkix.Name{CommonName: "kube-apiserver"}, []string{
				"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "localhost",
			}, []string{controlPlaneIP, apiServiceIP, "127.0.0.1"})
		},
		"apiserver-kubelet-client": func() (pemPair, error) {
			return ca.issue(pkix.Name{CommonName: "kube-apiserver-kubelet-client", Organization: []string{"system:masters"}},
				nil, nil)
		},
		"front-proxy-client": func() (pemPair, error) {
			return frontProxy.issue(pkix.Name{CommonName: "front-proxy-client"}, nil, nil)
		},
	}
	var errs []error
	for name, make := range pairs {
		pair, err := make()
		if err != nil {
			return fmt.Errorf("make certificate %s: %w", name, err)
		}
		errs = append(errs, writeSecretFile(s.pki(name+".crt"), pair.cert), writeSecretFile(s.pki(name+".key"), pair.key))
	}
	caPEM, err := ca.pem()
	if err != nil {
		return err
	}
	for _, c := range clients() {
		pair, err := ca.issue(pkix.Name{CommonName: c.user, Organization: c.groups}, nil, nil)
		if err != nil {
			return err
		}
		errs = append(errs, writeSecretFile(s.kubeconfig(c.name), kubeconfig(c.server, caPEM.cert, pair)))
	}
	return errors.Join(errs...)
}

// writeSecretFile writes a file that only root reads, in a folder that only root enters.
func writeSecretFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o600)
}
