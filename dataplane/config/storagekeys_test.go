package config_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"faspex.io/operator/dataplane/config"
)

// mounted writes the Secrets that a node can't do without.
func mounted(t *testing.T) config.SecretPaths {
	t.Helper()
	dir := t.TempDir()
	p := config.SecretPaths{TokenKeys: filepath.Join(dir, "token"), TLS: filepath.Join(dir, "tls"),
		NodeUser: filepath.Join(dir, "user")}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	mount(t, p.TokenKeys, map[string]string{"active": "k", "k": encodedKey(1)})
	mount(t, p.NodeUser, map[string]string{"username": "u", "password": "p"})
	mount(t, p.TLS, map[string]string{
		"tls.crt": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})),
		"tls.key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})),
	})
	return p
}

func mount(t *testing.T, dir string, data map[string]string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range data {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func encodedKey(seed byte) string {
	return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{seed}, 32))
}

func TestStorageKeysAreReadAgain(t *testing.T) {
	p := mounted(t)
	dir := filepath.Join(t.TempDir(), "default")
	p.StorageKeys = map[string]string{"default": dir}
	if _, err := config.LoadSecrets(p); err == nil || !strings.Contains(err.Error(), "storage default") {
		t.Errorf("without keys: %v", err)
	}
	mount(t, dir, map[string]string{"active": "a", "a": encodedKey(1)})
	s, err := config.LoadSecrets(p)
	if err != nil {
		t.Fatal(err)
	}
	ring := s.Storages()["default"]
	sealed, err := ring.Seal([]byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	mount(t, dir, map[string]string{"active": "b", "b": encodedKey(2)})
	if err := s.Reload(); err != nil {
		t.Fatal(err)
	}
	if _, err := ring.Open(bytes.NewReader(sealed), int64(len(sealed))); err != nil {
		t.Errorf("a file of the former key: %v", err)
	}
	if err := os.Remove(filepath.Join(dir, "a")); err != nil {
		t.Fatal(err)
	}
	if err := s.Reload(); err != nil {
		t.Fatal(err)
	}
	if _, err := ring.Open(bytes.NewReader(sealed), int64(len(sealed))); err == nil {
		t.Error("a file of a key that is gone is read")
	}
	mount(t, dir, map[string]string{"active": "c"})
	if err := s.Reload(); err == nil || strings.Contains(err.Error(), encodedKey(2)) {
		t.Errorf("an active key that is not there: %v", err)
	}
	if _, err := ring.Seal([]byte("x")); err != nil {
		t.Errorf("after a bad change: %v", err)
	}
}
