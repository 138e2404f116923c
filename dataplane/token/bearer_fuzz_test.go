package token

import "testing"

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
