package store_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"faspex.io/operator/faspex/store"
	"faspex.io/operator/faspex/store/storetest"
)

func person(name, email string) store.Account {
	return store.Account{Name: name, Email: email, Role: store.RoleUser, Type: "local_user", Status: store.AccountActive}
}

func TestLoginsAreUnique(t *testing.T) {
	s, ctx := storetest.New(t), t.Context()
	ulf, err := s.CreateAccount(ctx, person("ulf", "ulf@example.com"))
	if err != nil {
		t.Fatal(err)
	}
	eve, err := s.CreateAccount(ctx, person("eve@example.com", "EVE@example.com"))
	if err != nil {
		t.Fatalf("a name that is the e-mail address as well: %v", err)
	}
	for i := range 2 {
		if _, err := s.CreateAccount(ctx, person(fmt.Sprint("no address ", i), "")); err != nil {
			t.Errorf("without an e-mail address: %v", err)
		}
	}
	for _, taken := range []string{"ulf@example.com", "ULF@Example.com", "ülf@exämple.cöm", "ulf@example.com ", "ulf",
		"ÚLF", "eve@example.com"} {
		for what, err := range map[string]error{
			"create by e-mail": func() error { _, err := s.CreateAccount(ctx, person("new", taken)); return err }(),
			"create by name":   func() error { _, err := s.CreateAccount(ctx, person(taken, "new@example.com")); return err }(),
		} {
			if !errors.Is(err, store.ErrConflict) {
				t.Errorf("%s %q: %v", what, taken, err)
			}
		}
	}
	for _, taken := range []string{"ülf@example.com", "ULF"} {
		before, err := s.Account(ctx, eve)
		if err != nil {
			t.Fatal(err)
		}
		a := before
		a.Email = taken
		if err := s.UpdateAccount(ctx, before, a); !errors.Is(err, store.ErrLoginTaken) {
			t.Errorf("update to %q: %v", taken, err)
		}
		if err := s.UpdateOwnAccount(ctx, a); !errors.Is(err, store.ErrLoginTaken) {
			t.Errorf("own update to %q: %v", taken, err)
		}
	}
	if a, err := s.Account(ctx, eve); err != nil || a.Email != "EVE@example.com" {
		t.Errorf("a refused change was half done: %q, %v", a.Email, err)
	}
	for login, want := range map[string]int64{"ÜLF": ulf, "Ulf@Example.com": ulf, "eve@example.com": eve} {
		if a, err := s.AccountByLogin(ctx, login); err != nil || a.ID != want {
			t.Errorf("%q opens %d, %v", login, a.ID, err)
		}
	}
	// An address that was given up may be another's.
	before, err := s.Account(ctx, ulf)
	if err != nil {
		t.Fatal(err)
	}
	after := before
	after.Email = "new@example.com"
	if err := s.UpdateAccount(ctx, before, after); err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateAccount(ctx, person("heir", "ulf@example.com")); err != nil {
		t.Errorf("an address that is free: %v", err)
	}
	if a, err := s.AccountByLogin(ctx, "new@example.com"); err != nil || a.ID != ulf {
		t.Errorf("the new address opens %d, %v", a.ID, err)
	}
	if err := s.DeleteAccount(ctx, eve, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateAccount(ctx, person("another", "eve@example.com")); err != nil {
		t.Errorf("the address of a deleted account: %v", err)
	}
}

func TestLoginsAreUniqueInParallel(t *testing.T) {
	s := storetest.New(t)
	spellings := []string{"ulf@example.com", "ULF@example.com", "ülf@example.com"}
	var made atomic.Int64
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			account := person(fmt.Sprint("name", i), spellings[i%3])
			if i%4 == 0 {
				account = person(spellings[i%3], "")
			}
			if _, err := s.CreateAccount(t.Context(), account); err == nil {
				made.Add(1)
			} else if !errors.Is(err, store.ErrConflict) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if made.Load() != 1 {
		t.Errorf("%d accounts have one e-mail address", made.Load())
	}
}

// firstSchema makes the schema of the first version, as a database that is to be migrated has it.
func firstSchema(t *testing.T) (admin store.Config, exec func(query string, args ...any)) {
	t.Helper()
	admin, _ = storetest.Configs(t)
	db, err := store.Open(admin)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	exec = func(query string, args ...any) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), query, args...); err != nil {
			t.Fatalf("%.60s: %v", query, err)
		}
	}
	raw, err := os.ReadFile("migrations/0001_initial.up.sql")
	if err != nil {
		t.Fatal(err)
	}
	for statement := range strings.SplitSeq(string(raw), ";\n") {
		if strings.Contains(statement, "CREATE TABLE") {
			exec(statement)
		}
	}
	exec(`CREATE TABLE schema_migrations (version BIGINT NOT NULL PRIMARY KEY, dirty BOOLEAN NOT NULL)`)
	exec(`INSERT INTO schema_migrations VALUES (1, FALSE)`)
	return admin, exec
}

func TestMigrateReportsLoginsThatAccountsShare(t *testing.T) {
	admin, exec := firstSchema(t)
	for _, a := range [][2]string{{"ulf", "ulf@example.com"}, {"ute", "ÜLF@example.com"}, {"ina", ""}, {"ida", ""},
		{"eve@example.com", "EVE@example.com"}, {"other", "iná"}} {
		exec(`INSERT INTO accounts (name, email, preferences) VALUES (?, ?, '{}')`, a[0], a[1])
	}
	exec(`INSERT INTO refresh_tokens (token_hash, family, client_id, account_id, expires_at) VALUES (REPEAT('a', 32), 'f', 'c', 1, NOW())`)
	exec(`UPDATE accounts SET token_epoch = 7 WHERE id = 1`)
	from, to, err := store.Migrate(t.Context(), admin)
	if err == nil || from != 1 || to != 1 {
		t.Fatalf("from %d to %d: %v", from, to, err)
	}
	for _, want := range []string{"several accounts share", "lf@example.com", "(accounts 1, 2)", "(accounts 3, 6)",
		"nothing was changed"} {
		if !strings.Contains(strings.ToLower(err.Error()), want) {
			t.Errorf("error lacks %q: %v", want, err)
		}
	}
	if strings.Contains(err.Error(), "eve@") {
		t.Errorf("a name that is its own e-mail address is reported: %v", err)
	}
	db, err := store.Open(admin)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s := store.New(db)
	if state, err := s.Schema(t.Context()); err != nil || state.Dirty || state.Current != 1 {
		t.Errorf("after the refusal: %+v, %v", state, err)
	}
	exec(`UPDATE accounts SET email = CONCAT(name, '@example.com') WHERE name IN ('ute', 'other')`)
	if _, _, err := store.Migrate(t.Context(), admin); err != nil {
		t.Fatalf("after the repair: %v", err)
	}
	for login, want := range map[string]int64{"ULF@example.com": 1, "ute@example.com": 2, "eve@example.com": 5, "ida": 4} {
		if a, err := s.AccountByLogin(t.Context(), login); err != nil || a.ID != want {
			t.Errorf("%q opens %d, %v", login, a.ID, err)
		}
	}
	token, err := s.UseRefreshToken(t.Context(), [32]byte([]byte(strings.Repeat("a", 32))), time.Now(), 0)
	if err != nil || token.Epoch != 7 {
		t.Errorf("token of before: %+v, %v", token, err)
	}
}
