package service_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/test/faspextest"
)

// Clients of the command line follow a link by the OAuth endpoints: a code for its context, and a token that opens what the
// link does.
func TestLinkGivesATokenToClients(t *testing.T) {
	o := newOutsiders(t)
	p := o.create(func(c *api.PackageCreate) { c.Recipients = named("out@example.org") })
	o.upload(p)
	address, _, _ := o.linkFor("out@example.org")
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	back := o.in.URL + "/aspera/faspex/"
	follow := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := follow.Get(o.in.URL + "/aspera/faspex/auth/authorize_public_link?" + url.Values{"response_type": {"code"},
		"client_id": {"ui-client"}, "redirect_uri": {back}, "state": {u.Query().Get("context")}}.Encode())
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	to, err := res.Location()
	if err != nil || to.Query().Get("code") == "" {
		t.Fatalf("%d, to %v, %v", res.StatusCode, to, err)
	}
	if res, err = http.PostForm(o.in.URL+"/aspera/faspex/auth/token", url.Values{"grant_type": {"authorization_code"},
		"client_id": {"ui-client"}, "redirect_uri": {back}, "code": {to.Query().Get("code")}}); err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var token api.Token
	if err := json.NewDecoder(res.Body).Decode(&token); err != nil || res.StatusCode != http.StatusCreated {
		t.Fatalf("%d, %v", res.StatusCode, err)
	}
	for path, want := range map[string]int{"/packages/" + p.ID: 200, "/account": 403, "/packages": 403} {
		req, err := http.NewRequestWithContext(t.Context(), "GET", o.in.URL+"/aspera/faspex/api/v5"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token.AccessToken)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, res.StatusCode, want)
		}
	}
}

// The links of mails lead to pages that need no login: a package with its files and a way to download it, a form that mails
// a link to send by, and what became of a package. What opens nothing says so.
func TestPagesOfLinks(t *testing.T) {
	o := newOutsiders(t)
	p := o.create(func(c *api.PackageCreate) {
		c.Recipients, c.Title, c.Note = named("out@example.org"), "Plans <b>now</b>", "as agreed"
	})
	o.upload(p)
	address, c, _ := o.linkFor("out@example.org")
	shown := func(what, address string, status int, words ...string) *faspextest.Page {
		t.Helper()
		page := faspextest.OpenPage(t, address)
		for _, word := range words {
			if page.Status != status || !strings.Contains(page.Body, word) {
				t.Errorf("%s: %d without %q: %s", what, page.Status, word, page.Body)
			}
		}
		return page
	}
	shown("the package", address, 200, "Plans &lt;b&gt;now&lt;/b&gt;", "Alice Sender", "as agreed", "a.txt", "folder/", "Download all")
	res, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).
		PostForm(o.in.URL+"/aspera/faspex/public/package", url.Values{"context": {contextOf(t, address)}})
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if to := res.Header.Get("Location"); res.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to, "/aspera/http-gwy/tickets/") {
		t.Errorf("download: %d %s", res.StatusCode, to)
	}
	o.configure(map[string]any{"require_external_users_registration": true, "self_registration_type": "unmoderated"})
	shown("registration required", address, 403, "Register", "/aspera/faspex/auth/register")
	o.configure(map[string]any{"require_external_users_registration": false})
	shown("a broken link", strings.Replace(address, "context=", "context=x", 1), 404, "not copied whole")
	shown("no link", o.in.URL+"/aspera/faspex/public/package", 404, "not copied whole")

	submission := o.answered(o.alice, http.StatusOK, http.MethodPut, "/account/preferences",
		map[string]any{"public_url_enabled": true})["public_url"].(string)
	page := shown("the submission link", submission, 200, "Send files to Alice Sender", "Your e-mail address")
	if sent := page.Submit(t, map[string]string{"email": "no address"}); !strings.Contains(sent.Body, "must be an e-mail address") {
		t.Errorf("a wrong address: %d %s", sent.Status, sent.Body)
	}
	if sent := page.Submit(t, map[string]string{"email": "ann@example.net"}); !strings.Contains(sent.Body, "is on its way to ann@example.net") {
		t.Errorf("asked: %d %s", sent.Status, sent.Body)
	}
	private, sender, _ := o.linkFor("ann@example.net")
	shown("the form", private, 200, "Send files to Alice Sender", `type="file"`, "script")
	o.sends(sender.Passcode, "From Ann", "")
	status, _, _ := o.linkFor("ann@example.net")
	shown("the status", status, 200, "From Ann", "The package was delivered.")
	for what, at := range map[string]string{"a package by a status link": status, "a form by the link of a package": address} {
		page := faspextest.OpenPage(t, strings.NewReplacer("/public/status", "/public/package", "/public/package", "/public/send").Replace(at))
		if strings.Contains(page.Body, "Download all") == (at == status) || strings.Contains(page.Body, `type="file"`) {
			t.Errorf("%s: %s", what, page.Body)
		}
	}
	if strings.Contains(o.in.Log.String(), c.Passcode) || strings.Contains(o.in.Log.String(), sender.Passcode) {
		t.Error("a passcode is in the log")
	}
}

func contextOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get("context")
}
