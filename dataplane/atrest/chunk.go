package atrest

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"hash"
)

// newAEAD is the cipher of a file's chunks; it may be used by several goroutines.
func newAEAD(k fileKeys) (cipher.AEAD, error) {
	block, err := aes.NewCipher(k.chunk)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// chunkCipher seals and opens the chunks of one file, one at a time.
//
// A sealed chunk is nonce, ciphertext and tag of AES-256-GCM. The associated data is the place of the chunk: its number
// (8 bytes) and whether it is the last (1 byte). The nonce is the start of HMAC-SHA-256 over place and plaintext, so
// that only the same plaintext at the same place has the same nonce.
type chunkCipher struct {
	aead  cipher.AEAD
	mac   hash.Hash
	place [9]byte
	sum   [sha256.Size]byte
}

func newChunkCipher(aead cipher.AEAD, k fileKeys) *chunkCipher {
	return &chunkCipher{aead: aead, mac: hmac.New(sha256.New, k.nonce)}
}

// nonceOf is valid until the next call.
func (c *chunkCipher) nonceOf(i int64, last bool, plain []byte) []byte {
	binary.BigEndian.PutUint64(c.place[:], uint64(i))
	c.place[8] = 0
	if last {
		c.place[8] = 1
	}
	c.mac.Reset()
	c.mac.Write(c.place[:])
	c.mac.Write(plain)
	return c.mac.Sum(c.sum[:0])[:nonceLen]
}

// seal encrypts in place: buf holds room for the nonce, then n bytes of plaintext, and has capacity for the tag.
func (c *chunkCipher) seal(buf []byte, n int64, i int64, last bool) []byte {
	plain := buf[nonceLen : nonceLen+n]
	copy(buf, c.nonceOf(i, last, plain))
	sealed := c.aead.Seal(plain[:0], buf[:nonceLen], plain, c.place[:])
	return buf[:nonceLen+len(sealed)]
}

// open decrypts a sealed chunk in place and returns its plaintext.
func (c *chunkCipher) open(sealed []byte, i int64, last bool) ([]byte, error) {
	if len(sealed) < overhead {
		return nil, ErrDamaged
	}
	binary.BigEndian.PutUint64(c.place[:], uint64(i))
	c.place[8] = 0
	if last {
		c.place[8] = 1
	}
	plain, err := c.aead.Open(sealed[nonceLen:nonceLen], sealed[:nonceLen], sealed[nonceLen:], c.place[:])
	if err != nil {
		return nil, ErrDamaged
	}
	if subtle.ConstantTimeCompare(sealed[:nonceLen], c.nonceOf(i, last, plain)) != 1 {
		clear(plain)
		return nil, ErrDamaged
	}
	return plain, nil
}
