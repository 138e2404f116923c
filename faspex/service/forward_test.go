package service_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/client"
)

// group makes a group with members and gives its id.
func (s *scene) group(path string, fields map[string]any, members map[string]string) string {
	s.t.Helper()
	id := s.answered(s.in.Admin, http.StatusCreated, "POST", path, fields)["id"].(string)
	for name, access := range members {
		a, err := s.in.Admin.AccountByName(s.t.Context(), name)
		if err != nil {
			s.t.Fatal(err)
		}
		s.answered(s.in.Admin, http.StatusCreated, "POST", path+"/"+id+"/members",
			map[string]any{"user": []any{map[string]any{"id": a.ID, "access": access}}})
	}
	return id
}

// forward has somebody send a package on.
func (s *scene) forward(from *client.Client, p api.Package, change map[string]any) api.Package {
	s.t.Helper()
	body := map[string]any{"title": "Forwarded", "recipients": []any{map[string]any{"name": "carol@example.com"}}}
	for name, value := range change {
		body[name] = value
	}
	made := s.answered(from, http.StatusCreated, "POST", "/packages/"+p.ID+"/forward", body)
	got, err := from.Package(s.t.Context(), made["id"].(string))
	if err != nil {
		s.t.Fatal(err)
	}
	return got
}

func (s *scene) mayForward(name string) {
	s.t.Helper()
	a, err := s.in.Admin.AccountByName(s.t.Context(), name)
	if err != nil {
		s.t.Fatal(err)
	}
	s.answered(s.in.Admin, http.StatusOK, "PUT", "/accounts/"+a.ID, map[string]any{"forwarding_allowed": true})
}

// faspex-P5: sender and recipients with the permission forward, now or later, without uploading again. faspex-P6: the
// forwarder is the sender, and the metadata is kept as text in the note. faspex-P9: deleting the original leaves what was
// forwarded whole; the files go with the last package. faspex-P10: what has no content can't be forwarded. faspex-I6:
// without the permission the call is 403 and the action absent.
func TestForwardSharesTheContent(t *testing.T) {
	s := newScene(t)
	carol := s.in.User(t, "Carol", "Third", "")
	p := s.create(func(b *api.PackageCreate) { b.Metadata = map[string]jsonRaw{"job": jsonRaw(`"42"`)} })
	s.upload(p)
	s.run()
	body := map[string]any{"title": "Forwarded", "recipients": []any{map[string]any{"name": "carol@example.com"}}}
	s.answered(s.bob, http.StatusForbidden, "POST", "/packages/"+p.ID+"/forward", body)
	if got := s.read(p); strings.Contains(strings.Join(got.Actions, " "), "forward") {
		t.Errorf("actions %v", got.Actions)
	}
	s.mayForward("bob@example.com")
	s.mayForward("alice@example.com")
	now := s.forward(s.bob, p, map[string]any{"note": "for you"})
	later := s.forward(s.alice, p, map[string]any{"release_policy": "later"})
	if now.Sender.Name != "bob@example.com" || now.Note != "for you\n\njob: 42" || len(now.Metadata) != 0 || now.TotalBytes != 10 {
		t.Errorf("forwarded: %+v", now)
	}
	s.run()
	inbox, err := carol.Packages(t.Context(), "inbox")
	if err != nil || len(inbox) != 1 || inbox[0].ID != now.ID || inbox[0].TotalFiles != 2 {
		t.Fatalf("carol's inbox: %+v, %v", inbox, err)
	}
	if err := s.alice.DeletePackages(t.Context(), p.ID, later.ID); err != nil {
		t.Fatal(err)
	}
	s.run()
	if got := s.read(p); got.State != "deleted" || !s.filesLeft(p) {
		t.Errorf("the original: %s, files left %v", got.State, s.filesLeft(p))
	}
	if _, err := carol.DownloadSpec(t.Context(), now.ID, nil); err != nil {
		t.Errorf("carol downloads after the original was deleted: %v", err)
	}
	s.answered(s.alice, http.StatusConflict, "POST", "/packages/"+p.ID+"/forward", body)
	if err := s.bob.DeletePackages(t.Context(), now.ID); err != nil {
		t.Fatal(err)
	}
	s.run()
	if s.filesLeft(p) {
		t.Error("files are left after the last package was deleted")
	}
}

