package core_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/client"
)

// kinds are the names that a search of contacts gives, by kind.
func (x *exchange) kinds(t *testing.T, c *client.Client, query string) map[string][]string {
	t.Helper()
	_, _, body := x.call(t, c, "GET", "/api/v5/contacts?"+query, nil)
	out := map[string][]string{}
	for _, contact := range jsonOf[struct{ Contacts []api.Contact }](t, body).Contacts {
		out[contact.Type] = append(out[contact.Type], contact.Name)
	}
	return out
}

// groupOf makes a group with members by their access.
func (x *exchange) groupOf(t *testing.T, path string, fields map[string]any, members map[string]string) string {
	t.Helper()
	id := x.answered(t, x.admin, http.StatusCreated, "POST", path, fields)["id"].(string)
	for name, access := range members {
		x.answered(t, x.admin, http.StatusCreated, "POST", path+"/"+id+"/members",
			map[string]any{"user": []any{map[string]any{"id": x.idOf(t, name), "access": access}}})
	}
	return id
}

// faspex-I8: with "normal packages" off only shared inboxes are recipients, whatever else is permitted.
func TestNormalPackagesOffLeavesSharedInboxes(t *testing.T) {
	x := newExchange(t)
	x.configure(t, map[string]any{"allow_send_to_email_default": true})
	x.groupOf(t, "/shared_inboxes", map[string]any{"name": "Scans"}, map[string]string{"alice": "standard"})
	x.groupOf(t, "/workgroups", map[string]any{"name": "Editors"}, map[string]string{"alice": "standard", "bob": "standard"})
	x.answered(t, x.alice, 201, "POST", "/account/distribution_lists",
		map[string]any{"name": "Press", "contacts": []any{map[string]any{"name": "bob"}}})
	sent := func(name, kind string) int {
		status, _, _ := x.call(t, x.alice, "POST", "/api/v5/packages", map[string]any{"title": "x",
			"recipients": []any{map[string]any{"name": name, "recipient_type": kind}}})
		return status
	}
	for _, off := range []string{"by the account", "by the server"} {
		x.set(t, x.idOf(t, "alice"), map[string]any{"can_send_normal_packages": map[bool]string{true: "false", false: "default"}[off == "by the account"]})
		x.configure(t, map[string]any{"users_can_send_normal_packages": off == "by the account"})
		for name, kind := range map[string]string{"bob": "user", "alice": "user", "out@example.org": "external_user", "Editors": "workgroup",
			"Press": "distribution_list"} {
			if got := sent(name, kind); got != http.StatusForbidden && got != http.StatusBadRequest {
				t.Errorf("%s, to %s: %d", off, name, got)
			}
		}
		if got := sent("Scans", "shared_inbox"); got != http.StatusCreated {
			t.Errorf("%s, to a shared inbox: %d", off, got)
		}
		if got := x.kinds(t, x.alice, "q="); len(got) != 1 || len(got["shared_inbox"]) != 1 {
			t.Errorf("%s, found %v", off, got)
		}
	}
	x.configure(t, map[string]any{"users_can_send_normal_packages": true})
	if got := sent("bob", "user"); got != http.StatusCreated {
		t.Errorf("switched on: %d", got)
	}
}

// faspex-I9: inviting people and sharing a submission link need the server's word first. The account is allowed or denied
// then, and its user switches the link off all the same.
func TestServerAllowsInvitationsFirst(t *testing.T) {
	x := newExchange(t)
	connectMail(t, x.installation)
	id := x.idOf(t, "alice")
	invite := func() bool {
		status, _, body := x.call(t, x.alice, "POST", "/api/v5/invitations", map[string]any{"email_address": "out@example.org"})
		if status != http.StatusCreated && status != http.StatusForbidden {
			t.Errorf("%d %s", status, body)
		}
		return status == http.StatusCreated
	}
	link := func(on bool) bool {
		status, _, body := x.call(t, x.alice, "PUT", "/api/v5/account/preferences", map[string]any{"public_url_enabled": on})
		if status != http.StatusOK && status != http.StatusForbidden {
			t.Errorf("%d %s", status, body)
		}
		_, _, body = x.call(t, x.alice, "GET", "/api/v5/account/preferences", nil)
		return object(t, body)["public_url"] != ""
	}
	for _, test := range []struct {
		server, byDefault bool
		account           string
		want              bool
	}{
		{false, true, "true", false}, {false, true, "default", false}, {true, true, "default", true}, {true, false, "default", false},
		{true, false, "true", true}, {true, true, "false", false},
	} {
		x.configure(t, map[string]any{"invitations_allowed": test.server, "invitations_allowed_by_default": test.byDefault,
			"public_url_allowed": test.server, "public_url_allowed_default": test.byDefault})
		x.set(t, id, map[string]any{"can_invite": test.account, "can_have_public_url": test.account})
		if got := invite(); got != test.want {
			t.Errorf("%+v: invites %v", test, got)
		}
		if got := link(true); got != test.want {
			t.Errorf("%+v: has a link %v", test, got)
		}
		if link(false) {
			t.Errorf("%+v: the link stays when its user switches it off", test)
		}
	}
}

