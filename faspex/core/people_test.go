package core_test

import (
	"net/http"
	"strings"
	"testing"
)

// faspex-C10: no call sets or shows the password of another. What is sent as one is refused, and not passed over.
func TestNobodySetsAnothersPassword(t *testing.T) {
	in := install(t)
	in.member(t, "ulf", "user", "abc-12")
	path := "/api/v5/accounts/" + in.idOf(t, "ulf")
	for name, change := range map[string]map[string]any{
		"password": {"password": "abc-13", "last_name": "changed"}, "reset": {"password_change_required": false},
		"null": {"password": nil},
	} {
		if status, _, body := in.call(t, in.admin, "PUT", path, change); status != http.StatusBadRequest ||
			!strings.Contains(body, "reset_password") {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	if status, _, body := in.call(t, in.admin, "POST", "/api/v5/accounts", map[string]any{"name": "eva", "first_name": "Eva",
		"last_name": "New", "email": "eva@example.com", "password": "abc-13"}); status != http.StatusBadRequest ||
		!strings.Contains(body, "body.password") {
		t.Errorf("with a new account: %d %s", status, body)
	}
	if got := in.loginStatus(t, "ulf", "abc-12"); got != http.StatusFound {
		t.Errorf("the password of before: %d", got)
	}
	_, _, body := in.call(t, in.admin, "GET", path+"?expand=true", nil)
	if strings.Contains(body, "argon2") || strings.Contains(body, `"password"`) || strings.Contains(body, "changed") {
		t.Errorf("an admin reads %s", body)
	}
	if all, err := in.admin.Accounts(t.Context(), "eva"); err != nil || len(all) != 0 {
		t.Errorf("a refused account was made: %+v, %v", all, err)
	}
}

// faspex-A17: several accounts are activated, deactivated, reset or deleted in one call, which tells which could not be,
// and why; the others are done.
func TestSeveralAccountsInOneCall(t *testing.T) {
	in := install(t)
	connectMail(t, in)
	in.user(t, "ulf", "user")
	in.user(t, "ada", "admin")
	manager := in.user(t, "mia", "manager")
	ulf, ada := in.idOf(t, "ulf"), in.idOf(t, "ada")
	for _, step := range []struct {
		name, method, path string
		body               any
	}{
		{"deactivate", "PATCH", "/accounts", map[string]any{"account_activated": false}},
		{"activate", "PATCH", "/accounts", map[string]any{"account_activated": true}},
		{"reset", "POST", "/accounts/reset_passwords", nil},
		{"delete", "DELETE", "/accounts", nil},
	} {
		status, _, body := in.call(t, manager, step.method, "/api/v5"+step.path+"?ids="+ulf+","+ada+",999", step.body)
		if status != http.StatusMultiStatus || !strings.Contains(body, `"succeeded":["`+ulf+`"]`) ||
			!strings.Contains(body, `{"id":"`+ada+`","code":"forbidden","message":"Only an admin may`) ||
			!strings.Contains(body, `{"id":"999","code":"not_found"`) {
			t.Errorf("%s: %d %s", step.name, status, body)
		}
	}
	if all, err := in.admin.Accounts(t.Context(), "ulf"); err != nil || len(all) != 0 {
		t.Errorf("after the deletion: %+v, %v", all, err)
	}
	if a, err := in.admin.AccountByName(t.Context(), "ada"); err != nil || !a.AccountActivated {
		t.Errorf("the admin: %+v, %v", a, err)
	}
}

// connectMail tells of a mail server, which nobody needs to run: orders wait in the outbox.
func connectMail(t *testing.T, in *installation) {
	t.Helper()
	if status, _, body := in.call(t, in.admin, "POST", "/api/v5/configuration/smtp", map[string]any{
		"auth_type": "open", "server_address": "mail.example.com", "server_port": 25, "domain": "example.com",
		"from_user": "Faspex", "from_email": "faspex@example.com", "tls_enabled": false, "packages_recipient_from": "faspex",
		"username": "", "default_time_zone_offset": "0",
	}); status != http.StatusCreated {
		t.Fatalf("mail server: %d %s", status, body)
	}
}
