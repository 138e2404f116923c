package core_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"faspex.io/operator/faspex/store"
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

// faspex-D10: the time of the last login and the client's address are shown to admins.
func TestLastLoginIsShown(t *testing.T) {
	in := install(t)
	_, id := in.member(t, "ulf", "user", "abc-12")
	shown := func() map[string]any {
		_, _, body := in.call(t, in.admin, "GET", "/api/v5/accounts/"+id+"?expand=true", nil)
		return object(t, body)
	}
	if a := shown(); a["last_login_time"] != nil || a["last_login_client_addr"] != "" {
		t.Errorf("before: %v %v", a["last_login_time"], a["last_login_client_addr"])
	}
	if got := in.loginStatus(t, "ulf", "abc-12"); got != http.StatusFound {
		t.Fatalf("login: %d", got)
	}
	if a := shown(); a["last_login_time"] == nil || a["last_login_client_addr"] != "127.0.0.1" {
		t.Errorf("after: %v %v", a["last_login_time"], a["last_login_client_addr"])
	}
}

// faspex-L1, faspex-L2, faspex-I11: who may send outside sends to an address that nobody has, which becomes an external
// contact. Others do not find it. The contact is removed by its owner, and the address with it unless something else
// names it. External users log in nowhere.
func TestExternalContacts(t *testing.T) {
	x := newExchange(t)
	ulf, eva := x.user(t, "ulf", "user"), x.user(t, "eva", "user")
	outside := func(c string) int {
		_, _, body := x.call(t, x.admin, "GET", "/api/v5/accounts?type[]=external_user&q="+c, nil)
		return int(object(t, body)["total_count"].(float64))
	}
	if status, body := x.sends(t, ulf, "Out@example.org"); status != http.StatusBadRequest || outside("out@") != 0 {
		t.Errorf("without the permission: %d %s", status, body)
	}
	if own, err := ulf.Account(t.Context()); err != nil || own.AllowSendToEmail {
		t.Errorf("the own account tells of a permission that it lacks: %+v, %v", own, err)
	}
	x.configure(t, map[string]any{"allow_send_to_email_default": true, "users_can_send_to_all_faspex_users": false})
	if own, err := ulf.Account(t.Context()); err != nil || !own.AllowSendToEmail {
		t.Errorf("the own account does not tell of the permission: %+v, %v", own, err)
	}
	for range 2 {
		if status, body := x.sends(t, ulf, "Out@example.org"); status != http.StatusCreated {
			t.Fatalf("%d %s", status, body)
		}
	}
	if got := x.found(t, ulf, "out"); got != "Out@example.org" {
		t.Errorf("found %q", got)
	}
	_, _, body := x.call(t, ulf, "GET", "/api/v5/contacts?type[]=external_user", nil)
	list := jsonOf[struct {
		Contacts []struct{ ID, Type string }
	}](t, body).Contacts
	if len(list) != 1 || list[0].Type != "external_user" {
		t.Fatalf("external contacts: %s", body)
	}
	if got := x.found(t, eva, "out"); got != "" {
		t.Errorf("somebody else finds %q", got)
	}
	if all, err := x.admin.Accounts(t.Context(), "out@"); err != nil || len(all) != 0 || outside("out@") != 1 {
		t.Errorf("among the users: %+v, %v", all, err)
	}
	if got := x.loginStatus(t, "out@example.org", "abc-12"); got != http.StatusUnauthorized {
		t.Errorf("login: %d", got)
	}
	if status, _, body := x.call(t, x.admin, "PUT", "/api/v5/accounts/"+list[0].ID, map[string]any{"role": "admin"}); status != http.StatusBadRequest {
		t.Errorf("an external admin: %d %s", status, body)
	}
	remove := func(who string) int {
		status, _, _ := x.call(t, x.admin.As(who), "DELETE", "/api/v5/contacts?ids="+list[0].ID, nil)
		return status
	}
	if got := remove("eva"); got != http.StatusMultiStatus {
		t.Errorf("removed by another: %d", got)
	}
	if got := remove("ulf"); got != http.StatusNoContent || outside("out@") != 1 || x.found(t, ulf, "out") != "" {
		t.Errorf("removed while packages name it: %d, %d left", got, outside("out@"))
	}
	a, err := x.store.PutExternal(t.Context(), 1, "alone@example.org")
	if err != nil {
		t.Fatal(err)
	}
	if err := x.store.RemoveContact(t.Context(), 1, a.ID); err != nil || outside("alone@") != 0 {
		t.Errorf("removed while nothing names it: %v, %d left", err, outside("alone@"))
	}
}

