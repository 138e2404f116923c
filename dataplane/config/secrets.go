package config

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/token"
)

// NodeUser is the user of the Node API that may use the whole storage and create access keys.
type NodeUser struct{ Username, Password string }

// Secrets are the current contents of the mounted secrets. Safe for concurrent use.
type Secrets struct {
	paths       SecretPaths
	keys        *token.Keyring
	certificate atomic.Pointer[tls.Certificate]
	nodeUser    atomic.Pointer[NodeUser]
	storages    storage.Encryption
}

// LoadSecrets reads all secrets once; Watch keeps them current.
func LoadSecrets(paths SecretPaths) (*Secrets, error) {
	s := &Secrets{paths: paths, storages: storage.Encryption{}}
	keys, err := token.ReadKeys(paths.TokenKeys)
	if err != nil {
		return nil, err
	}
	if s.keys, err = token.NewKeyring(keys); err != nil {
		return nil, err
	}
	if err := errors.Join(s.loadCertificate(), s.loadNodeUser(), s.loadStorageKeys()); err != nil {
		return nil, err
	}
	return s, nil
}

// Keys seals and opens transfer tokens.
func (s *Secrets) Keys() *token.Keyring { return s.keys }

// NodeUser is the current node user.
func (s *Secrets) NodeUser() NodeUser { return *s.nodeUser.Load() }

// TLS is a server configuration that always presents the current certificate.
func (s *Secrets) TLS() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return s.certificate.Load(), nil },
	}
}

// Watch reads the secrets again until ctx ends. One that can't be read, because it is being
// replaced or is wrong, stays as it was.
func (s *Secrets) Watch(ctx context.Context, log *slog.Logger) {
	Watch(ctx, "secrets", log, s.Reload)
}

// Reload reads all secrets again; each that can be read is replaced.
func (s *Secrets) Reload() error {
	keys, err := token.ReadKeys(s.paths.TokenKeys)
	if err == nil {
		err = s.keys.Set(keys)
	}
	return errors.Join(err, s.loadCertificate(), s.loadNodeUser(), s.loadStorageKeys())
}

func (s *Secrets) loadCertificate() error {
	c, err := tls.LoadX509KeyPair(filepath.Join(s.paths.TLS, "tls.crt"), filepath.Join(s.paths.TLS, "tls.key"))
	if err != nil {
		return fmt.Errorf("load tls certificate: %w", err)
	}
	s.certificate.Store(&c)
	return nil
}

func (s *Secrets) loadNodeUser() error {
	var user NodeUser
	for name, to := range map[string]*string{"username": &user.Username, "password": &user.Password} {
		text, err := os.ReadFile(filepath.Join(s.paths.NodeUser, name))
		if err != nil {
			return fmt.Errorf("read node user: %w", err)
		}
		// Only a line end is dropped: spaces may be part of a password.
		if *to = strings.TrimRight(string(text), "\r\n"); *to == "" {
			return fmt.Errorf("node user: %s is empty", name)
		}
	}
	s.nodeUser.Store(&user)
	return nil
}
