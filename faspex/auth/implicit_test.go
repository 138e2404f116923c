package auth_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"faspex.io/operator/faspex/store"
)

// faspex-E2 (with TestImplicitGrantExcludesAssertions in faspex/core): the implicit grant answers a client that has it
// with a token in the fragment of its redirect URI, and no token to renew it; other clients are refused.
func TestImplicitGrant(t *testing.T) {
	s := start(t, "the current secret of core", "")
	wanted := authorizeQuery("nojwt", "response_type", "token")
	answer := func(login bool) (string, url.Values) {
		t.Helper()
		var res *http.Response
		if login {
			res, _ = s.browser(t).login(t, wanted, "ulf", password)
		} else {
			res, _ = s.browser(t).open(t, wanted)
		}
		to, fragment, found := strings.Cut(res.Header.Get("Location"), "#")
		values, err := url.ParseQuery(fragment)
		if err != nil || !found || res.StatusCode != http.StatusFound {
			t.Fatalf("%d to %q, %v", res.StatusCode, res.Header.Get("Location"), err)
		}
		return to, values
	}
	if to, got := answer(false); to != redirect || got.Get("error") != "unauthorized_client" || got.Has("access_token") {
		t.Errorf("a client without the grant: %s, %v", to, got)
	}
	s.changeClient(t, "nojwt", func(c *store.OAuthClient) { c.AllowImplicitGrant, c.AllowRefreshToken = true, true })
	to, got := answer(true)
	if to != redirect || got.Get("token_type") != "bearer" || got.Get("expires_in") != "3600" || got.Get("state") != "st+ate" ||
		got.Has("refresh_token") || got.Has("code") || !s.good(t, got.Get("access_token")) {
		t.Errorf("a client with the grant: %s, %v", to, got)
	}
	s.changeClient(t, "nojwt", func(c *store.OAuthClient) { c.AccessGrantAllUsers = false })
	if _, got := answer(true); got.Get("error") != "access_denied" || got.Has("access_token") {
		t.Errorf("for a user whom the client may not act for: %v", got)
	}
}
