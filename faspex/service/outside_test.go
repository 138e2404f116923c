package service_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/link"
	"faspex.io/operator/test/faspextest"
	"faspex.io/operator/test/smtpd"
)

// outsiders is a scene with mail, whose people may write to addresses that nobody here has.
type outsiders struct {
	*scene
	post *post
}

func newOutsiders(t *testing.T) *outsiders {
	t.Helper()
	s, p := newMailScene(t)
	o := &outsiders{s, p}
	o.configure(map[string]any{"allow_send_to_email_default": true})
	return o
}

func (o *outsiders) configure(fields map[string]any) {
	o.t.Helper()
	if err := o.in.Admin.Configure(o.t.Context(), fields); err != nil {
		o.t.Fatal(err)
	}
}

func (o *outsiders) permit(login string, fields map[string]any) {
	o.t.Helper()
	a, err := o.in.Admin.AccountByName(o.t.Context(), login)
	if err != nil {
		o.t.Fatal(err)
	}
	o.answered(o.in.Admin, http.StatusOK, http.MethodPut, "/accounts/"+a.ID, fields)
}

var linkInMail = regexp.MustCompile(`http\S+/aspera/faspex/public/\S+`)

// linkFor runs the jobs, and gives the link of the last mail to an address.
func (o *outsiders) linkFor(address string) (string, link.Context, smtpd.Mail) {
	o.t.Helper()
	o.run()
	mails := o.post.smtp.Mails()
	for i := len(mails) - 1; i >= 0; i-- {
		if mails[i].To != address {
			continue
		}
		found := linkInMail.FindString(mails[i].Text)
		return found, o.context(found), mails[i]
	}
	o.t.Fatalf("no mail to %s among %+v", address, mails)
	return "", link.Context{}, smtpd.Mail{}
}

func (o *outsiders) context(address string) link.Context {
	o.t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		o.t.Fatal(err)
	}
	c, ok := link.ReadContext(u.Query().Get("context"))
	if !ok {
		o.t.Fatalf("%q holds no context", address)
	}
	return c
}