// faspex-A10 (for accounts that admins make): the external user of an address is merged into an account with it, which
// keeps the packages.
func TestExternalUserBecomesAccount(t *testing.T) {
	x := newExchange(t)
	x.configure(t, map[string]any{"allow_send_to_email_default": true})
	status, body := x.sends(t, x.alice, "neu@example.com")
	if status != http.StatusCreated {
		t.Fatalf("%d %s", status, body)
	}
	x.deliver(t, jsonOf[struct{ ID string }](t, body).ID)
	neu := x.user(t, "neu", "user")
	if _, _, body := x.call(t, neu, "GET", "/api/v5/inbox/packages", nil); !strings.Contains(body, `"total_count":1`) {
		t.Errorf("the inbox: %s", body)
	}
	if got := x.found(t, x.alice, "neu"); got != "neu" {
		t.Errorf("found %q", got)
	}
}

// faspex-I1 (for contacts): by default somebody reaches the own contacts and nobody else.
// faspex-H9: people who registered reach each other only with the option on.
func TestReachOfContactsAndRegistered(t *testing.T) {
	x := newExchange(t)
	ulf, ids := x.user(t, "ulf", "user"), map[string]string{}
	for _, name := range []string{"reg", "rita"} {
		if status, _, body := x.call(t, x.admin, "POST", "/api/v5/accounts", map[string]any{"name": name, "first_name": "R",
			"last_name": name, "email": name + "@example.com", "type": "self_registered_user"}); status != http.StatusCreated {
			t.Fatalf("%d %s", status, body)
		}
		ids[name] = x.idOf(t, name)
	}
	reg := x.admin.As("reg")
	for _, step := range []struct {
		all, each  bool
		rita, admn string
	}{{true, false, "", "ulf"}, {true, true, "rita", "ulf"}, {false, true, "rita", ""}, {false, false, "", ""}} {
		x.configure(t, map[string]any{"users_can_send_to_all_faspex_users": step.all,
			"self_registered_users_can_send_to_each_other": step.each})
		if got := x.found(t, reg, "rita"); got != step.rita {
			t.Errorf("%+v: found %q", step, got)
		}
		if got := x.found(t, reg, "ulf"); got != step.admn {
			t.Errorf("%+v: found %q", step, got)
		}
		if status, body := x.sends(t, reg, "rita"); (status == http.StatusCreated) != (step.rita != "") {
			t.Errorf("%+v: sent %d %s", step, status, body)
		}
	}
	if got := x.found(t, ulf, "rita"); got != "" {
		t.Errorf("before: %q", got)
	}
	x.configure(t, map[string]any{"allow_send_to_email_default": true})
	if status, body := x.sends(t, ulf, "later@example.com"); status != http.StatusCreated {
		t.Fatalf("%d %s", status, body)
	}
	x.user(t, "later", "user")
	x.configure(t, map[string]any{"allow_send_to_email_default": false})
	if got := x.found(t, ulf, "later"); got != "later" {
		t.Errorf("an own contact: %q", got)
	}
	if status, body := x.sends(t, ulf, "later"); status != http.StatusCreated {
		t.Errorf("to an own contact: %d %s", status, body)
	}
}

