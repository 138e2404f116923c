package store_test

import (
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"faspex.io/operator/faspex/store"
	"faspex.io/operator/faspex/store/storetest"
)

// newUser makes an active account and reads it.
func newUser(t *testing.T, s *store.Store) store.Account {
	t.Helper()
	id, err := s.CreateAccount(t.Context(), store.Account{Name: "eve", Email: "eve@example.com", Role: store.RoleUser,
		Type: "local_user", Status: store.AccountActive, PasswordHash: "hash 0"})
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.Account(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// A link that was mailed sets no password any more once the password was set otherwise, or once the mails of the account
// go elsewhere: the mailbox may be why.
func TestMailedCodesEnd(t *testing.T) {
	s, ctx := storetest.New(t), t.Context()
	a, code, now := newUser(t, s), sha256.Sum256([]byte("code")), time.Now()
	for name, end := range map[string]func() error{
		"another password": func() error { return s.SetPassword(ctx, a.ID, "hash 1") },
		"another address": func() error {
			before, err := s.Account(ctx, a.ID)
			after := before
			after.Email = "eva@example.com"
			return errors.Join(err, s.UpdateAccount(ctx, before, after))
		},
	} {
		if err := s.PutCode(ctx, code, a.ID, now.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.AccountOfCode(ctx, code, now); err != nil {
			t.Fatalf("before %s: %v", name, err)
		}
		if err := end(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := s.UseCode(ctx, code, now, "hash 2"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("after %s: %v", name, err)
		}
	}
}

// As many passwords are known again as any policy asks for, and none of before.
func TestOldPasswordsAreForgotten(t *testing.T) {
	s, ctx := storetest.New(t), t.Context()
	a := newUser(t, s)
	var want []string
	for i := 1; i <= 102; i++ {
		if err := s.SetPassword(ctx, a.ID, fmt.Sprintf("hash %d", i)); err != nil {
			t.Fatal(err)
		}
		want = append(want, fmt.Sprintf("hash %d", i))
	}
	slices.Reverse(want)
	got, err := s.LastPasswords(ctx, a.ID, 1000)
	if err != nil || !slices.Equal(got, want[:100]) {
		t.Errorf("%d passwords, %v: %q", len(got), err, got)
	}
}

// An account that has expired is active again with another date alone, and counts as active from then on.
func TestProlongedAccountIsActive(t *testing.T) {
	s, ctx := storetest.New(t), t.Context()
	a := newUser(t, s)
	until := func(at time.Time) store.Account {
		t.Helper()
		before, err := s.Account(ctx, a.ID)
		if err != nil {
			t.Fatal(err)
		}
		after := before
		after.ExpiresAt = sql.NullTime{Time: at, Valid: true}
		if err := s.UpdateAccount(ctx, before, after); err != nil {
			t.Fatal(err)
		}
		if after, err = s.Account(ctx, a.ID); err != nil {
			t.Fatal(err)
		}
		return after
	}
	if got := until(time.Now().Add(-time.Second)); got.Status != store.AccountInactive {
		t.Fatalf("past its date: %s", got.Status)
	}
	time.Sleep(10 * time.Millisecond)
	between := time.Now()
	time.Sleep(10 * time.Millisecond)
	if got := until(time.Now().Add(time.Hour)); got.Status != store.AccountActive {
		t.Fatalf("with another date: %s", got.Status)
	}
	if silent, err := s.InactiveUsers(ctx, between, false, true); err != nil || len(silent) != 0 {
		t.Errorf("silent since before it was active again: %v, %v", silent, err)
	}
}
