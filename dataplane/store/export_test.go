package store

import (
	"context"
	"time"
)

// The throttle's numbers.
const (
	MaxFailures        = maxFailures
	MaxAddressFailures = maxAddressFailures
	ThrottleWindow     = throttleWindow
	MaxSubjects        = maxSubjects
	MaxSharedAtOnce    = maxSharedAtOnce
)

// SetThrottleClock replaces the throttle's clock.
func SetThrottleClock(s *Store, now func() time.Time) {
	s.secrets.throttle.mu.Lock()
	defer s.secrets.throttle.mu.Unlock()
	s.secrets.throttle.now = now
}

// HoldHashing takes all places to hash; each call of the returned function gives one back.
func HoldHashing(s *Store) (release func()) {
	for range maxHashing {
		if err := s.secrets.turns.enter(context.Background(), ""); err != nil {
			panic(err)
		}
	}
	return s.secrets.turns.leave
}

// WaitingToHash is how many logins wait for their turn.
func WaitingToHash(s *Store) int {
	s.secrets.turns.mu.Lock()
	defer s.secrets.turns.mu.Unlock()
	return s.secrets.turns.waiting
}

// The numbers of the queue of hashing.
const (
	MaxHashing          = maxHashing
	MaxWaitingOfAddress = maxWaitingOfAddress
	MaxWaiting          = maxWaiting
)

// SweepOnce runs one sweep of a recorder.
func SweepOnce(ctx context.Context, r *NodeRecorder) {
	s := sweeper{recorder: r}
	if err := s.step(ctx); err != nil {
		panic(err)
	}
}

// Accounts is how many accounts have failures.
func Accounts(s *Store) int {
	t := s.secrets.throttle
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.accounts.of)
}

// ShareBansOnce has a node share its bans.
func ShareBansOnce(ctx context.Context, s *Store) error { return s.shareBans(ctx) }

// FlushOnce writes what is pending.
func FlushOnce(ctx context.Context, r *NodeRecorder) error { return r.flush(ctx) }
