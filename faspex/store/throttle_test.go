package store_test

import (
	"bytes"
	"crypto/sha256"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"faspex.io/operator/faspex/store"
	"faspex.io/operator/faspex/store/storetest"
)

func TestReserveLoginOfManyAtOnce(t *testing.T) {
	s := storetest.New(t)
	now := time.Now().UTC().Truncate(time.Millisecond)
	subject := sha256.Sum256([]byte("someone"))
	budget := store.LoginBudget{Forget: time.Hour, Wait: func(n int) time.Duration {
		if n < 3 {
			return 0
		}
		return time.Duration(n) * time.Second
	}}
	var passed atomic.Int64
	var wg sync.WaitGroup
	for range 30 {
		wg.Go(func() {
			wait, err := s.ReserveLogin(t.Context(), subject, now, budget)
			if err != nil || (wait != 0 && wait != 3*time.Second) {
				t.Errorf("wait %v, %v", wait, err)
			}
			if wait == 0 {
				passed.Add(1)
			}
		})
	}
	wg.Wait()
	if passed.Load() != 3 {
		t.Errorf("%d tries passed, want 3", passed.Load())
	}
	reserve := func(at time.Time) time.Duration {
		t.Helper()
		wait, err := s.ReserveLogin(t.Context(), subject, at, budget)
		if err != nil {
			t.Fatal(err)
		}
		return wait
	}
	// A try that was given back may be made again, once.
	if err := s.ReturnLogin(t.Context(), subject); err != nil {
		t.Fatal(err)
	}
	if wait := reserve(now); wait != 0 {
		t.Errorf("after one came back: wait %v", wait)
	}
	if wait := reserve(now); wait != 3*time.Second {
		t.Errorf("after that: wait %v", wait)
	}
	if wait := reserve(now.Add(3 * time.Second)); wait != 0 {
		t.Errorf("when the wait is over: wait %v", wait)
	}
	if wait := reserve(now.Add(4 * time.Second)); wait != 3*time.Second {
		t.Errorf("after the fourth try: wait %v, want what remains of four seconds", wait)
	}
	if wait := reserve(now.Add(2 * time.Hour)); wait != 0 {
		t.Errorf("after the hour: wait %v", wait)
	}
	if wait := reserve(now.Add(2 * time.Hour)); wait != 0 {
		t.Errorf("tries of before the hour still count: wait %v", wait)
	}
	if err := s.ClearThrottle(t.Context(), subject); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if wait := reserve(now); wait != 0 {
			t.Errorf("after a success: wait %v", wait)
		}
	}
}

func TestLoginKey(t *testing.T) {
	s := storetest.New(t)
	key := func(login string) []byte {
		t.Helper()
		k, err := s.LoginKey(t.Context(), login)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	for _, same := range [][2]string{{"ulf", "ÚLF"}, {"émile@example.com", "Emile@EXÄMPLE.com"}, {"straße", "strase"}} {
		if !bytes.Equal(key(same[0]), key(same[1])) {
			t.Errorf("%q and %q have two keys", same[0], same[1])
		}
	}
	for _, other := range []string{"", "ul", "ulff", "u lf"} {
		if bytes.Equal(key("ulf"), key(other)) {
			t.Errorf("%q has the key of ulf", other)
		}
	}
}
