package store

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"

	"golang.org/x/crypto/argon2"
)

// Cost of a secret's hash, as OWASP's password storage guide recommends for Argon2id.
const (
	argonTime    = 2
	argonMemory  = 19 << 10 // KiB
	argonThreads = 1
	argonKeyLen  = 32
	argonSaltLen = 16
)

const (
	// maxHashing bounds the memory that logins can take at once.
	maxHashing = 4
	maxChecked = 4096
)

// hashSecret makes the stored form of a secret, in the PHC string format.
func hashSecret(secret string) string {
	salt := make([]byte, argonSaltLen)
	// crypto/rand.Read never fails: it ends the program if the system has no randomness.
	_, _ = rand.Read(salt)
	return encodeHash(salt, argon2.IDKey([]byte(secret), salt, argonTime, argonMemory, argonThreads, argonKeyLen))
}

func encodeHash(salt, key []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s",
		argon2.Version, argonMemory, argonTime, argonThreads, b64.EncodeToString(salt), b64.EncodeToString(key))
}

func compareSecret(hash, secret string) (bool, error) {
	fields := strings.Split(hash, "$")
	if len(fields) != 6 || fields[1] != "argon2id" {
		return false, errors.New("stored secret has an unknown form")
	}
	var memory, time uint32
	var threads uint8
	if _, err := fmt.Sscanf(fields[3], "m=%d,t=%d,p=%d", &memory, &time, &threads); err != nil {
		return false, errors.New("stored secret has unknown parameters")
	}
	salt, err := base64.RawStdEncoding.DecodeString(fields[4])
	if err != nil {
		return false, errors.New("stored secret has a bad salt")
	}
	want, err := base64.RawStdEncoding.DecodeString(fields[5])
	if err != nil || len(want) == 0 {
		return false, errors.New("stored secret has a bad hash")
	}
	got := argon2.IDKey([]byte(secret), salt, time, memory, threads, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

// secretChecker compares secrets. The hash is slow by design and API clients log in with every call, so a secret that was found
// right is remembered as a keyed digest that means nothing outside this process.
type secretChecker struct {
	key  []byte
	slot chan struct{}

	mu      sync.Mutex
	checked map[string][sha256.Size]byte // by stored hash
}

func newSecretChecker() *secretChecker {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key)
	return &secretChecker{key: key, slot: make(chan struct{}, maxHashing), checked: map[string][sha256.Size]byte{}}
}

func (c *secretChecker) check(hash, secret string) (bool, error) {
	mac := hmac.New(sha256.New, c.key)
	mac.Write([]byte(secret))
	digest := [sha256.Size]byte(mac.Sum(nil))
	c.mu.Lock()
	known, ok := c.checked[hash]
	c.mu.Unlock()
	if ok && subtle.ConstantTimeCompare(known[:], digest[:]) == 1 {
		return true, nil
	}
	c.slot <- struct{}{}
	defer func() { <-c.slot }()
	right, err := compareSecret(hash, secret)
	if err != nil || !right {
		return false, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.checked) >= maxChecked {
		clear(c.checked)
	}
	c.checked[hash] = digest
	return true, nil
}
