package token_test

import (
	"bytes"
	"errors"
	"testing"

	"faspex.io/operator/dataplane/token"
)

func TestSecretsOpenForTheirPurposeAlone(t *testing.T) {
	k1, k2 := bytes.Repeat([]byte{1}, token.KeySize), bytes.Repeat([]byte{2}, token.KeySize)
	ring, err := token.NewKeyring(token.Keys{Active: "k1", ByID: map[string][]byte{"k1": k1}})
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := ring.SealSecret("job 1", []byte("hunter2"))
	if err != nil || bytes.Contains(sealed, []byte("hunter2")) {
		t.Fatalf("sealed = %q, %v", sealed, err)
	}
	if plain, err := ring.OpenSecret("job 1", sealed); err != nil || string(plain) != "hunter2" {
		t.Errorf("opened = %q, %v", plain, err)
	}
	if _, err := ring.OpenSecret("job 2", sealed); !errors.Is(err, token.ErrSecretLost) {
		t.Errorf("for another purpose: %v", err)
	}
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		if _, err := ring.OpenSecret("job 1", changed); !errors.Is(err, token.ErrSecretLost) {
			t.Errorf("with byte %d changed: %v", i, err)
		}
	}
	if anew, err := ring.SealedAnew("job 1", sealed); anew != nil || err != nil {
		t.Errorf("with the active key: %v, %v", anew, err)
	}
	// A rotation: what was sealed before is sealed with the new key, and stays good without the former.
	if err := ring.Set(token.Keys{Active: "k2", ByID: map[string][]byte{"k1": k1, "k2": k2}}); err != nil {
		t.Fatal(err)
	}
	anew, err := ring.SealedAnew("job 1", sealed)
	if err != nil || anew == nil {
		t.Fatalf("after a rotation: %v, %v", anew, err)
	}
	if err := ring.Set(token.Keys{Active: "k2", ByID: map[string][]byte{"k2": k2}}); err != nil {
		t.Fatal(err)
	}
	if plain, err := ring.OpenSecret("job 1", anew); err != nil || string(plain) != "hunter2" {
		t.Errorf("after the former key is gone: %q, %v", plain, err)
	}
	if _, err := ring.OpenSecret("job 1", sealed); !errors.Is(err, token.ErrSecretLost) {
		t.Errorf("with a key that is gone: %v", err)
	}
}
