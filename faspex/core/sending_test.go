package core_test

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/store"
	"faspex.io/operator/test/mariadbd"
)

// A package that is refused, for whatever reason, leaves no external contact behind; one that is made does, also of those
// who are told of it only.
func TestRefusedPackageLeavesNoContact(t *testing.T) {
	x := newExchange(t)
	x.configure(t, map[string]any{"allow_send_to_email_default": true})
	send := func(change func(map[string]any)) (int, string) {
		body := map[string]any{"title": "x", "recipients": to("new@example.org"), "notified_on_upload": to("told@example.org")}
		change(body)
		status, _, text := x.call(t, x.alice, "POST", "/api/v5/packages", body)
		return status, text
	}
	outside := func() int {
		_, n, err := x.store.Accounts(t.Context(), store.AccountFilter{Types: []string{store.TypeExternal}}, store.Page{Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for name, change := range map[string]func(map[string]any){
		"an unknown recipient": func(b map[string]any) { b["recipients"] = to("new@example.org", "nobody") },
		"an unknown reader":    func(b map[string]any) { b["notified_on_receipt"] = to("nobody") },
		"a date without one":   func(b map[string]any) { b["release_policy"] = "on_date" },
		"a password":           func(b map[string]any) { b["ear_enabled"] = true },
	} {
		if status, body := send(change); status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, status, body)
		}
		if n := outside(); n != 0 {
			t.Errorf("%s: %d external users", name, n)
		}
	}
	if status, body := send(func(map[string]any) {}); status != http.StatusCreated {
		t.Errorf("%d %s", status, body)
	}
	if n := outside(); n != 2 {
		t.Errorf("%d external users", n)
	}
}

// A distribution list of thousands costs a few queries, not one a name.
func TestLongListTakesFewQueries(t *testing.T) {
	x := newExchange(t)
	var list []any
	for i := range 1200 {
		name := fmt.Sprintf("p%04d", i)
		if _, err := x.store.CreateAccount(t.Context(), store.Account{Name: name, Email: name + "@example.com", Role: "user",
			Type: store.TypeLocal, Status: store.AccountActive}); err != nil {
			t.Fatal(err)
		}
		list = append(list, map[string]any{"name": name})
	}
	if status, _, body := x.call(t, x.alice, "POST", "/api/v5/account/distribution_lists",
		map[string]any{"name": "all", "contacts": list}); status != http.StatusCreated {
		t.Fatalf("%d %s", status, body)
	}
	db := mariadbd.Open(t, mariadbd.Start(t).Database(t))
	queries := func() (n int) {
		var name string
		if err := db.QueryRowContext(t.Context(), `SHOW GLOBAL STATUS LIKE 'Queries'`).Scan(&name, &n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := queries()
	p, err := x.alice.CreatePackage(t.Context(), api.PackageCreate{Title: "x",
		Recipients: []api.RecipientName{{Name: "all", RecipientType: "distribution_list"}}})
	if err != nil || len(p.Recipients) != 1200 {
		t.Fatalf("%d recipients, %v", len(p.Recipients), err)
	}
	if n := queries() - before; n > 400 {
		t.Errorf("%d queries for 1,200 names", n)
	}
}

// faspex-J13: workgroups and shared inboxes can't be told of packages, in none of the three fields.
func TestGroupsAreNotNotified(t *testing.T) {
	x := newExchange(t)
	x.call(t, x.admin, "POST", "/api/v5/workgroups", map[string]any{"name": "Crew", "workgroup_type": "workgroup"})
	for _, field := range []string{"notified_on_upload", "notified_on_download", "notified_on_receipt"} {
		for _, kind := range []string{"workgroup", ""} {
			status, _, body := x.call(t, x.alice, "POST", "/api/v5/packages", map[string]any{"title": "x", "recipients": to("bob"),
				field: []any{map[string]any{"name": "Crew", "recipient_type": kind}}})
			if status != http.StatusBadRequest || !strings.Contains(body, field+"[0].name") {
				t.Errorf("%s, %q: %d %s", field, kind, status, body)
			}
		}
	}
}

// faspex-N11: the receipt addresses of an account, several in one text, are told of every package that it sends; what the
// sender enters replaces them with the right to edit them, and only then.
func TestReceiptAddresses(t *testing.T) {
	x := newExchange(t)
	x.permit(t, "alice", map[string]any{"received_cc_notification_users": []any{
		map[string]any{"name": "bob, boss@example.org;carol"}}})
	told := func(entered any) string {
		body := map[string]any{"title": "x", "recipients": to("david")}
		if entered != nil {
			body["notified_on_receipt"] = entered
		}
		status, _, text := x.call(t, x.alice, "POST", "/api/v5/packages", body)
		if status != http.StatusCreated {
			t.Fatalf("%d %s", status, text)
		}
		var names []string
		for _, n := range jsonOf[api.Package](t, text).NotifiedOnReceipt {
			names = append(names, n.Name)
		}
		return strings.Join(names, " ")
	}
	for _, test := range []struct {
		edit    bool
		entered any
		want    string
	}{
		{false, nil, "bob boss@example.org carol"}, {false, []any{}, "bob boss@example.org carol"},
		{false, to("david"), "bob boss@example.org carol david"},
		{true, nil, "bob boss@example.org carol"}, {true, to("david"), "david"}, {true, []any{}, ""},
	} {
		x.permit(t, "alice", map[string]any{"allow_receipt_cc_edit": test.edit})
		if got := told(test.entered); got != test.want {
			t.Errorf("%+v: %q", test, got)
		}
	}
	if _, _, body := x.call(t, x.alice, "GET", "/api/v5/account/notification_settings", nil); !strings.Contains(body,
		`"received_cc_notification_users":[{"name":"bob"},{"name":"boss@example.org"},{"name":"carol"}]`) {
		t.Errorf("settings: %s", body)
	}
}

// faspex-S1: what happens after downloads is nothing, deletion after any or after all; the server's applies unless the
// sender chooses another, which counts only where the server or the account permits it.
func TestChoiceOfDeletionNeedsThePermission(t *testing.T) {
	x := newExchange(t)
	policies := map[string]string{"nothing": "none", "any_member": "delete_after_any_download",
		"all_members": "delete_after_all_download"}
	for condition, policy := range policies {
		x.configure(t, map[string]any{"delete_packages_after_download": true,
			"delete_packages_after_download_condition": condition})
		for _, chosen := range append([]string{"", "sometimes"}, slices.Collect(maps.Values(policies))...) {
			fields := map[string]any{"title": "x", "recipients": to("bob"), "expiration_policy": chosen}
			if chosen == "" {
				delete(fields, "expiration_policy")
			}
			status, _, text := x.call(t, x.alice, "POST", "/api/v5/packages", fields)
			if chosen == "sometimes" {
				if status != http.StatusBadRequest {
					t.Errorf("%s: %d %s", chosen, status, text)
				}
				continue
			}
			if got := jsonOf[api.Package](t, text).ExpirationPolicy; got != cmp.Or(chosen, policy) {
				t.Errorf("server %s, chosen %q: %s", condition, chosen, got)
			}
		}
	}
	x.configure(t, map[string]any{"delete_packages_after_download": true,
		"delete_packages_after_download_condition": "any_member"})
	for _, test := range []struct {
		server  bool
		account string
		counts  bool
	}{{false, "default", false}, {true, "default", true}, {true, "false", false}, {false, "true", true}} {
		x.configure(t, map[string]any{"allow_user_specified_delete_after_download": test.server})
		x.permit(t, "alice", map[string]any{"allow_user_specified_delete_after_download": test.account})
		p, err := x.alice.CreatePackage(t.Context(), api.PackageCreate{Title: "x", Recipients: to("bob"),
			ExpirationPolicy: "delete_after_all_download"})
		if err != nil {
			t.Fatal(err)
		}
		if counts := p.ExpirationPolicy == "delete_after_all_download"; counts != test.counts {
			t.Errorf("%+v: %s", test, p.ExpirationPolicy)
		}
		status, _, body := x.call(t, x.alice, "PUT", "/api/v5/packages/"+p.ID, map[string]any{"expiration_policy": "none"})
		if changed := status == http.StatusOK; changed != test.counts {
			t.Errorf("%+v: change %d %s", test, status, body)
		}
		if status, _, body := x.call(t, x.admin, "PUT", "/api/v5/packages/"+p.ID,
			map[string]any{"expiration_policy": "none"}); status != http.StatusOK {
			t.Errorf("an admin: %d %s", status, body)
		}
	}
}

// A property that becomes required keeps nobody from changing something else of an account that lacks it.
func TestRequiredPropertyBlocksNoOtherChange(t *testing.T) {
	in := install(t)
	in.user(t, "ulf", "user")
	if status, _, body := in.call(t, in.admin, "POST", "/api/v5/user_profile_fields",
		map[string]any{"name": "Team", "required": true, "enabled": true}); status != http.StatusCreated {
		t.Fatalf("%d %s", status, body)
	}
	in.permit(t, "ulf", map[string]any{"forwarding_allowed": true})
	a, err := in.admin.AccountByName(t.Context(), "ulf")
	if err != nil {
		t.Fatal(err)
	}
	if status, _, body := in.call(t, in.admin, "PUT", "/api/v5/accounts/"+a.ID, map[string]any{
		"user_profile_data_attributes": []any{map[string]any{"user_profile_field_id": "1", "value": ""}}}); status != http.StatusBadRequest {
		t.Errorf("emptied: %d %s", status, body)
	}
}
