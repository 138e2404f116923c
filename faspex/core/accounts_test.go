package core_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"strings"
	"testing"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/client"
)

// faspex-A1, faspex-A18
func TestAccounts(t *testing.T) {
	in, ctx := install(t), t.Context()
	change := api.AccountChange{Name: ptr("Jürgen"), FirstName: ptr("Jürgen"), LastName: ptr("Ünal"),
		Email: ptr("j@example.com")}
	made, err := in.admin.CreateAccount(ctx, change)
	if err != nil {
		t.Fatal(err)
	}
	if made.Name != "Jürgen" || made.Role != "user" || made.Status != "active" || !made.AccountActivated ||
		made.Type != "local_user" || made.PublicKey != nil {
		t.Errorf("created: %+v", made)
	}
	change.Name = ptr("jürgen")
	if _, err := in.admin.CreateAccount(ctx, change); !client.IsConflict(err) {
		t.Errorf("same name in lower case: %v", err)
	}
	change.Name, change.Email = ptr("another"), ptr("J@EXAMPLE.com")
	if _, err := in.admin.CreateAccount(ctx, change); !client.IsConflict(err) {
		t.Errorf("same address in capitals: %v", err)
	}
	for name, spoil := range map[string]func(*api.AccountChange){
		"no name":       func(c *api.AccountChange) { c.Name = nil },
		"blank name":    func(c *api.AccountChange) { c.Name = ptr("  ") },
		"control":       func(c *api.AccountChange) { c.Name = ptr("a\nb") },
		"no e-mail":     func(c *api.AccountChange) { c.Email = nil },
		"role":          func(c *api.AccountChange) { c.Role = ptr("king") },
		"empty e-mail":  func(c *api.AccountChange) { c.Email = ptr(" ") },
		"no address":    func(c *api.AccountChange) { c.Email = ptr("jay") },
		"no first name": func(c *api.AccountChange) { c.FirstName = ptr(" ") },
		"no last name":  func(c *api.AccountChange) { c.LastName = nil },
		"key":           func(c *api.AccountChange) { c.PublicKey = ptr("no key") },
	} {
		bad := api.AccountChange{Name: ptr("x"), FirstName: ptr("X"), LastName: ptr("Y"), Email: ptr("x@example.com")}
		spoil(&bad)
		if _, err := in.admin.CreateAccount(ctx, bad); err == nil || !strings.Contains(err.Error(), ": 400:") {
			t.Errorf("%s: %v", name, err)
		}
	}
	path := "/api/v5/accounts/" + made.ID
	if status, _, body := in.call(t, in.admin, "PUT", path,
		map[string]any{"last_name": "Öz", "unknown_field": 1}); status != 200 || !strings.Contains(body, `"last_name":"Öz"`) {
		t.Errorf("change: %d %s", status, body)
	}
	if status, _, body := in.call(t, in.admin, "PUT", path, map[string]any{"name": "other"}); status != 400 {
		t.Errorf("rename: %d %s", status, body)
	}
	if status, _, body := in.call(t, in.admin, "GET", path+"?expand=true", nil); status != 200 ||
		!strings.Contains(body, `"uploads_allowed":true`) || strings.Contains(body, "argon2") {
		t.Errorf("expanded: %d %s", status, body)
	}
	for query, want := range map[string]int{"?q=J%C3%BCrgen": 1, "?q=%25": 0, "?role=admin": 1, "?type[]=saml_user": 0,
		"?type[]=saml_user&type[]=local_user": 2, "?active=true": 2, "?q=nobody": 0} {
		_, _, body := in.call(t, in.admin, "GET", "/api/v5/accounts"+query, nil)
		var list struct {
			TotalCount int           `json:"total_count"`
			Accounts   []api.Account `json:"accounts"`
		}
		if err := json.Unmarshal([]byte(body), &list); err != nil || list.TotalCount != want || len(list.Accounts) != want {
			t.Errorf("%s: %v %s", query, err, body)
		}
	}
	me, err := in.admin.Account(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := in.admin.DeleteAccount(ctx, me.ID); !client.IsConflict(err) {
		t.Errorf("delete oneself: %v", err)
	}
	status, _, body := in.call(t, in.admin, "DELETE", "/api/v5/accounts?ids="+made.ID+",999", nil)
	if status != http.StatusMultiStatus || !strings.Contains(body, `{"id":"999","code":"not_found"`) ||
		!strings.Contains(body, `"succeeded":["`+made.ID+`"]`) {
		t.Errorf("batch: %d %s", status, body)
	}
	if status, _, body := in.call(t, in.admin, "DELETE", "/api/v5/accounts", nil); status != 400 {
		t.Errorf("delete nothing: %d %s", status, body)
	}
}

func TestContacts(t *testing.T) {
	in := install(t)
	user := in.user(t, "ulf", "user")
	in.user(t, "ute", "user") // 4: the operator has an account too, which is on no list
	for query, want := range map[string]string{
		"?context=packages&type[]=user&type[]=workgroup&q=ut": `"total_count":1,"offset":0,"limit":1000,"contacts":[{"id":"4","name":"ute"`,
		"?type=user&q=ut":        `"total_count":1,`,
		"?type[]=workgroup&q=ut": `"total_count":0,"offset":0,"limit":1000,"contacts":[]`,
		"?q=example.com&limit=1": `"total_count":3,"offset":0,"limit":1,`,
	} {
		if status, _, body := in.call(t, user, "GET", "/api/v5/contacts"+query, nil); status != 200 ||
			!strings.Contains(body, want) {
			t.Errorf("%s: %d %s", query, status, body)
		}
	}
}

func rsaKey(t *testing.T) (private []byte, public string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
		string(pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&key.PublicKey)}))
}

