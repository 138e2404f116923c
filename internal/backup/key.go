package backup

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"filippo.io/age"
)

// ErrKey says that a key is none, or not the one that a backup was made with. The text never holds the key.
var ErrKey = errors.New("the encryption key does not fit")

// Key encrypts, opens and authenticates backups. The first of its identities makes backups, all of them open them, so
// that a key can be replaced by adding the new one before the old.
type Key struct {
	identities []identity
}

type identity struct {
	open      age.Identity
	recipient age.Recipient
	public    string
	mac       []byte
}

// ParseKey reads a file of age identities, as age-keygen writes it.
func ParseKey(text []byte) (*Key, error) {
	parsed, err := age.ParseIdentities(strings.NewReader(string(text)))
	if err != nil {
		return nil, fmt.Errorf("%w: it holds no age identity (AGE-SECRET-KEY-...)", ErrKey)
	}
	key := &Key{}
	for _, p := range parsed {
		i := identity{open: p}
		var secret string
		switch p := p.(type) {
		case *age.X25519Identity:
			i.recipient, i.public, secret = p.Recipient(), p.Recipient().String(), p.String()
		case *age.HybridIdentity:
			i.recipient, i.public, secret = p.Recipient(), p.Recipient().String(), p.String()
		default:
			return nil, fmt.Errorf("%w: an identity of this kind is not supported", ErrKey)
		}
		i.mac, err = hkdf.Key(sha256.New, []byte(secret), nil, "faspex backup manifest", sha256.Size)
		if err != nil {
			return nil, fmt.Errorf("derive the key of manifests: %w", err)
		}
		key.identities = append(key.identities, i)
	}
	return key, nil
}

// NewIdentity makes a key, in the format that ParseKey reads.
func NewIdentity() (string, error) {
	i, err := age.GenerateX25519Identity()
	if err != nil {
		return "", fmt.Errorf("make a key: %w", err)
	}
	return "# public key: " + i.Recipient().String() + "\n" + i.String() + "\n", nil
}

// Encrypt returns a writer that encrypts for the key. Its Close does not close w.
func (k *Key) Encrypt(w io.Writer) (io.WriteCloser, error) {
	encrypted, err := age.Encrypt(w, k.identities[0].recipient)
	if err != nil {
		return nil, fmt.Errorf("encrypt: %w", err)
	}
	return encrypted, nil
}

// Decrypt opens what Encrypt wrote, with any of the key's identities.
func (k *Key) Decrypt(r io.Reader) (io.Reader, error) {
	all := make([]age.Identity, 0, len(k.identities))
	for _, i := range k.identities {
		all = append(all, i.open)
	}
	plain, err := age.Decrypt(r, all...)
	var none *age.NoIdentityMatchError
	if errors.As(err, &none) {
		return nil, ErrKey
	}
	if err != nil {
		return nil, fmt.Errorf("decrypt: %w", err)
	}
	return plain, nil
}

// madeWith is the identity that made what names public as its recipient.
func (k *Key) madeWith(public string) (identity, error) {
	i := slices.IndexFunc(k.identities, func(i identity) bool { return i.public == public })
	if i < 0 {
		return identity{}, fmt.Errorf("%w: the backup was made with the key of %s", ErrKey, public)
	}
	return k.identities[i], nil
}

// Fingerprint tells the data of one Secret from other data, to holders of the key alone.
func (k *Key) Fingerprint(data map[string][]byte) string { return k.identities[0].fingerprint(data) }

// FingerprintAs is Fingerprint by the identity that made the backup of a manifest.
func (k *Key) FingerprintAs(m Manifest, data map[string][]byte) (string, error) {
	i, err := k.madeWith(m.Recipient)
	if err != nil {
		return "", err
	}
	return i.fingerprint(data), nil
}

func (i identity) fingerprint(data map[string][]byte) string {
	h := hmac.New(sha256.New, i.mac)
	h.Write([]byte("fingerprint"))
	for _, name := range slices.Sorted(maps.Keys(data)) {
		for _, part := range [][]byte{[]byte(name), data[name]} {
			sum := sha256.Sum256(part)
			h.Write(sum[:])
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func (i identity) sign(manifest []byte) string {
	h := hmac.New(sha256.New, i.mac)
	h.Write([]byte("manifest"))
	h.Write(manifest)
	return hex.EncodeToString(h.Sum(nil))
}
