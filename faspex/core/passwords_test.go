package core_test

import (
	"net/http"
	"strings"
	"testing"

	"faspex.io/operator/faspex/api"
)

// faspex-C1: what use_strong_password announces is enforced wherever a password is set.
func TestPasswordRuleOnEveryPath(t *testing.T) {
	in := install(t)
	if _, _, body := in.call(t, in.admin, "GET", "/api/v5/configuration", nil); !strings.Contains(body, `"use_strong_password":true`) {
		t.Errorf("configuration: %s", body)
	}
	made, err := in.admin.CreateAccount(t.Context(), api.AccountChange{Name: ptr("ulf"), FirstName: ptr(""), LastName: ptr(""),
		Email: ptr("ulf@example.com"), Password: ptr("abc-12")})
	if err != nil {
		t.Fatal(err)
	}
	ulf := in.admin.As("ulf")
	paths := map[string]func(password string) (int, string){
		"create": func(password string) (int, string) {
			status, _, body := in.call(t, in.admin, "POST", "/api/v5/accounts", map[string]any{"name": "x" + password, "first_name": "", "last_name": "", "email": "", "password": password})
			return status, body
		},
		"admin": func(password string) (int, string) {
			status, _, body := in.call(t, in.admin, "PUT", "/api/v5/accounts/"+made.ID, map[string]any{"password": password, "last_name": "changed"})
			return status, body
		},
		"self": func(password string) (int, string) {
			status, _, body := in.call(t, ulf, "PUT", "/api/v5/account/preferences", map[string]any{"rows_per_page": 7, "password": map[string]any{
				"current_password": "abc-12", "new_password": password, "confirm_password": password}})
			return status, body
		},
	}
	for name, set := range paths {
		for _, weak := range []string{"", "ab-12", "abcdefgh", "abcdef12", "12345678", "correct horse battery", "-------1", strings.Repeat("ü", 255) + "-1", "abc-12\n"} {
			if status, body := set(weak); status != http.StatusBadRequest || (weak != "" && strings.Contains(body, weak)) {
				t.Errorf("%s with %.20q: %d %s", name, weak, status, body)
			}
		}
	}
	if _, body := paths["self"]("abcdef12"); !strings.Contains(body, "at least 6 characters, among them a letter, a digit and a symbol") {
		t.Errorf("the rule is not told: %s", body)
	}
	if _, _, body := in.call(t, ulf, "GET", "/api/v5/account", nil); strings.Contains(body, "changed") {
		t.Errorf("a refused change was half done: %s", body)
	}
	if status, body := paths["self"]("abcd-2"); status != http.StatusOK {
		t.Errorf("self: %d %s", status, body)
	}
	if status, body := paths["admin"]("abcd-3"); status != http.StatusOK {
		t.Errorf("admin: %d %s", status, body)
	}
	if status, body := paths["create"]("abcd-4"); status != http.StatusCreated {
		t.Errorf("create: %d %s", status, body)
	}
}

func TestOwnPasswordIsThrottled(t *testing.T) {
	in := install(t)
	if _, err := in.admin.CreateAccount(t.Context(), api.AccountChange{Name: ptr("ulf"), FirstName: ptr(""), LastName: ptr(""),
		Email: ptr("ulf@example.com"), Password: ptr("abc-12")}); err != nil {
		t.Fatal(err)
	}
	ulf := in.admin.As("ulf")
	change := func(current string) (int, http.Header, string) {
		return in.call(t, ulf, "PUT", "/api/v5/account/preferences", map[string]any{"password": map[string]any{
			"current_password": current, "new_password": "abc-13", "confirm_password": "abc-13"}})
	}
	for range 5 {
		if status, _, body := change("guess-1"); status != http.StatusBadRequest || !strings.Contains(body, "The current password is wrong.") {
			t.Fatalf("%d %s", status, body)
		}
	}
	if status, header, body := change("abc-12"); status != http.StatusTooManyRequests || header.Get("Retry-After") == "" || !strings.Contains(body, `"code":"too_many_requests"`) {
		t.Errorf("after five failures: %d, retry after %q, %s", status, header.Get("Retry-After"), body)
	}
}