// faspex-I13: with a private directory nobody lists people, in the search of recipients or of new members, also who may
// send to all; groups and lists are still there. faspex-I14: admins of a workgroup see every user as a member, and add
// them.
func TestPrivateDirectoryHidesPeople(t *testing.T) {
	x := newExchange(t)
	group := x.groupOf(t, "/workgroups", map[string]any{"name": "Editors", "admin_can_manage_existing_users": true}, map[string]string{
		"alice": "standard", "carol": "workgroup_admin"})
	x.groupOf(t, "/shared_inboxes", map[string]any{"name": "Scans"}, map[string]string{"alice": "shared_inbox_admin"})
	x.answered(t, x.admin, 201, "POST", "/account/distribution_lists", map[string]any{"name": "Press", "type": "global", "contacts": []any{}})
	x.configure(t, map[string]any{"private_user_dir": true, "can_see_global_distribution_lists_default": true})
	x.set(t, x.idOf(t, "alice"), map[string]any{"can_send_to_all_faspex_users": "true"})
	for _, query := range []string{"q=", "q=b", "q=example.com", "q=&context=members", "q=bo&context=members", "q=&type[]=user"} {
		if got := x.kinds(t, x.alice, query)["user"]; len(got) != 0 {
			t.Errorf("%s lists %v", query, got)
		}
	}
	if got := x.kinds(t, x.alice, "q="); len(got["workgroup"]) != 1 || len(got["shared_inbox"]) != 1 || len(got["distribution_list"]) != 1 {
		t.Errorf("groups and lists: %v", got)
	}
	if status, body := x.sends(t, x.alice, "bob"); status != http.StatusCreated {
		t.Errorf("to one who is known by name: %d %s", status, body)
	}
	if status, _, body := x.call(t, x.alice, "GET", "/api/v5/accounts", nil); status != http.StatusForbidden {
		t.Errorf("the users: %d %s", status, body)
	}

	if got := x.kinds(t, x.carol, "q=")["user"]; len(got) != 0 {
		t.Errorf("an admin of a workgroup lists recipients %v", got)
	}
	all := x.kinds(t, x.carol, "q=&type[]=user&context=members")["user"]
	for _, name := range []string{"alice", "bob", "carol", "david"} {
		if !slices.Contains(all, name) {
			t.Errorf("an admin of a workgroup does not see %s among %s", name, strings.Join(all, " "))
		}
	}
	x.answered(t, x.carol, 201, "POST", "/workgroups/"+group+"/members",
		map[string]any{"user": []any{map[string]any{"id": x.idOf(t, "david"), "access": "standard"}}})
}

// faspex-B9: a deleted user stays on lists. What is sent to one goes to the address as a new external user's, and is
// refused where the sender may not send outside.
func TestDeletedUserStaysOnLists(t *testing.T) {
	x := newExchange(t)
	id := x.answered(t, x.alice, 201, "POST", "/account/distribution_lists",
		map[string]any{"name": "Press", "contacts": []any{map[string]any{"name": "bob"}, map[string]any{"name": "carol@example.com"},
			map[string]any{"name": "bob@example.com"}}})["id"].(string)
	for _, name := range []string{"bob", "carol"} {
		if status, _, body := x.call(t, x.admin, "DELETE", "/api/v5/accounts/"+x.idOf(t, name), nil); status != http.StatusNoContent {
			t.Fatalf("%d %s", status, body)
		}
	}
	var names []string
	for _, c := range x.answered(t, x.alice, 200, "GET", "/account/distribution_lists/"+id, nil)["contacts"].([]any) {
		names = append(names, c.(map[string]any)["name"].(string))
	}
	slices.Sort(names)
	if got := strings.Join(names, " "); got != "bob@example.com carol@example.com" {
		t.Errorf("on the list: %s", got)
	}
	send := func() (api.Package, error) {
		return x.alice.CreatePackage(t.Context(), api.PackageCreate{Title: "x", Recipients: toGroup("distribution_list", "Press")})
	}
	if _, err := send(); err == nil || !strings.Contains(err.Error(), "Nobody here is named") {
		t.Errorf("by one who may not send outside: %v", err)
	}
	x.set(t, x.idOf(t, "alice"), map[string]any{"can_send_to_external_email": "true"})
	p, err := send()
	var to []string
	for _, r := range p.Recipients {
		to = append(to, r.Email)
	}
	slices.Sort(to)
	if got := strings.Join(to, ", "); err != nil || got != "bob@example.com, carol@example.com" {
		t.Errorf("sent to %s, %v", got, err)
	}
	_, _, body := x.call(t, x.admin, "GET", "/api/v5/accounts?type[]=external_user", nil)
	if !strings.Contains(body, `"bob@example.com"`) || !strings.Contains(body, `"carol@example.com"`) {
		t.Errorf("external users: %s", body)
	}
}
