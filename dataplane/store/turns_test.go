package store_test

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/token"
)

// awaitWaiting waits until as many logins wait for their turn.
func awaitWaiting(t *testing.T, s *store.Store, n int) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); store.WaitingToHash(s) != n; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d logins wait, want %d", store.WaitingToHash(s), n)
		}
	}
}

// node-25: while one address floods the node with wrong log-ins and all places to hash are taken, the first log-in from
// another address is the next one that is looked at, but for the flood's one whose turn it is.
func TestFloodOfOneAddressHoldsUpNobody(t *testing.T) {
	s := keyed(t)
	next := store.HoldHashing(s)
	var refused, looked atomic.Int64
	flood := func(from string, n int) {
		for i := range n {
			go func() {
				err := login(t, s, from, fmt.Sprintf("nobody-%s-%d", from, i), "wrong")
				if errors.Is(err, store.ErrBusy) {
					refused.Add(1)
					return
				}
				looked.Add(1)
			}()
		}
	}
	flood("192.0.2.1", 500)
	awaitWaiting(t, s, store.MaxWaitingOfAddress)
	deadline := time.Now().Add(time.Minute)
	for ; refused.Load() != 500-store.MaxWaitingOfAddress; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d of the flood are turned away", refused.Load())
		}
	}
	right := make(chan error, 1)
	go func() { right <- login(t, s, "198.51.100.1", "ak", "right") }()
	awaitWaiting(t, s, store.MaxWaitingOfAddress+1)
	before := s.Hashed()
	next() // one of the flood, which came first
	next()
	if err := <-right; err != nil {
		t.Errorf("the right login: %v", err)
	}
	// The first of the flood, then the right login, and whoever got its place after it.
	if hashed := s.Hashed() - before; hashed > 4 {
		t.Errorf("%d hashes were made before the right login was answered", hashed)
	}
	for range store.MaxHashing - 2 {
		next()
	}
	awaitWaiting(t, s, 0)
}

// When there is no room in all, an address that has little waiting gets a place of one that has much.
func TestQueueOfHashingMakesRoom(t *testing.T) {
	s := keyed(t)
	next := store.HoldHashing(s)
	ended := make(chan error, store.MaxWaiting+1)
	for i := range store.MaxWaiting {
		from := fmt.Sprintf("192.0.2.%d", i*4/store.MaxWaiting)
		go func() { ended <- login(t, s, from, fmt.Sprint("nobody", i), "wrong") }()
	}
	awaitWaiting(t, s, store.MaxWaiting)
	right := make(chan error, 1)
	go func() { right <- login(t, s, "198.51.100.1", "ak", "right") }()
	if err := <-ended; !errors.Is(err, store.ErrBusy) {
		t.Errorf("who makes room is told %v", err)
	}
	awaitWaiting(t, s, store.MaxWaiting)
	for range store.MaxHashing {
		next()
	}
	if err := <-right; err != nil {
		t.Errorf("the right login: %v", err)
	}
	for range store.MaxWaiting - 1 {
		if err := <-ended; errors.Is(err, store.ErrBusy) || errors.Is(err, token.ErrThrottled) {
			t.Errorf("who waited is told %v", err)
		}
	}
}
