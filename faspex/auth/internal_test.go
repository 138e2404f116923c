package auth

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"

	"faspex.io/operator/faspex/store"
)

func TestPasswordHashes(t *testing.T) {
	hash := HashPassword("päss")
	if hash == HashPassword("päss") {
		t.Error("two hashes of one password are alike")
	}
	// Made with other costs, as an older version might have: m=8 KiB, one pass.
	for name, test := range map[string]struct {
		password, hash string
		fits, good     bool
	}{
		"right":           {"päss", hash, true, true},
		"wrong":           {"pass", hash, false, true},
		"empty":           {"", hash, false, true},
		"account without": {"", "", false, true},
		"plain":           {"päss", "päss", false, false},
		"bcrypt":          {"päss", "$2a$10$abcdefghijklmnopqrstuv", false, false},
		"cut":             {"päss", hash[:len(hash)-30], false, false},
		"costs too much":  {"päss", strings.Replace(hash, "m=19456", "m=99999999", 1), false, false},
	} {
		fits, err := checkHash(argon2.IDKey, test.password, test.hash)
		if fits != test.fits || (err == nil) != test.good {
			t.Errorf("%s: %v, %v", name, fits, err)
		}
	}
}

func TestWaits(t *testing.T) {
	for failures, want := range map[int]time.Duration{
		0: 0, 4: 0, 5: 30 * time.Second, 6: time.Minute, 7: 2 * time.Minute, 10: 15 * time.Minute, 1000000: 15 * time.Minute,
	} {
		if got := waitAfter(failures, 5); got != want {
			t.Errorf("after %d failures: %v, want %v", failures, got, want)
		}
	}
}

// faspex-E13 (with TestLoginWithPKCE): a challenge in padded or standard Base64 is that of the URL-safe form; the Base64 of
// the verifier itself is none, whatever the guide's example says. The verifier and challenge are those of RFC 7636,
// appendix B.
func TestCheckVerifier(t *testing.T) {
	const verifier, challenge = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
		"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	for name, test := range map[string]struct {
		code     store.AuthorizationCode
		verifier string
		want     bool
	}{
		"S256": {store.AuthorizationCode{Challenge: challenge, ChallengeMethod: methodS256}, verifier, true},
		"S256 with padding": {store.AuthorizationCode{Challenge: challenge + "=", ChallengeMethod: methodS256}, verifier,
			true},
		"S256 in standard Base64": {store.AuthorizationCode{Challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM=",
			ChallengeMethod: methodS256}, verifier, true},
		"Base64 of the verifier": {store.AuthorizationCode{Challenge: base64.StdEncoding.EncodeToString([]byte(verifier)),
			ChallengeMethod: methodS256}, verifier, false},
		"S256 as plain":   {store.AuthorizationCode{Challenge: challenge, ChallengeMethod: methodS256}, challenge, false},
		"plain":           {store.AuthorizationCode{Challenge: verifier, ChallengeMethod: methodPlain}, verifier, true},
		"plain, wrong":    {store.AuthorizationCode{Challenge: verifier, ChallengeMethod: methodPlain}, challenge, false},
		"none at all":     {store.AuthorizationCode{}, "", true},
		"verifier alone":  {store.AuthorizationCode{}, verifier, false},
		"challenge alone": {store.AuthorizationCode{Challenge: challenge, ChallengeMethod: methodS256}, "", false},
	} {
		if got := checkVerifier(test.code, test.verifier); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
