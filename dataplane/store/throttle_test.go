package store_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/token"
)

// keyed is a store with the access key "ak", whose secret is "right".
func keyed(t *testing.T) *store.Store {
	t.Helper()
	s := open(t)
	if err := s.CreateAccessKey(t.Context(), store.AccessKey{ID: "ak", StoragePath: "/"}, "right"); err != nil {
		t.Fatal(err)
	}
	return s
}

func login(t *testing.T, s *store.Store, address, id, secret string) error {
	t.Helper()
	_, err := s.CheckSecret(token.WithAddress(t.Context(), address), id, secret)
	return err
}

func TestCheckSecretCountsParallelTries(t *testing.T) {
	s := keyed(t)
	before := s.Hashed()
	var wrong, throttled atomic.Int32
	var wg sync.WaitGroup
	for i := range 4 * store.MaxFailures {
		wg.Go(func() {
			// An attacker has many addresses.
			switch err := login(t, s, fmt.Sprintf("192.0.2.%d", i), "ak", fmt.Sprintf("wrong%d", i)); {
			case errors.Is(err, token.ErrThrottled):
				throttled.Add(1)
			case errors.Is(err, store.ErrNotFound):
				wrong.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if wrong.Load() != store.MaxFailures || throttled.Load() != 3*store.MaxFailures ||
		s.Hashed()-before != store.MaxFailures {
		t.Errorf("%d secrets were looked at, %d tries refused, %d hashes", wrong.Load(), throttled.Load(),
			s.Hashed()-before)
	}
	if err := login(t, s, "198.51.100.1", "ak", "right"); !errors.Is(err, token.ErrThrottled) {
		t.Errorf("the right secret among the wrong ones: %v", err)
	}
	later := time.Now().Add(store.ThrottleWindow)
	store.SetThrottleClock(s, func() time.Time { return later })
	if err := login(t, s, "198.51.100.1", "ak", "right"); err != nil {
		t.Errorf("after a while: %v", err)
	}
}

func TestCheckSecretLetsKnownClientsIn(t *testing.T) {
	s := keyed(t)
	if err := login(t, s, "2001:db8::1", "ak", "right"); err != nil {
		t.Fatal(err)
	}
	for i := range store.MaxFailures + 1 {
		_ = login(t, s, "192.0.2.1", "ak", fmt.Sprintf("wrong%d", i))
	}
	if err := login(t, s, "192.0.2.1", "ak", "right"); !errors.Is(err, token.ErrThrottled) {
		t.Errorf("the stranger: %v", err)
	}
	if err := login(t, s, "2001:db8::2", "ak", "right"); err != nil {
		t.Errorf("the client that is known, from another address of its network: %v", err)
	}
	for i := range store.MaxFailures {
		if err := login(t, s, "2001:db8::1", "ak", fmt.Sprintf("wrong%d", i)); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("try %d from a known address: %v", i, err)
		}
	}
	if err := login(t, s, "2001:db8::1", "ak", "right"); !errors.Is(err, token.ErrThrottled) {
		t.Errorf("a known address may try without end: %v", err)
	}
}

// A client may have a new secret before the node has it.
func TestCheckSecretCountsAnewForANewSecret(t *testing.T) {
	s := keyed(t)
	secret := "new"
	for range 2 * store.MaxFailures {
		_ = login(t, s, "192.0.2.1", "ak", secret)
	}
	if err := s.UpdateAccessKey(t.Context(), "ak", store.AccessKeyChange{Secret: &secret}); err != nil {
		t.Fatal(err)
	}
	if err := login(t, s, "192.0.2.1", "ak", secret); err != nil {
		t.Errorf("the new secret: %v", err)
	}
	for range 2 * store.MaxFailures {
		_, _ = s.Throttle().Compare("node", "192.0.2.1", "other", "former")
	}
	if right, err := s.Throttle().Compare("node", "192.0.2.1", "other", "other"); !right || err != nil {
		t.Errorf("the node user's new password: %t, %v", right, err)
	}
}

func TestCheckSecretTellsNothingOfUnknownIDs(t *testing.T) {
	s := keyed(t)
	outcomes := func(id, from string) (out []string) {
		before := s.Hashed()
		for i := range store.MaxFailures + 2 {
			err := login(t, s, from, id, fmt.Sprintf("wrong%d", i))
			out = append(out, fmt.Sprint(errors.Is(err, store.ErrNotFound), errors.Is(err, token.ErrThrottled),
				s.Hashed()-before))
		}
		return out
	}
	known := outcomes("ak", "192.0.2.1")
	equalLists(t, "unknown", outcomes("nobody", "192.0.2.2"), known)
	equalLists(t, "not ASCII", outcomes("ü", "192.0.2.3"), known)
}

func equalLists(t *testing.T, what string, got, want []string) {
	t.Helper()
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%s, try %d: %s, of a key that exists %s", what, i, got[i], want[i])
		}
	}
}

func TestCheckSecretCountsAddressesFarHigher(t *testing.T) {
	s := keyed(t)
	throttle := s.Throttle()
	for i := range store.MaxAddressFailures {
		if _, err := throttle.Compare(fmt.Sprint("a", i), "192.0.2.1", "wrong", "right"); err != nil {
			t.Fatalf("try %d: %v", i, err)
		}
	}
	if _, err := throttle.Compare("one more", "::ffff:192.0.2.1", "wrong", "right"); !errors.Is(err, token.ErrThrottled) {
		t.Errorf("one address tries without end: %v", err)
	}
	if _, err := throttle.Compare("one more", "192.0.2.2", "wrong", "right"); err != nil {
		t.Errorf("another address: %v", err)
	}
	// Names that nobody has fill the memory to a bound, and lock nobody out.
	for i := range store.MaxSubjects + 100 {
		if right, err := throttle.Compare(fmt.Sprint("nobody", i), "", "", ""); right ||
			err != nil && !errors.Is(err, token.ErrThrottled) {
			t.Fatalf("an account that there is not: %t, %v", right, err)
		}
	}
	if n := store.Accounts(s); n != store.MaxSubjects {
		t.Errorf("%d names are counted", n)
	}
	if err := login(t, s, "192.0.2.3", "ak", "right"); err != nil {
		t.Errorf("an account among many names: %v", err)
	}
}

// What is counted of a name is short, however long the name.
func TestThrottleKeepsNoLongNames(t *testing.T) {
	throttle := open(t).Throttle()
	used := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := used()
	for i := range 100 {
		if _, err := throttle.Compare(fmt.Sprint(i, strings.Repeat("x", 256<<10)), "", "wrong", ""); err != nil {
			t.Fatal(err)
		}
	}
	if after := used(); after > before+8<<20 {
		t.Errorf("%d bytes are kept of 100 names", after-before)
	}
	runtime.KeepAlive(throttle)
}

func TestHashingWaitsItsTurnAndLeaves(t *testing.T) {
	s := keyed(t)
	release := store.HoldHashing(s)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { _, err := s.CheckSecret(ctx, "ak", "wrong"); ended <- err }()
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("a login that waits and is given up: %v", err)
	}
	for range store.MaxHashing {
		release()
	}
	// It took no place in the count.
	for i := range store.MaxFailures - 1 {
		_ = login(t, s, "", "ak", fmt.Sprint(i))
	}
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			if err := login(t, s, "", "ak", "right"); err != nil {
				t.Errorf("the right secret a hundred times at once: %v", err)
			}
		})
	}
	wg.Wait()
}