// faspex-P8: under "any recipient" a full download of a forwarded package deletes the content for the original
// recipients, too. faspex-Q4: its record stays in the history of sender and recipients.
func TestForwardedDownloadEndsTheContent(t *testing.T) {
	s := newScene(t)
	carol := s.in.User(t, "Carol", "Third", "")
	p := s.create(func(b *api.PackageCreate) { b.ExpirationPolicy = "delete_after_any_download" })
	s.upload(p)
	s.run()
	s.mayForward("bob@example.com")
	f := s.forward(s.bob, p, nil)
	s.run()
	spec, err := carol.DownloadSpec(t.Context(), f.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.node.Begin(t, spec).Finish(t, "")
	s.run()
	s.run()
	s.want(p, "expired", "completed")
	if s.filesLeft(p) {
		t.Error("files are left")
	}
	for name, c := range map[string]*client.Client{"bob": s.bob, "carol": carol} {
		inbox, err := c.Packages(t.Context(), "inbox")
		if err != nil || len(inbox) != 0 {
			t.Errorf("inbox of %s: %+v, %v", name, inbox, err)
		}
		if past, err := c.Packages(t.Context(), "inbox_history"); err != nil || len(past) != 1 {
			t.Errorf("history of %s: %+v, %v", name, past, err)
		}
	}
	if past, err := s.alice.Packages(t.Context(), "outbox_history"); err != nil || len(past) != 1 {
		t.Errorf("history of the sender: %+v, %v", past, err)
	}
}

// faspex-S2: all files picked one by one in one download count as all of it, some of them never. faspex-S3: "all" waits
// for every member of an addressed group.
func TestExpiryAfterDownloads(t *testing.T) {
	s := newScene(t)
	carol := s.in.User(t, "Carol", "Third", "")
	s.group("/workgroups", map[string]any{"name": "Editors"}, map[string]string{
		"alice@example.com": "standard", "bob@example.com": "standard", "carol@example.com": "standard"})
	p := s.create(func(b *api.PackageCreate) {
		b.ExpirationPolicy, b.Recipients = "delete_after_all_download", []api.RecipientName{
			{Name: "Editors", RecipientType: "workgroup"}}
	})
	s.upload(p)
	s.run()
	s.want(p, "released", "completed")
	fetch := func(c *client.Client, paths ...string) {
		t.Helper()
		spec, err := c.DownloadSpec(t.Context(), p.ID, paths)
		if err != nil {
			t.Fatal(err)
		}
		s.node.Begin(t, spec).Finish(t, "")
		s.run()
		s.run()
	}
	fetch(s.alice)
	fetch(s.bob)
	s.want(p, "released", "completed")
	fetch(carol, "a.txt")
	s.want(p, "released", "completed")
	fetch(carol, "a.txt", "folder")
	s.want(p, "expired", "completed")
}

// faspex-S5, faspex-K9: the policy of a shared inbox comes before the sender's choice, that before the account's, and that
// before the server's; "none" without days switches both off for the inbox. faspex-S4: the days begin with the release.
func TestExpirationPrecedence(t *testing.T) {
	s := newScene(t)
	inbox := s.group("/shared_inboxes", map[string]any{"name": "Scans"}, map[string]string{"alice@example.com": "submit_only"})
	configure := func(fields map[string]any) {
		t.Helper()
		if err := s.in.Admin.Configure(t.Context(), fields); err != nil {
			t.Fatal(err)
		}
	}
	toInbox := func(b *api.PackageCreate) {
		b.Recipients = []api.RecipientName{{Name: "Scans", RecipientType: "shared_inbox"}}
	}
	choose := func(b *api.PackageCreate) { b.ExpirationPolicy = "delete_after_all_download" }
	want := func(what, policy string, days int, change func(*api.PackageCreate)) {
		t.Helper()
		p := s.create(change)
		s.clock.advance(48 * time.Hour)
		s.upload(p)
		s.run()
		got := s.want(p, "released", "completed")
		in := 0
		if got.ExpirationDate != nil {
			end, err := time.Parse(time.RFC3339, *got.ExpirationDate)
			if err != nil {
				t.Fatal(err)
			}
			in = int(end.Sub(s.clock.Now().Add(-time.Hour)).Hours() / 24)
		}
		if got.ExpirationPolicy != policy || in != days {
			t.Errorf("%s: %s, in %d days; want %s, %d", what, got.ExpirationPolicy, in, policy, days)
		}
	}
	configure(map[string]any{"delete_packages_after_download": true, "delete_packages_after_download_condition": "any_member",
		"packages_expire": true, "days_until_packages_expire": 10})
	want("the server's", "delete_after_any_download", 10, nil)
	want("the inbox says nothing", "delete_after_any_download", 10, toInbox)
	want("the sender's", "delete_after_all_download", 10, choose)
	alice, err := s.in.Admin.AccountByName(t.Context(), "alice@example.com")
	if err != nil {
		t.Fatal(err)
	}
	s.answered(s.in.Admin, http.StatusOK, "PUT", "/accounts/"+alice.ID, map[string]any{
		"override_server_delete_after_download": true, "delete_packages_after_download_condition": "nothing"})
	want("the account's", "none", 10, nil)
	want("the sender's before the account's", "delete_after_all_download", 10, choose)
	s.answered(s.in.Admin, http.StatusOK, "PUT", "/shared_inboxes/"+inbox, map[string]any{
		"custom_package_expiration_policy": true, "set_package_expiration": true, "package_expiration_days": 3,
		"delete_package_after_download_policy": "any_member"})
	want("the inbox's before the sender's", "delete_after_any_download", 3, func(b *api.PackageCreate) { toInbox(b); choose(b) })
	s.answered(s.in.Admin, http.StatusOK, "PUT", "/shared_inboxes/"+inbox, map[string]any{
		"set_package_expiration": false, "delete_package_after_download_policy": "nothing"})
	want("none of the inbox", "none", 0, toInbox)
}

// faspex-R8: every download with address, start, stop and kind. faspex-R7: full, partial and active ones by person.
func TestDownloadDetails(t *testing.T) {
	s := newScene(t)
	p := s.create(nil)
	s.upload(p)
	s.run()
	s.download(p, "")
	spec, err := s.bob.DownloadSpec(t.Context(), p.ID, []string{"a.txt"})
	if err != nil {
		t.Fatal(err)
	}
	s.node.Begin(t, spec).Finish(t, "")
	again, err := s.bob.DownloadSpec(t.Context(), p.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	running := s.node.Begin(t, again)
	running.Progress(5, 10, 1)
	running.AwaitProgress(t, 5)
	s.run()
	for _, method := range []string{"GET", "POST"} {
		d := s.answered(s.alice, http.StatusOK, method, "/packages/"+p.ID+"/download_details", nil)
		full, parts := d["full_downloads"].([]any), d["partial_downloads"].([]any)
		active, all := d["active_downloads"].([]any), d["all_downloads"].([]any)
		if len(full) != 1 || full[0].(map[string]any)["count"] != 1.0 || len(parts) != 1 || len(active) != 1 || len(all) != 3 {
			t.Fatalf("%s: %v", method, d)
		}
		first, last := all[0].(map[string]any), all[2].(map[string]any)
		if first["ip"] != "192.0.2.9" || first["type"] != "full" || first["start"] == "" || first["stop"] == "" ||
			first["name"] != "bob@example.com" || all[1].(map[string]any)["type"] != "partial" || last["stop"] != "" ||
			active[0].(map[string]any)["progress_percentage_complete"] != "50" {
			t.Errorf("%s: %v", method, d)
		}
	}
	s.answered(s.bob, http.StatusForbidden, "GET", "/packages/"+p.ID+"/download_details", nil)
}
