package service_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/faspex/store"
	"faspex.io/operator/test/faspextest"
	"faspex.io/operator/test/smtpd"
)

// signUp sends the form for a new account.
func (p *post) signUp(t *testing.T, email string, terms bool) *faspextest.Page {
	t.Helper()
	typed := map[string]string{"first_name": "Neo", "last_name": "New", "email": email}
	if terms {
		typed["terms"] = "accepted"
	}
	return faspextest.OpenPage(t, p.in.URL+"/aspera/faspex/auth/register?client_id=ui-client").Submit(t, typed)
}

func (p *post) configure(t *testing.T, fields map[string]any) {
	t.Helper()
	if err := p.in.Admin.Configure(t.Context(), fields); err != nil {
		t.Fatal(err)
	}
}

func (p *post) status(t *testing.T, login string) string {
	t.Helper()
	a, err := p.in.Store.AccountByLogin(t.Context(), login)
	if err != nil {
		return "none"
	}
	return a.Status
}

// faspex-H1, faspex-H2, faspex-H3, faspex-H7, faspex-H10: nobody registers by default; without approval the account
// exists at once and gets its mail; an address that has an account, one of a blocked domain and a form without accepted
// terms are refused; the instructions are shown.
func TestSelfRegistration(t *testing.T) {
	p := newPost(t, smtpd.Options{})
	address := p.in.URL + "/aspera/faspex/auth/register"
	if page := faspextest.OpenPage(t, address); page.Status != http.StatusNotFound || strings.Contains(page.Body, "<form") {
		t.Errorf("by default: %d %s", page.Status, page.Body)
	}
	p.configure(t, map[string]any{"self_registration_type": "unmoderated"})
	form := faspextest.OpenPage(t, address)
	p.configure(t, map[string]any{"self_registration_type": "none"})
	if page := form.Submit(t, map[string]string{"first_name": "Neo", "last_name": "New", "email": "neo@example.com"}); page.Status != http.StatusNotFound ||
		p.status(t, "neo@example.com") != "none" {
		t.Errorf("switched off again: %d", page.Status)
	}
	p.configure(t, map[string]any{"self_registration_type": "unmoderated", "login_terms_of_service": "Be kind.",
		"registration_instructions": "Partners only.", "registration_blocklist": []string{"bad.example"}})
	page := faspextest.OpenPage(t, address)
	for _, want := range []string{"<h1>Create an account</h1>", "Partners only.", "Be kind."} {
		if !strings.Contains(page.Body, want) {
			t.Errorf("the form lacks %q: %s", want, page.Body)
		}
	}
	for name, refused := range map[string]struct {
		page   *faspextest.Page
		status int
		told   string
	}{
		"terms":        {p.signUp(t, "neo@example.com", false), http.StatusBadRequest, "have to be accepted"},
		"domain":       {p.signUp(t, "neo@BAD.example", true), http.StatusBadRequest, "this domain"},
		"subdomain":    {p.signUp(t, "neo@very.bad.example", true), http.StatusBadRequest, "this domain"},
		"no address":   {p.signUp(t, "neo", true), http.StatusBadRequest, "no e-mail address"},
		"has account":  {p.signUp(t, strings.ToUpper(faspextest.AdminName), true), http.StatusConflict, "already"},
		"without CSRF": {page.SubmitForm(t, map[string]string{"email": "neo@example.com"}), http.StatusForbidden, "Try again"},
	} {
		if refused.page.Status != refused.status || !strings.Contains(refused.page.Body, refused.told) {
			t.Errorf("%s: %d %s", name, refused.page.Status, refused.page.Body)
		}
	}
	if got := p.status(t, "neo@example.com"); got != "none" {
		t.Errorf("a refused form made an account: %s", got)
	}
	if page := p.signUp(t, "neo@example.com", true); page.Status != http.StatusOK || !strings.Contains(page.Body, "is on its way") {
		t.Fatalf("%d %s", page.Status, page.Body)
	}
	a, err := p.in.Store.AccountByLogin(t.Context(), "neo@example.com")
	if err != nil || a.Status != store.AccountActive || a.Type != store.TypeSelfRegistered || a.Role != store.RoleUser ||
		a.PasswordHash != "" || a.RegisteredWith != "ui-client" {
		t.Errorf("%+v, %v", a, err)
	}
	p.work(t)
	if mails := p.smtp.Mails(); len(mails) != 1 || mails[0].To != "neo@example.com" || codeOf.FindString(mails[0].Text) == "" {
		t.Errorf("mails: %+v", mails)
	}
}