// faspex-C9: a change of one's password asks for the current one, and for the new one twice.
func TestPreferences(t *testing.T) {
	in, ctx := install(t), t.Context()
	name := "ulf"
	in.member(t, name, "user", "first-passw0rd")
	user := in.admin.As(name)
	private, public := rsaKey(t)
	status, _, body := in.call(t, user, "PUT", "/api/v5/account/preferences",
		map[string]any{"rows_per_page": 50, "locale": "de", "public_key": public, "current_password": "first-passw0rd",
			"preference": map[string]any{}})
	if status != 200 || !strings.Contains(body, `"rows_per_page":50`) {
		t.Fatalf("change: %d %s", status, body)
	}
	if status, _, body = in.call(t, user, "GET", "/api/v5/account/preferences", nil); status != 200 ||
		!strings.Contains(body, `"locale":"de"`) || !strings.Contains(body, "RSA PUBLIC KEY") {
		t.Errorf("read: %d %s", status, body)
	}

	// The key signs for its owner at a client that admits the keys of users, and the client
	// is one that an admin registered.
	status, _, body = in.call(t, in.admin, "POST", "/auth/oauth_clients",
		map[string]any{"name": "cli", "client_type": "public", "allow_jwt_grant": true, "access_grant_all_users": true})
	var registered api.OAuthClient
	if err := json.Unmarshal([]byte(body), &registered); err != nil || status != 201 {
		t.Fatalf("register: %d %s", status, body)
	}
	own, err := client.New(client.Config{URL: in.url +
		"/aspera/faspex/", Grant: &client.Grant{ClientID: registered.ClientID, PrivateKey: private, User: name}})
	if err != nil {
		t.Fatal(err)
	}
	if a, err := own.Account(ctx); err != nil || a.Name != name || a.PublicKey == nil {
		t.Errorf("account by own key: %+v, %v", a, err)
	}
	if err := own.As(adminName).Login(ctx); err == nil {
		t.Error("the key of a user logs an admin in")
	}

	password := func(current, next, confirm string) int {
		t.Helper()
		status, _, _ := in.call(t, user, "PUT", "/api/v5/account/preferences", map[string]any{"password": map[string]any{
			"current_password": current, "new_password": next, "confirm_password": confirm}})
		return status
	}
	for name, test := range map[string][4]any{
		"wrong":     {"other password", "second-passw0rd", "second-passw0rd", 400},
		"different": {"first-passw0rd", "second-passw0rd", "third-passw0rd", 400},
		"short":     {"first-passw0rd", "short", "short", 400},
	} {
		if got := password(test[0].(string), test[1].(string), test[2].(string)); got != test[3] {
			t.Errorf("%s: %d", name, got)
		}
	}
	if got := password("first-passw0rd", "second-passw0rd", "second-passw0rd"); got != 200 {
		t.Errorf("change: %d", got)
	}
	// The logins of before have ended; clients of the package log in again by themselves.
	if a, err := user.Account(ctx); err != nil || a.Name != name {
		t.Errorf("after the change of password: %v", err)
	}
	if err := own.As(name).Login(ctx); err == nil {
		t.Error("the key of before the change of password logs in")
	}
	if strings.Contains(in.log.String(), "first-passw0rd") || strings.Contains(in.log.String(), "second-passw0rd") {
		t.Error("the log holds a password")
	}
}

