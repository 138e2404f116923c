package store_test

import (
	"errors"
	"sync"
	"testing"

	"faspex.io/operator/faspex/store"
	"faspex.io/operator/faspex/store/storetest"
)

// Whoever changes an account from an old reading of it must not undo what another changed.
func TestUpdateAccountOverwritesNothing(t *testing.T) {
	s, ctx := storetest.New(t), t.Context()
	id, err := s.CreateAccount(ctx, store.Account{Name: "eve", Email: "eve@example.com", Role: store.RoleUser,
		Type: "local_user", Status: store.AccountActive})
	if err != nil {
		t.Fatal(err)
	}
	read, err := s.Account(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	first, second := read, read
	first.Role, second.LastName = store.RoleManager, "Other"
	if err := s.UpdatePreferences(ctx, id, []byte(`{"locale":"de"}`)); err != nil {
		t.Fatal(err)
	}
	if err := s.UpdateAccount(ctx, read, first); err != nil {
		t.Fatalf("preferences are not an administrator's: %v", err)
	}
	if err := s.UpdateAccount(ctx, read, second); !errors.Is(err, store.ErrChanged) {
		t.Errorf("from an old reading: %v", err)
	}
	now, err := s.Account(ctx, id)
	if err != nil || now.Role != store.RoleManager || now.LastName != "" || string(now.Preferences) != `{"locale":"de"}` {
		t.Errorf("%+v, %v", now, err)
	}
}

// Two admins who demote each other at the same moment leave one of them.
func TestOneAdminAlwaysStays(t *testing.T) {
	s, ctx := storetest.New(t), t.Context()
	var admins [2]store.Account
	for i, name := range []string{"ann", "bea"} {
		id, err := s.CreateAccount(ctx, store.Account{Name: name, Role: store.RoleAdmin, Type: "local_user",
			Status: store.AccountActive})
		if err != nil {
			t.Fatal(err)
		}
		if admins[i], err = s.Account(ctx, id); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	errs := make([]error, len(admins))
	for i, a := range admins {
		wg.Go(func() {
			demoted := a
			demoted.Role = store.RoleUser
			errs[i] = s.UpdateAccount(ctx, a, demoted)
		})
	}
	wg.Wait()
	left := 0
	for i, err := range errs {
		if errors.Is(err, store.ErrLastAdmin) {
			left++
			if err := s.DeleteAccount(ctx, admins[i].ID, admins[1-i].ID); !errors.Is(err, store.ErrLastAdmin) {
				t.Errorf("delete the last one: %v", err)
			}
		} else if err != nil {
			t.Error(err)
		}
	}
	if left != 1 {
		t.Errorf("%d of two admins stayed: %v", left, errs)
	}
}
