// Package wellknown holds the SSH keys of token authorization: keys that everybody knows.
//
// A client that has a token needs no SSH key of its own: it logs in with a well-known key, which authorizes nothing,
// and the token decides what it may transfer. There are two: one that this project's ascp carries, and the one that
// existing clients carry, of which only the fingerprint is needed. A server accepts either for sessions that present a
// valid token, and for nothing else.
package wellknown

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"

	"golang.org/x/crypto/ssh"
)

// Fingerprint is that of the RSA key that existing clients carry.
const Fingerprint = "SHA256:JBWNz1H0K96a9kHlL/FkVoJwq/gRjb3tAceiW81mPyU"

// phrase gives the key its value: its private part is the SHA-256 of the phrase, so that nobody has to keep it.
const phrase = "faspex.io well-known token authorization key 1"

// Signer is the key that ascp logs in with when it has a token.
func Signer() (ssh.Signer, error) {
	seed := sha256.Sum256([]byte(phrase))
	s, err := ssh.NewSignerFromKey(ed25519.NewKeyFromSeed(seed[:]))
	if err != nil {
		return nil, fmt.Errorf("well-known key: %w", err)
	}
	return s, nil
}

// Is reports whether key is a well-known one.
func Is(key ssh.PublicKey) bool {
	switch ssh.FingerprintSHA256(key) {
	case Fingerprint:
		return true
	case own:
		return true
	}
	return false
}

var own = ownFingerprint()

func ownFingerprint() string {
	s, err := Signer()
	if err != nil {
		return "" // No key has an empty fingerprint.
	}
	return ssh.FingerprintSHA256(s.PublicKey())
}
