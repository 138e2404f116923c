package store

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/crypto/argon2"

	"faspex.io/operator/dataplane/token"
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
	// maxWaiting bounds the logins that wait for their turn, maxWaitingOfAddress those of one address.
	maxWaiting          = 256
	maxWaitingOfAddress = 64
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

// credentials are the stored secrets that open an account: the present one and, for a while after a rotation, the
// former one, hashed with the same salt, so that one hash compares with both. Without present there is no account.
type credentials struct{ present, former string }

// hashWith makes the stored form of a secret with another secret's salt and cost.
func hashWith(secret, hash string) (string, error) {
	fields := strings.Split(hash, "$")
	if len(fields) != 6 || fields[1] != "argon2id" {
		return "", errors.New("stored secret has an unknown form")
	}
	var memory, time uint32
	var threads uint8
	if _, err := fmt.Sscanf(fields[3], "m=%d,t=%d,p=%d", &memory, &time, &threads); err != nil {
		return "", errors.New("stored secret has unknown parameters")
	}
	salt, err := base64.RawStdEncoding.DecodeString(fields[4])
	if err != nil {
		return "", errors.New("stored secret has a bad salt")
	}
	key, err := base64.RawStdEncoding.DecodeString(fields[5])
	if err != nil || len(key) == 0 {
		return "", errors.New("stored secret has a bad hash")
	}
	got := argon2.IDKey([]byte(secret), salt, time, memory, threads, uint32(len(key)))
	fields[5] = base64.RawStdEncoding.EncodeToString(got)
	return strings.Join(fields, "$"), nil
}

// compare returns which of the stored secrets a secret is, "" for none of them.
func (c credentials) compare(secret string) (string, error) {
	got, err := hashWith(secret, c.present)
	if err != nil {
		return "", err
	}
	found := ""
	for _, stored := range []string{c.former, c.present} {
		if subtle.ConstantTimeCompare([]byte(got), []byte(stored)) == 1 {
			found = stored
		}
	}
	return found, nil
}

// secretChecker compares secrets. The hash is slow by design and API clients log in with every call, so a secret
// that was found right is remembered as a keyed digest that means nothing outside this process. Only the
// throttle's counts let anybody ask.
type secretChecker struct {
	key      []byte
	turns    *turns
	throttle *Throttle
	// unknown is the hash that secrets of unknown ids are compared with, so that these take the same time.
	unknown string
	// hashed counts the hashes that were made.
	hashed atomic.Int64

	mu      sync.Mutex
	checked map[string][sha256.Size]byte // by stored hash
	flights map[flightID]*flight
}

// flight is a check that others with the same secret wait for.
type flight struct {
	done  chan struct{}
	right bool
	err   error
}

type flightID struct {
	account, address string
	digest           [sha256.Size]byte
}

func newSecretChecker() *secretChecker {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key)
	return &secretChecker{
		key: key, turns: newTurns(), throttle: newThrottle(),
		unknown: encodeHash(make([]byte, argonSaltLen), make([]byte, argonKeyLen)),
		checked: map[string][sha256.Size]byte{}, flights: map[flightID]*flight{},
	}
}

// check compares a secret with those that open an account. It counts the try first.
func (c *secretChecker) check(ctx context.Context, account, address string, stored credentials, secret string) (bool, error) {
	mac := hmac.New(sha256.New, c.key)
	mac.Write([]byte(secret))
	id := flightID{account, address, [sha256.Size]byte(mac.Sum(nil))}
	c.mu.Lock()
	for c.flights[id] != nil {
		f := c.flights[id]
		c.mu.Unlock()
		select {
		case <-f.done:
		case <-ctx.Done():
			return false, ctx.Err()
		}
		if !errors.Is(f.err, context.Canceled) && !errors.Is(f.err, context.DeadlineExceeded) {
			return f.right, f.err
		}
		c.mu.Lock() // Whoever checked for all went away.
	}
	f := &flight{done: make(chan struct{})}
	c.flights[id] = f
	c.mu.Unlock()
	f.right, f.err = c.counted(ctx, id, stored, secret)
	c.mu.Lock()
	delete(c.flights, id)
	c.mu.Unlock()
	close(f.done)
	return f.right, f.err
}

func (c *secretChecker) counted(ctx context.Context, id flightID, stored credentials, secret string) (bool, error) {
	place, err := c.throttle.take(id.account, id.address, stored.present)
	if err != nil {
		return false, err
	}
	if c.remembers(stored.present, id.digest) || stored.former != "" && c.remembers(stored.former, id.digest) {
		c.throttle.right(place)
		return true, nil
	}
	compared := stored
	if stored.present == "" {
		compared = credentials{present: c.unknown}
	}
	found := ""
	_, err = c.slowly(ctx, func() (bool, error) { found, err = compared.compare(secret); return found != "", err })
	if err != nil {
		c.throttle.undecided(place)
		return false, err
	}
	if found == "" || stored.present == "" {
		c.throttle.wrong(place)
		return false, nil
	}
	c.throttle.right(place)
	c.remember(found, id.digest)
	return true, nil
}

// remembers reports whether a secret was found to be that of the hash.
func (c *secretChecker) remembers(hash string, digest [sha256.Size]byte) bool {
	c.mu.Lock()
	known, ok := c.checked[hash]
	c.mu.Unlock()
	return ok && subtle.ConstantTimeCompare(known[:], digest[:]) == 1
}

func (c *secretChecker) remember(hash string, digest [sha256.Size]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.checked) >= maxChecked {
		clear(c.checked)
	}
	c.checked[hash] = digest
}

// hash makes the stored form of a secret when it is its turn.
func (c *secretChecker) hash(ctx context.Context, secret string) (hash string, err error) {
	_, err = c.slowly(ctx, func() (bool, error) { hash = hashSecret(secret); return true, nil })
	return hash, err
}

// hashFormer makes the stored form of a secret that goes on being good beside the one of hash.
func (c *secretChecker) hashFormer(ctx context.Context, secret, hash string) (former string, err error) {
	_, err = c.slowly(ctx, func() (bool, error) { former, err = hashWith(secret, hash); return err == nil, err })
	return former, err
}

// SpendLogin takes the time of a login that fails: for accounts that are kept elsewhere.
func (s *Store) SpendLogin(ctx context.Context, secret string) error {
	_, err := s.secrets.slowly(ctx, func() (bool, error) {
		_, err := hashWith(secret, s.secrets.unknown)
		return err == nil, err
	})
	return err
}

// Hashed is how many secrets were hashed or compared with a hash.
func (s *Store) Hashed() int64 { return s.secrets.hashed.Load() }

// slowly runs what hashes, a few at once, the addresses that ask for it in turn.
func (c *secretChecker) slowly(ctx context.Context, fn func() (bool, error)) (bool, error) {
	if err := c.turns.enter(ctx, token.AddressOf(ctx)); err != nil {
		return false, err
	}
	defer c.turns.leave()
	c.hashed.Add(1)
	return fn()
}
