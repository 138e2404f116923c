// Package keyring derives the keys of the control plane from FASPEX_CORE_SECRET: one to seal passwords that must be
// read again, one to sign access tokens. The secret before the last rotation still opens and verifies. It does not
// know what is sealed or signed.
package keyring

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
)

// Ring holds the derived keys of the current secret, first, and of the previous one if there is one.
type Ring struct{ secrets []string }

// New makes a ring. The current secret must have at least 16 characters; old may be empty.
func New(current, old string) (*Ring, error) {
	if len(current) < 16 {
		return nil, errors.New("core secret is shorter than 16 characters")
	}
	r := &Ring{secrets: []string{current}}
	if old != "" && old != current {
		r.secrets = append(r.secrets, old)
	}
	return r, nil
}

// Keys derives 32-byte keys for a purpose: the current one, then the previous one if there is one.
func (r *Ring) Keys(purpose string) [][]byte {
	keys := make([][]byte, 0, len(r.secrets))
	for _, s := range r.secrets {
		k, err := hkdf.Key(sha256.New, []byte(s), nil, "faspex "+purpose, 32)
		if err != nil {
			panic(err) // only for a length beyond 255 hashes
		}
		keys = append(keys, k)
	}
	return keys
}

// Seal encrypts text with AES-256-GCM under the current key of a purpose. context is authenticated: what was sealed for
// one row does not open in another.
func (r *Ring) Seal(purpose, context, text string) ([]byte, error) {
	aead, err := gcm(r.Keys(purpose)[0])
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails since Go 1.24
	return aead.Seal(nonce, nonce, []byte(text), []byte(context)), nil
}

// ErrSealed means that neither the current nor the previous secret opens a sealed value.
var ErrSealed = errors.New("sealed value opens with neither the current nor the previous core secret")

// Open decrypts what Seal gave. current is false when the previous secret was needed, so
// that the caller can seal it anew.
func (r *Ring) Open(purpose, context string, sealed []byte) (text string, current bool, err error) {
	for i, key := range r.Keys(purpose) {
		aead, err := gcm(key)
		if err != nil {
			return "", false, err
		}
		if len(sealed) < aead.NonceSize() {
			return "", false, ErrSealed
		}
		plain, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], []byte(context))
		if err == nil {
			return string(plain), i == 0, nil
		}
	}
	return "", false, ErrSealed
}

func gcm(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("make cipher: %w", err)
	}
	return cipher.NewGCM(block)
}
