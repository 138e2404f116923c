package sshd

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"faspex.io/operator/dataplane/admission"
	"faspex.io/operator/dataplane/sshd/wellknown"
	"golang.org/x/crypto/ssh"
)

// The origin of the key or password that a connection authenticated with, in its permissions.
const (
	keyOrigin      = "faspex-key"
	keyOfUser      = "user"
	keyOfEverybody = "well-known"
	keyOfToken     = "token"
	// keyFingerprint has the fingerprint of that key.
	keyFingerprint = "faspex-fingerprint"
)

// errRefused is all that a client is told.
var errRefused = errors.New("user or key is not accepted")

// authenticate decides on one public key. That the client holds the private part is verified by the caller.
func (s *Server) authenticate(meta ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
	if !slices.Contains(s.config.Users, meta.User()) {
		return nil, errRefused
	}
	if s.config.AuthorizedKeys != nil {
		keys, err := s.config.AuthorizedKeys(meta.User())
		if err != nil {
			s.config.Logger.Error("read authorized keys", "user", meta.User(), "error", err)
		}
		if slices.ContainsFunc(keys, func(k ssh.PublicKey) bool { return bytes.Equal(k.Marshal(), key.Marshal()) }) {
			return provedKey(key, keyOfUser), nil
		}
	}
	if wellknown.Is(key) {
		return provedKey(key, keyOfEverybody), nil
	}
	if s.config.TokenKey != nil {
		permitted, err := s.config.TokenKey(meta.User(), key)
		if err != nil {
			s.config.Logger.Error("look up the key of a token", "user", meta.User(), "error", err)
		}
		if permitted {
			return provedKey(key, keyOfToken), nil
		}
	}
	return nil, errRefused
}

// provedKey is what is known of a connection that logged in with a key.
func provedKey(key ssh.PublicKey, origin string) *ssh.Permissions {
	return &ssh.Permissions{Extensions: map[string]string{keyOrigin: origin, keyFingerprint: ssh.FingerprintSHA256(key)}}
}

// password decides on one password. Names of users that are not there are asked about too, so that they take as long.
func (s *Server) password(meta ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
	right, sorry := s.config.Password(meta.User(), admission.IP(meta.RemoteAddr()), string(password))
	if right && slices.Contains(s.config.Users, meta.User()) {
		return &ssh.Permissions{Extensions: map[string]string{keyOrigin: keyOfUser}}, nil
	}
	if sorry == "" {
		return nil, errRefused
	}
	return nil, &ssh.BannerError{Err: errRefused, Message: sorry + "\r\n"}
}

// keyless lets in a client that says that it has a token and no key. Its session is that of a well-known key, which
// everybody has: signing with one proves nothing and costs two round trips. Who does not say so, such as a scanner or a
// client with a key of its own, is refused, and goes on with its keys.
func (s *Server) keyless(meta ssh.ConnMetadata) (*ssh.Permissions, error) {
	if string(meta.ClientVersion()) != TokenClientVersion || !slices.Contains(s.config.Users, meta.User()) {
		return nil, errRefused
	}
	return &ssh.Permissions{Extensions: map[string]string{keyOrigin: keyOfEverybody}}, nil
}

// AuthorizedKeysIn reads the keys of a user from the file dir/<user>, in OpenSSH's authorized_keys format. Options
// before a key are not understood, so keys that have some are ignored. A missing file means no keys.
func AuthorizedKeysIn(dir string) func(user string) ([]ssh.PublicKey, error) {
	return func(user string) ([]ssh.PublicKey, error) {
		if !filepath.IsLocal(user) || filepath.Base(user) != user {
			return nil, nil
		}
		text, err := os.ReadFile(filepath.Join(dir, user))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("authorized keys: %w", err)
		}
		var keys []ssh.PublicKey
		for len(text) > 0 {
			key, _, options, rest, err := ssh.ParseAuthorizedKey(text)
			if err != nil {
				break // Nothing but comments is left.
			}
			if len(options) == 0 {
				keys = append(keys, key)
			}
			text = rest
		}
		return keys, nil
	}
}

// LoadHostKeys reads ssh_host_ed25519_key and ssh_host_rsa_key from dir; at least one must be there.
func LoadHostKeys(dir string) ([]ssh.Signer, error) {
	var keys []ssh.Signer
	for _, name := range []string{"ssh_host_ed25519_key", "ssh_host_rsa_key"} {
		pem, err := os.ReadFile(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read ssh host key: %w", err)
		}
		key, err := ssh.ParsePrivateKey(pem)
		if err != nil {
			return nil, fmt.Errorf("ssh host key %s is not a private key", name)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("no ssh host key in %s", dir)
	}
	return keys, nil
}
