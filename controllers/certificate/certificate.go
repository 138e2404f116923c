// Package certificate makes and checks the self-signed server certificates that the operator generates when a user
// gives none: a certificate authority used once, whose private key is forgotten at once, and a leaf signed by it. It
// knows nothing of Kubernetes; the caller stores the three files in a Secret of type kubernetes.io/tls.
package certificate

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"time"
)

// Keys of the Secret a certificate is stored in.
const (
	CertKey       = "tls.crt"
	PrivateKeyKey = "tls.key"
	CAKey         = "ca.crt"
)

const (
	validity = 10 * 365 * 24 * time.Hour
	// renewAt is the part of its life after which a generated certificate is replaced: before two thirds have passed.
	renewAt = 0.6
	// backdate allows for clocks that are a little behind.
	backdate = time.Hour
)

// Subject is what a server certificate has to prove.
type Subject struct {
	CommonName string
	DNSNames   []string
	IPs        []net.IP
}

// New makes a leaf for subject and the authority that signed it, both ECDSA P-256 and valid for ten years from now, as
// the data of a Secret: tls.crt (leaf, then authority), tls.key (PKCS #8) and ca.crt, all PEM.
func New(now time.Time, subject Subject) (map[string][]byte, error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generate authority key: %w", err)
	}
	leafKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generate server key: %w", err)
	}
	ca := template(now, subject.CommonName+" CA")
	ca.IsCA = true
	ca.BasicConstraintsValid = true
	ca.MaxPathLenZero = true
	ca.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	leaf := template(now, subject.CommonName)
	leaf.DNSNames = subject.DNSNames
	leaf.IPAddresses = subject.IPs
	leaf.KeyUsage = x509.KeyUsageDigitalSignature
	leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}

	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	if err != nil {
		return nil, fmt.Errorf("sign authority: %w", err)
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, ca, leafKey.Public(), caKey)
	if err != nil {
		return nil, fmt.Errorf("sign server certificate: %w", err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(leafKey)
	if err != nil {
		return nil, fmt.Errorf("encode server key: %w", err)
	}
	caPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER})
	leafPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leafDER})
	return map[string][]byte{
		CertKey:       append(leafPEM, caPEM...),
		PrivateKeyKey: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}),
		CAKey:         caPEM,
	}, nil
}

// template is a certificate with a random 127-bit serial number. Subject names over X.520's 64 characters are cut: the
// names that are verified are the alternative names.
func template(now time.Time, commonName string) *x509.Certificate {
	serial := make([]byte, 16)
	rand.Read(serial) // never fails since Go 1.24
	serial[0] &= 0x7f
	if len(commonName) > 64 {
		commonName = commonName[:64]
	}
	return &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(serial),
		Subject:      pkix.Name{CommonName: commonName},
		NotBefore:    now.Add(-backdate),
		NotAfter:     now.Add(validity),
	}
}

// Check reports why data, as New returns it or as a user gave it, can't serve subject at now: a part is missing or
// unreadable, the key belongs to another certificate, a name is not covered, or it is not valid at that time.
// The error holds no key.
func Check(now time.Time, data map[string][]byte, subject Subject) error {
	for _, key := range []string{CertKey, PrivateKeyKey} {
		if len(data[key]) == 0 {
			return fmt.Errorf("%s is missing", key)
		}
	}
	pair, err := tls.X509KeyPair(data[CertKey], data[PrivateKeyKey])
	if err != nil {
		return fmt.Errorf("%s and %s are no pair of a certificate and its key", CertKey, PrivateKeyKey)
	}
	if now.Before(pair.Leaf.NotBefore) || now.After(pair.Leaf.NotAfter) {
		return fmt.Errorf("%s is valid from %s to %s", CertKey,
			pair.Leaf.NotBefore.UTC().Format(time.RFC3339), pair.Leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	names := append([]string(nil), subject.DNSNames...)
	for _, ip := range subject.IPs {
		names = append(names, ip.String())
	}
	for _, name := range names {
		if err := pair.Leaf.VerifyHostname(name); err != nil {
			return fmt.Errorf("%s is not valid for %s", CertKey, name)
		}
	}
	return nil
}

// Renew reports whether a generated certificate has to be made again: it can't serve subject now, six tenths of its life
// have passed, or ca.crt is not the authority it descends from.
func Renew(now time.Time, data map[string][]byte, subject Subject) bool {
	if Check(now, data, subject) != nil || !descends(now, data) {
		return true
	}
	made, end := life(data)
	return now.Sub(made) >= time.Duration(float64(end.Sub(made))*renewAt)
}

// Renewed is New in the place of data. Its ca.crt has the former authority behind the new one, so that clients that read
// it trust the server before and after it has begun to serve the new certificate.
func Renewed(now time.Time, data map[string][]byte, subject Subject) (map[string][]byte, error) {
	renewed, err := New(now, subject)
	if err != nil {
		return nil, err
	}
	former, _ := pem.Decode(data[CAKey])
	if former == nil {
		return renewed, nil
	}
	if ca, err := x509.ParseCertificate(former.Bytes); err == nil && now.Before(ca.NotAfter) {
		renewed[CAKey] = append(renewed[CAKey], pem.EncodeToMemory(former)...)
	}
	return renewed, nil
}

// Made is when New has made a certificate; the zero time if it cannot be read.
func Made(data map[string][]byte) time.Time {
	made, _ := life(data)
	return made
}

func life(data map[string][]byte) (made, end time.Time) {
	block, _ := pem.Decode(data[CertKey])
	if block == nil {
		return time.Time{}, time.Time{}
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return time.Time{}, time.Time{}
	}
	return leaf.NotBefore.Add(backdate), leaf.NotAfter
}

// descends tells whether tls.crt verifies by ca.crt alone.
func descends(now time.Time, data map[string][]byte) bool {
	pair, err := tls.X509KeyPair(data[CertKey], data[PrivateKeyKey])
	if err != nil {
		return false
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(data[CAKey]) {
		return false
	}
	_, err = pair.Leaf.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: now})
	return err == nil
}

// ErrNoAuthority means that a Secret has no ca.crt and a self-signed tls.crt is not in it either.
var ErrNoAuthority = errors.New("no certificate authority")

// Authorities returns the PEM certificates a client should trust for data: ca.crt, or without it the chain of tls.crt.
func Authorities(data map[string][]byte) ([]byte, error) {
	for _, key := range []string{CAKey, CertKey} {
		if pemBytes := bytes.TrimSpace(data[key]); len(pemBytes) > 0 && x509.NewCertPool().AppendCertsFromPEM(pemBytes) {
			return append(pemBytes, '\n'), nil
		}
	}
	return nil, ErrNoAuthority
}
