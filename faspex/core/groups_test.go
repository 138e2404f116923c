package core_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/client"
)

// answered makes a call, wants a status and reads the answer.
func (in *installation) answered(t *testing.T, c *client.Client, want int, method, path string, body any) map[string]any {
	t.Helper()
	status, _, text := in.call(t, c, method, "/api/v5"+path, body)
	if status != want {
		t.Fatalf("%s %s: %d, want %d: %s", method, path, status, want, text)
	}
	out := map[string]any{}
	if text != "" {
		if err := json.Unmarshal([]byte(text), &out); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// group makes a group with members, each "name:access", and gives its id.
func (in *installation) group(t *testing.T, path string, fields map[string]any, members ...string) string {
	t.Helper()
	id := in.answered(t, in.admin, 201, "POST", path, fields)["id"].(string)
	for _, m := range members {
		name, access, _ := strings.Cut(m, ":")
		in.answered(t, in.admin, 201, "POST", path+"/"+id+"/members",
			map[string]any{"user": []any{map[string]any{"id": in.idOf(t, name), "access": access}}})
	}
	return id
}

func toGroup(kind, name string) []api.RecipientName {
	return []api.RecipientName{{Name: name, RecipientType: kind}}
}

// sendPackage makes a package whose content is there.
func (x *exchange) sendPackage(t *testing.T, from *client.Client, c api.PackageCreate) api.Package {
	t.Helper()
	p, err := from.CreatePackage(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	x.deliver(t, p.ID)
	x.node.write(t, contentOf(p)+"/a.txt", "12345")
	return p
}

// listed gives the titles that a list of packages has, newest first.
func (in *installation) listed(t *testing.T, c *client.Client, path string) string {
	t.Helper()
	var titles []string
	for _, p := range in.answered(t, c, 200, "GET", path, nil)["packages"].([]any) {
		titles = append(titles, p.(map[string]any)["title"].(string))
	}
	return strings.Join(titles, " ")
}

// faspex-J1: a workgroup needs only a name. Members see the packages sent to it, also who became one after a package was
// sent; who left does not. faspex-J12: hiding it hides it for that member alone. faspex-Q1: my packages are those that were
// sent to me, all packages those of my workgroups as well. faspex-Q10: a workgroup lists its packages at its own address,
// with history on demand.
func TestWorkgroupPackages(t *testing.T) {
	x := newExchange(t)
	id := x.group(t, "/workgroups", map[string]any{"name": "Editors"}, "alice:standard", "bob:standard")
	p := x.sendPackage(t, x.alice, api.PackageCreate{Title: "Draft", Recipients: toGroup("workgroup", "editors")})
	x.sendPackage(t, x.alice, api.PackageCreate{Title: "Own", Recipients: to("bob")})
	for path, want := range map[string]string{
		"/inbox/packages": "Own", "/inbox_all/packages": "Own Draft", "/workgroups/" + id + "/packages": "Draft",
		"/all/packages": "Own Draft",
	} {
		if got := x.listed(t, x.bob, path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	seen, err := x.bob.Package(t.Context(), p.ID)
	if err != nil || len(seen.Recipients) != 1 || seen.Recipients[0].RecipientType != "workgroup" ||
		seen.Recipients[0].Name != "Editors" || seen.Recipients[0].ID != id {
		t.Errorf("bob's view: %+v, %v", seen.Recipients, err)
	}
	if _, err := x.bob.DownloadSpec(t.Context(), p.ID, nil); err != nil {
		t.Errorf("a member downloads: %v", err)
	}
	// Carol comes later, david never.
	if _, err := x.carol.Package(t.Context(), p.ID); !client.IsNotFound(err) {
		t.Errorf("carol before she is a member: %v", err)
	}
	x.answered(t, x.admin, 201, "POST", "/workgroups/"+id+"/members",
		map[string]any{"user": []any{map[string]any{"id": x.idOf(t, "carol")}}})
	if got := x.listed(t, x.carol, "/inbox_all/packages"); got != "Draft" {
		t.Errorf("carol as a member: %q", got)
	}
	x.answered(t, x.david, 404, "GET", "/workgroups/"+id, nil)
	x.answered(t, x.david, 404, "GET", "/workgroups/"+id+"/packages", nil)

	x.answered(t, x.bob, 200, "POST", "/packages/"+p.ID+"/archive/received", nil)
	if got := x.listed(t, x.bob, "/workgroups/"+id+"/packages"); got != "" {
		t.Errorf("bob after hiding: %q", got)
	}
	if got := x.listed(t, x.bob, "/workgroups/"+id+"/packages?view_history=true"); got != "Draft" {
		t.Errorf("bob's history: %q", got)
	}
	if got := x.listed(t, x.carol, "/workgroups/"+id+"/packages"); got != "Draft" {
		t.Errorf("carol after bob hid it: %q", got)
	}
	x.answered(t, x.admin, 204, "DELETE", "/workgroups/"+id+"/members/"+x.idOf(t, "carol"), nil)
	if _, err := x.carol.DownloadSpec(t.Context(), p.ID, nil); !client.IsNotFound(err) {
		t.Errorf("carol after she left: %v", err)
	}
}

// faspex-I2 (workgroups): what the search of contacts lists and what sending takes are the same, for every setting.
// Members of workgroups are reached as the workgroup allows.
func TestSendingToWorkgroupsFollowsTheirSettings(t *testing.T) {
	x := newExchange(t)
	x.configure(t, map[string]any{"users_can_send_to_all_faspex_users": nil})
	id := x.group(t, "/workgroups", map[string]any{"name": "Editors"}, "alice:workgroup_admin", "bob:standard", "carol:standard")
	for _, test := range []struct {
		kind, fellows string
		to, members   map[string]bool
	}{
		{"members_only", "mutual", map[string]bool{"alice": true, "bob": true}, map[string]bool{"alice": true, "bob": true}},
		{"moderated", "workgroup_admin", map[string]bool{"alice": true}, map[string]bool{"alice": true}},
		{"workgroup", "restricted_access", map[string]bool{"alice": true, "bob": true, "david": true}, nil},
		{"restricted", "restricted_access", nil, nil},
	} {
		x.answered(t, x.admin, 200, "PUT", "/workgroups/"+id,
			map[string]any{"workgroup_type": test.kind, "member_access": test.fellows})
		for name, c := range map[string]*client.Client{"alice": x.alice, "bob": x.bob, "david": x.david} {
			for what, want := range map[string]bool{"Editors": test.to[name], "carol": test.members[name]} {
				kind := map[string]string{"Editors": "workgroup", "carol": "user"}[what]
				_, err := c.CreatePackage(t.Context(), api.PackageCreate{Title: "x", Recipients: toGroup(kind, what)})
				found := len(x.answered(t, c, 200, "GET", "/contacts?q="+what, nil)["contacts"].([]any)) == 1
				if (err == nil) != want || found != want {
					t.Errorf("%s, %s: %s to %s: sent %v, found %v, want %v", test.kind, test.fellows, name, what, err, found, want)
				}
			}
		}
	}
}

// faspex-K1: a package has one shared inbox and no other recipient, or none. faspex-K2: members with standard or admin
// access see its packages in a mailbox of its own; those who may only submit do not.
func TestSharedInboxPackages(t *testing.T) {
	x := newExchange(t)
	id := x.group(t, "/shared_inboxes", map[string]any{"name": "Scans", "submitters_instructions": "PDF only"},
		"alice:submit_only", "bob:standard", "carol:shared_inbox_admin")
	x.group(t, "/shared_inboxes", map[string]any{"name": "Films"}, "alice:submit_only")
	x.group(t, "/workgroups", map[string]any{"name": "Editors"}, "alice:standard")
	one := toGroup("shared_inbox", "Scans")
	for name, mixed := range map[string]api.PackageCreate{
		"with a person":             {Title: "x", Recipients: append(to("bob"), one...)},
		"with a private person":     {Title: "x", Recipients: one, PrivateRecipients: to("bob")},
		"with a workgroup":          {Title: "x", Recipients: append(toGroup("workgroup", "Editors"), one...)},
		"with another shared inbox": {Title: "x", Recipients: append(toGroup("shared_inbox", "Films"), one...)},
	} {
		if _, err := x.alice.CreatePackage(t.Context(), mixed); err == nil || !strings.Contains(err.Error(), "one shared inbox alone") {
			t.Errorf("%s: %v", name, err)
		}
	}
	p := x.sendPackage(t, x.alice, api.PackageCreate{Title: "Page-1", Recipients: one})
	if got := x.answered(t, x.alice, 200, "GET", "/contacts?q=scans", nil)["contacts"].([]any)[0].(map[string]any); got["submitters_instructions"] != "PDF only" {
		t.Errorf("what a submitter is told: %v", got)
	}
	for name, c := range map[string]*client.Client{"bob": x.bob, "carol": x.carol} {
		if got := x.listed(t, c, "/shared_inboxes/"+id+"/packages"); got != "Page-1" {
			t.Errorf("%s: %q", name, got)
		}
		if _, err := c.DownloadSpec(t.Context(), p.ID, nil); err != nil {
			t.Errorf("%s downloads: %v", name, err)
		}
	}
	x.answered(t, x.alice, 403, "GET", "/shared_inboxes/"+id+"/packages", nil)
	for name, reads := range map[string]bool{"alice": false, "bob": true} { // who has the mailbox is told
		c := map[string]*client.Client{"alice": x.alice, "bob": x.bob}[name]
		one := x.answered(t, c, 200, "GET", "/shared_inboxes/"+id, nil)
		listed := x.answered(t, c, 200, "GET", "/shared_inboxes?user_can_read_packages=true&q=Scans", nil)
		if one["user_can_read_packages"] != reads || (listed["total_count"] == 1.0) != reads {
			t.Errorf("%s: %v, %v", name, one, listed)
		}
	}
	if got := x.listed(t, x.alice, "/inbox_all/packages"); got != "" {
		t.Errorf("one who may only submit has %q", got)
	}
	if _, err := x.alice.DownloadSpec(t.Context(), p.ID, nil); err == nil {
		t.Error("one who may only submit downloads")
	}
	if _, err := x.david.CreatePackage(t.Context(), api.PackageCreate{Title: "x", Recipients: one}); err == nil {
		t.Error("a stranger sends to a shared inbox")
	}
}

// faspex-K17: admins of a shared inbox archive its packages for all and delete them, ordinary members do not.
func TestSharedInboxAdminsClearIt(t *testing.T) {
	x := newExchange(t)
	id := x.group(t, "/shared_inboxes", map[string]any{"name": "Scans"}, "alice:submit_only", "bob:standard",
		"carol:shared_inbox_admin")
	first := x.sendPackage(t, x.alice, api.PackageCreate{Title: "Page-1", Recipients: toGroup("shared_inbox", "Scans")})
	second := x.sendPackage(t, x.alice, api.PackageCreate{Title: "Page-2", Recipients: toGroup("shared_inbox", "Scans")})
	for name, may := range map[string]bool{"bob": false, "carol": true} {
		c := map[string]*client.Client{"bob": x.bob, "carol": x.carol}[name]
		got, err := c.Package(t.Context(), first.ID)
		if err != nil || slices.Contains(got.Actions, "archive_for_all") != may ||
			slices.Contains(got.Actions, "delete_for_everyone") != may {
			t.Errorf("%s may do %v, %v", name, got.Actions, err)
		}
	}
	x.answered(t, x.bob, 403, "POST", "/packages/"+first.ID+"/archive/received?archive_all=true", nil)
	x.answered(t, x.carol, 200, "POST", "/packages/"+first.ID+"/archive/received?archive_all=true", nil)
	for name, c := range map[string]*client.Client{"bob": x.bob, "carol": x.carol} {
		if got := x.listed(t, c, "/shared_inboxes/"+id+"/packages"); got != "Page-2" {
			t.Errorf("%s after the first was archived: %q", name, got)
		}
	}
	// An ordinary member takes it off the own list alone.
	if err := x.bob.DeletePackages(t.Context(), second.ID); err != nil {
		t.Fatal(err)
	}
	if p, err := x.carol.Package(t.Context(), second.ID); err != nil || p.State != "released" {
		t.Errorf("after a member deleted it: %s, %v", p.State, err)
	}
	if err := x.carol.DeletePackages(t.Context(), second.ID); err != nil {
		t.Fatal(err)
	}
	if p, err := x.alice.Package(t.Context(), second.ID); err != nil || p.State != "transient_released_to_deleted" {
		t.Errorf("after an admin of the inbox deleted it: %s, %v", p.State, err)
	}
}

// faspex-A4: a manager opens every shared inbox and manages its members, and is an admin of every workgroup, without being
// a member. faspex-A5: so is an admin. faspex-K14: only an admin of the server says where packages of an inbox lie.
func TestManagersAndAdminsNeedNoMembership(t *testing.T) {
	x := newExchange(t)
	mona := x.user(t, "mona", "manager")
	inbox := x.group(t, "/shared_inboxes", map[string]any{"name": "Scans"}, "alice:submit_only", "carol:shared_inbox_admin")
	work := x.group(t, "/workgroups", map[string]any{"name": "Editors"}, "alice:standard")
	x.sendPackage(t, x.alice, api.PackageCreate{Title: "Page-1", Recipients: toGroup("shared_inbox", "Scans")})
	x.sendPackage(t, x.alice, api.PackageCreate{Title: "Draft", Recipients: toGroup("workgroup", "Editors")})
	for name, c := range map[string]*client.Client{"manager": mona, "admin": x.admin} {
		for path, want := range map[string]string{"/shared_inboxes/" + inbox: "Page-1", "/workgroups/" + work: "Draft"} {
			if got := x.listed(t, c, path+"/packages"); got != want {
				t.Errorf("%s, %s: %q", name, path, got)
			}
			member := map[string]any{"user": []any{map[string]any{"id": x.idOf(t, "david"), "access": "standard"}}}
			x.answered(t, c, 201, "POST", path+"/members", member)
			x.answered(t, c, 409, "POST", path+"/members", member)
			boss := map[string]any{"access": map[string]string{"/s": "shared_inbox_admin", "/w": "workgroup_admin"}[path[:2]]}
			x.answered(t, c, 200, "PUT", path+"/members/"+x.idOf(t, "david"), boss)
			x.answered(t, c, 204, "DELETE", path+"/members/"+x.idOf(t, "david"), nil)
			if got := x.answered(t, c, 200, "GET", path, nil); got["user_can_manage"] != true {
				t.Errorf("%s: %v", name, got)
			}
		}
		if got := x.listed(t, c, "/inbox_all/packages"); got != "" {
			t.Errorf("the %s's own inbox has %q", name, got)
		}
	}
	custom := map[string]any{"inbox_type": "custom", "upload_directly_to_custom_inbox": true, "inbox_destination_share_id": "1"}
	x.answered(t, x.carol, 403, "PUT", "/shared_inboxes/"+inbox, custom)
	x.answered(t, mona, 403, "PUT", "/shared_inboxes/"+inbox, custom)
	x.answered(t, x.admin, 200, "PUT", "/shared_inboxes/"+inbox, custom)
	x.answered(t, x.carol, 200, "PUT", "/shared_inboxes/"+inbox, map[string]any{"submitters_instructions": "PDF"})
	x.answered(t, x.alice, 403, "PUT", "/shared_inboxes/"+inbox, map[string]any{"submitters_instructions": "PDF"})
	x.answered(t, mona, 403, "POST", "/workgroups", map[string]any{"name": "Other"})
}
