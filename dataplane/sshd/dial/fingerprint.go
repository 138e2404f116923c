package dial

import (
	"crypto/sha1" //nolint:gosec // Published fingerprints of host keys are SHA-1.
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"
)

// fingerprint is a digest of a host key as people and programs write it.
type fingerprint struct{ sum []byte }

// parseFingerprint reads the SHA-1 or SHA-256 of a key: hex digits, with or without colons, or as OpenSSH prints it ("SHA256:...").
func parseFingerprint(text string) (fingerprint, error) {
	trimmed := strings.TrimSpace(text)
	if digits, ok := strings.CutPrefix(trimmed, "SHA256:"); ok {
		if sum, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(digits, "=")); err == nil && len(sum) == sha256.Size {
			return fingerprint{sum}, nil
		}
	}
	sum, err := hex.DecodeString(strings.NewReplacer(":", "", " ", "").Replace(trimmed))
	if err != nil || len(sum) != sha1.Size && len(sum) != sha256.Size {
		return fingerprint{}, fmt.Errorf("%q is no fingerprint of a host key: it is 40 hex digits (SHA-1), 64 (SHA-256) or SHA256:...", text)
	}
	return fingerprint{sum}, nil
}

func (f fingerprint) matches(key ssh.PublicKey) bool { return string(f.sum) == string(f.of(key)) }

// of is the digest of a key, of the same kind.
func (f fingerprint) of(key ssh.PublicKey) []byte {
	if len(f.sum) == sha1.Size {
		sum := sha1.Sum(key.Marshal()) //nolint:gosec // see the import
		return sum[:]
	}
	sum := sha256.Sum256(key.Marshal())
	return sum[:]
}