// byLink makes a call as somebody who has nothing but a link.
func (o *outsiders) byLink(passcode, method, path string, in any) (int, string) {
	o.t.Helper()
	raw, err := json.Marshal(in)
	if err != nil {
		o.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(o.t.Context(), method, o.in.URL+"/aspera/faspex/api/v5"+path, bytes.NewReader(raw))
	if err != nil {
		o.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Passcode", passcode)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		o.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		o.t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

// wants checks the status of a call by a link, and a word of its answer.
func (o *outsiders) wants(what string, status int, word string, passcode, method, path string, in any) string {
	o.t.Helper()
	got, body := o.byLink(passcode, method, path, in)
	if got != status || !strings.Contains(body, word) {
		o.t.Errorf("%s: %d %s, want %d with %q", what, got, body, status, word)
	}
	return body
}

// faspex-M1, faspex-M2, faspex-M15, faspex-M17, faspex-B10: sending to an unknown address makes an external user, who gets
// a mail with a link that opens this package without a login, and nothing else; where registration is required the link
// says so. Removing the external user ends it.
func TestOutsiderDownloadsByTheLinkOfTheMail(t *testing.T) {
	o := newOutsiders(t)
	p := o.create(func(c *api.PackageCreate) { c.Recipients = named("out@example.org", "bob@example.com") })
	other := o.create(func(c *api.PackageCreate) { c.Recipients = named("out@example.org") })
	o.upload(other)
	o.linkFor("out@example.org")
	o.upload(p)
	_, c, m := o.linkFor("out@example.org")
	if c.PackageID != p.ID || !strings.Contains(m.Text, "The link is good until ") {
		t.Errorf("context %+v, mail %s", c, m.Text)
	}
	o.wants("what it is", 200, `"purpose":"download"`, c.Passcode, "GET", "/external/link", nil)
	o.wants("the package", 200, p.Title, c.Passcode, "GET", "/packages/"+p.ID, nil)
	o.wants("its files", 200, `"a.txt"`, c.Passcode, "POST", "/packages/"+p.ID+"/files/received", map[string]any{"path": "/"})
	body := o.wants("a spec", 200, `"token"`, c.Passcode, "POST", "/packages/"+p.ID+"/transfer_spec/download", map[string]any{})
	var spec transferspec.Spec
	if err := json.Unmarshal([]byte(body), &spec); err != nil {
		t.Fatal(err)
	}
	session := o.node.Begin(t, spec)
	session.Progress(10, 10, 2)
	session.Finish(t, "")
	o.run()
	if got := o.read(p); got.CompletedDownloadCount != 1 || got.Downloaders[0].Email != "out@example.org" {
		t.Errorf("downloads: %+v", got.Downloaders)
	}
	for what, path := range map[string]string{"another package": "/packages/" + other.ID, "the inbox": "/inbox/packages",
		"the account": "/account", "contacts": "/contacts"} {
		if status, body := o.byLink(c.Passcode, "GET", path, nil); status < 400 {
			t.Errorf("%s: %d %s", what, status, body)
		}
	}
	o.wants("sending", 403, "", c.Passcode, "POST", "/packages", map[string]any{"title": "x", "recipients": named("bob@example.com")})
	o.wants("a changed passcode", 401, "", strings.Replace(c.Passcode, "d.", "i.", 1), "GET", "/external/link", nil)

	o.configure(map[string]any{"require_external_users_registration": true})
	o.wants("registration required", 403, "registration_required", c.Passcode, "GET", "/packages/"+p.ID, nil)
	o.configure(map[string]any{"require_external_users_registration": false})
	o.wants("not any more", 200, p.Title, c.Passcode, "GET", "/packages/"+p.ID, nil)
	status, text := o.post.call(t, o.in.Admin, "GET", "/accounts?type[]=external_user&q=out@", nil)
	var found struct{ Accounts []struct{ ID string } }
	if err := json.Unmarshal([]byte(text), &found); err != nil || len(found.Accounts) != 1 {
		t.Fatalf("%d %s", status, text)
	}
	o.post.call(t, o.in.Admin, "DELETE", "/accounts/"+found.Accounts[0].ID, nil)
	o.wants("removed", 401, "", c.Passcode, "GET", "/packages/"+p.ID, nil)
}

func named(names ...string) (out []api.RecipientName) {
	for _, n := range names {
		out = append(out, api.RecipientName{Name: n})
	}
	return out
}

// faspex-M18: links to a package end after the configured days, or after the first full download, and the mail says when.
func TestLinkToAPackageEnds(t *testing.T) {
	o := newOutsiders(t)
	o.configure(map[string]any{"package_link_valid_days": 3, "package_link_expires_after_full_download": true})
	send := func(title string) (api.Package, link.Context, string) {
		p := o.create(func(c *api.PackageCreate) { c.Recipients, c.Title = named("out@example.org"), title })
		o.upload(p)
		_, c, m := o.linkFor("out@example.org")
		return p, c, m.Text
	}
	p, c, text := send("first")
	if want := o.clock.Now().AddDate(0, 0, 3).UTC().Format("2006-01-02"); !strings.Contains(text, want) ||
		!strings.Contains(text, "the whole package was downloaded") {
		t.Errorf("the mail does not say %s: %s", want, text)
	}
	download := func(paths []string) {
		status, body := o.byLink(c.Passcode, "POST", "/packages/"+p.ID+"/transfer_spec/download", map[string]any{"paths": paths})
		var spec transferspec.Spec
		if err := json.Unmarshal([]byte(body), &spec); err != nil || status != 200 {
			t.Fatalf("%d %s", status, body)
		}
		session := o.node.Begin(t, spec)
		session.Progress(10, 10, 2)
		session.Finish(t, "")
		o.run()
	}
	download([]string{"a.txt"})
	o.wants("after a part", 200, "first", c.Passcode, "GET", "/packages/"+p.ID, nil)
	download(nil)
	o.wants("after the whole", 403, "link_expired", c.Passcode, "GET", "/packages/"+p.ID, nil)

	o.configure(map[string]any{"package_link_expires_after_full_download": false})
	o.wants("by days alone", 200, "first", c.Passcode, "GET", "/packages/"+p.ID, nil)
	o = newOutsiders(t)
	o.configure(map[string]any{"package_link_valid_days": 3})
	o.clock.advance(-4 * 24 * time.Hour) // what the worker releases was released four days ago
	p, c, _ = send("old")
	o.wants("after three days", 403, "link_expired", c.Passcode, "GET", "/packages/"+p.ID, nil)
	o.configure(map[string]any{"package_link_expires": false})
	o.wants("without an end", 200, "old", c.Passcode, "GET", "/packages/"+p.ID, nil)
}

// sends makes a package by a link, and uploads it with a result.
func (o *outsiders) sends(passcode, title, failure string) api.Package {
	o.t.Helper()
	status, body := o.byLink(passcode, "POST", "/packages", map[string]any{"title": title,
		"recipients": named("bob@example.com"), "private_recipients": named("bob@example.com"), "release_policy": "later"})
	var p api.Package
	if err := json.Unmarshal([]byte(body), &p); err != nil || status != http.StatusCreated {
		o.t.Fatalf("send by a link: %d %s", status, body)
	}
	o.uploads(passcode, p, failure)
	return p
}

func (o *outsiders) uploads(passcode string, p api.Package, failure string) {
	o.t.Helper()
	status, body := o.byLink(passcode, "POST", "/packages/"+p.ID+"/transfer_spec/upload", map[string]any{})
	var spec transferspec.Spec
	if err := json.Unmarshal([]byte(body), &spec); err != nil || status != http.StatusOK {
		o.t.Fatalf("upload by a link: %d %s", status, body)
	}
	session := o.node.Begin(o.t, spec)
	o.node.Write(o.t, faspextest.PackageFolder(p)+"/a.txt", "1234567")
	session.Progress(7, 7, 1)
	session.Finish(o.t, failure)
	o.run()
}

func (o *outsiders) invitation(id string) api.Invitation {
	o.t.Helper()
	status, body := o.post.call(o.t, o.alice, "GET", "/invitations/"+id, nil)
	var i api.Invitation
	if err := json.Unmarshal([]byte(body), &i); err != nil || status != http.StatusOK {
		o.t.Fatalf("%d %s", status, body)
	}
	return i
}

func (o *outsiders) invite(fields map[string]any) api.Invitation {
	o.t.Helper()
	raw, err := json.Marshal(o.answered(o.alice, http.StatusCreated, http.MethodPost, "/invitations", fields))
	var i api.Invitation
	if err == nil {
		err = json.Unmarshal(raw, &i)
	}
	if err != nil {
		o.t.Fatal(err)
	}
	return i
}

// faspex-M4, faspex-M5, faspex-M6, faspex-M7, faspex-M14, faspex-K8 (of personal invitations): an invitation goes to any
// address and sends to whoever invited, without a login. One that is for one package ends when a package that was sent
// with it is whole, not when an upload fails; what had begun before that may finish. The sender is mailed a link that
// shows what became of the package and nothing else.
func TestInvitationSendsWithoutALogin(t *testing.T) {
	o := newOutsiders(t)
	for _, address := range []string{"ann@example.net", "bob@example.com"} {
		made := o.invite(map[string]any{"email_address": address, "expiration": "after_one_upload", "prevent_http_upload": true})
		followed, c, m := o.linkFor(address)
		if followed != made.AccessURL || c.Resource != link.ToUser || !strings.Contains(m.Subject, "Alice Sender") {
			t.Errorf("mail %+v leads to %s, the invitation to %s", m, followed, made.AccessURL)
		}
		o.wants("the form", 200, `"recipient_name":"Alice Sender"`, c.Passcode, "GET", "/external/link", nil)
		o.wants("ready", 204, "", c.Passcode, "POST", "/external/upload/authenticate", nil)
		status, body := o.byLink(c.Passcode, "POST", "/packages", map[string]any{"title": "begun " + address,
			"recipients": named("bob@example.com")})
		var begun api.Package
		if err := json.Unmarshal([]byte(body), &begun); err != nil || status != http.StatusCreated {
			t.Fatalf("%d %s", status, body)
		}
		o.wants("by a browser", 403, "http_upload_prevented", c.Passcode, "POST",
			"/packages/"+begun.ID+"/transfer_spec/upload?transfer_type=http_gateway", map[string]any{})
		failed := o.sends(c.Passcode, "failed "+address, "The disk is full.")
		if got := o.invitation(made.ID); got.Status != "active" {
			t.Errorf("after a failed upload: %s", got.Status)
		}
		o.uploads(c.Passcode, failed, "")
		if got := o.invitation(made.ID); got.Status != "expired" {
			t.Errorf("after an upload: %s", got.Status)
		}
		o.wants("another package", 403, "link_used", c.Passcode, "POST", "/packages", map[string]any{"title": "x",
			"recipients": named("bob@example.com")})
		o.uploads(c.Passcode, begun, "")
		for _, p := range []api.Package{failed, begun} {
			got, err := o.alice.Package(t.Context(), p.ID)
			if err != nil || got.State != "released" || len(got.Recipients) != 1 || got.Recipients[0].Email != "alice@example.com" ||
				got.Sender.Email != address || got.Sender.Type != "external_user" {
				t.Errorf("%s: %+v, %v", p.Title, got, err)
			}
		}
		if inbox, err := o.bob.Packages(t.Context(), "inbox"); err != nil || len(inbox) != 0 {
			t.Errorf("bob, who was named, has %d packages, %v", len(inbox), err)
		}
		_, status2, m := o.linkFor(address)
		o.wants("the status", 200, `"package_status":"completed"`, status2.Passcode, "GET", "/external/link", nil)
		if status2.Resource != link.ToStatus || !strings.Contains(m.Text, "Alice Sender") {
			t.Errorf("mail to the sender: %+v", m)
		}
		for _, path := range []string{"/packages/" + begun.ID, "/outbox/packages", "/packages"} {
			o.wants("more by the status link", 403, "", status2.Passcode, "GET", path, nil)
			if status, _ := o.byLink(c.Passcode, "GET", path, nil); status < 400 && path != "/packages/"+begun.ID {
				t.Errorf("%s by the invitation: %d", path, status)
			}
		}
	}
}

// faspex-M10 (server and user), faspex-M19: invitations are listed with their status, resent and deleted; what is switched
// off or deleted ends links that were mailed before.
func TestInvitationsAreWithdrawn(t *testing.T) {
	o := newOutsiders(t)
	made := o.invite(map[string]any{"email_address": "ann@example.net", "description": "for the film"})
	over := time.Now().Add(time.Second)
	o.invite(map[string]any{"email_address": "old@example.net", "expiration": "on_date",
		"expires_at": over.UTC().Format(time.RFC3339Nano)})
	_, c, _ := o.linkFor("ann@example.net")
	works := func(what string, status int, word string) {
		t.Helper()
		o.wants(what, status, word, c.Passcode, "GET", "/external/link", nil)
	}
	works("at first", 200, "send")
	for what, switches := range map[string][2]func(){
		"at the server": {func() { o.configure(map[string]any{"invitations_allowed": false}) },
			func() { o.configure(map[string]any{"invitations_allowed": true}) }},
		"for the user": {func() { o.permit("alice@example.com", map[string]any{"can_invite": "false"}) },
			func() { o.permit("alice@example.com", map[string]any{"can_invite": "true"}) }},
		"with the user": {func() { o.permit("alice@example.com", map[string]any{"account_activated": false}) },
			func() { o.permit("alice@example.com", map[string]any{"account_activated": true}) }},
	} {
		switches[0]()
		works("switched off "+what, 403, "link_withdrawn")
		switches[1]()
		works("switched on "+what, 200, "send")
	}
	before := len(o.post.smtp.Mails())
	o.answered(o.alice, http.StatusNoContent, http.MethodPost, "/invitations/"+made.ID+"/resend", nil)
	if again, _, _ := o.linkFor("ann@example.net"); again != made.AccessURL || len(o.post.smtp.Mails()) != before+1 {
		t.Errorf("resent: %s", again)
	}
	for time.Now().Before(over) {
		time.Sleep(50 * time.Millisecond)
	}
	list := o.answered(o.alice, http.StatusOK, http.MethodGet, "/invitations?q=example.net", nil)
	var told []string
	for _, i := range list["invitations"].([]any) {
		told = append(told, fmt.Sprint(i.(map[string]any)["email_address"], " ", i.(map[string]any)["status"]))
	}
	if got := strings.Join(told, ", "); got != "old@example.net expired, ann@example.net active" {
		t.Errorf("list: %s", got)
	}
	if status, body := o.post.call(t, o.bob, "DELETE", "/invitations/"+made.ID, nil); status != http.StatusNotFound {
		t.Errorf("deleted by another: %d %s", status, body)
	}
	o.answered(o.alice, http.StatusNoContent, http.MethodDelete, "/invitations/"+made.ID, nil)
	works("deleted", 401, "")
}