// faspex-E1, faspex-E14, faspex-E3 (with TestAuthorizeRequestsThatAreRefused in faspex/auth): admins register clients, which
// need a name, and redirect URIs without the JWT grant; those of the product are not changed.
func TestOAuthClients(t *testing.T) {
	in := install(t)
	status, _, body := in.call(t, in.admin, "POST", "/auth/oauth_clients",
		map[string]any{"name": "Portal", "client_type": "confidential",
			"redirect_uris": []string{"https://portal.example.com/token"}, "access_grant_all_users": false,
			"access_grant_to_users": []string{adminName}})
	var made api.OAuthClient
	if err := json.Unmarshal([]byte(body), &made); err != nil || status != 201 || made.ClientSecret == "" ||
		made.ClientID == "" || made.CreatorID != "2" ||
		made.AccessTokenExpirationHours != 12 || len(made.AccessGrantToUsers) != 1 ||
		made.AccessGrantToUsers[0].Name != adminName {
		t.Fatalf("create: %d %s", status, body)
	}
	path := "/auth/oauth_clients/" + made.ClientID
	if status, _, body = in.call(t, in.admin, "GET", path, nil); status != 200 ||
		strings.Contains(body, made.ClientSecret) {
		t.Errorf("read: %d %s", status, body)
	}
	if status, _, body = in.call(t, in.admin, "GET",
		"/auth/oauth_clients?expand=true&no_api_path=true&client_types[]=public",
		nil); status != 200 || !strings.Contains(body, `"total_count":1,`) {
		t.Errorf("list: %d %s", status, body)
	}
	if status, _, body = in.call(t, in.admin, "GET", "/auth/oauth_clients?client_types=internal", nil); status != 200 ||
		!strings.Contains(body, `"total_count":3,`) {
		t.Errorf("list of internal: %d %s", status, body)
	}
	if status, _, body = in.call(t, in.admin, "PUT", path,
		map[string]any{"description": "for partners", "redirect_uris": []string{"http://localhost:12345"}}); status != 200 ||
		!strings.Contains(body, `"redirect_uris":["http://localhost:12345"]`) || !strings.Contains(body, adminName) {
		t.Errorf("change: %d %s", status, body)
	}
	for name, bad := range map[string]map[string]any{
		"http elsewhere": {"redirect_uris": []string{"http://portal.example.com/"}},
		"fragment":       {"redirect_uris": []string{"https://portal.example.com/#x"}},
		"script":         {"redirect_uris": []string{"javascript:alert(1)"}},
		"type":           {"client_type": "public"},
		"key":            {"public_key": "no key"},
		"nobody":         {"access_grant_to_users": []string{"nobody"}},
	} {
		if status, _, body = in.call(t, in.admin, "PUT", path, bad); status != 400 {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	for _, method := range []string{"PUT", "DELETE"} {
		for _, id := range []string{operatorID, "ui-client"} {
			if status, _, body = in.call(t, in.admin, method, "/auth/oauth_clients/"+id, map[string]any{}); status != 403 {
				t.Errorf("%s of %s: %d %s", method, id, status, body)
			}
		}
	}
	for name, bad := range map[string]map[string]any{
		"name":         {"client_type": "public", "redirect_uris": []string{"https://portal.example.com/token"}},
		"redirect_uri": {"name": "cli", "client_type": "public"},
	} {
		if status, _, body = in.call(t, in.admin, "POST", "/auth/oauth_clients", bad); status != 400 ||
			!strings.Contains(body, name) {
			t.Errorf("without %s: %d %s", name, status, body)
		}
	}
	if status, _, body = in.call(t, in.user(t, "mia", "manager"), "POST", "/auth/oauth_clients",
		map[string]any{"name": "cli", "client_type": "public", "allow_jwt_grant": true}); status != 403 {
		t.Errorf("by a manager: %d %s", status, body)
	}
	if status, _, body = in.call(t, in.admin, "PUT", path, map[string]any{"redirect_uris": []string{}}); status != 400 {
		t.Errorf("redirect URIs taken away: %d %s", status, body)
	}
	for _, want := range []int{204, 404} {
		if status, _, body = in.call(t, in.admin, "DELETE", path, nil); status != want {
			t.Errorf("delete: %d, want %d: %s", status, want, body)
		}
	}
}

// faspex-E2 (with TestImplicitGrant in faspex/auth): the implicit grant and signed assertions are never on together.
func TestImplicitGrantExcludesAssertions(t *testing.T) {
	in := install(t)
	client := func(fields map[string]any) (int, string) {
		fields["name"], fields["client_type"], fields["redirect_uris"] = "Old", "public", []string{"https://old.example.com/"}
		status, _, body := in.call(t, in.admin, "POST", "/auth/oauth_clients", fields)
		return status, body
	}
	if status, body := client(map[string]any{"allow_implicit_grant": true, "allow_jwt_grant": true}); status != 400 ||
		!strings.Contains(body, "allow_implicit_grant") {
		t.Errorf("both: %d %s", status, body)
	}
	status, body := client(map[string]any{"allow_implicit_grant": true})
	made := object(t, body)
	if status != 201 || made["allow_implicit_grant"] != true {
		t.Fatalf("%d %s", status, body)
	}
	path := "/auth/oauth_clients/" + made["client_id"].(string)
	if status, _, body := in.call(t, in.admin, "PUT", path, map[string]any{"allow_jwt_grant": true}); status != 400 {
		t.Errorf("the other one later: %d %s", status, body)
	}
	if status, _, body := in.call(t, in.admin, "PUT", path, map[string]any{"allow_jwt_grant": true,
		"allow_implicit_grant": false}); status != 200 || object(t, body)["allow_implicit_grant"] != false {
		t.Errorf("one for the other: %d %s", status, body)
	}
}
