package core_test

import (
	"database/sql"
	"net/http"
	"slices"
	"strings"
	"testing"

	"faspex.io/operator/faspex/store"
	"faspex.io/operator/faspex/store/storetest"
)

// faspex-C13: passwords of people are nowhere in the database but as hashes, however they were set.
func TestOnlyHashesOfPasswordsAreStored(t *testing.T) {
	admin, restricted := storetest.Configs(t)
	if _, _, err := store.Migrate(t.Context(), admin); err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(restricted)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	in := installOn(t, store.New(db))
	ulf, id := in.member(t, "ulf", "user", "Created-by-1")
	status, _, body := in.call(t, ulf, "PUT", "/api/v5/account/preferences", map[string]any{"password": map[string]any{
		"current_password": "Created-by-1", "new_password": "Chosen-by-2", "confirm_password": "Chosen-by-2"}})
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	in.set(t, id, map[string]any{"password": "Set-by-admin-3"})
	in.enter(t, "ulf", "Typed-wrong-4")
	in.login(t, "ulf", "Set-by-admin-3")
	a, err := in.store.Account(t.Context(), keyOf(t, id))
	if err != nil || !strings.HasPrefix(a.PasswordHash, "$argon2id$") {
		t.Errorf("hash %q, %v", a.PasswordHash, err)
	}
	for _, password := range []string{"Created-by-1", "Chosen-by-2", "Set-by-admin-3", "Typed-wrong-4", adminPassword} {
		if where := storedIn(t, db, password); len(where) > 0 {
			t.Errorf("%q is in %v", password, where)
		}
	}
	// The search finds what is stored.
	if where := storedIn(t, db, a.PasswordHash); !slices.Contains(where, "accounts.password_hash") {
		t.Errorf("the hash is in %v", where)
	}
}

// storedIn names the columns of a database that hold a text, alone or within another.
func storedIn(t *testing.T, db *sql.DB, text string) (where []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(),
		`SELECT TABLE_NAME, COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all [][2]string
	for rows.Next() {
		var c [2]string
		if err := rows.Scan(&c[0], &c[1]); err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		var n int
		if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM `"+c[0]+"` WHERE LOCATE(?, CAST(`"+c[1]+
			"` AS BINARY)) > 0", []byte(text)).Scan(&n); err != nil {
			t.Fatalf("%s.%s: %v", c[0], c[1], err)
		}
		if n > 0 {
			where = append(where, c[0]+"."+c[1])
		}
	}
	return where
}
