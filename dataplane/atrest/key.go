package atrest

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/crypto/argon2"
)

// Params are the settings of Argon2id.
type Params struct {
	Passes    uint32
	MemoryKiB uint32
	Threads   uint8
	Salt      [16]byte
}

// DefaultParams are those that RFC 9106, section 4, recommends second: 3 passes over 64 MiB with 4 lanes.
func DefaultParams(salt [16]byte) Params {
	return Params{Passes: 3, MemoryKiB: 64 << 10, Threads: 4, Salt: salt}
}

// Bounds of what a file may ask of whoever opens it.
const (
	maxPasses    = 16
	maxMemoryKiB = 256 << 10
	maxThreads   = 16
	// maxWork bounds passes x memory in KiB: five times that of the default.
	maxWork = 1 << 20
)

func (p Params) validate() error {
	if p.Passes < 1 || p.Passes > maxPasses || p.Threads < 1 || p.Threads > maxThreads ||
		p.MemoryKiB < 8*uint32(p.Threads) || p.MemoryKiB > maxMemoryKiB ||
		p.Passes*p.MemoryKiB > maxWork {
		return errors.New("the settings of the password hash are out of bounds")
	}
	return nil
}

// Passphrase is a secret from which keys are made. Safe for concurrent use; it does not print itself.
type Passphrase struct {
	secret []byte

	mu   sync.Mutex
	keys map[Params]*Key
}

// NewPassphrase takes a passphrase to decrypt with, which must not be empty. The bytes are used as they are: nothing is
// trimmed or normalized.
func NewPassphrase(secret string) (*Passphrase, error) {
	if secret == "" {
		return nil, errors.New("the passphrase is empty")
	}
	return &Passphrase{secret: []byte(secret), keys: map[Params]*Key{}}, nil
}

// NewEncryptionPassphrase takes a passphrase to encrypt with: it must have MinPassphrase bytes.
func NewEncryptionPassphrase(secret string) (*Passphrase, error) {
	if n := len(secret); n > 0 && n < MinPassphrase {
		return nil, fmt.Errorf("the passphrase is too short: it needs %d characters", MinPassphrase)
	}
	return NewPassphrase(secret)
}

// String is the same for every passphrase.
func (p *Passphrase) String() string { return "passphrase" }

// GoString is the same for every passphrase.
func (p *Passphrase) GoString() string { return "passphrase" }

// keptKeys is how many keys of a passphrase are remembered.
const keptKeys = 16

// Key hashes the passphrase, once for the same settings and one at a time: a hash takes Params.MemoryKiB of memory and
// tenths of a second.
func (p *Passphrase) Key(params Params) (*Key, error) {
	if err := params.validate(); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if k := p.keys[params]; k != nil {
		return k, nil
	}
	root := argon2.IDKey(p.secret, params.Salt[:], params.Passes, params.MemoryKiB, params.Threads, 32)
	k, err := newKey(argon2id, params, root)
	if err != nil {
		return nil, err
	}
	if len(p.keys) >= keptKeys {
		clear(p.keys)
	}
	p.keys[params] = k
	return k, nil
}

// Key is a hashed passphrase, or the key of a storage. It is immutable and does not print itself.
type Key struct {
	hash    byte
	params  Params
	root    []byte
	check   [32]byte
	saltKey []byte
}

func newKey(hash byte, params Params, root []byte) (*Key, error) {
	k := &Key{hash: hash, params: params, root: root}
	check, err := expand(root, "check", nil)
	if err != nil {
		return nil, err
	}
	k.check = [32]byte(check)
	if k.saltKey, err = expand(root, "file salt", nil); err != nil {
		return nil, err
	}
	return k, nil
}

// String is the same for every key.
func (k *Key) String() string { return "passphrase key" }

// GoString is the same for every key.
func (k *Key) GoString() string { return "passphrase key" }

// FileSalt is a salt for a file that is the same as long as its name, its size and its modification time (Unix, ns)
// are, and tells nobody what they are.
func (k *Key) FileSalt(name string, size, modTime int64) FileSalt {
	m := hmac.New(sha256.New, k.saltKey)
	var n [8]byte
	for _, v := range []int64{int64(len(name)), size, modTime} {
		binary.BigEndian.PutUint64(n[:], uint64(v))
		m.Write(n[:])
	}
	m.Write([]byte(name))
	return FileSalt(m.Sum(nil))
}

// label begins the info of every HKDF.
const label = "faspex.io atrest 1 "

// expand is HKDF-Expand with SHA-256 to 32 bytes.
func expand(key []byte, purpose string, context []byte) ([]byte, error) {
	return hkdf.Expand(sha256.New, key, label+purpose+string(context), 32)
}

// fileKeys are the keys of one file.
type fileKeys struct {
	tag, chunk, nonce, values []byte
}

// keysOf derives the keys of the file with the given header.
func (k *Key) keysOf(bound []byte) (f fileKeys, err error) {
	root, err := expand(k.root, "file", bound)
	if err != nil {
		return f, err
	}
	for _, d := range []struct {
		to      *[]byte
		purpose string
	}{{&f.tag, "header tag"}, {&f.chunk, "chunk key"}, {&f.nonce, "chunk nonce"}, {&f.values, "values"}} {
		if *d.to, err = expand(root, d.purpose, nil); err != nil {
			return f, err
		}
	}
	return f, nil
}