// faspex-C12: accounts that log in by SAML have no password: it is neither changed nor reset.
func TestSAMLAccountsHaveNoPassword(t *testing.T) {
	in := install(t)
	connectMail(t, in)
	if status, _, body := in.call(t, in.admin, "POST", "/api/v5/accounts", map[string]any{"name": "sam", "first_name": "Sam",
		"last_name": "El", "email": "sam@example.com", "type": "saml_user"}); status != http.StatusCreated {
		t.Fatalf("%d %s", status, body)
	}
	if status, _, body := in.call(t, in.admin, "POST", "/api/v5/accounts/"+in.idOf(t, "sam")+"/reset_password", nil); status != http.StatusConflict {
		t.Errorf("reset: %d %s", status, body)
	}
	sam := in.admin.As("sam")
	if _, _, body := in.call(t, sam, "GET", "/api/v5/account/preferences", nil); !strings.Contains(body, `"can_change_password":false`) {
		t.Errorf("preferences: %s", body)
	}
	if status, _, body := in.call(t, sam, "PUT", "/api/v5/account/preferences", map[string]any{"password": map[string]any{
		"current_password": "", "new_password": "abc-12", "confirm_password": "abc-12"}}); status != http.StatusForbidden {
		t.Errorf("change: %d %s", status, body)
	}
}

// faspex-C14: one call has every local account but the caller's choose another password at the next login.
func TestForcedReset(t *testing.T) {
	in := install(t)
	in.member(t, "ulf", "user", "abc-12")
	if status, _, body := in.call(t, in.admin.As("ulf"), "POST", "/api/v5/force_password_reset", nil); status != http.StatusForbidden {
		t.Errorf("by a user: %d %s", status, body)
	}
	if status, _, body := in.call(t, in.admin, "POST", "/api/v5/force_password_reset", nil); status != http.StatusNoContent {
		t.Fatalf("%d %s", status, body)
	}
	if got := in.loginStatus(t, "ulf", "abc-12"); got != http.StatusOK { // the form for another one
		t.Errorf("ulf: %d", got)
	}
	if got := in.loginStatus(t, adminName, adminPassword); got != http.StatusFound {
		t.Errorf("the caller: %d", got)
	}
}

// Whoever asks for an account with the address of an external user and is denied leaves the external user as before.
func TestDeniedExternalUserStays(t *testing.T) {
	in := install(t)
	a, err := in.store.PutExternal(t.Context(), 1, "out@example.org")
	if err != nil {
		t.Fatal(err)
	}
	id, err := in.store.CreateAccount(t.Context(), store.Account{Name: "out@example.org", Email: "out@example.org",
		FirstName: "Out", Role: store.RoleUser, Type: store.TypeSelfRegistered, Status: store.AccountPending})
	if err != nil || id != a.ID {
		t.Fatalf("account %d, want %d, %v", id, a.ID, err)
	}
	if err := in.store.Deny(t.Context(), id, nil); err != nil {
		t.Fatal(err)
	}
	if a, err = in.store.Account(t.Context(), id); err != nil || a.Type != store.TypeExternal || a.FirstName != "" ||
		a.Status != store.AccountActive {
		t.Errorf("%+v, %v", a, err)
	}
	if err := in.store.Deny(t.Context(), id, nil); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("denied twice: %v", err)
	}
}

// faspex-D7 (with TestLockout in faspex/auth): a locked account has that status, and an admin's word unlocks it.
func TestLockedAccountIsShown(t *testing.T) {
	in := install(t)
	_, id := in.member(t, "ulf", "user", "abc-12")
	shown := func(want string) {
		t.Helper()
		_, _, body := in.call(t, in.admin, "GET", "/api/v5/accounts/"+id, nil)
		_, _, list := in.call(t, in.admin, "GET", "/api/v5/accounts?status="+want, nil)
		if a := object(t, body); a["status"] != want || a["account_activated"] != true || !strings.Contains(list, `"ulf"`) {
			t.Errorf("%s: %v %v, list %s", want, a["status"], a["account_activated"], list)
		}
	}
	shown("active")
	for range 5 {
		if got := in.loginStatus(t, "ulf", "wrong"); got != http.StatusUnauthorized {
			t.Fatalf("a wrong password: %d", got)
		}
	}
	shown("locked")
	if got := in.loginStatus(t, "ulf", "abc-12"); got == http.StatusFound {
		t.Error("a locked account logs in")
	}
	in.set(t, id, map[string]any{"account_activated": true})
	shown("active")
	if got := in.loginStatus(t, "ulf", "abc-12"); got != http.StatusFound {
		t.Errorf("unlocked: %d", got)
	}
}
