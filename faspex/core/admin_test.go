package core_test

import (
	"encoding/json"
	"encoding/pem"
	"net/http"
	"slices"
	"strings"
	"testing"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/client"
	"faspex.io/operator/faspex/core"
)

// send is call with more headers.
func (in *installation) send(t *testing.T, c *client.Client, method, path, body string, header map[string]string) (int,
	http.Header, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, in.url+core.Base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for name, value := range header {
		req.Header.Set(name, value)
	}
	token, err := c.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	return do(t, req)
}

// A change from an old version is refused, whatever kind of thing it is; one without a
// version is made to what is there.
func TestSecondOfTwoAdminsIsTold(t *testing.T) {
	in, node, ctx := install(t), startNode(t), t.Context()
	account, err := in.admin.CreateAccount(ctx, api.AccountChange{Name: ptr("ulf"), FirstName: ptr("Ulf"),
		LastName: ptr("Old"),
		Email:    ptr("u@example.com")})
	if err != nil {
		t.Fatal(err)
	}
	n, err := in.admin.CreateNode(ctx, node.change("north"))
	if err != nil {
		t.Fatal(err)
	}
	folder, err := in.admin.CreateSharedFolder(ctx, n.ID, api.SharedFolderChange{Name: ptr("first"), Directory: ptr("/a")})
	if err != nil {
		t.Fatal(err)
	}
	_, _, made := in.call(t, in.admin, "POST", "/auth/oauth_clients",
		map[string]any{"name": "cli", "client_type": "public", "allow_jwt_grant": true})
	var oauth api.OAuthClient
	if err := json.Unmarshal([]byte(made), &oauth); err != nil {
		t.Fatal(err)
	}
	madeAt := func(path string) string {
		return "/api/v5" + path + "/" + in.answered(t, in.admin, 201, "POST", path, map[string]any{"name": "Films"})["id"].(string)
	}
	for what, test := range map[string]struct{ path, first, second, want string }{
		"account": {"/api/v5/accounts/" + account.ID + "?expand=true", `{"last_name":"New"}`, `{"uploads_allowed":false}`,
			`"last_name":"New"`},
		"node": {"/api/v5/nodes/" + n.ID, `{"name":"south"}`, `{"connection_timeout":7}`, `"name":"south"`},
		"folder": {"/api/v5/nodes/" + n.ID + "/shared_folders/" +
			folder.ID, `{"name":"second"}`, `{"enable_linking":true}`, `"name":"second"`},
		"client": {"/auth/oauth_clients/" + oauth.ClientID, `{"description":"ours"}`, `{"allow_refresh_token":true}`,
			`"description":"ours"`},
		"workgroup": {madeAt("/workgroups"), `{"member_access":"restricted_access"}`, `{"workgroup_type":"moderated"}`,
			`"member_access":"restricted_access"`},
		"shared inbox": {madeAt("/shared_inboxes"), `{"submitters_instructions":"PDF"}`, `{"admin_can_manage_users":false}`,
			`"submitters_instructions":"PDF"`},
		"metadata profile": {madeAt("/configuration/metadata_profiles"), `{"name":"Reels"}`, `{"default":true}`,
			`"name":"Reels"`},
	} {
		t.Run(what, func(t *testing.T) {
			status, header, _ := in.call(t, in.admin, "GET", test.path, nil)
			read := header.Get("ETag")
			if status != 200 || len(read) < 10 || read[0] != '"' {
				t.Fatalf("read: %d, ETag %q", status, read)
			}
			status, header, body := in.send(t, in.admin, "PUT", test.path, test.first, map[string]string{"If-Match": read})
			written := header.Get("ETag")
			if status != 200 || written == read {
				t.Fatalf("first change: %d %s, ETag %q", status, body, written)
			}
			status, _, body = in.send(t, in.admin, "PUT", test.path, test.second, map[string]string{"If-Match": read})
			if status != http.StatusPreconditionFailed || !strings.Contains(body, `"code":"changed"`) {
				t.Errorf("second change from the old version: %d %s", status, body)
			}
			if _, header, _ = in.call(t, in.admin, "GET", test.path, nil); header.Get("ETag") != written {
				t.Errorf("the change answered the version %s, and the next reading is %s", written, header.Get("ETag"))
			}
			// W/ is what a proxy that compresses makes of it.
			for _, match := range []string{"W/" + written, "*", ""} {
				if status, _, body = in.send(t, in.admin, "PUT", test.path, test.second,
					map[string]string{"If-Match": match}); status != 200 {
					t.Errorf("If-Match %s: %d %s", match, status, body)
				}
			}
			if _, _, body = in.call(t, in.admin, "GET", test.path, nil); !strings.Contains(body, test.want) {
				t.Errorf("the first change is lost: %s", body)
			}
		})
	}
}

