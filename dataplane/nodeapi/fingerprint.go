package nodeapi

import (
	"crypto/sha1" //nolint:gosec // the interface's own form of a fingerprint; it identifies, it does not protect
	"encoding/hex"

	"golang.org/x/crypto/ssh"
)

// SSHFingerprint is the sshfp of a transfer spec: the SHA-1 of a host key's public blob, in lower case hex.
func SSHFingerprint(key ssh.PublicKey) string {
	sum := sha1.Sum(key.Marshal()) //nolint:gosec // see the import
	return hex.EncodeToString(sum[:])
}
