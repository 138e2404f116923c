package service_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/faspex/client"
	"faspex.io/operator/faspex/link"
	"faspex.io/operator/test/smtpd"
)

// faspex-M8: with custom policies off a user's own end is ignored; with the server's as maximum a longer one is refused.
func TestInvitationPolicies(t *testing.T) {
	o := newOutsiders(t)
	hours := func(h int) string { return time.Now().Add(time.Duration(h) * time.Hour).UTC().Format(time.RFC3339) }
	o.configure(map[string]any{"invitation_link_expiration_policy": true, "invitation_link_expires": true,
		"invitation_link_hours_valid": 48, "invitation_link_expires_after_upload": true})
	for _, test := range []struct {
		custom, enforced bool
		expiration       string
		expires          string
		status           int
		want             string
	}{
		{true, false, "", "", 201, "after_one_upload_or_date"}, {true, false, "never", "", 201, "never"},
		{true, false, "on_date", hours(99), 201, "on_date"}, {false, false, "never", "", 201, "after_one_upload_or_date"},
		{true, true, "never", "", 400, "expires_at"}, {true, true, "on_date", hours(99), 400, "48 hours"},
		{true, true, "on_date", hours(9), 201, "on_date"}, {true, true, "after_one_upload", "", 400, ""},
		{true, false, "on_date", "", 400, "expires_at"}, {true, false, "on_date", hours(-1), 400, "expires_at"},
	} {
		o.configure(map[string]any{"allow_users_to_set_custom_link_expiration": test.custom,
			"enforce_maximum_invitation_duration": test.enforced})
		body := map[string]any{"email_address": "ann@example.net"}
		if test.expiration != "" {
			body["expiration"] = test.expiration
		}
		if test.expires != "" {
			body["expires_at"] = test.expires
		}
		if status, text := o.post.call(t, o.alice, "POST", "/invitations", body); status != test.status ||
			!strings.Contains(text, test.want) {
			t.Errorf("%+v: %d %s", test, status, text)
		}
	}
}

// faspex-M11, faspex-M12, faspex-M13, faspex-M21: submission links are permitted by the server and off for each user until
// the user switches the own on; they ask for an address and mail a private link there, which alone opens the form. Off
// they open nothing, and on again the same link is good. The answer tells nothing of who has the address.
func TestSubmissionLink(t *testing.T) {
	o := newOutsiders(t)
	preferences := func(fields map[string]any) map[string]any {
		if fields != nil {
			o.answered(o.alice, http.StatusOK, http.MethodPut, "/account/preferences", fields)
		}
		return o.answered(o.alice, http.StatusOK, http.MethodGet, "/account/preferences", nil)
	}
	if p := preferences(nil); p["can_have_public_url"] != "true" || p["public_url_enabled"] != false || p["public_url"] != "" {
		t.Errorf("at first: %v", p)
	}
	address := preferences(map[string]any{"public_url_enabled": true})["public_url"].(string)
	c := o.context(address)
	ask := func(email string) (int, string) {
		return o.byLink(c.Passcode, "POST", "/public_invitations", map[string]any{"email_address": email,
			"recipient_name": "alice"})
	}
	o.wants("sending by it", 403, "", c.Passcode, "POST", "/packages", map[string]any{"title": "x",
		"recipients": named("alice@example.com")})
	var answers []string
	varying := regexp.MustCompile(`"(id|email_address|created_at|updated_at|invited_at)":"[^"]*"`)
	for _, email := range []string{"ann@example.net", "bob@example.com"} {
		status, body := ask(email)
		if status != http.StatusCreated {
			t.Fatalf("%s: %d %s", email, status, body)
		}
		answers = append(answers, varying.ReplaceAllString(body, ""))
		_, private, _ := o.linkFor(email)
		o.sends(private.Passcode, "from "+email, "")
	}
	if answers[0] != answers[1] || strings.Contains(answers[0], "public/send") {
		t.Errorf("an address without and one with an account:\n%s\n%s", answers[0], answers[1])
	}
	if inbox, err := o.alice.Packages(t.Context(), "inbox"); err != nil || len(inbox) != 2 {
		t.Errorf("inbox: %d, %v", len(inbox), err)
	}
	_, private, _ := func() (string, link.Context, smtpd.Mail) { ask("eve@example.net"); return o.linkFor("eve@example.net") }()
	for what, off := range map[string]func(on bool){
		"by the user": func(on bool) { preferences(map[string]any{"public_url_enabled": on}) },
		"by an admin": func(on bool) {
			o.permit("alice@example.com", map[string]any{"can_have_public_url": map[bool]string{true: "default", false: "false"}[on]})
		},
		"at the server": func(on bool) { o.configure(map[string]any{"public_url_allowed": on}) },
	} {
		off(false)
		o.wants("off "+what, 403, "link_withdrawn", c.Passcode, "GET", "/external/link", nil)
		o.wants("the private link, off "+what, 403, "link_withdrawn", private.Passcode, "GET", "/external/link", nil)
		off(true)
		o.wants("on "+what, 200, `"purpose":"ask"`, c.Passcode, "GET", "/external/link", nil)
		o.wants("the private link, on "+what, 200, `"may_send":true`, private.Passcode, "GET", "/external/link", nil)
	}
	if again := preferences(nil)["public_url"]; again != address {
		t.Errorf("the link became another one: %v", again)
	}
	for range 3 {
		ask("flood@example.net")
	}
	if status, body := ask("flood@example.net"); status != http.StatusTooManyRequests {
		t.Errorf("a fourth mail to one address: %d %s", status, body)
	}
}

