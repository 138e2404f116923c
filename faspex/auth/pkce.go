package auth

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"

	"faspex.io/operator/faspex/store"
)

// PKCE methods as they are stored (RFC 7636).
const (
	methodPlain = "plain"
	methodS256  = "S256"
)

// challengeMethod reads a method as clients spell it; empty means plain, as the RFC says.
func challengeMethod(s string) (string, bool) {
	switch strings.ToLower(s) {
	case "", "plain":
		return methodPlain, true
	case "s256":
		return methodS256, true
	}
	return "", false
}

// urlAlphabet makes URL-safe Base64 of the standard one, which clients send too.
var urlAlphabet = strings.NewReplacer("+", "-", "/", "_")

// checkVerifier reports whether a verifier fits the challenge that came with the login. Without a
// challenge there must be no verifier.
func checkVerifier(c store.AuthorizationCode, verifier string) bool {
	if c.Challenge == "" {
		return verifier == ""
	}
	got := verifier
	if c.ChallengeMethod == methodS256 {
		sum := sha256.Sum256([]byte(verifier))
		got = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	want := urlAlphabet.Replace(strings.TrimRight(c.Challenge, "="))
	if c.ChallengeMethod == methodPlain {
		want = c.Challenge
	}
	return subtle.ConstantTimeCompare([]byte(got), []byte(want)) == 1
}
