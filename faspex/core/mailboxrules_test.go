package core_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/client"
)

// faspex-Q7: q finds packages by login, first and last name and e-mail address of the sender and of recipients, and not by
// those of a private recipient whom the caller does not see.
func TestSearchFindsPeopleOfPackages(t *testing.T) {
	x := newExchange(t)
	for login, last := range map[string]string{"sophie": "Sendermann", "rita": "Receiverin", "petra": "Privat"} {
		if _, err := x.admin.CreateAccount(t.Context(), api.AccountChange{Name: &login, FirstName: ptr("F" + login), LastName: &last,
			Email: ptr(login + "@elsewhere.example")}); err != nil {
			t.Fatal(err)
		}
	}
	sophie := x.admin.As("sophie")
	p, err := sophie.CreatePackage(t.Context(), api.PackageCreate{Title: "x", Recipients: to("rita"), PrivateRecipients: to("petra")})
	if err != nil {
		t.Fatal(err)
	}
	x.deliver(t, p.ID)
	found := func(c string, box, q string) bool {
		_, _, body := x.call(t, x.admin.As(c), "GET", "/api/v5/"+box+"packages?q="+url.QueryEscape(q), nil)
		return strings.Contains(body, `"total_count":1`)
	}
	for _, q := range []string{"sophie", "Fsophie", "sendermann", "Fsophie Sendermann", "sophie@elsewhere", "rita", "Frita",
		"RECEIVERIN", "Frita Receiverin", "rita@elsewhere.example"} {
		if !found("rita", "inbox/", q) || !found("sophie", "outbox/", q) || !found(adminName, "all/", q) {
			t.Errorf("%q does not find the package", q)
		}
	}
	for _, q := range []string{"petra", "Fpetra", "Privat", "petra@elsewhere"} {
		if found("rita", "inbox/", q) || !found("sophie", "outbox/", q) || !found("petra", "inbox/", q) {
			t.Errorf("%q, of a private recipient", q)
		}
	}
}

// faspex-Q8: a recipient deletes nothing for others, whatever call is used; the sender may delete the own package for
// everyone.
func TestRecipientsDeleteNothingForOthers(t *testing.T) {
	x, ctx := newExchange(t), t.Context()
	for _, call := range [][2]string{{"DELETE", "/api/v5/packages/%"}, {"DELETE", "/api/v5/packages?ids=%"},
		{"POST", "/api/v5/packages/%/archive/received"}, {"POST", "/api/v5/packages/%/archive/received?archive_all=true"},
		{"PUT", "/api/v5/packages/%"}} {
		p, err := x.alice.CreatePackage(ctx, api.PackageCreate{Title: "x", Recipients: to("bob", "carol")})
		if err != nil {
			t.Fatal(err)
		}
		x.deliver(t, p.ID)
		x.call(t, x.bob, call[0], strings.Replace(call[1], "%", p.ID, 1), map[string]any{"expiration_policy": "delete_after_expiration_date",
			"expiration_date": "2020-01-01T00:00:00Z"})
		seen, err := x.carol.Package(ctx, p.ID)
		if err != nil || seen.State != "released" || seen.ExpirationDate != nil {
			t.Errorf("%v: %+v, %v", call, seen.State, err)
		}
		if _, err := x.carol.DownloadSpec(ctx, p.ID, nil); err != nil {
			t.Errorf("%v: carol downloads: %v", call, err)
		}
		if err := x.alice.DeletePackages(ctx, p.ID); err != nil {
			t.Errorf("%v: the sender: %v", call, err)
		}
		if _, err := x.carol.DownloadSpec(ctx, p.ID, nil); err == nil {
			t.Errorf("%v: carol downloads what its sender deleted", call)
		}
	}
}

// faspex-Q10: a workgroup and a shared inbox list their packages at their own address, what is off the list with
// view_history alone.
func TestGroupsListTheirPackages(t *testing.T) {
	x := newExchange(t)
	for path, kind := range map[string]string{"/workgroups": "workgroup", "/shared_inboxes": "shared_inbox"} {
		id := x.group(t, path, map[string]any{"name": "Crew"}, "alice:standard", "bob:standard")
		var ids []string
		for _, title := range []string{"kept", "archived", "deleted"} {
			p, err := x.alice.CreatePackage(t.Context(), api.PackageCreate{Title: title,
				Recipients: []api.RecipientName{{Name: "Crew", RecipientType: kind}}})
			if err != nil {
				t.Fatal(err)
			}
			x.deliver(t, p.ID)
			ids = append(ids, p.ID)
		}
		if status, _, body := x.call(t, x.admin, "POST", "/api/v5/packages/"+ids[1]+"/archive/received?archive_all=true", nil); status != 200 {
			t.Fatalf("%d %s", status, body)
		}
		list := func(query string) (out []string) {
			_, _, body := x.call(t, x.bob, "GET", "/api/v5"+path+"/"+id+"/packages"+query, nil)
			for _, p := range jsonOf[struct{ Packages []api.Package }](t, body).Packages {
				out = append(out, p.Title)
			}
			return out
		}
		if got := strings.Join(list(""), " "); got != "deleted kept" {
			t.Errorf("%s: %q", kind, got)
		}
		if got := strings.Join(list("?view_history=true"), " "); got != "deleted archived kept" {
			t.Errorf("%s with history: %q", kind, got)
		}
	}
}

