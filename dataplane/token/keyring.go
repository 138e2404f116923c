package token

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
)

// KeySize is the size of a token key in bytes (AES-256).
const KeySize = 32

var keyIDPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

// Keys are the token keys of a cluster of nodes: new tokens are sealed with the active one, tokens
// of all others are still opened.
type Keys struct {
	Active string
	ByID   map[string][]byte
}

// Keyring holds the current Keys and lets them be replaced while it is in use.
type Keyring struct{ keys atomic.Pointer[Keys] }

// NewKeyring makes a keyring of valid keys.
func NewKeyring(keys Keys) (*Keyring, error) {
	k := &Keyring{}
	return k, k.Set(keys)
}

// Set replaces the keys; on an error the former ones stay.
func (k *Keyring) Set(keys Keys) error {
	if _, ok := keys.ByID[keys.Active]; !ok {
		return fmt.Errorf("active token key %q does not exist", keys.Active)
	}
	for id, key := range keys.ByID {
		if !keyIDPattern.MatchString(id) {
			return fmt.Errorf("token key id %q is not a name", id)
		}
		if len(key) != KeySize {
			return fmt.Errorf("token key %q is not %d bytes long", id, KeySize)
		}
	}
	k.keys.Store(&keys)
	return nil
}

func (k *Keyring) active() (string, []byte) {
	keys := k.keys.Load()
	return keys.Active, keys.ByID[keys.Active]
}

func (k *Keyring) byID(id string) ([]byte, bool) {
	key, ok := k.keys.Load().ByID[id]
	return key, ok
}

// ReadKeys reads the files of a mounted Secret: "active" holds a key id, and a file named by each
// key id holds 32 bytes in base64.
func ReadKeys(dir string) (Keys, error) {
	active, err := os.ReadFile(filepath.Join(dir, "active"))
	if err != nil {
		return Keys{}, fmt.Errorf("read active token key id: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return Keys{}, fmt.Errorf("list token keys: %w", err)
	}
	keys := Keys{Active: strings.TrimSpace(string(active)), ByID: map[string][]byte{}}
	for _, e := range entries {
		// A mounted Secret also has entries such as "..data", the folder its links lead into.
		if e.Name() == "active" || !keyIDPattern.MatchString(e.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return Keys{}, fmt.Errorf("read token key: %w", err)
		}
		key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
		if err != nil {
			return Keys{}, errors.New("token key " + e.Name() + " is not base64")
		}
		keys.ByID[e.Name()] = key
	}
	return keys, nil
}