// faspex-K3, faspex-K7, faspex-K8, faspex-M10 (of shared inboxes): members invite people without an account, also to
// addresses of accounts, only where the inbox lets them, its admins with their switch, and admins of the server always.
// Whoever was invited sends to the inbox, and can neither list nor download. Without both switches links end.
func TestInvitationsToSharedInboxes(t *testing.T) {
	o := newOutsiders(t)
	o.in.User(t, "Dora", "Boss", "")
	inbox := o.group("/shared_inboxes", map[string]any{"name": "Scans"}, map[string]string{"alice@example.com": "submit_only",
		"dora@example.com": "shared_inbox_admin"})
	dora := o.in.Admin.As("dora@example.com")
	path := "/shared_inboxes/" + inbox
	set := func(admins, members bool) {
		o.answered(o.in.Admin, http.StatusOK, http.MethodPut, path, map[string]any{"admin_can_manage_external_submitters": admins,
			"users_can_invite_external_submitters": members})
	}
	for _, step := range []struct{ admins, members, dora, alice bool }{
		{false, false, false, false}, {true, false, true, false}, {false, true, true, true}, {true, true, true, true},
	} {
		set(step.admins, step.members)
		for name, who := range map[string]struct {
			c   *client.Client
			may bool
		}{"dora": {dora, step.dora}, "alice": {o.alice, step.alice}, "admin": {o.in.Admin, true}, "bob": {o.bob, false}} {
			status, body := o.post.call(t, who.c, "POST", path+"/external_collaborator", map[string]any{"email_address": "bob@example.com"})
			if (status == http.StatusCreated) != who.may {
				t.Errorf("%+v, %s: %d %s", step, name, status, body)
			}
		}
	}
	_, c, m := o.linkFor("bob@example.com")
	if c.RecipientType != "shared_inbox" || c.Name != "Scans" || !strings.Contains(m.Subject, "Scans") {
		t.Errorf("%+v, %+v", c, m)
	}
	p := o.sends(c.Passcode, "To the inbox", "")
	o.wants("the inbox", 403, "", c.Passcode, "GET", path+"/packages", nil)
	o.wants("a download", 403, "", c.Passcode, "POST", "/packages/"+p.ID+"/transfer_spec/download", map[string]any{})
	if status, body := o.post.call(t, dora, "GET", path+"/packages", nil); !strings.Contains(body, "To the inbox") {
		t.Errorf("its admin: %d %s", status, body)
	}
	for name, call := range map[string][2]string{"list": {"GET", path + "/packages"}, "read": {"GET", "/packages/" + p.ID},
		"download": {"POST", "/packages/" + p.ID + "/transfer_spec/download"}} {
		if status, body := o.post.call(t, o.alice, call[0], call[1], map[string]any{}); status < 400 {
			t.Errorf("%s by a member who may send only: %d %s", name, status, body)
		}
	}
	if list := o.answered(dora, http.StatusOK, http.MethodGet, path+"/invitations", nil); list["total_count"].(float64) < 5 {
		t.Errorf("invitations: %v", list["total_count"])
	}
	set(false, false)
	o.wants("both switched off", 403, "link_withdrawn", c.Passcode, "GET", "/external/link", nil)
}

