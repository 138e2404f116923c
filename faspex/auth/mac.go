package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
)

// sign vouches for a text under the current key of a purpose.
func (s *Server) sign(purpose, text string) string { return mac(s.ring.Keys(purpose)[0], text) }

// signed reports whether sign gave this for a text, with the current key or the one before the last rotation.
func (s *Server) signed(purpose, text, signature string) bool {
	for _, key := range s.ring.Keys(purpose) {
		if hmac.Equal([]byte(mac(key, text)), []byte(signature)) {
			return true
		}
	}
	return false
}

func mac(key []byte, text string) string {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}
