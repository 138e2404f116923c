package core_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/store"
	"faspex.io/operator/faspex/store/storetest"
)

func (x *exchange) removed(t *testing.T, path string) {
	t.Helper()
	if status, _, body := x.call(t, x.admin, "DELETE", "/api/v5"+path, nil); status != http.StatusNoContent {
		t.Fatalf("%s: %d %s", path, status, body)
	}
}

// faspex-AH5: one action exports all that is kept about a person, one erases it from the live database: nowhere in it the
// name, the login or the address is left. Packages stay for others.
func TestPersonalDataIsExportedAndErased(t *testing.T) {
	s, db := storetest.Open(t)
	x := exchangeOn(t, s)
	const address = "ulf.larsson@example.com"
	ulf, err := x.admin.CreateAccount(t.Context(), api.AccountChange{Name: ptr("ulflarsson"), FirstName: ptr("Ulfric"),
		LastName: ptr("Larsson-Berg"), Email: ptr(address), Role: ptr("user")})
	if err != nil {
		t.Fatal(err)
	}
	x.setPassword(t, "ulflarsson", "abc-12")
	me := x.admin.As("ulflarsson")
	if got := x.loginStatus(t, "ulflarsson", "abc-12"); got != http.StatusFound {
		t.Fatalf("login: %d", got)
	}
	x.groupOf(t, "/workgroups", map[string]any{"name": "Editors"}, map[string]string{"ulflarsson": "standard"})
	for list, name := range map[string]string{"By login": "ulflarsson", "By address": address} {
		x.answered(t, x.alice, 201, "POST", "/account/distribution_lists", map[string]any{"name": list,
			"contacts": []any{map[string]any{"name": name}}})
	}
	x.answered(t, me, 201, "POST", "/account/distribution_lists", map[string]any{"name": "Of Ulf", "contacts": []any{
		map[string]any{"name": "bob"}}})
	x.answered(t, x.alice, 200, "PUT", "/account/notification_settings", map[string]any{
		"upload_notification_users":   []any{map[string]any{"name": "ulflarsson"}},
		"download_notification_users": []any{map[string]any{"name": address}}})
	sent, err := me.CreatePackage(t.Context(), api.PackageCreate{Title: "From Ulf", Recipients: to("bob")})
	if err != nil {
		t.Fatal(err)
	}
	got, err := x.alice.CreatePackage(t.Context(), api.PackageCreate{Title: "To Ulf", Recipients: to("ulflarsson"),
		NotifiedOnReceipt: to("ulflarsson"), NotifiedOnDownload: to(address)})
	if err != nil {
		t.Fatal(err)
	}

	path := "/accounts/" + ulf.ID
	status, _, exported := x.call(t, x.admin, "GET", "/api/v5"+path+"/personal_data", nil)
	own, _, body := x.call(t, me, "GET", "/api/v5/account/personal_data", nil)
	if status != 200 || own != 200 || len(jsonOf[map[string][]json.RawMessage](t, body)) != len(jsonOf[map[string][]json.RawMessage](t, exported)) {
		t.Errorf("the own export: %d %s, an admin's: %d", own, body, status)
	}
	for subject, want := range map[string]string{"account": address, "groups": "Editors", "distribution_lists": "Of Ulf",
		"named_on_distribution_lists": "By address", "packages_sent": "From Ulf", "packages_received": "To Ulf",
		"events": "login_success", "sessions": "last_used_at"} {
		if raw, err := json.Marshal(jsonOf[map[string]any](t, exported)[subject]); err != nil || !strings.Contains(string(raw), want) {
			t.Errorf("%s lacks %s: %s", subject, want, raw)
		}
	}
	if strings.Contains(exported, "argon2") || strings.Contains(exported, "hash") {
		t.Errorf("the export tells secrets: %s", exported)
	}
	for who, c := range map[string]*struct {
		method, path string
	}{"another's data": {"GET", path + "/personal_data"}, "erasing": {"POST", path + "/erase"}} {
		if status, _, body := x.call(t, x.bob, c.method, "/api/v5"+c.path, nil); status != http.StatusForbidden {
			t.Errorf("%s by a user: %d %s", who, status, body)
		}
	}

	if status, _, body := x.call(t, x.admin, "POST", "/api/v5"+path+"/erase", nil); status != http.StatusNoContent {
		t.Fatalf("erase: %d %s", status, body)
	}
	for _, text := range []string{"ulflarsson", address, "Ulfric", "Larsson-Berg"} {
		if where := storetest.Mentions(t, db, text); len(where) > 0 {
			t.Errorf("%s is kept in %s", text, where)
		}
	}
	if events, n, err := x.store.ApplicationEvents(t.Context(), store.ApplicationEventFilter{Types: []string{store.LoginSuccess}},
		store.Page{Limit: 9}); err != nil || n != 1 || events[0].Address != "" {
		t.Errorf("the event of the login: %+v, %v", events, err)
	}
	for _, id := range []string{sent.ID, got.ID} {
		if _, err := x.admin.Package(t.Context(), id); err != nil {
			t.Errorf("a package of others is gone: %v", err)
		}
	}
	if status, _, _ := x.call(t, x.admin, "GET", "/api/v5"+path, nil); status != http.StatusNotFound {
		t.Errorf("the account: %d", status)
	}
}

