package wire

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"faspex.io/operator/dataplane/aesgcm"
)

// Direction names one of the four key schedules of a session; no two share a nonce.
type Direction string

// The directions.
const (
	DirData       Direction = "data"        // sender to receiver: data and sync
	DirFeedback   Direction = "feedback"    // receiver to sender
	DirLinkClient Direction = "link client" // dialling side: hello, ready, response, ping
	DirLinkServer Direction = "link server" // listening side: answer, challenge
)

// EpochBits sets the life of a key: packet numbers that agree above these bits share one, so a
// key seals 2^23 packets, the confidentiality limit RFC 9001 section 6.6 gives AES-GCM.
const EpochBits = 23

const (
	extractSalt = "faspex data channel 1"
	saltSize    = 4
	nonceSize   = 12
)

// ErrForged says that a packet does not authenticate under the session's keys.
var ErrForged = errors.New("packet does not authenticate")

// clearCipher is the cipher that authenticates and does not encrypt: AES-128-GMAC (NIST SP 800-38D), which is
// AES-128-GCM of an empty plaintext with header and payload as additional data.
const clearCipher = "none"

// keySize is the length of the AES key a cipher's name asks for.
func keySize(name string) (int, error) {
	switch name {
	case "aes-128-gcm", clearCipher:
		return 16, nil
	case "aes-192-gcm":
		return 24, nil
	case "aes-256-gcm":
		return 32, nil
	}
	return 0, fmt.Errorf("unknown cipher %q", name)
}

// deriveKey is HKDF-SHA256 (RFC 5869): key and nonce salt of one epoch of one direction.
func deriveKey(secret [32]byte, session uint64, name string, d Direction, epoch uint64) (key, salt []byte, err error) {
	n, err := keySize(name)
	if err != nil {
		return nil, nil, err
	}
	prk, err := hkdf.Extract(sha256.New, secret[:], []byte(extractSalt))
	if err != nil {
		return nil, nil, fmt.Errorf("extract key: %w", err)
	}
	info := make([]byte, 0, 64)
	info = append(info, name...)
	info = append(info, 0)
	info = append(info, d...)
	info = append(info, 0)
	info = binary.BigEndian.AppendUint64(info, session)
	info = binary.BigEndian.AppendUint64(info, epoch)
	out, err := hkdf.Expand(sha256.New, prk, string(info), n+saltSize)
	if err != nil {
		return nil, nil, fmt.Errorf("expand key: %w", err)
	}
	return out[:n], out[n:], nil
}

// epochKey is the AEAD of one epoch with its nonce buffer.
type epochKey struct {
	epoch uint64
	aead  cipher.AEAD
	nonce [nonceSize]byte
}

func (k *epochKey) at(pn uint64) []byte {
	binary.BigEndian.PutUint64(k.nonce[saltSize:], pn)
	return k.nonce[:]
}

// Keys seals or opens the packets of one direction. It is not safe for concurrent use.
type Keys struct {
	secret  [32]byte
	session uint64
	cipher  string
	dir     Direction
	live    [2]*epochKey // by parity of the epoch: the current one and a neighbour
	guess   *epochKey    // a neighbour's that no packet has proved yet
}

// NewKeys prepares the keys of one direction of a session.
func NewKeys(secret [32]byte, session uint64, cipherName string, d Direction) (*Keys, error) {
	k := &Keys{secret: secret, session: session, cipher: cipherName, dir: d}
	first, err := k.derive(0)
	if err != nil {
		return nil, err
	}
	k.live[0] = first
	return k, nil
}

func (k *Keys) derive(epoch uint64) (*epochKey, error) {
	key, salt, err := deriveKey(k.secret, k.session, k.cipher, k.dir, epoch)
	if err != nil {
		return nil, err
	}
	aead, err := aesgcm.New(key)
	if err != nil {
		return nil, fmt.Errorf("aes-gcm: %w", err)
	}
	e := &epochKey{epoch: epoch, aead: aead}
	copy(e.nonce[:], salt)
	return e, nil
}

// key finds or makes the key of a packet number. A fresh one replaces the older neighbour only when a packet is sealed
// or proves to be authentic, so forged numbers change nothing.
func (k *Keys) key(pn uint64) (e *epochKey, fresh bool, err error) {
	epoch := pn >> EpochBits
	if e := k.live[epoch&1]; e != nil && e.epoch == epoch {
		return e, false, nil
	}
	if k.guess == nil || k.guess.epoch != epoch {
		if k.guess, err = k.derive(epoch); err != nil {
			return nil, false, err
		}
	}
	return k.guess, true, nil
}

// near says whether the epoch of a packet number is one in use or the next. What arrives is of no other: a key
// lasts longer than packets are on their way. So forged numbers cost one derivation an epoch.
func (k *Keys) near(pn uint64) bool {
	epoch, newest := pn>>EpochBits, uint64(0)
	for _, e := range k.live {
		if e == nil {
			continue
		}
		if e.epoch == epoch {
			return true
		}
		newest = max(newest, e.epoch)
	}
	return epoch == newest+1
}

// Seal appends the sealed form of plain to header, which is authenticated with it. plain may
// lie where the ciphertext goes (directly after header) or elsewhere.
func (k *Keys) Seal(header, plain []byte, pn uint64) ([]byte, error) {
	e, fresh, err := k.key(pn)
	if err != nil {
		return nil, err
	}
	if fresh {
		k.live[e.epoch&1] = e
	}
	if k.cipher == clearCipher {
		p := append(header, plain...)
		return e.aead.Seal(p, e.at(pn), nil, p), nil
	}
	return e.aead.Seal(header, e.at(pn), plain, header), nil
}

// Open appends the plaintext of packet p, whose clear header has size header, to dst. When p
// does not authenticate the bytes of dst beyond its length are undefined.
func (k *Keys) Open(dst, p []byte, header int, pn uint64) ([]byte, error) {
	if len(p) < header+TagSize {
		return nil, ErrMalformed
	}
	if !k.near(pn) {
		return nil, ErrForged
	}
	e, fresh, err := k.key(pn)
	if err != nil {
		return nil, err
	}
	var out []byte
	if k.cipher == clearCipher {
		end := len(p) - TagSize
		if _, err = e.aead.Open(nil, e.at(pn), p[end:], p[:end]); err == nil {
			out = append(dst, p[header:end]...)
		}
	} else {
		out, err = e.aead.Open(dst, e.at(pn), p[header:], p[:header])
	}
	if err != nil {
		return nil, ErrForged
	}
	if fresh {
		k.live[e.epoch&1] = e
	}
	return out, nil
}
