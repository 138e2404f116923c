package core_test

import (
	"net/http"
	"reflect"
	"strings"
	"testing"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/client"
	"faspex.io/operator/faspex/core"
	"faspex.io/operator/faspex/store"
)

// bearer calls with a token that was taken before, as a client does that knows of nothing.
func (in *installation) bearer(t *testing.T, token, path string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, in.url+core.Base+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	status, _, _ := do(t, req)
	return status
}

func tokenOf(t *testing.T, c *client.Client) string {
	t.Helper()
	token, err := c.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// faspex-A18: accounts are filtered by role, type, active and search text; external users are a list of their own.
func TestAccountsAreFiltered(t *testing.T) {
	in := install(t)
	in.user(t, "mona", "manager")
	in.user(t, "ulf", "user")
	in.user(t, "rest", "user")
	in.set(t, in.idOf(t, "rest"), map[string]any{"account_activated": false})
	for name, kind := range map[string]string{"guest": "external_user", "self": "self_registered_user"} {
		if _, err := in.store.CreateAccount(t.Context(), store.Account{Name: name, Email: name + "@elsewhere.example",
			Role: store.RoleUser, Type: kind, Status: store.AccountActive}); err != nil {
			t.Fatal(err)
		}
	}
	for query, want := range map[string]string{
		"role=manager": "mona", "role=user&type=local_user": "rest ulf", "type=external_user": "guest",
		"type[]=external_user&type[]=self_registered_user": "guest self", "active=true&type=local_user&role=user": "ulf",
		"q=ELSEWHERE": "self", "q=elsewhere&type=external_user": "guest", "q=Test+ul": "ulf",
		"q=ulf&active=true": "ulf", "q=rest&active=true": "", "q=ulf&role=admin": "",
	} {
		_, _, body := in.call(t, in.admin, "GET", "/api/v5/accounts?sort=name&"+query, nil)
		list := jsonOf[struct {
			TotalCount int `json:"total_count"`
			Accounts   []api.Account
		}](t, body)
		var names []string
		for _, a := range list.Accounts {
			names = append(names, a.Name)
		}
		if got := strings.Join(names, " "); got != want || list.TotalCount != len(names) {
			t.Errorf("%s: %q, total %d, want %q", query, got, list.TotalCount, want)
		}
	}
	if status, _, body := in.call(t, in.admin, "GET", "/api/v5/accounts?role=king", nil); status != http.StatusBadRequest {
		t.Errorf("a role that is none: %d %s", status, body)
	}
}

// faspex-B1: switching "active" off refuses the next login and every token that was given out; switching it on restores
// the account with all its settings.
func TestDeactivatedAccountIsRestored(t *testing.T) {
	in := install(t)
	ulf, id := in.member(t, "ulf", "user", "abc-12")
	in.set(t, id, map[string]any{"can_invite": "true", "kbps_max_target_upload_rate": 5, "uploads_allowed": false,
		"allowed_ip_addresses_for_upload": []string{"10.1.2.3"}, "description": "of the night shift"})
	if status, _, body := in.call(t, ulf, "PUT", "/api/v5/account/preferences",
		map[string]any{"rows_per_page": 7, "locale": "de"}); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	page := in.login(t, "ulf", "abc-12")
	bySignature := tokenOf(t, ulf)
	read := func(c *client.Client, path string) map[string]any {
		t.Helper()
		_, _, body := in.call(t, c, "GET", path, nil)
		seen := object(t, body)
		delete(seen, "updated_at")
		delete(seen, "last_login_time") // a login at the end of the test is one
		return seen
	}
	account := "/api/v5/accounts/" + id + "?expand=true"
	before, preferences := read(in.admin, account), read(ulf, "/api/v5/account/preferences")

	in.set(t, id, map[string]any{"account_activated": false})
	for name, token := range map[string]string{"of the page": page.tokens.AccessToken, "by signature": bySignature} {
		if status := in.bearer(t, token, "/api/v5/account"); status != http.StatusUnauthorized {
			t.Errorf("token %s: %d", name, status)
		}
	}
	if status := page.refresh(t); status != http.StatusBadRequest {
		t.Errorf("refresh token: %d", status)
	}
	if _, again := page.tab(t); again {
		t.Error("the browser's session goes on")
	}
	if _, res, _ := in.enter(t, "ulf", "abc-12"); res.StatusCode != http.StatusForbidden {
		t.Errorf("login with the password: %d", res.StatusCode)
	}
	if err := in.admin.As("ulf").Login(t.Context()); err == nil {
		t.Error("login by signature")
	}

	in.set(t, id, map[string]any{"account_activated": true})
	in.login(t, "ulf", "abc-12")
	if got := read(in.admin, account); !reflect.DeepEqual(got, before) {
		t.Errorf("restored: %v, want %v", got, before)
	}
	if got := read(in.admin.As("ulf"), "/api/v5/account/preferences"); !reflect.DeepEqual(got, preferences) {
		t.Errorf("restored preferences: %v, want %v", got, preferences)
	}
}

// faspex-AH2: admins read all that is stored of a person, but no password and nothing made of one.
func TestAdminsReadPersonalData(t *testing.T) {
	x := newExchange(t)
	_, id := x.member(t, "ulf", "user", "abc-12")
	_, key := rsaKey(t)
	x.set(t, id, map[string]any{"first_name": "Ulf", "last_name": "Lind", "email": "ulf@north.example", "public_key": key,
		"description": "of the night shift", "allowed_ip_addresses_for_login": []string{"127.0.0.1"}})
	x.login(t, "ulf", "abc-12")
	ulf := x.admin.As("ulf")
	p, err := ulf.CreatePackage(t.Context(), api.PackageCreate{Title: "mine", Note: "a note", Recipients: to("bob"),
		PrivateRecipients: to("carol")})
	if err != nil {
		t.Fatal(err)
	}
	for path, wanted := range map[string][]string{
		"/api/v5/accounts/" + id + "?expand=true": {`"ulf"`, `"Ulf"`, `"Lind"`, `"ulf@north.example"`, `"of the night shift"`,
			`"127.0.0.1"`, `"last_login_client_addr":"127.0.0.1"`, "PUBLIC KEY"},
		"/api/v5/all/packages?q=ulf":       {`"mine"`, `"a note"`, `"carol@example.com"`},
		"/api/v5/packages/" + p.ID:         {`"mine"`, `"a note"`, `"carol@example.com"`, `"bob@example.com"`},
		"/api/v5/application_events?q=ulf": {`"login_success"`, `"127.0.0.1"`},
	} {
		status, _, body := x.call(t, x.admin, "GET", path, nil)
		for _, want := range wanted {
			if status != http.StatusOK || !strings.Contains(body, want) {
				t.Errorf("%s: %d, no %s in %s", path, status, want, body)
			}
		}
		for _, secret := range []string{"abc-12", "argon2", `"password"`, `"password_hash"`} {
			if strings.Contains(body, secret) {
				t.Errorf("%s shows %s: %s", path, secret, body)
			}
		}
	}
}