// faspex-K9 (of invitations), faspex-K11: an inbox's own policy for invitations replaces the server's, one without an end
// switches that off, and its admins may set it also where users may not choose theirs.
func TestInboxInvitationPolicy(t *testing.T) {
	o := newOutsiders(t)
	o.in.User(t, "Dora", "Boss", "")
	inbox := o.group("/shared_inboxes", map[string]any{"name": "Scans"}, map[string]string{"dora@example.com": "shared_inbox_admin"})
	dora, path := o.in.Admin.As("dora@example.com"), "/shared_inboxes/"+inbox
	o.configure(map[string]any{"invitation_link_expiration_policy": true, "invitation_link_expires": true,
		"invitation_link_hours_valid": 48, "allow_users_to_set_custom_link_expiration": false})
	want := func(what, expiration string, hours float64) {
		t.Helper()
		begin := time.Now()
		o.answered(dora, http.StatusCreated, http.MethodPost, path+"/external_collaborator", map[string]any{
			"email_address": "ann@example.net", "custom_link_expiration_policy": true, "set_invitation_link_expiration": true,
			"invitation_expiration_hours": 9999})
		newest := o.answered(dora, http.StatusOK, http.MethodGet, path+"/invitations", nil)["invitations"].([]any)[0].(map[string]any)
		in := 0.0
		if at, ok := newest["expires_at"].(string); ok {
			end, err := time.Parse(time.RFC3339, at)
			if err != nil {
				t.Fatal(err)
			}
			in = end.Sub(begin).Round(time.Hour).Hours()
		}
		if newest["expiration"] != expiration || in != hours {
			t.Errorf("%s: %v in %v hours", what, newest["expiration"], in)
		}
	}
	want("the server's", "on_date", 48)
	for _, step := range []struct {
		fields     map[string]any
		expiration string
		hours      float64
	}{
		{map[string]any{"custom_link_expiration_policy": true, "set_invitation_link_expiration": true,
			"invitation_expiration_hours": 5, "invitation_expires_after_upload": true}, "after_one_upload_or_date", 5},
		{map[string]any{"set_invitation_link_expiration": false, "invitation_expires_after_upload": false}, "never", 0},
		{map[string]any{"custom_link_expiration_policy": false}, "on_date", 48},
	} {
		o.answered(dora, http.StatusOK, http.MethodPut, path, step.fields)
		want("the inbox's", step.expiration, step.hours)
	}
}

// faspex-K15: whether a shared inbox has a submission link is allowed, denied, or as the server says; its admins say so only
// where the server lets them.
func TestInboxSubmissionLink(t *testing.T) {
	o := newOutsiders(t)
	o.in.User(t, "Dora", "Boss", "")
	inbox := o.group("/shared_inboxes", map[string]any{"name": "Scans"}, map[string]string{"dora@example.com": "shared_inbox_admin"})
	dora, path := o.in.Admin.As("dora@example.com"), "/shared_inboxes/"+inbox
	shown := func() map[string]any {
		return o.answered(dora, http.StatusOK, http.MethodGet, path+"/submission_link", nil)
	}
	address := shown()["url"].(string)
	c := o.context(address)
	for _, step := range []struct {
		server bool
		inbox  string
		on     bool
	}{{true, "default", true}, {false, "default", false}, {false, "true", true}, {true, "false", false}} {
		o.configure(map[string]any{"public_url_allowed_default": step.server})
		o.answered(o.in.Admin, http.StatusOK, http.MethodPut, path, map[string]any{"allow_public_url": step.inbox})
		status, body := o.byLink(c.Passcode, "GET", "/external/link", nil)
		if s := shown(); s["enabled"] != step.on || (s["url"] == address) != step.on || (status == 200) != step.on {
			t.Errorf("%+v: %v, the link: %d %s", step, s, status, body)
		}
	}
	for _, lets := range []bool{false, true} {
		o.configure(map[string]any{"shared_inbox_can_override_public_url": lets})
		status, body := o.post.call(t, dora, "PUT", path, map[string]any{"allow_public_url": "true"})
		if (status == http.StatusOK) != lets || shown()["switchable"] != lets {
			t.Errorf("its admin, let %v: %d %s", lets, status, body)
		}
	}
	if status, body := o.byLink(c.Passcode, "POST", "/public_invitations", map[string]any{"email_address": "ann@example.net"}); status != http.StatusCreated {
		t.Fatalf("%d %s", status, body)
	}
	_, private, _ := o.linkFor("ann@example.net")
	o.sends(private.Passcode, "By the inbox's link", "")
	if _, body := o.post.call(t, dora, "GET", path+"/packages", nil); !strings.Contains(body, "By the inbox's link") {
		t.Errorf("the inbox: %s", body)
	}
	if _, _, m := o.linkFor("ann@example.net"); !strings.Contains(m.Text, "Scans") {
		t.Errorf("mail to the sender: %+v", m)
	}
}
