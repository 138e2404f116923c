package backup

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
)

// SecretRole says what a Secret is for, independent of the names of instances and nodes.
type SecretRole struct {
	// Node is the TransferNode that the Secret belongs to; empty for the instance's own.
	Node string `json:"node,omitempty"`
	// Kind is one of the constants below.
	Kind string `json:"kind"`
	// Name is the name of the AccessKey, and Secret that of its Secret, for KindAccessKey.
	Name   string `json:"name,omitempty"`
	Secret string `json:"secret,omitempty"`
}

// Kinds of Secrets.
const (
	KindCore       = "core"
	KindAdmin      = "admin"
	KindTokenKeys  = "token-keys"
	KindSSHHostKey = "ssh-host-key"
	KindNodeUser   = "node-user"
	KindAccessKey  = "access-key"
)

// Secret is one of the Secrets that go with the data.
type Secret struct {
	SecretRole
	Data map[string][]byte `json:"data"`
}

// SealSecrets encrypts Secrets as a backup holds them.
func (k *Key) SealSecrets(list []Secret) ([]byte, error) {
	var sealed bytes.Buffer
	w, err := k.Encrypt(&sealed)
	if err != nil {
		return nil, err
	}
	if err := json.NewEncoder(w).Encode(list); err != nil {
		return nil, fmt.Errorf("encode the Secrets: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("encrypt the Secrets: %w", err)
	}
	return sealed.Bytes(), nil
}

// OpenSecrets is the way back.
func (k *Key) OpenSecrets(sealed []byte) ([]Secret, error) {
	r, err := k.Decrypt(bytes.NewReader(sealed))
	if err != nil {
		return nil, err
	}
	var list []Secret
	if err := json.NewDecoder(io.LimitReader(r, secretsLimit)).Decode(&list); err != nil {
		return nil, fmt.Errorf("%w: its Secrets cannot be read", ErrDamaged)
	}
	return list, nil
}

// sealedSecrets reads the Secrets of a backup, still encrypted, and sees that the key opens them.
func (s Store) sealedSecrets(ctx context.Context, m Manifest) ([]byte, error) {
	var sealed []byte
	err := s.readPart(ctx, m.ID, m.Secrets, func(r io.Reader) (err error) {
		sealed, err = io.ReadAll(io.LimitReader(r, secretsLimit))
		return err
	})
	if err != nil {
		return nil, err
	}
	if _, err := s.Key.OpenSecrets(sealed); err != nil {
		return nil, fmt.Errorf("open the Secrets: %w", err)
	}
	return sealed, nil
}
