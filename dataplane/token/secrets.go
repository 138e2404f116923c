package token

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
)

// secretVersion is the first byte of what SealSecret makes.
const secretVersion = 1

// ErrSecretLost is for a secret that can't be opened any more: its key is gone, or it is another's.
var ErrSecretLost = errors.New("sealed with a key that is no longer there")

// SealSecret encrypts what is kept in a database with the active key, for one purpose. It opens under the same purpose
// alone, so that it can't be put in another's place.
func (k *Keyring) SealSecret(purpose string, plain []byte) ([]byte, error) {
	id, key := k.active()
	aead, err := secretAEAD(key)
	if err != nil {
		return nil, err
	}
	header := append([]byte{secretVersion, byte(len(id))}, id...)
	return aead.Seal(header, nil, plain, slices.Concat(header, []byte(purpose))), nil
}

// OpenSecret opens what SealSecret made.
func (k *Keyring) OpenSecret(purpose string, sealed []byte) ([]byte, error) {
	header, ok := secretHeader(sealed)
	if !ok {
		return nil, ErrSecretLost
	}
	key, ok := k.byID(string(header[2:]))
	if !ok {
		return nil, ErrSecretLost
	}
	aead, err := secretAEAD(key)
	if err != nil {
		return nil, err
	}
	plain, err := aead.Open(nil, nil, sealed[len(header):], slices.Concat(header, []byte(purpose)))
	if err != nil {
		return nil, ErrSecretLost
	}
	return plain, nil
}

// SealedAnew seals a secret with the active key if it was sealed with another; nil if it was not.
func (k *Keyring) SealedAnew(purpose string, sealed []byte) ([]byte, error) {
	id, _ := k.active()
	if header, ok := secretHeader(sealed); ok && string(header[2:]) == id {
		return nil, nil
	}
	plain, err := k.OpenSecret(purpose, sealed)
	if err != nil {
		return nil, err
	}
	return k.SealSecret(purpose, plain)
}

func secretHeader(sealed []byte) (header []byte, ok bool) {
	if len(sealed) < 2 || sealed[0] != secretVersion || len(sealed) < 2+int(sealed[1]) {
		return nil, false
	}
	return sealed[:2+int(sealed[1])], true
}

// secretAEAD has a key of its own, so that a sealed secret is never taken for a token.
func secretAEAD(key []byte) (cipher.AEAD, error) {
	derived, err := hkdf.Key(sha256.New, key, nil, "faspex node secrets", KeySize)
	if err != nil {
		return nil, fmt.Errorf("key of secrets: %w", err)
	}
	return newAEAD(derived)
}