// faspex-H4, faspex-H5, faspex-H6, faspex-H12: with approval the applicant gets no mail until the decision, and those who
// are named are told; admins and managers decide, and nobody else. An account that is opened is what the template says
// then, and gets a link to set a password; one that is denied gets its own mail, and the address may ask again.
func TestRegistrationsAreDecided(t *testing.T) {
	p := newPost(t, smtpd.Options{})
	p.in.User(t, "Bob", "Recipient", "")
	bob := p.in.Admin.As("bob@example.com")
	p.configure(t, map[string]any{"self_registration_type": "moderated",
		"registration_approval_ccs": []string{"boss@example.org"}})
	for _, email := range []string{"neo@example.com", "eve@example.com"} {
		if page := p.signUp(t, email, true); page.Status != http.StatusOK || !strings.Contains(page.Body, "An administrator decides") {
			t.Fatalf("%d %s", page.Status, page.Body)
		}
	}
	if page := p.signUp(t, "neo@example.com", true); page.Status != http.StatusConflict {
		t.Errorf("asked twice: %d", page.Status)
	}
	p.work(t)
	for _, m := range p.smtp.Mails() {
		if m.To != "boss@example.org" || !strings.Contains(m.Text, "Neo New (") || strings.Contains(m.Text, "code=") {
			t.Errorf("before the decision: %+v", m)
		}
	}
	if n := len(p.smtp.Mails()); n != 2 {
		t.Errorf("%d mails before the decision", n)
	}
	_, body := p.call(t, p.in.Admin, "GET", "/registrations?q=example.com", nil)
	list := jsonIn[struct {
		TotalCount    int `json:"total_count"`
		Registrations []struct {
			ID, Email, Name string
			ClientID        string `json:"client_id"`
		}
	}](t, body)
	if list.TotalCount != 2 || list.Registrations[0].Email != "neo@example.com" || list.Registrations[0].ClientID != "ui-client" {
		t.Fatalf("%s", body)
	}
	if _, body := p.call(t, p.in.Admin, "GET", "/accounts?q=neo", nil); strings.Contains(body, "neo@") {
		t.Errorf("among the users: %s", body)
	}
	neo, eve := list.Registrations[0].ID, list.Registrations[1].ID
	for name, call := range map[string][2]string{"list": {"GET", "/registrations"}, "accept": {"POST", "/registrations/accept?ids=" + neo},
		"deny": {"POST", "/registrations/deny?ids=" + neo}, "template": {"PUT", "/accounts/self_register_defaults"}} {
		if status, body := p.call(t, bob, call[0], call[1], map[string]any{}); status != http.StatusForbidden {
			t.Errorf("%s by a user: %d %s", name, status, body)
		}
	}
	if status, body := p.call(t, p.in.Admin, "PUT", "/accounts/"+neo, map[string]any{"account_activated": true}); status != http.StatusConflict {
		t.Errorf("past the decision: %d %s", status, body)
	}
	if status, body := p.call(t, p.in.Admin, "PUT", "/accounts/self_register_defaults", map[string]any{
		"allowed_ip_addresses_for_login": []string{"here"}}); status != http.StatusBadRequest {
		t.Errorf("a wrong template: %d %s", status, body)
	}
	template := map[string]any{"account_expires": true, "expiration_days": 7, "can_send_normal_packages": "false",
		"downloads_allowed": false, "override_default_password_policy": true, "password_history_limit": 9,
		"allowed_ip_addresses_for_upload": []string{"10.0.0.*"}, "self_destructs": true, "deletion_days": 9}
	if status, body := p.call(t, p.in.Admin, "PUT", "/accounts/self_register_defaults", template); status != http.StatusOK {
		t.Fatalf("the template: %d %s", status, body)
	}
	p.configure(t, map[string]any{"users_can_send_to_all_faspex_users": true})
	mails := len(p.smtp.Mails())
	status, body := p.call(t, p.in.Admin, "POST", "/registrations/accept?ids="+neo+",999", nil)
	if status != http.StatusMultiStatus || !strings.Contains(body, `"succeeded":["`+neo+`"]`) || !strings.Contains(body, `"failed":["999"]`) {
		t.Fatalf("accept: %d %s", status, body)
	}
	if status, body = p.call(t, p.in.Admin, "POST", "/registrations/deny?ids="+eve, nil); status != http.StatusMultiStatus ||
		!strings.Contains(body, `"succeeded":["`+eve+`"]`) {
		t.Fatalf("deny: %d %s", status, body)
	}
	if _, body = p.call(t, p.in.Admin, "POST", "/registrations/deny?ids="+neo, nil); !strings.Contains(body, `"failed":["`+neo+`"]`) {
		t.Errorf("denied after it was accepted: %s", body)
	}
	p.work(t)
	told := map[string]string{}
	for _, m := range p.smtp.Mails()[mails:] {
		told[m.To] = m.Text
	}
	if len(told) != 2 || codeOf.FindString(told["neo@example.com"]) == "" ||
		!strings.Contains(told["eve@example.com"], "was not approved") {
		t.Errorf("told: %v", told)
	}
	_, body = p.call(t, p.in.Admin, "GET", "/accounts/"+neo+"?expand=true", nil)
	got := jsonIn[map[string]any](t, body)
	for field, want := range map[string]any{"status": "active", "can_send_normal_packages": "false", "downloads_allowed": false,
		"uploads_allowed": true, "password_history_limit": 9.0, "account_expires": true, "self_destructs": true} {
		if got[field] != want {
			t.Errorf("%s: %v, want %v", field, got[field], want)
		}
	}
	if until, err := time.Parse(time.RFC3339, got["expiration_date"].(string)); err != nil ||
		until.Before(time.Now().AddDate(0, 0, 6)) || until.After(time.Now().AddDate(0, 0, 8)) {
		t.Errorf("expires %v, %v", got["expiration_date"], err)
	}
	if p.status(t, "eve@example.com") != "none" || p.signUp(t, "eve@example.com", true).Status != http.StatusOK {
		t.Error("who was denied cannot ask again")
	}
	// faspex-B6: an account with a date of destruction is removed then.
	p.clock.advance(10 * 24 * time.Hour)
	p.work(t)
	if got := p.status(t, "neo@example.com"); got != "none" {
		t.Errorf("after its date: %s", got)
	}
}

func jsonIn[T any](t *testing.T, text string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}
