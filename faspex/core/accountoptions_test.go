package core_test

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/faspex/api"
)

// The published fields of an account are kept; a change reaches no other field, and null gives a default back.
func TestAccountOptionsAreKept(t *testing.T) {
	in := install(t)
	in.user(t, "ulf", "user")
	path := "/api/v5/accounts/" + in.idOf(t, "ulf") + "?expand=true"
	_, _, body := in.call(t, in.admin, "GET", path, nil)
	before := object(t, body)
	change := map[string]any{
		"account_expires": true, "expiration_date": "2999-01-01", "allowed_ip_addresses_for_login": []string{"10.0.*.*", "fd00::1"},
		"allowed_ip_addresses_for_upload": []string{"10.1.2.3"}, "allowed_ip_addresses_for_download": []string{},
		"can_invite": "true", "can_send_to_all_faspex_users": "false", "forwarding_allowed": true, "hide_user_dir": "true",
		"kbps_max_target_upload_rate": 5, "lock_minrate_policy": false, "override_default_password_policy": true,
		"password_history_limit": 7, "sender_quota_limit_mb": nil, "can_send_normal_packages": "false",
		"override_server_delete_after_download": true, "destruction_date": "2999-02-02",
	}
	if status, _, body := in.call(t, in.admin, "PUT", path, change); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	_, _, body = in.call(t, in.admin, "GET", path, nil)
	after := object(t, body)
	for name, want := range object(t, mustJSON(t, change)) {
		if want != nil && !reflect.DeepEqual(after[name], want) {
			t.Errorf("%s: %v, want %v", name, after[name], want)
		}
	}
	for name, value := range before {
		if _, named := change[name]; !named && name != "updated_at" && !reflect.DeepEqual(after[name], value) {
			t.Errorf("%s changed to %v", name, after[name])
		}
	}
	for field, value := range map[string]any{"expiration_date": "soon", "allowed_ip_addresses_for_login": []string{"here"},
		"can_invite": "perhaps", "password_history_limit": 0} {
		if status, _, body := in.call(t, in.admin, "PUT", path, map[string]any{field: value, "last_name": "kept"}); status != http.StatusBadRequest ||
			!strings.Contains(body, "body."+field) {
			t.Errorf("%s: %d %s", field, status, body)
		}
	}
	if _, _, body := in.call(t, in.admin, "GET", path, nil); strings.Contains(body, `"kept"`) {
		t.Error("a refused change was half done")
	}
}

