package wellknown

import (
	"crypto/ed25519"
	"testing"

	"golang.org/x/crypto/ssh"
)

// The key is part of the protocol: docs/protocol.md has its fingerprint.
func TestTheKeyStaysTheSame(t *testing.T) {
	s, err := Signer()
	if err != nil {
		t.Fatal(err)
	}
	if got := ssh.FingerprintSHA256(s.PublicKey()); got != "SHA256:r8dX3jk0h+TjdWekDD2izPHCPwiZeNFJkX4Sg1ImXuY" {
		t.Errorf("fingerprint %s", got)
	}
	if !Is(s.PublicKey()) {
		t.Error("the key is not recognized")
	}
	other, err := ssh.NewPublicKey(ed25519.NewKeyFromSeed(make([]byte, 32)).Public())
	if err != nil {
		t.Fatal(err)
	}
	if Is(other) {
		t.Error("another key is taken for it")
	}
}
