package core_test

import (
	"net/http"
	"strings"
	"testing"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/client"
)

// member makes an account with a password and gives a client that acts for it, and its id.
func (in *installation) member(t *testing.T, name, role, password string) (*client.Client, string) {
	t.Helper()
	made, err := in.admin.CreateAccount(t.Context(), api.AccountChange{Name: &name, FirstName: ptr("Test"),
		LastName: ptr(name),
		Email:    ptr(name + "@example.com"), Role: &role})
	if err != nil {
		t.Fatal(err)
	}
	in.setPassword(t, name, password)
	return in.admin.As(name), made.ID
}

func TestOwnLoginChangesNeedTheCurrentPassword(t *testing.T) {
	in := install(t)
	user, userID := in.member(t, "ulf", "user", "abc-12")
	manager, managerID := in.member(t, "mona", "manager", "abc-12")
	_, key := rsaKey(t)
	const preferences = "/api/v5/account/preferences"
	change := func(c *client.Client, path string, body map[string]any, want int, told string) {
		t.Helper()
		if status, _, answer := in.call(t, c, "PUT", path, body); status != want || !strings.Contains(answer, told) {
			t.Errorf("%s %v: %d %s, want %d", path, body, status, answer, want)
		}
	}
	for _, who := range []struct {
		c    *client.Client
		path string
	}{{user, preferences}, {manager, preferences}, {manager, "/api/v5/accounts/" + managerID}} {
		for field, value := range map[string]string{"email": "new@example.com", "public_key": key} {
			change(who.c, who.path, map[string]any{field: value}, http.StatusBadRequest, "current_password is needed")
			change(who.c, who.path, map[string]any{field: value, "current_password": "guess-1"}, http.StatusBadRequest,
				"The current password is wrong.")
		}
	}
	for _, id := range []string{userID, managerID} {
		if _, _, body := in.call(t, in.admin, "GET", "/api/v5/accounts/"+id+
			"?expand=true", nil); strings.Contains(body, "new@") || strings.Contains(body, "PUBLIC KEY") {
			t.Errorf("a refused change was done: %s", body)
		}
	}
	// What stays as it is may be sent along.
	change(user, preferences, map[string]any{"email": "ulf@example.com", "public_key": "", "rows_per_page": 7},
		http.StatusOK, `"rows_per_page":7`)
	change(user, preferences, map[string]any{"email": " new@example.com ", "public_key": key,
		"current_password": "abc-12"}, http.StatusOK, `"email":"new@example.com"`)
	change(user, preferences, map[string]any{"public_key": ""}, http.StatusBadRequest, "current_password is needed")
	// Managers change the accounts of others as before.
	change(manager, "/api/v5/accounts/"+userID, map[string]any{"email": "newer@example.com"}, http.StatusOK,
		"newer@example.com")

	// Who has no password cannot prove anything.
	other := in.user(t, "nopass", "user")
	change(other, preferences, map[string]any{"email": "x@example.com", "current_password": ""}, http.StatusForbidden,
		"has no password")
	change(other, preferences, map[string]any{"rows_per_page": 9}, http.StatusOK, `"rows_per_page":9`)
}

func TestChangedPasswordRemovesTheKey(t *testing.T) {
	in := install(t)
	user, id := in.member(t, "ulf", "user", "abc-12")
	_, first := rsaKey(t)
	_, second := rsaKey(t)
	put := func(c *client.Client, path string, body map[string]any) {
		t.Helper()
		if status, _, answer := in.call(t, c, "PUT", path, body); status != http.StatusOK {
			t.Fatalf("%v: %d %s", body, status, answer)
		}
	}
	key := func() string {
		t.Helper()
		a, err := in.store.Account(t.Context(), keyOf(t, id))
		if err != nil {
			t.Fatal(err)
		}
		return a.PublicKey
	}
	password := func(from, to string) map[string]any {
		return map[string]any{"current_password": from, "new_password": to, "confirm_password": to}
	}
	put(user, "/api/v5/account/preferences", map[string]any{"public_key": first, "current_password": "abc-12"})
	put(user, "/api/v5/account/preferences", map[string]any{"password": password("abc-12", "abc-13")})
	if key() != "" {
		t.Error("the key outlives a change by the owner")
	}
	user = in.admin.As("ulf") // the first one's token has ended
	put(user, "/api/v5/account/preferences", map[string]any{"password": password("abc-13", "abc-14"),
		"public_key": second})
	if key() != second {
		t.Error("a key that comes with the change is lost")
	}
	in.setPassword(t, "ulf", "abc-15")
	if key() != "" {
		t.Error("the key outlives another password by the utility")
	}
}

func TestEmailAddressesAreUnique(t *testing.T) {
	in := install(t)
	ulf, _ := in.member(t, "ulf", "user", "abc-12")
	_, ute := in.member(t, "ute", "user", "abc-12")
	for _, email := range []string{"ULF@example.com", "ülf@exämple.com", " ulf@example.com"} {
		for path, body := range map[string]map[string]any{
			"POST /api/v5/accounts":            {"name": "new", "first_name": "A", "last_name": "B", "email": email},
			"PUT /api/v5/accounts/" + ute:      {"email": email},
			"PUT /api/v5/account/preferences":  {"email": email, "current_password": "abc-12"},
			"POST /api/v5/accounts?name-taken": {"name": email, "first_name": "A", "last_name": "B", "email": "new@example.com"},
		} {
			who := in.admin
			if strings.Contains(path, "preferences") {
				who = in.admin.As("ute")
			}
			method, at, _ := strings.Cut(path, " ")
			if status, _, answer := in.call(t, who, method, at, body); status != http.StatusConflict {
				t.Errorf("%s %q: %d %s", path, email, status, answer)
			}
		}
	}
	if status, _, answer := in.call(t, ulf, "PUT", "/api/v5/account/preferences",
		map[string]any{"email": "ute@example.com", "current_password": "abc-12",
			"password": map[string]any{"current_password": "abc-12", "new_password": "abc-13",
				"confirm_password": "abc-13"}}); status != http.StatusConflict {
		t.Errorf("with a new password: %d %s", status, answer)
	}
	if status, _, answer := in.call(t, ulf, "PUT", "/api/v5/account/preferences",
		map[string]any{"email": "ULF@example.com", "current_password": "abc-12"}); status != http.StatusOK {
		t.Errorf("another spelling of the own address, or the password was changed by a refused call: %d %s", status, answer)
	}
	for _, email := range []string{"a b@example.com", "a@example.com\nb", "a\u00a0b@example.com", "a\x00@example.com"} {
		if status, _, answer := in.call(t, in.admin, "PUT", "/api/v5/accounts/"+
			ute, map[string]any{"email": email}); status != http.StatusBadRequest {
			t.Errorf("%q: %d %s", email, status, answer)
		}
	}
}
