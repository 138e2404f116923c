package atrest

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
)

// KeySize is the size of a storage's key in bytes.
const KeySize = 32

// NewKey makes a key of KeySize random bytes, which need no password hash.
func NewKey(secret []byte) (*Key, error) {
	if len(secret) != KeySize {
		return nil, fmt.Errorf("a storage's key has %d bytes, it must have %d", len(secret), KeySize)
	}
	root, err := expand(secret, "storage", nil)
	if err != nil {
		return nil, err
	}
	return newKey(noHash, Params{}, root)
}

// Keyring holds the keys of a storage: new files are encrypted with the active one, files of all of them are read. It
// may be changed while it is in use.
type Keyring struct{ keys atomic.Pointer[[]*Key] }

// NewKeyring makes a keyring.
func NewKeyring(active *Key, others ...*Key) *Keyring {
	r := &Keyring{}
	r.Set(active, others...)
	return r
}

// Set replaces the keys.
func (r *Keyring) Set(active *Key, others ...*Key) {
	keys := append([]*Key{active}, others...)
	r.keys.Store(&keys)
}

func (r *Keyring) active() *Key { return (*r.keys.Load())[0] }

// find is the key of a header, nil if it is none of these.
func (r *Keyring) find(h header) *Key {
	if h.hash != noHash {
		return nil
	}
	for _, k := range *r.keys.Load() {
		if hmac.Equal(k.check[:], h.check[:]) {
			return k
		}
	}
	return nil
}

// Recognizes says whether head, the first HeaderLen bytes of a file, is the header of a container of one of these keys.
func (r *Keyring) Recognizes(head []byte) bool {
	h, _, err := parseHeader(head)
	return err == nil && r.find(h) != nil
}

// PlainSize is the size of the plaintext of a container of size bytes with the given header. It is false for what is no
// container of these keys, or was cut.
func (r *Keyring) PlainSize(head []byte, size int64) (int64, bool) {
	h, _, err := parseHeader(head)
	if err != nil || r.find(h) == nil {
		return 0, false
	}
	l, err := layoutOf(h.chunk, size)
	return l.plain, err == nil
}

// Open opens a container for reading, as Passphrase.Open does. One of another key is ErrKey.
func (r *Keyring) Open(sealed io.ReaderAt, size int64) (*Opened, error) {
	h, keys, err := r.unlock(sealed)
	if err != nil {
		return nil, err
	}
	return open(h, keys, sealed, size)
}

func (r *Keyring) unlock(sealed io.ReaderAt) (header, fileKeys, error) {
	head, err := readHeader(sealed)
	if err != nil {
		return header{}, fileKeys{}, err
	}
	h, tag, err := parseHeader(head)
	if err != nil {
		return header{}, fileKeys{}, err
	}
	k := r.find(h)
	if k == nil {
		return header{}, fileKeys{}, ErrKey
	}
	return k.unlock(h, tag, head)
}

// Seal returns the container of content, with a random salt.
func (r *Keyring) Seal(content []byte) ([]byte, error) {
	var out bytes.Buffer
	out.Grow(int(EncryptedSize(int64(len(content)), MinChunk)))
	if _, err := r.active().Encrypt(&out, bytes.NewReader(content), randomSalt(), MinChunk); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func randomSalt() (salt FileSalt) {
	rand.Read(salt[:]) // It never fails.
	return salt
}

// ErrKey: it is encrypted with a key that is not there.
var ErrKey = errors.New("the file is encrypted with a key that is not there")
