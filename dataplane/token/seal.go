package token

import (
	"bytes"
	"compress/flate"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"
	"sync"
)

// The text of a transfer token:
//
//	"ATM3_" base64url( version | length of key id | key id | nonce | AES-256-GCM(payload) ) "TA"
//
// The payload is the JSON of the Grant, compressed with DEFLATE; everything in front of the nonce is authenticated with
// it. Clients treat the text as opaque and look at the first and last letters only.
const (
	textPrefix   = "ATM3_"
	textSuffix   = "TA"
	tokenVersion = 1

	// MaxTextBytes keeps a token within what one environment variable may hold on Linux (128
	// KiB), which is how ascp gets it.
	MaxTextBytes    = 96 << 10
	maxPayloadBytes = 8 << 20
)

// ErrTooLarge is the error for a grant that names more paths than a token can hold.
var ErrTooLarge = errors.New("too many paths for one transfer token")

// TooManyPathsError is an ErrTooLarge that knows how many of the grant's paths, from the first on, a token can hold.
type TooManyPathsError struct{ Fit, Paths int }

func (e TooManyPathsError) Error() string {
	return fmt.Sprintf("%v: the first %d of %d fit", ErrTooLarge, e.Fit, e.Paths)
}

// Is reports whether target is ErrTooLarge.
func (e TooManyPathsError) Is(target error) bool { return target == ErrTooLarge }

// Seal makes the transfer token of a grant with the active key.
func (k *Keyring) Seal(g Grant) (string, error) {
	text, err := k.seal(g, MaxTextBytes)
	if errors.Is(err, ErrTooLarge) && len(g.Paths) > 1 {
		return "", TooManyPathsError{k.fit(g), len(g.Paths)}
	}
	return text, err
}

// spareBytes is what a token with as many paths as fit leaves free: the next one with them has
// other ids, which may be packed less well.
const spareBytes = 512

// fit is how many of a grant's paths a token can hold. It tries few paths first, as the time grows with them.
func (k *Keyring) fit(g Grant) int {
	fits := func(n int) bool {
		some := g
		some.Paths = g.Paths[:n]
		_, err := k.seal(some, MaxTextBytes-spareBytes)
		return err == nil
	}
	most := 1
	for most < len(g.Paths) && fits(most) {
		most *= 2
	}
	least := most / 2
	return least + sort.Search(min(most, len(g.Paths))-least-1, func(i int) bool { return !fits(least + i + 1) })
}

func (k *Keyring) seal(g Grant, mostBytes int) (string, error) {
	payload, err := json.Marshal(g)
	if err != nil {
		return "", fmt.Errorf("encode grant: %w", err)
	}
	packed, err := deflated(payload)
	if err != nil {
		return "", fmt.Errorf("compress grant: %w", err)
	}
	id, key := k.active()
	aead, err := newAEAD(key)
	if err != nil {
		return "", err
	}
	header := append([]byte{tokenVersion, byte(len(id))}, id...)
	sealed := aead.Seal(header, nil, packed, header)
	text := textPrefix + base64.RawURLEncoding.EncodeToString(sealed) + textSuffix
	if len(text) > mostBytes {
		return "", ErrTooLarge
	}
	return text, nil
}

// deflaters are kept from one token to the next: making one costs more than all the rest of a token.
var deflaters = sync.Pool{New: func() any {
	w, err := flate.NewWriter(nil, flate.DefaultCompression)
	if err != nil {
		panic(err) // of the level only
	}
	return w
}}

func deflated(payload []byte) ([]byte, error) {
	w := deflaters.Get().(*flate.Writer)
	defer deflaters.Put(w)
	var packed bytes.Buffer
	w.Reset(&packed)
	if _, err := w.Write(payload); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

// Open reads a transfer token sealed with a key that is still held. It checks nothing but that the token is genuine.
func (k *Keyring) Open(text string) (Grant, error) {
	if len(text) > MaxTextBytes || !strings.HasPrefix(text, textPrefix) || !strings.HasSuffix(text, textSuffix) {
		return Grant{}, ErrInvalid
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text[len(textPrefix) : len(text)-len(textSuffix)])
	if err != nil || len(sealed) < 2 || sealed[0] != tokenVersion {
		return Grant{}, ErrInvalid
	}
	headerLen := 2 + int(sealed[1])
	if len(sealed) < headerLen {
		return Grant{}, ErrInvalid
	}
	header := sealed[:headerLen]
	key, ok := k.byID(string(header[2:]))
	if !ok {
		return Grant{}, ErrUnknownKey
	}
	aead, err := newAEAD(key)
	if err != nil {
		return Grant{}, err
	}
	packed, err := aead.Open(nil, nil, sealed[headerLen:], header)
	if err != nil {
		return Grant{}, ErrInvalid
	}
	payload, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), maxPayloadBytes))
	if err != nil {
		return Grant{}, ErrInvalid
	}
	var g Grant
	if err := json.Unmarshal(payload, &g); err != nil {
		return Grant{}, ErrInvalid
	}
	g.Kind = KindTransfer
	return g, nil
}

// newAEAD draws a random nonce of 96 bits for each token: a key is good for 2^32 of them,
// far beyond any rotation interval.
func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("token key: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("token key: %w", err)
	}
	return aead, nil
}
