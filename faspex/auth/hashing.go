package auth

import (
	"context"
	"errors"
	"sync"

	"golang.org/x/crypto/argon2"
)

const (
	// hashAtOnce bounds the memory that hashing takes: 19 MiB each.
	hashAtOnce = 4
	// hashPlaces is how many passwords are hashed or wait for it. One address has half of them at most.
	hashPlaces      = 64
	hashPlacesOfOne = hashPlaces / 2
)

// ErrBusy means that too many passwords wait to be hashed. The same call may succeed a few seconds later.
var ErrBusy = errors.New("too many passwords wait to be hashed")

// hasher derives keys from passwords, a few at once, in a queue of bounded length. Safe for concurrent use.
type hasher struct {
	running chan struct{}
	derive  deriver

	mu     sync.Mutex
	places int            // taken, by those who wait and those who hash
	by     map[string]int // the same by address
}

func newHasher() *hasher {
	return &hasher{running: make(chan struct{}, hashAtOnce), derive: argon2.IDKey, by: map[string]int{}}
}

// enter waits for a turn and gives what ends it. ErrBusy when no place is free, the context's error when it ends first.
func (h *hasher) enter(ctx context.Context, address string) (leave func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	h.mu.Lock()
	if h.places >= hashPlaces || h.by[address] >= hashPlacesOfOne {
		h.mu.Unlock()
		return nil, ErrBusy
	}
	h.places++
	h.by[address]++
	h.mu.Unlock()
	giveUp := func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.places--
		if h.by[address]--; h.by[address] == 0 {
			delete(h.by, address)
		}
	}
	select {
	case h.running <- struct{}{}:
		return func() { <-h.running; giveUp() }, nil
	case <-ctx.Done():
		giveUp()
		return nil, ctx.Err()
	}
}

// make hashes a new password.
func (h *hasher) make(ctx context.Context, address, password string) (string, error) {
	leave, err := h.enter(ctx, address)
	if err != nil {
		return "", err
	}
	defer leave()
	return makeHash(h.derive, password), nil
}

// check compares a password with a hash of makeHash. An empty hash, of an account that is not there or has no password,
// costs the same and never fits.
func (h *hasher) check(ctx context.Context, address, password, hash string) (bool, error) {
	leave, err := h.enter(ctx, address)
	if err != nil {
		return false, err
	}
	defer leave()
	return checkHash(h.derive, password, hash)
}
