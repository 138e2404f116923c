package token

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
)

// FuzzParseVerificationKey has no key through that can't verify.
func FuzzParseVerificationKey(f *testing.F) {
	f.Add("")
	f.Add("-----BEGIN PUBLIC KEY-----\nMFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAJ==\n-----END PUBLIC KEY-----\n")
	f.Add("-----BEGIN RSA PUBLIC KEY-----\nMAgCAQECAwEAAQ==\n-----END RSA PUBLIC KEY-----\n")
	f.Fuzz(func(t *testing.T, text string) {
		key, err := ParseVerificationKey(text)
		if (err == nil) != (key != nil) {
			t.Fatalf("key %v, error %v", key, err)
		}
		if err == nil && (key.N == nil || key.N.Sign() <= 0 || key.E < 2) {
			t.Errorf("accepted: %+v", key)
		}
	})
}

// A token has one text: letters with bits left over, and bytes behind what is packed, are not those of its maker.
func TestBearerTokenHasOneText(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for n := range 6 { // Padding comes with some lengths.
		text := bearer(t, private, `{"user_id":"luke`+strings.Repeat("e", n)+
			`","scope":"node.ak:admin:all","expires_at":"2026-11-21T13:00:00Z"}`)
		if _, err := unpackBearer(text); err != nil {
			t.Fatal(err)
		}
		last := len(strings.TrimRight(text, "=")) - 1
		at := strings.IndexByte(letters, text[last])
		packed, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		for what, other := range map[string]string{
			"a bit of the last letter": text[:last] + letters[at^1:at^1+1] + text[last+1:],
			"a byte more":              base64.StdEncoding.EncodeToString(append(packed, 'x')),
		} {
			if _, err := unpackBearer(other); !errors.Is(err, ErrInvalid) {
				t.Errorf("%s, length %d: %v", what, n, err)
			}
		}
	}
}
