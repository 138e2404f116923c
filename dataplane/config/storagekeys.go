package config

import (
	"errors"
	"fmt"

	"faspex.io/operator/dataplane/atrest"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/token"
)

// Storages says which storages are encrypted and with which keys; the keys change when the Secrets do.
func (s *Secrets) Storages() storage.Encryption { return s.storages }

// loadStorageKeys reads the keys of all encrypted storages. Their Secrets look like that of the token keys.
func (s *Secrets) loadStorageKeys() error {
	var errs []error
	for name, dir := range s.paths.StorageKeys {
		if err := s.loadKeysOf(name, dir); err != nil {
			errs = append(errs, fmt.Errorf("keys of storage %s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

func (s *Secrets) loadKeysOf(name, dir string) error {
	keys, err := token.ReadKeys(dir)
	if err != nil {
		return err
	}
	var active *atrest.Key
	var others []*atrest.Key
	for id, secret := range keys.ByID {
		key, err := atrest.NewKey(secret)
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", id, err)
		case id == keys.Active:
			active = key
		default:
			others = append(others, key)
		}
	}
	if active == nil {
		return fmt.Errorf("active key %q does not exist", keys.Active)
	}
	if ring := s.storages[name]; ring != nil {
		ring.Set(active, others...)
		return nil
	}
	s.storages[name] = atrest.NewKeyring(active, others...)
	return nil
}
