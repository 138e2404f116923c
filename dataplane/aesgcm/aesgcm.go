// Package aesgcm is AES-GCM (NIST SP 800-38D) with nonces of 12 bytes and tags of 16 for packets. It is the standard
// library's, but for processors with AVX-512, VAES and VPCLMULQDQ, where four blocks at a time take a third of the
// time: sealing and opening is the most that a packet costs. With Go's FIPS 140-3 module, and with the build tag
// purego, it is always the standard library's. It refuses to know packets, nonces and where keys come from.
package aesgcm

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/fips140"
	"fmt"
	"sync"
)

const (
	nonceSize = 12
	tagSize   = 16
)

// New makes the AEAD of a key of 16, 24 or 32 bytes.
func New(key []byte) (cipher.AEAD, error) {
	switch len(key) {
	case 16, 24, 32:
	default:
		return nil, aes.KeySizeError(len(key))
	}
	if Vector() {
		return newVector(key), nil
	}
	return newStandard(key)
}

// Vector says that the processor's vector instructions are used.
func Vector() bool { return !fips140.Enabled() && proved() }

func newStandard(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("aes: %w", err)
	}
	return cipher.NewGCM(block)
}

// proved says that the vector instructions are there and do what the standard library does, for each size of key. A
// machine that claims to have what it has not, as some emulators do, is slow and not wrong.
var proved = sync.OnceValue(func() bool {
	if !hasVector() {
		return false
	}
	key, nonce, message := make([]byte, 32), make([]byte, nonceSize), make([]byte, 1000)
	for i := range message {
		message[i] = byte(i*i + i>>3)
	}
	for _, size := range []int{16, 24, 32} {
		copy(key, message[size:])
		standard, err := newStandard(key[:size])
		if err != nil {
			return false
		}
		vector := newVector(key[:size])
		sealed := standard.Seal(nil, nonce, message, message[:20])
		if !bytes.Equal(vector.Seal(nil, nonce, message, message[:20]), sealed) {
			return false
		}
		opened, err := vector.Open(nil, nonce, sealed, message[:20])
		if err != nil || !bytes.Equal(opened, message) {
			return false
		}
	}
	return true
})
