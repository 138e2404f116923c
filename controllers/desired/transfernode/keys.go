package transfernode

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"

	"golang.org/x/crypto/ssh"
)

// Keys of the Secrets a TransferNode owns. The files hsts reads carry the same names.
const (
	SSHHostKeyEd25519 = "ssh_host_ed25519_key"
	SSHHostKeyRSA     = "ssh_host_rsa_key"
	publicSuffix      = ".pub"

	NodeUserUsername = "username"
	NodeUserPassword = "password"

	nodePasswordBytes = 24
	rsaHostKeyBits    = 3072
)

// SSHHostKeys makes an Ed25519 and a 3072-bit RSA host key in OpenSSH's PEM format, each with its public half in
// authorized_keys format under the same name and ".pub".
func SSHHostKeys(random io.Reader) (map[string][]byte, error) {
	_, edKey, err := ed25519.GenerateKey(random)
	if err != nil {
		return nil, fmt.Errorf("ed25519 host key: %w", err)
	}
	rsaKey, err := rsa.GenerateKey(random, rsaHostKeyBits)
	if err != nil {
		return nil, fmt.Errorf("rsa host key: %w", err)
	}
	data := make(map[string][]byte, 4)
	for name, key := range map[string]crypto.Signer{SSHHostKeyEd25519: edKey, SSHHostKeyRSA: rsaKey} {
		block, err := ssh.MarshalPrivateKey(key, "")
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", name, err)
		}
		public, err := ssh.NewPublicKey(key.Public())
		if err != nil {
			return nil, fmt.Errorf("public half of %s: %w", name, err)
		}
		data[name] = pem.EncodeToMemory(block)
		data[name+publicSuffix] = ssh.MarshalAuthorizedKey(public)
	}
	return data, nil
}

// ValidSSHHostKeys reports whether both private keys are there and readable, each beside its own public half.
func ValidSSHHostKeys(data map[string][]byte) bool {
	for _, name := range []string{SSHHostKeyEd25519, SSHHostKeyRSA} {
		signer, err := ssh.ParsePrivateKey(data[name])
		if err != nil {
			return false
		}
		public, _, _, _, err := ssh.ParseAuthorizedKey(data[name+publicSuffix])
		if err != nil || !bytes.Equal(public.Marshal(), signer.PublicKey().Marshal()) {
			return false
		}
	}
	return true
}

// NodeUser makes the credentials the operator and Faspex use on the Node API. The username is the given one; the
// password has 192 random bits in hexadecimal.
func NodeUser(username string, random io.Reader) (map[string][]byte, error) {
	password := make([]byte, nodePasswordBytes)
	if _, err := io.ReadFull(random, password); err != nil {
		return nil, fmt.Errorf("node user password: %w", err)
	}
	return map[string][]byte{
		NodeUserUsername: []byte(username),
		NodeUserPassword: []byte(hex.EncodeToString(password)),
	}, nil
}

// ValidNodeUser reports whether both halves of the credentials are there.
func ValidNodeUser(data map[string][]byte) bool {
	return len(data[NodeUserUsername]) > 0 && len(data[NodeUserPassword]) > 0
}