// faspex-J5, faspex-J9, faspex-J11: members with standard access see what was sent to a workgroup, also before they joined,
// as in shared inboxes, and no more once they left; workgroups know no access to send only; external users are no members,
// whoever adds them.
func TestWhoSeesPackagesOfGroups(t *testing.T) {
	x := newExchange(t)
	for path, kind := range map[string]string{"/workgroups": "workgroup", "/shared_inboxes": "shared_inbox"} {
		id := x.group(t, path, map[string]any{"name": "Crew"}, "alice:standard")
		p, err := x.alice.CreatePackage(t.Context(), api.PackageCreate{Title: "x",
			Recipients: []api.RecipientName{{Name: "Crew", RecipientType: kind}}})
		if err != nil {
			t.Fatal(err)
		}
		x.deliver(t, p.ID)
		sees := func() bool {
			_, err := x.bob.Package(t.Context(), p.ID)
			_, _, body := x.call(t, x.bob, "GET", "/api/v5/inbox_all/packages?q=x", nil)
			if listed := strings.Contains(body, `"id":"`+p.ID+`"`); listed != (err == nil) {
				t.Errorf("%s: listed %v, read %v", kind, listed, err)
			}
			return err == nil
		}
		add := func(account, access string) int {
			status, _, _ := x.call(t, x.admin, "POST", "/api/v5"+path+"/"+id+"/members", map[string]any{"user": []any{
				map[string]any{"id": account, "access": access}}})
			return status
		}
		bob := x.idOf(t, "bob")
		if sees() {
			t.Errorf("%s: seen by a stranger", kind)
		}
		if got := add(bob, "submit_only"); (got == http.StatusCreated) != (kind == "shared_inbox") || sees() {
			t.Errorf("%s: submit_only %d, sees %v", kind, got, sees())
		}
		x.call(t, x.admin, "DELETE", "/api/v5"+path+"/"+id+"/members/"+bob, nil)
		if got := add(bob, "standard"); got != http.StatusCreated || !sees() {
			t.Errorf("%s: standard %d, sees what was sent before: %v", kind, got, sees())
		}
		x.call(t, x.admin, "DELETE", "/api/v5"+path+"/"+id+"/members/"+bob, nil)
		if sees() {
			t.Errorf("%s: seen after leaving", kind)
		}
		out, err := x.store.PutExternal(t.Context(), 1, "out@example.org")
		if err != nil {
			t.Fatal(err)
		}
		access := map[string]string{"workgroup": "standard", "shared_inbox": "submit_only"}[kind]
		if got := add(strconv.FormatInt(out.ID, 10), access); got < 400 {
			t.Errorf("%s: an external user: %d", kind, got)
		}
		if err := x.store.AddMember(t.Context(), keyOf(t, id), out.ID, access); err == nil {
			t.Errorf("%s: the store takes an external user", kind)
		}
	}
}

// faspex-AA7, with TestMaskedRemoteSource, TestSendUnderMaskedNames of ascp and TestUploadUnderMaskedNames of the gateway:
// masked names are always, never, or the sender's choice, and each client is told of them, and of the key they follow
// from: it is the same in each spec, and another one for each package.
func TestMaskingIsTheServersRule(t *testing.T) {
	x, known := newExchange(t), map[string]bool{}
	for _, test := range []struct {
		rule   string
		chosen bool
		status int
		masked bool
	}{{"optional", false, 201, false}, {"optional", true, 201, true}, {"true", false, 201, true}, {"true", true, 201, true},
		{"false", false, 201, false}, {"false", true, 400, false}} {
		x.configure(t, map[string]any{"require_obfuscation": test.rule})
		status, _, body := x.call(t, x.alice, "POST", "/api/v5/packages", map[string]any{"title": "x", "recipients": to("bob"),
			"obfuscation_enabled": test.chosen})
		if status != test.status {
			t.Errorf("%+v: %d %s", test, status, body)
		}
		if status != http.StatusCreated {
			continue
		}
		p := jsonOf[api.Package](t, body)
		var keys []string
		for _, by := range []string{"", "?transfer_type=http_gateway"} {
			status, _, body = x.call(t, x.alice, "POST", "/api/v5/packages/"+p.ID+"/transfer_spec/upload"+by, nil)
			got := jsonOf[transferspec.Spec](t, body)
			if status != http.StatusOK || got.ObfuscateFileNames != test.masked || (got.ObfuscationKey != "") != test.masked {
				t.Errorf("%+v%s: %d %s", test, by, status, body)
			}
			keys = append(keys, got.ObfuscationKey)
		}
		if keys[0] != keys[1] || test.masked && known[keys[0]] {
			t.Errorf("%+v: the keys are %q, before %v", test, keys, known)
		}
		known[keys[0]] = true
		if p.ObfuscationEnabled != test.masked {
			t.Errorf("%+v: the package says %v", test, p.ObfuscationEnabled)
		}
	}
}

// faspex-Q6: all/packages is everyone's packages for an admin; for others, managers too, it is their own, as packages
// is for everybody.
func TestAllPackagesAreAnAdmins(t *testing.T) {
	x := newExchange(t)
	mona := x.user(t, "mona", "manager")
	x.sendPackage(t, x.alice, api.PackageCreate{Title: "First", Recipients: to("bob")})
	x.sendPackage(t, x.bob, api.PackageCreate{Title: "Second", Recipients: to("carol")})
	own, err := x.admin.CreatePackage(t.Context(), api.PackageCreate{Title: "Third", Recipients: to("carol")})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]map[*client.Client]string{
		"/all/packages": {x.admin: own.Title + " Second First", x.alice: "First", x.bob: "Second First", x.carol: "Second", mona: ""},
		"/packages":     {x.admin: own.Title, x.alice: "First", x.bob: "Second First", x.carol: "Second", mona: ""},
	} {
		for c, titles := range want {
			if got := x.listed(t, c, path); got != titles {
				t.Errorf("%s: %q, want %q", path, got, titles)
			}
		}
	}
}
