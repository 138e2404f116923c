package service_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/link"
	"faspex.io/operator/test/faspextest"
)

var codeInMail = regexp.MustCompile(`\b\d{6}\b`)

// code is the one of the last mail to an address, once the jobs that are due have run.
func (o *outsiders) code(address string) string {
	o.t.Helper()
	if err := o.worker.RunOnce(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
	o.clock.advance(2 * time.Second)
	if err := o.worker.RunOnce(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
	mails := o.post.smtp.Mails()
	if m := mails[len(mails)-1]; m.To == address {
		return codeInMail.FindString(m.Text)
	}
	o.t.Fatalf("the last mail is not to %s: %+v", address, mails[len(mails)-1])
	return ""
}

// later moves every clock.
func (o *outsiders) later(d time.Duration) {
	o.clock.advance(d)
	o.in.Advance(d)
}

// urlIn is the address in an answer.
func urlIn(t *testing.T, answer string) string {
	t.Helper()
	var told api.CodeTaken
	if err := json.Unmarshal([]byte(answer), &told); err != nil {
		t.Fatalf("%v: %s", err, answer)
	}
	return told.URL
}

// faspex-M20: where codes are demanded, a link opens nothing until the code of a mail is typed. A code is good for the
// configured minutes and once; after three wrong ones nothing is taken for a time, the right one neither.
func TestLinkNeedsTheCodeOfAMail(t *testing.T) {
	o := newOutsiders(t)
	p := o.create(func(c *api.PackageCreate) { c.Recipients = named("out@example.org") })
	o.upload(p)
	address, c, _ := o.linkFor("out@example.org")
	o.wants("without the setting", 200, p.Title, c.Passcode, "GET", "/packages/"+p.ID, nil)
	o.configure(map[string]any{"mfa_required": true, "mfa_code_validity": 5})

	const send, verify = "/mfa/send_code", "/mfa/verify_code"
	about := map[string]any{"client_id": "page", "redirect_uri": "http://localhost", "resource_type": link.ToPackage, "package_id": p.ID}
	typed := func(code string) map[string]any {
		return map[string]any{"client_id": "page", "resource_type": link.ToPackage, "package_id": p.ID, "mfa_code": code}
	}
	for what, call := range map[string][]string{"the package": {"GET", "/packages/" + p.ID},
		"its files": {"POST", "/packages/" + p.ID + "/files/received"}, "a spec": {"POST", "/packages/" + p.ID + "/transfer_spec/download"},
		"a ticket": {"POST", "/packages/" + p.ID + "/download_ticket"}, "the link": {"GET", "/external/link"}} {
		o.wants(what, 403, "mfa_required", c.Passcode, call[0], call[1], map[string]any{})
	}
	o.wants("no code yet", 403, "mfa_wrong_code", c.Passcode, "POST", verify, typed("000000"))
	o.wants("a mail", 200, `"sent"`, c.Passcode, "POST", send, about)
	o.wants("another at once", 429, "moment", c.Passcode, "POST", send, about)
	code := o.code("out@example.org")
	open := o.context(urlIn(t, o.wants("the code", 200, `"url"`, c.Passcode, "POST", verify, typed(code))))
	o.wants("the package after the code", 200, p.Title, open.Passcode, "GET", "/packages/"+p.ID, nil)
	o.wants("a spec after the code", 200, `"token"`, open.Passcode, "POST", "/packages/"+p.ID+"/transfer_spec/download", map[string]any{})
	o.wants("the mailed passcode alone", 403, "mfa_required", c.Passcode, "GET", "/packages/"+p.ID, nil)
	o.wants("the code again", 403, "mfa_wrong_code", c.Passcode, "POST", verify, typed(code))
	o.wants("a proof made longer", 401, "", strings.Replace(open.Passcode, ".1", ".2", 1), "GET", "/packages/"+p.ID, nil)

	o.later(time.Hour)
	o.wants("an hour later", 403, "mfa_required", open.Passcode, "GET", "/packages/"+p.ID, nil)
	o.wants("a mail later", 200, `"sent"`, c.Passcode, "POST", send, about)
	late := o.code("out@example.org")
	o.later(5 * time.Minute)
	o.wants("a code that is too old", 403, "mfa_wrong_code", c.Passcode, "POST", verify, typed(late))

	// A browser: the page asks, mails and leads on; wrong codes lock it, across mails.
	page := faspextest.OpenPage(t, address)
	shows := func(what string, page *faspextest.Page, word string) {
		t.Helper()
		if page.Status != http.StatusOK || !strings.Contains(page.Body, word) || strings.Contains(page.Body, p.Title) {
			t.Errorf("%s: %d %s", what, page.Status, page.Body)
		}
	}
	shows("the page before the code", page, "o...@example.org")
	shows("the page that mails", page.Submit(t, map[string]string{"mail": "yes"}), "is on its way to o...@example.org")
	right := o.code("out@example.org")
	wrong := map[string]string{"code": strings.Map(func(r rune) rune { return '0' + (r-'0'+1)%10 }, right)}
	page.Submit(t, wrong) // the one that was too old was the first
	shows("the third wrong code", page.Submit(t, wrong), "Too many wrong codes")
	shows("the right code after that", page.Submit(t, map[string]string{"code": right}), "Too many wrong codes")
	o.wants("a mail while it is locked", 429, "mfa_locked", c.Passcode, "POST", send, about)
	o.later(31 * time.Minute)
	page.Submit(t, map[string]string{"mail": "yes"})
	opened := page.Submit(t, map[string]string{"code": o.code("out@example.org")})
	if opened.Status != http.StatusOK || !strings.Contains(opened.Body, p.Title) {
		t.Errorf("the page after the code: %d %s", opened.Status, opened.Body)
	}
}

// Links to send have a setting of their own.
func TestInvitationNeedsTheCodeOfAMail(t *testing.T) {
	o := newOutsiders(t)
	o.configure(map[string]any{"mfa_required": true, "mfa_required_upload": true})
	o.invite(map[string]any{"email_address": "ext@example.org"})
	_, c, _ := o.linkFor("ext@example.org")
	sent := map[string]any{"title": "x", "recipients": named("-")}
	o.wants("a package without the code", 403, "mfa_required", c.Passcode, "POST", "/packages", sent)
	o.wants("a mail", 200, `"sent"`, c.Passcode, "POST", "/mfa/send_code", map[string]any{})
	answer := o.wants("the code", 200, `"url"`, c.Passcode, "POST", "/mfa/verify_code", map[string]any{"mfa_code": o.code("ext@example.org")})
	open := o.context(urlIn(t, answer))
	if open.Name != c.Name || open.Resource != c.Resource {
		t.Errorf("the context after the code: %+v, before %+v", open, c)
	}
	o.wants("a package after the code", 201, "", open.Passcode, "POST", "/packages", sent)
}