// faspex-A2: nobody changes the role of the account they are logged in with.
func TestNobodyLocksThemselvesOut(t *testing.T) {
	in, ctx := install(t), t.Context()
	me, err := in.admin.Account(ctx)
	if err != nil {
		t.Fatal(err)
	}
	second := in.user(t, "second", "admin")
	for name, test := range map[string]struct {
		who    *client.Client
		change string
		want   string
	}{
		"own role":            {in.admin, `{"role":"user"}`, "You cannot change your own role."},
		"own role to manager": {in.admin, `{"role":"manager"}`, "You cannot change your own role."},
		"own account deactivated": {in.admin, `{"account_activated":false}`,
			"You cannot deactivate the account you are logged in with."},
		"the same role and status": {in.admin, `{"role":"admin","account_activated":true}`, ""},
	} {
		status, _, body := in.send(t, test.who, "PUT", "/api/v5/accounts/"+me.ID, test.change, nil)
		if refused := status == http.StatusConflict && strings.Contains(body, test.want); refused != (test.want != "") {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	if status, _, body := in.send(t, in.admin, "PATCH", "/api/v5/accounts?ids="+
		me.ID, `{"account_activated":false}`, nil); status != http.StatusMultiStatus ||
		!strings.Contains(body, "You cannot deactivate") {
		t.Errorf("deactivate oneself among several: %d %s", status, body)
	}
	if status, _, body := in.send(t, second, "PUT", "/api/v5/accounts/"+me.ID, `{"role":"user"}`, nil); status != 200 {
		t.Errorf("demote another admin: %d %s", status, body)
	}
}

// faspex-A3, faspex-B11: managers make, change and delete the accounts of users, and neither make nor touch managers and
// admins. Admins delete everybody.
func TestManagersManageUsersOnly(t *testing.T) {
	in, ctx := install(t), t.Context()
	manager := in.user(t, "mia", "manager")
	self := in.idOf(t, "mia")
	ids := map[string]string{}
	for name, role := range map[string]string{"ulf": "user", "max": "manager", "ada": "admin"} {
		in.user(t, name, role)
		a, err := in.admin.AccountByName(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		ids[name] = a.ID
	}
	for _, test := range []struct {
		method, path, body string
		want               int
	}{
		{"POST", "/accounts", `{"name":"x1","first_name":"X","last_name":"Y","email":"x1@example.com"}`, 201},
		{"POST", "/accounts", `{"name":"x2","first_name":"X","last_name":"Y","email":"x2@example.com","role":"user"}`, 201},
		{"POST", "/accounts", `{"name":"x3","first_name":"X","last_name":"Y","email":"x3@example.com","role":"manager"}`, 403},
		{"POST", "/accounts", `{"name":"x4","first_name":"X","last_name":"Y","email":"x4@example.com","role":"admin"}`, 403},
		{"PUT", "/accounts/" + ids["ulf"], `{"last_name":"Y"}`, 200},
		{"PUT", "/accounts/" + ids["ulf"], `{"role":"manager"}`, 403},
		{"PUT", "/accounts/" + ids["ulf"], `{"role":"admin"}`, 403},
		{"PUT", "/accounts/" + ids["max"], `{"last_name":"Y"}`, 403},
		{"POST", "/accounts/" + ids["max"] + "/reset_password", ``, 403},
		{"POST", "/accounts/" + ids["ada"] + "/reset_password", ``, 403},
		{"PUT", "/accounts/" + ids["ada"], `{"last_name":"Y"}`, 403},
		{"PATCH", "/accounts?ids=" + ids["max"], `{"account_activated":false}`, 207},
		{"PATCH", "/accounts?ids=" + ids["ulf"], `{"account_activated":false}`, 204},
		{"DELETE", "/accounts/" + ids["max"], ``, 403},
		{"DELETE", "/accounts/" + ids["ada"], ``, 403},
		{"DELETE", "/accounts/" + ids["ulf"], ``, 204},
		{"DELETE", "/accounts/" + self, ``, 409},
		{"GET", "/nodes", ``, 403},
		{"POST", "/nodes/try", `{}`, 403},
	} {
		if status, _, body := in.send(t, manager, test.method, "/api/v5"+test.path, test.body, nil); status != test.want {
			t.Errorf("%s %s %s: %d, want %d: %s", test.method, test.path, test.body, status, test.want, body)
		}
	}
	for _, name := range []string{"max", "ada"} {
		if status, _, body := in.call(t, in.admin, "DELETE", "/api/v5/accounts/"+ids[name], nil); status != http.StatusNoContent {
			t.Errorf("an admin deletes %s: %d %s", name, status, body)
		}
	}
}

// faspex-U1: a node that cannot be reached is told as such, and stored only if the admin insists.
func TestNodeIsTriedBeforeItIsStored(t *testing.T) {
	in, node, other, ctx := install(t), startNode(t), startStranger(t), t.Context()
	try := func(path string, c api.NodeChange) api.NodeTest {
		t.Helper()
		status, _, body := in.call(t, in.admin, "POST", path, c)
		var out api.NodeTest
		if err := json.Unmarshal([]byte(body), &out); err != nil || status != 200 {
			t.Fatalf("try: %d %s", status, body)
		}
		return out
	}
	got := try("/api/v5/nodes/try", node.change("north"))
	if got.Status != "completed" || got.Certificate == nil || !got.Certificate.Trusted ||
		len(got.Certificate.Fingerprint) != 95 ||
		!slices.Contains(got.Certificate.Names, "127.0.0.1") || got.Certificate.PEM != node.ca {
		t.Errorf("a good node: %+v %+v", got, got.Certificate)
	}
	if nodes, err := in.admin.Nodes(ctx); err != nil || len(nodes) != 0 {
		t.Errorf("trying stored %+v, %v", nodes, err)
	}

	// What is not trusted is shown, so that a person may compare it and have it trusted.
	unknown := node.change("north")
	unknown.PublicKey = nil
	got = try("/api/v5/nodes/try", unknown)
	if got.Status != "failed" || got.StatusMessage != "The certificate of the node is not trusted." ||
		got.Certificate == nil || got.Certificate.Trusted {
		t.Fatalf("unknown certificate: %+v", got)
	}
	if block, _ := pem.Decode([]byte(got.Certificate.PEM)); block == nil {
		t.Errorf("no certificate: %q", got.Certificate.PEM)
	}
	unknown.PublicKey = &got.Certificate.PEM
	if got = try("/api/v5/nodes/try", unknown); got.Status != "completed" || !got.Certificate.Trusted {
		t.Errorf("with the certificate that was shown: %+v", got)
	}

	// What is not there is stored only if the admin says so, and is marked.
	away := node.change("away")
	away.Host, away.APIPort, away.UseSSL, away.Test = &other.host, &other.port, ptr(false), ptr(true)
	if _, err := in.admin.CreateNode(ctx, away); err == nil ||
		!strings.HasSuffix(err.Error(), ": 400: What answers there is not a node.") {
		t.Errorf("test: %v", err)
	}
	away.ProceedAnyway = ptr(true)
	made, err := in.admin.CreateNode(ctx, away)
	if err != nil || made.Status != "failed" || made.StatusMessage != "What answers there is not a node." {
		t.Errorf("proceed anyway: %+v, %v", made, err)
	}
	if _, err := in.admin.UpdateNode(ctx, made.ID, api.NodeChange{Name: ptr("far")}); err != nil {
		t.Fatal(err)
	}
	if read, err := in.admin.Node(ctx, made.ID); err != nil || read.Name != "far" || read.Status != "failed" ||
		read.StatusMessage == "" {
		t.Errorf("another name made it unknown whether the node answers: %+v, %v", read, err)
	}

	// A change is tried with the password that is stored, unless it leads elsewhere.
	stored, err := in.admin.CreateNode(ctx, node.change("north"))
	if err != nil {
		t.Fatal(err)
	}
	if got = try("/api/v5/nodes/"+stored.ID+"/try", api.NodeChange{Name: ptr("south")}); got.Status != "completed" {
		t.Errorf("change of the name: %+v", got)
	}
	given := other.given.Load()
	status, _, body := in.call(t, in.admin, "POST", "/api/v5/nodes/"+stored.ID+
		"/try", api.NodeChange{Host: &other.host, APIPort: &other.port, UseSSL: ptr(false)})
	if status != 400 || !strings.Contains(body, "api_password is needed again") || other.given.Load() != given {
		t.Errorf("the stored password to another host: %d %s", status, body)
	}
	if read, err := in.admin.Node(ctx, stored.ID); err != nil || read.Name != "north" {
		t.Errorf("trying changed %+v, %v", read, err)
	}
}

func TestFolderIsMadeOnANode(t *testing.T) {
	in, node := install(t), startNode(t)
	n, err := in.admin.CreateNode(t.Context(), node.change("north"))
	if err != nil {
		t.Fatal(err)
	}
	path := "/api/v5/nodes/" + n.ID
	for _, test := range []struct {
		body string
		want int
	}{{`{"path":"/new folder"}`, 201}, {`{"path":"/new folder"}`, 409}, {`{"path":"/../out"}`, 400},
		{`{"path":""}`, 400}} {
		if status, _, body := in.send(t, in.admin, "POST", path+"/directories", test.body, nil); status != test.want {
			t.Errorf("%s: %d %s", test.body, status, body)
		}
	}
	if _, _, body := in.call(t, in.admin, "POST", path+
		"/browse", map[string]any{"path": "/"}); !strings.Contains(body, `"path":"/new folder"`) {
		t.Errorf("browse: %s", body)
	}
}

func TestListsOfAdminsAreSorted(t *testing.T) {
	in := install(t)
	for _, p := range [][3]string{{"b", "Bea", "Zorn"}, {"c", "Cleo", "Alt"}, {"d", "Dan", "Alt"}} {
		if _, err := in.admin.CreateAccount(t.Context(),
			api.AccountChange{Name: &p[0], FirstName: &p[1], LastName: &p[2], Email: ptr(p[0] + "@x.example.com")}); err != nil {
			t.Fatal(err)
		}
	}
	for query, want := range map[string]string{
		"q=@x.&sort=full_name":                 "c d b",
		"q=@x.&sort=full_name&descending=true": "b d c",
		"q=@x.&sort=email&descending=true":     "d c b",
		"q=Cleo+Alt":                           "c",
		"q=@x.&status=inactive":                "",
		"q=@x.&limit=2&offset=1":               "c d",
	} {
		_, _, body := in.call(t, in.admin, "GET", "/api/v5/accounts?"+query, nil)
		var list struct{ Accounts []api.Account }
		if err := json.Unmarshal([]byte(body), &list); err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, a := range list.Accounts {
			names = append(names, a.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
}

// A secret is in the answer that makes it, and in no other (page-77's half of the server).
func TestSecretOfAClientIsShownOnce(t *testing.T) {
	in := install(t)
	read := func(method, path string, body any) (api.OAuthClient, string) {
		t.Helper()
		_, _, raw := in.call(t, in.admin, method, path, body)
		var c api.OAuthClient
		if err := json.Unmarshal([]byte(raw), &c); err != nil {
			t.Fatalf("%s %s: %s", method, path, raw)
		}
		return c, raw
	}
	made, _ := read("POST", "/auth/oauth_clients", map[string]any{"name": "cli", "client_type": "confidential", "allow_jwt_grant": true})
	if made.ClientSecret == "" {
		t.Fatal("no secret")
	}
	path := "/auth/oauth_clients/" + made.ClientID
	_, key := rsaKey(t)
	changed, _ := read("PUT", path, map[string]any{"public_key": key})
	if changed.ClientID != made.ClientID || changed.PublicKey == nil || *changed.PublicKey != key {
		t.Errorf("another key: %+v", changed)
	}
	again, _ := read("POST", path+"/secret", nil)
	if again.ClientSecret == "" || again.ClientSecret == made.ClientSecret || again.ClientID != made.ClientID {
		t.Errorf("another secret: %+v", again)
	}
	for _, p := range []string{path, "/auth/oauth_clients"} {
		if _, raw := read("GET", p, nil); strings.Contains(raw, made.ClientSecret) ||
			strings.Contains(raw, again.ClientSecret) || strings.Contains(raw, `"client_secret"`) {
			t.Errorf("%s shows the secret: %s", p, raw)
		}
	}
	public, _ := read("POST", "/auth/oauth_clients", map[string]any{"name": "page", "client_type": "public", "allow_jwt_grant": true})
	if status, _, body := in.call(t, in.admin, "POST", "/auth/oauth_clients/"+public.ClientID+
		"/secret", nil); status != 400 {
		t.Errorf("a secret for a public client: %d %s", status, body)
	}
}
