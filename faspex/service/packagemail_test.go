package service_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/test/faspextest"
	"faspex.io/operator/test/smtpd"
)

// mailScene is a scene with a mail server. Mails are told as "type > address", by words of their subjects.
func newMailScene(t *testing.T) (*scene, *post) {
	t.Helper()
	p := newPost(t, smtpd.Options{})
	s := &scene{t: t, in: p.in, node: faspextest.StartNode(t), clock: p.clock}
	s.nodeID = p.in.Register(t, "north", s.node)
	s.alice, s.bob = p.in.User(t, "Alice", "Sender", ""), p.in.User(t, "Bob", "Recipient", "")
	s.worker = p.in.Worker(t, "worker-1", s.clock.Now)
	return s, p
}

// mailed gives the mails since the last call, as "subject > address", in order.
func (s *scene) mailed(p *post, before int) []string {
	s.t.Helper()
	s.run()
	var out []string
	for _, m := range p.smtp.Mails()[before:] {
		out = append(out, m.Subject+" > "+m.To)
	}
	slices.Sort(out)
	return out
}

func (s *scene) wantMails(p *post, what string, before *int, want ...string) {
	s.t.Helper()
	got := s.mailed(p, *before)
	*before = len(p.smtp.Mails())
	slices.Sort(want)
	if !slices.Equal(got, want) {
		s.t.Errorf("%s:\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// faspex-Y1, faspex-Y2, faspex-Y3, faspex-Y4, faspex-Y5, faspex-Y6, faspex-Y7: who is told of what, by the fields of the
// form, the switches and the standing lists. faspex-Y19: nobody gets a mail twice for one event, however often named.
// faspex-Y20: no recipient is told before the release.
func TestMailsOfPackages(t *testing.T) {
	s, p := newMailScene(t)
	for _, name := range []string{"Carol", "Dora", "Eve", "Frank"} {
		s.in.User(t, name, "Told", "")
	}
	named := func(names ...string) (out []api.RecipientName) {
		for _, n := range names {
			out = append(out, api.RecipientName{Name: n + "@example.com"})
		}
		return out
	}
	s.answered(s.alice, http.StatusOK, "PUT", "/account/notification_settings", map[string]any{
		"notify_on_pkg_download":      true,
		"upload_notification_users":   []any{map[string]any{"name": "frank@example.com"}},
		"download_notification_users": []any{map[string]any{"name": "frank@example.com"}},
	})
	seen := 0
	made := s.create(func(b *api.PackageCreate) {
		b.Title, b.ReleasePolicy = "Plans", "later"
		b.Recipients, b.PrivateRecipients = named("bob"), named("bob", "carol")
		b.NotifiedOnUpload, b.NotifiedOnDownload = named("dora", "dora"), named("dora", "alice")
		b.NotifiedOnReceipt = named("eve", "bob")
	})
	s.upload(made)
	s.wantMails(p, "after the upload", &seen,
		"Plans: upload completed > alice@example.com", "Plans: upload completed > dora@example.com",
		"Plans: upload completed > frank@example.com", "Alice Sender sent Plans > eve@example.com",
		"Alice Sender sent Plans > bob@example.com")
	s.answered(s.alice, http.StatusOK, "PUT", "/packages/"+made.ID, map[string]any{"release_policy": "now"})
	s.wantMails(p, "after the release", &seen, "Alice Sender sent you Plans > bob@example.com",
		"Alice Sender sent you Plans > carol@example.com", "Bob Recipient received Plans > eve@example.com")
	for _, m := range p.smtp.Mails() {
		if strings.Contains(m.Text, "Carol") && m.To != "carol@example.com" {
			t.Errorf("a mail to %s names a private recipient: %s", m.To, m.Text)
		}
	}
	s.download(made, "")
	s.wantMails(p, "after a download", &seen, "Plans was downloaded > alice@example.com",
		"Plans was downloaded > dora@example.com", "Plans was downloaded > eve@example.com",
		"Plans was downloaded > bob@example.com", "Plans was downloaded > frank@example.com")

	s.answered(s.bob, http.StatusOK, "PUT", "/account/notification_settings", map[string]any{"notify_on_pkg_receive": false})
	failed := s.create(func(b *api.PackageCreate) { b.Title = "Broken" })
	session := s.beginUpload(failed)
	session.Finish(t, "the connection was cut")
	s.wantMails(p, "after a failed upload", &seen, "Broken: upload failed > alice@example.com")
	s.upload(failed)
	s.wantMails(p, "to one who switched it off", &seen, "Broken: upload completed > alice@example.com",
		"Broken: upload completed > frank@example.com")
}

// faspex-Y8: members of a workgroup are told of its packages, by its name; who may only submit to a shared inbox is not.
func TestMailsOfWorkgroupPackages(t *testing.T) {
	s, p := newMailScene(t)
	carol := s.in.User(t, "Carol", "Third", "")
	s.group("/workgroups", map[string]any{"name": "Editors"}, map[string]string{
		"alice@example.com": "standard", "bob@example.com": "standard", "carol@example.com": "standard"})
	s.answered(carol, http.StatusOK, "PUT", "/account/notification_settings",
		map[string]any{"notify_on_workgroup_sent_packages": false})
	seen := 0
	made := s.create(func(b *api.PackageCreate) {
		b.Title = "Draft"
		b.Recipients = []api.RecipientName{{Name: "Editors", RecipientType: "workgroup"}, {Name: "alice@example.com"}}
	})
	s.upload(made)
	s.wantMails(p, "after the release", &seen, "Draft: upload completed > alice@example.com",
		"Alice Sender sent you Draft > alice@example.com", "Editors got Draft > bob@example.com")
}

// faspex-J13: workgroups can't be put into the fields of people who are told.
func TestGroupsAreNotTold(t *testing.T) {
	s := newScene(t)
	s.group("/workgroups", map[string]any{"name": "Editors"}, map[string]string{"alice@example.com": "standard"})
	for _, field := range []string{"notified_on_upload", "notified_on_download", "notified_on_receipt"} {
		got := s.answered(s.alice, http.StatusBadRequest, "POST", "/packages", map[string]any{"title": "x",
			"recipients": []any{map[string]any{"name": "bob@example.com"}},
			field:        []any{map[string]any{"name": "Editors", "recipient_type": "workgroup"}}})
		if errs := got["errors"].([]any); errs[0].(map[string]any)["location"] != "body."+field+"[0].name" {
			t.Errorf("%s: %v", field, got)
		}
	}
}

// faspex-Z11: mails about packages have the published words; at most ten names of files, and no private
// recipient.
func TestWordsOfPackageMails(t *testing.T) {
	s, p := newMailScene(t)
	s.in.User(t, "Carol", "Third", "")
	words := []string{"SENDER_NAME", "SENDER_FIRST_NAME", "SENDER_LAST_NAME", "SENDER_EMAIL", "SENDER_LOGIN", "USER_NAME",
		"USER_FIRST_NAME", "USER_LAST_NAME", "PACKAGE_NAME", "PACKAGE_UUID", "PACKAGE_URL", "PACKAGE_SIZE", "PACKAGE_FILES",
		"PACKAGE_NOTE", "ALL_PUBLIC_RECIPIENTS", "ALL_PUBLIC_RECIPIENTS_EMAIL", "ALL_CC_RECIPIENTS",
		"ALL_CC_RECIPIENTS_EMAIL", "PACKAGE_FILE_LIST_FIRST_10"}
	s.answered(s.in.Admin, http.StatusOK, "PUT", "/email_notifications?type=package_received", map[string]any{
		"type": "package_received", "subject": "words", "greeting": strings.Join(words, "|"), "introduction": "",
		"message_continued": "", "signature": "", "include_details": false})
	made := s.create(func(b *api.PackageCreate) {
		b.Title, b.Note = "Plans", "as agreed"
		b.PrivateRecipients = []api.RecipientName{{Name: "carol@example.com"}}
	})
	spec, err := s.alice.UploadSpec(t.Context(), made.ID, []string{"files"})
	if err != nil {
		t.Fatal(err)
	}
	session := s.node.Begin(t, spec)
	for _, name := range strings.Split("abcdefghijkl", "") {
		s.node.Write(t, faspextest.PackageFolder(made)+"/"+name+".txt", "12345")
	}
	session.Finish(t, "")
	s.run()
	var text string
	for _, m := range p.smtp.Mails() {
		if m.Subject == "words" && m.To == "bob@example.com" {
			text = m.Text
		}
	}
	want := strings.Join([]string{"Alice Sender", "Alice", "Sender", "alice@example.com", "alice@example.com",
		"Bob Recipient", "Bob", "Recipient", "Plans", made.PackageUUID,
		s.in.URL + "/aspera/faspex/packages/received/" + made.ID, "60 B", "12", "as agreed", "Bob Recipient", "bob@example.com",
		"", "", "a.txt\nb.txt\nc.txt\nd.txt\ne.txt\nf.txt\ng.txt\nh.txt\ni.txt\nj.txt"}, "|")
	if got := strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n")); got != want {
		t.Errorf("%q\nwant\n%q", got, want)
	}
}

// People without an account, and addresses that administrators named, are told of packages like others, without a link that
// leads to a login.
func TestAddressesWithoutAccountsAreTold(t *testing.T) {
	o := newOutsiders(t)
	o.permit("alice@example.com", map[string]any{"received_cc_notification_users": []any{map[string]any{"name": "boss@example.org"}}})
	p := o.create(func(c *api.PackageCreate) { c.NotifiedOnUpload = named("told@example.org") })
	o.upload(p)
	o.run()
	got := map[string]bool{}
	for _, m := range o.post.smtp.Mails() {
		got[m.To] = true
		if strings.HasSuffix(m.To, ".org") && strings.Contains(m.Text+m.HTML, "/packages/") {
			t.Errorf("a link to a login: %+v", m)
		}
	}
	for _, address := range []string{"boss@example.org", "told@example.org", "bob@example.com"} {
		if !got[address] {
			t.Errorf("no mail to %s", address)
		}
	}
}