// faspex-AH1: each kind of personal data goes with the event that the guide names for it.
func TestPersonalDataGoesWithItsEvent(t *testing.T) {
	s, db := storetest.Open(t)
	x := exchangeOn(t, s)
	connectMail(t, x.installation)
	goes := func(what, text string, remove func()) {
		t.Helper()
		if len(storetest.Mentions(t, db, text)) == 0 {
			t.Errorf("%s was not there", what)
		}
		remove()
		if where := storetest.Mentions(t, db, text); len(where) > 0 {
			t.Errorf("%s is kept in %s", what, where)
		}
	}
	x.user(t, "zoe", "user")
	group := x.groupOf(t, "/workgroups", map[string]any{"name": "Editors"}, map[string]string{"zoe": "workgroup_admin"})
	inbox := x.groupOf(t, "/shared_inboxes", map[string]any{"name": "Scans"}, map[string]string{"zoe": "shared_inbox_admin"})
	zoe := x.idOf(t, "zoe")
	member := func(path string) bool {
		return strings.Contains(mustBody(x, t, path), `"zoe`)
	}
	for _, path := range []string{"/workgroups/" + group + "/members", "/shared_inboxes/" + inbox + "/members"} {
		if !member(path) {
			t.Errorf("%s: not there", path)
		}
		x.removed(t, path+"/"+zoe)
		if member(path) {
			t.Errorf("%s: still there", path)
		}
	}
	for _, role := range []string{"manager", "admin"} { // roles go with the demotion
		x.set(t, zoe, map[string]any{"role": role})
		x.set(t, zoe, map[string]any{"role": "user"})
		if a := object(t, mustBody(x, t, "/accounts/"+zoe)); a["role"] != "user" {
			t.Errorf("after a demotion: %v", a["role"])
		}
	}
	goes("an account", "zoe@example.com", func() { x.removed(t, "/accounts/"+zoe) })

	list := func(kind string) string {
		return x.answered(t, x.admin, 201, "POST", "/account/distribution_lists", map[string]any{"name": kind, "type": kind,
			"contacts": []any{map[string]any{"name": kind + "@example.org"}}})["id"].(string)
	}
	for _, kind := range []string{"global", "personal"} {
		id := list(kind)
		goes("a "+kind+" list", kind+"@example.org", func() { x.removed(t, "/account/distribution_lists/"+id) })
	}
	x.configure(t, map[string]any{"allow_send_to_email_default": true})
	if status, body := x.sends(t, x.alice, "out@example.org"); status != http.StatusCreated {
		t.Fatalf("%d %s", status, body)
	}
	var contacts struct{ Contacts []struct{ ID string } }
	_, _, body := x.call(t, x.alice, "GET", "/api/v5/contacts?type[]=external_user", nil)
	if err := json.Unmarshal([]byte(body), &contacts); err != nil || len(contacts.Contacts) != 1 {
		t.Fatalf("%s", body)
	}
	if _, err := db.ExecContext(t.Context(), `DELETE FROM packages`); err != nil { // as the purge of old records does
		t.Fatal(err)
	}
	goes("an external contact", "out@example.org", func() {
		x.call(t, x.alice, "DELETE", "/api/v5/contacts?ids="+contacts.Contacts[0].ID, nil)
	})
	id, err := s.CreateAccount(t.Context(), store.Account{Name: "neo@example.net", Email: "neo@example.net", FirstName: "Neo",
		LastName: "New", Role: store.RoleUser, Type: store.TypeSelfRegistered, Status: store.AccountPending})
	if err != nil {
		t.Fatal(err)
	}
	goes("a registration", "neo@example.net", func() {
		if status, _, body := x.call(t, x.admin, "POST", "/api/v5/registrations/deny?ids="+strconv.FormatInt(id, 10), nil); status != http.StatusMultiStatus {
			t.Errorf("%d %s", status, body)
		}
		// The mail that tells of it is the last that needs the address.
		if _, err := db.ExecContext(t.Context(), `DELETE FROM outbox`); err != nil {
			t.Fatal(err)
		}
	})
	// What logins left in the log of events goes when that is purged.
	x.setPassword(t, "bob", "abc-12")
	x.loginStatus(t, "bob", "abc-12")
	if _, n, err := s.ApplicationEvents(t.Context(), store.ApplicationEventFilter{Types: []string{store.LoginSuccess}}, store.Page{}); err != nil || n == 0 {
		t.Errorf("%d logins, %v", n, err)
	}
	if _, err := s.PurgeApplicationEvents(t.Context(), store.LoginSuccess, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, n, err := s.ApplicationEvents(t.Context(), store.ApplicationEventFilter{Types: []string{store.LoginSuccess}}, store.Page{}); err != nil || n != 0 {
		t.Errorf("%d logins after the purge, %v", n, err)
	}
}

// faspex-AH3: users read the data of their own account, and change it; nobody else's.
func TestPeopleReadAndChangeTheirOwnData(t *testing.T) {
	in := install(t)
	ulf, id := in.member(t, "ulf", "user", "abc-12")
	in.user(t, "eva", "user")
	_, _, body := in.call(t, ulf, "GET", "/api/v5/account?expand=true", nil)
	for field, want := range map[string]any{"id": id, "name": "ulf", "first_name": "Test", "last_name": "ulf", "email": "ulf@example.com",
		"role": "user", "type": "local_user", "status": "active"} {
		if got := object(t, body)[field]; got != want {
			t.Errorf("%s: %v, want %v", field, got, want)
		}
	}
	for _, path := range []string{"/account/preferences", "/account/notification_settings", "/account/quota", "/account/personal_data"} {
		if status, _, body := in.call(t, ulf, "GET", "/api/v5"+path, nil); status != 200 {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	status, _, body := in.call(t, ulf, "PUT", "/api/v5/account/preferences", map[string]any{"email": "ulf@example.org",
		"locale": "de", "rows_per_page": 50, "current_password": "abc-12"})
	if got := object(t, body); status != 200 || got["email"] != "ulf@example.org" || got["locale"] != "de" || got["rows_per_page"] != 50.0 {
		t.Errorf("preferences: %d %s", status, body)
	}
	status, _, body = in.call(t, ulf, "PUT", "/api/v5/account/notification_settings", map[string]any{"notify_on_pkg_download": true})
	if got := object(t, body); status != 200 || got["notify_on_pkg_download"] != true {
		t.Errorf("notifications: %d %s", status, body)
	}
	if status, _, body := in.call(t, ulf, "PUT", "/api/v5/account/preferences", map[string]any{"password": map[string]any{
		"current_password": "abc-12", "new_password": "abc-13", "confirm_password": "abc-13"}}); status != 200 ||
		in.loginStatus(t, "ulf", "abc-13") != http.StatusFound {
		t.Errorf("password: %d %s", status, body)
	}
	if status, _, body := in.call(t, in.admin.As("eva"), "PUT", "/api/v5/accounts/"+id, map[string]any{"email": "x@example.org"}); status != 403 {
		t.Errorf("by another: %d %s", status, body)
	}
}

func mustBody(x *exchange, t *testing.T, path string) string {
	t.Helper()
	status, _, body := x.call(t, x.admin, "GET", "/api/v5"+path, nil)
	if status != http.StatusOK {
		t.Fatalf("%s: %d %s", path, status, body)
	}
	return body
}