// faspex-B2: an account past its expiry date is inactive from that date on without anybody acting, and what it was given
// ends. Another date alone makes it active again.
func TestAccountExpires(t *testing.T) {
	in := install(t)
	ulf := in.user(t, "ulf", "user")
	if status, _, _ := in.call(t, ulf, "GET", "/api/v5/account", nil); status != http.StatusOK {
		t.Fatalf("before: %d", status)
	}
	token, err := ulf.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	in.set(t, in.idOf(t, "ulf"), map[string]any{"account_expires": true,
		"expiration_date": time.Now().Add(700 * time.Millisecond).UTC().Format(time.RFC3339Nano)})
	use := func() int {
		req, err := http.NewRequestWithContext(t.Context(), "GET", in.url+"/aspera/faspex/api/v5/account", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		status, _, _ := do(t, req)
		return status
	}
	for use() != http.StatusUnauthorized { // the test's own time limit ends one that goes on
		time.Sleep(50 * time.Millisecond)
	}
	_, _, body := in.call(t, in.admin, "GET", "/api/v5/accounts?status=inactive", nil)
	if !strings.Contains(body, `"name":"ulf"`) || !strings.Contains(body, `"account_activated":false`) {
		t.Errorf("listed: %s", body)
	}
	if status, _, body := in.call(t, in.admin, "PUT", "/api/v5/accounts/"+in.idOf(t, "ulf"),
		map[string]any{"expiration_date": "2999-01-01"}); status != http.StatusOK || !strings.Contains(body, `"account_activated":true`) {
		t.Errorf("another date: %d %s", status, body)
	}
	if status := use(); status != http.StatusOK {
		t.Errorf("with another date: %d", status)
	}
}

// faspex-B3: admin accounts take neither an expiry date nor deactivation.
func TestAdminsNeitherExpireNorRest(t *testing.T) {
	in := install(t)
	in.user(t, "max", "admin")
	max := in.idOf(t, "max")
	for name, change := range map[string]map[string]any{
		"expiry":       {"account_expires": true, "expiration_date": "2999-01-01"},
		"deactivation": {"account_activated": false},
	} {
		if status, _, body := in.call(t, in.admin, "PUT", "/api/v5/accounts/"+max, change); status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	in.user(t, "ulf", "user")
	ulf := in.idOf(t, "ulf")
	in.set(t, ulf, map[string]any{"account_expires": true, "expiration_date": "2999-01-01"})
	if status, _, body := in.call(t, in.admin, "PUT", "/api/v5/accounts/"+ulf, map[string]any{"role": "admin"}); status != http.StatusBadRequest {
		t.Errorf("an account that expires became an admin's: %d %s", status, body)
	}
}

// faspex-B8: recipients keep packages that a deleted user sent, and the sender is then the account that did the
// deletion. faspex-B12: a recipient is told as active, inactive or deleted. The name of a deleted account is free again.
func TestDeletedUserLeavesPackages(t *testing.T) {
	x := newExchange(t)
	eva := x.user(t, "eva", "user")
	sent, err := eva.CreatePackage(t.Context(), api.PackageCreate{Title: "from eva", Recipients: to("bob")})
	if err != nil {
		t.Fatal(err)
	}
	got, err := x.alice.CreatePackage(t.Context(), api.PackageCreate{Title: "for eva", Recipients: to("eva")})
	if err != nil {
		t.Fatal(err)
	}
	token, err := eva.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for active, want := range map[bool]string{true: "active", false: "inactive"} {
		x.set(t, x.idOf(t, "eva"), map[string]any{"account_activated": active})
		if p, err := x.alice.Package(t.Context(), got.ID); err != nil || p.Recipients[0].Status != want {
			t.Errorf("active %v: %+v, %v", active, p, err)
		}
	}
	if err := x.admin.DeleteAccount(t.Context(), x.idOf(t, "eva")); err != nil {
		t.Fatal(err)
	}
	p, err := x.admin.Package(t.Context(), sent.ID)
	if err != nil || p.Sender.Name != adminName || len(p.Recipients) != 1 || p.Recipients[0].Name != "bob" {
		t.Errorf("sent: %+v, %v", p, err)
	}
	if p, err = x.alice.Package(t.Context(), got.ID); err != nil || len(p.Recipients) != 1 ||
		p.Recipients[0].Status != "deleted" || p.Recipients[0].Email != "eva@example.com" {
		t.Errorf("received: %+v, %v", p, err)
	}
	if all, err := x.admin.Accounts(t.Context(), "eva"); err != nil || len(all) != 0 {
		t.Errorf("listed: %+v, %v", all, err)
	}
	req, err := http.NewRequestWithContext(t.Context(), "GET", x.url+"/aspera/faspex/api/v5/account", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if status, _, _ := do(t, req); status != http.StatusUnauthorized {
		t.Errorf("a token of a deleted account: %d", status)
	}
	if got := x.found(t, x.alice, "eva"); got != "" {
		t.Errorf("found %s", got)
	}
	x.user(t, "eva", "user")
}

// faspex-C6 (with TestOldPasswordMustBeChanged in faspex/auth), faspex-C8: the last passwords are refused, and an account's
// own policy, once it overrides, replaces the server's.
func TestPasswordHistory(t *testing.T) {
	in := install(t)
	in.member(t, "ulf", "user", "Pass-1")
	id := in.idOf(t, "ulf")
	choose := func(from, to string, want int) {
		t.Helper()
		status, _, body := in.call(t, in.admin.As("ulf"), "PUT", "/api/v5/account/preferences", map[string]any{"password": map[string]any{
			"current_password": from, "new_password": to, "confirm_password": to}})
		if status != want || want == http.StatusBadRequest && !strings.Contains(body, "had before") {
			t.Errorf("from %s to %s: %d %s", from, to, status, body)
		}
	}
	choose("Pass-1", "Pass-2", http.StatusOK)
	choose("Pass-2", "Pass-1", http.StatusOK)
	in.configure(t, map[string]any{"global_default_enforce_password_history": true})
	choose("Pass-1", "Pass-2", http.StatusBadRequest)
	choose("Pass-1", "Pass-3", http.StatusOK)
	in.set(t, id, map[string]any{"override_default_password_policy": true})
	choose("Pass-3", "Pass-1", http.StatusOK)
	in.set(t, id, map[string]any{"enforce_password_history": true, "password_history_limit": 2})
	choose("Pass-1", "Pass-3", http.StatusBadRequest)
	choose("Pass-1", "Pass-2", http.StatusOK)
}

// faspex-D4: an account can have lists of addresses for login (TestLoginFromElsewhere in faspex/auth), sending and
// downloading; an action from elsewhere is refused, and the others stay possible.
func TestActionsFromElsewhere(t *testing.T) {
	x := newExchange(t)
	x.set(t, x.idOf(t, "alice"), map[string]any{"allowed_ip_addresses_for_upload": []string{"10.*.*.*"}})
	if status, body := x.sends(t, x.alice, "bob"); status != http.StatusForbidden || !strings.Contains(body, "address_not_allowed") {
		t.Errorf("sent from elsewhere: %d %s", status, body)
	}
	if status, _, _ := x.call(t, x.alice, "GET", "/api/v5/inbox/packages", nil); status != http.StatusOK {
		t.Errorf("reading: %d", status)
	}
	x.set(t, x.idOf(t, "alice"), map[string]any{"allowed_ip_addresses_for_upload": []string{"10.*.*.*", "127.0.*.1"},
		"allowed_ip_addresses_for_download": []string{"10.1.1.1"}})
	if status, body := x.sends(t, x.alice, "bob"); status != http.StatusCreated {
		t.Errorf("sent from here: %d %s", status, body)
	}
	p, err := x.bob.CreatePackage(t.Context(), api.PackageCreate{Title: "for alice", Recipients: to("alice")})
	if err != nil {
		t.Fatal(err)
	}
	x.deliver(t, p.ID)
	download := func() (int, string) {
		status, _, body := x.call(t, x.alice, "POST", "/api/v5/packages/"+p.ID+"/transfer_spec/download", nil)
		return status, body
	}
	if status, body := download(); status != http.StatusForbidden || !strings.Contains(body, "address_not_allowed") {
		t.Errorf("downloaded from elsewhere: %d %s", status, body)
	}
	x.set(t, x.idOf(t, "alice"), map[string]any{"allowed_ip_addresses_for_download": []string{"127.0.0.1"}})
	if status, body := download(); status != http.StatusOK {
		t.Errorf("downloaded from here: %d %s", status, body)
	}
}

// faspex-D11 (with TestLoginsAreEvents in faspex/auth): events are read by admins, and nobody changes or removes one.
func TestNobodyEditsApplicationEvents(t *testing.T) {
	in := install(t)
	in.member(t, "ulf", "user", "Pass-1")
	ulf := in.admin.As("ulf")
	if status, _, body := in.call(t, ulf, "PUT", "/api/v5/account/preferences", map[string]any{"password": map[string]any{
		"current_password": "Pass-1", "new_password": "Pass-2", "confirm_password": "Pass-2"}}); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	_, _, body := in.call(t, in.admin, "GET", "/api/v5/application_events?event_type=password_change&q=ulf", nil)
	list := jsonOf[struct {
		TotalCount        int                    `json:"total_count"`
		ApplicationEvents []api.ApplicationEvent `json:"application_events"`
	}](t, body)
	if list.TotalCount != 1 || len(list.ApplicationEvents[0].User) != 1 || list.ApplicationEvents[0].User[0].Name != "ulf" ||
		*list.ApplicationEvents[0].EventLocation != "127.0.0.1" {
		t.Fatalf("%s", body)
	}
	path := "/api/v5/application_events/" + list.ApplicationEvents[0].ID
	for _, method := range []string{"PUT", "DELETE", "PATCH", "POST"} {
		if status, _, _ := in.call(t, in.admin, method, path, map[string]any{}); status != http.StatusNotFound &&
			status != http.StatusMethodNotAllowed {
			t.Errorf("%s: %d", method, status)
		}
	}
	if status, _, _ := in.call(t, in.admin, "GET", path, nil); status != http.StatusOK {
		t.Errorf("read one: %d", status)
	}
	if status, _, _ := in.call(t, in.admin.As("ulf"), "GET", path, nil); status != http.StatusForbidden {
		t.Errorf("read by a user: %d", status)
	}
}
