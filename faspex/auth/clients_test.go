package auth_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"faspex.io/operator/faspex/store"
)

// changeClient changes a registered client.
func (s *server) changeClient(t *testing.T, id string, change func(*store.OAuthClient)) {
	t.Helper()
	c, err := s.store.OAuthClient(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	change(&c)
	if err := s.store.PutOAuthClient(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}

// signed asks for a token of a user by a signature.
func (s *server) signed(t *testing.T, client string, key any, user string) int {
	t.Helper()
	status, _, _ := s.token(t, jwtForm(client, s.assertion(t, client, key, jwt.SigningMethodRS256,
		map[string]any{"sub": "user:" + user})))
	return status
}

// faspex-E3: a redirect URI that differs from the registered one in one character is refused, and the browser is not
// sent there (TestOAuthClients in faspex/core: what can be registered).
func TestRedirectURIIsComparedCharacterByCharacter(t *testing.T) {
	s := start(t, "the current secret of core", "")
	for _, other := range []string{redirect + "/", redirect + "&x=1", redirect + "#x", "HTTPS" + redirect[len("https"):],
		"http" + redirect[len("https"):], "https://app.example.com/done", "https://app.example.com:443/done?from=faspex",
		"https://app.example.com./done?from=faspex", "https://app.example.com/Done?from=faspex",
		"https://app.example.com/x/../done?from=faspex", "https://app.example.com@evil.example.com/done?from=faspex"} {
		res, _ := s.browser(t).open(t, authorizeQuery("cli", "redirect_uri", other))
		if res.StatusCode != http.StatusBadRequest || res.Header.Get("Location") != "" {
			t.Errorf("%s: %d, Location %q", other, res.StatusCode, res.Header.Get("Location"))
		}
	}
	if res, _ := s.browser(t).open(t, authorizeQuery("cli")); res.StatusCode != http.StatusOK {
		t.Errorf("the registered one: %d", res.StatusCode)
	}
}

// faspex-E5: an access token ends after the hours of its client, however much it is used. A client without refresh
// tokens gets none, and its user logs in again.
func TestAccessTokenEndsAfterTheHoursOfItsClient(t *testing.T) {
	s := start(t, "the current secret of core", "")
	s.changeClient(t, "cli", func(c *store.OAuthClient) { c.AccessTokenExpirationHours, c.AllowRefreshToken = 3, false })
	status, tok, problem := s.token(t, codeForm("cli", s.browser(t).code(t, authorizeQuery("cli"))))
	if status != 201 || tok.ExpiresIn != 3*3600 || tok.RefreshToken != "" {
		t.Fatalf("%d %s, expires in %d, refresh token %q", status, problem, tok.ExpiresIn, tok.RefreshToken)
	}
	use := func(after time.Duration) error {
		s.clock.advance(after)
		p, err := s.Authenticate(t.Context(), tok.AccessToken)
		if err == nil {
			err = s.Used(t.Context(), p)
		}
		return err
	}
	for quarter := range 11 {
		if err := use(15 * time.Minute); err != nil {
			t.Fatalf("after %d quarters of an hour: %v", quarter+1, err)
		}
	}
	if err := use(14 * time.Minute); err != nil {
		t.Errorf("a minute before its end: %v", err)
	}
	if err := use(time.Minute); err == nil {
		t.Error("the token is good after three hours")
	}
	if status, _, _ := s.token(t, codeForm("cli", s.browser(t).code(t, authorizeQuery("cli")))); status != 201 {
		t.Errorf("another login: %d", status)
	}
}

// faspex-E7: with "all users" off only listed users get a token, by any grant; who is taken off the list cannot renew
// one.
func TestClientForSomeUsersByAnyGrant(t *testing.T) {
	s := start(t, "the current secret of core", "")
	only := func(name string) {
		t.Helper()
		s.changeClient(t, "cli", func(c *store.OAuthClient) {
			c.AccessGrantAllUsers, c.AccessGrantToUsers = false, []int64{s.users[name]}
		})
	}
	var refresh string
	grants := map[string]func() int{
		"code": func() int {
			status, tok, _ := s.token(t, codeForm("cli", s.browser(t).code(t, authorizeQuery("cli"))))
			if status == 201 {
				refresh = tok.RefreshToken
			}
			return status
		},
		"signature": func() int { return s.signed(t, "cli", s.userKey, "ulf") },
		"refresh token": func() int {
			status, tok, _ := s.token(t, url.Values{"client_id": {"cli"}, "grant_type": {"refresh_token"},
				"refresh_token": {refresh}})
			if status == 201 {
				refresh = tok.RefreshToken
			}
			return status
		},
	}
	for _, step := range []struct {
		listed string
		want   int
	}{{"ulf", 201}, {"nopass", 400}} {
		only(step.listed)
		for _, grant := range []string{"code", "signature", "refresh token"} {
			if got := grants[grant](); got != step.want {
				t.Errorf("%s is listed, ulf by %s: %d, want %d", step.listed, grant, got, step.want)
			}
		}
	}
}

// faspex-E9: with the global key on, the client's key signs for any user; off, only the user's own key does, also where
// the client still has a key.
func TestGlobalKeyIsASwitch(t *testing.T) {
	s := start(t, "the current secret of core", "")
	for _, on := range []bool{true, false, true} {
		s.changeClient(t, "global", func(c *store.OAuthClient) { c.AllowGlobalKey = on })
		want := http.StatusBadRequest
		if on {
			want = http.StatusCreated
		}
		for _, user := range []string{"ulf", "nopass"} {
			if got := s.signed(t, "global", s.clientKey, user); got != want {
				t.Errorf("on %v, the client's key for %s: %d, want %d", on, user, got, want)
			}
		}
		if got := s.signed(t, "global", s.userKey, "ulf"); got != http.StatusCreated {
			t.Errorf("on %v, the user's own key: %d", on, got)
		}
		if got := s.signed(t, "global", s.userKey, "nopass"); got != http.StatusBadRequest {
			t.Errorf("on %v, the key of one user for another: %d", on, got)
		}
	}
}

// forging is a client that says of each request that it comes from elsewhere.
type forging struct{}

func (forging) RoundTrip(r *http.Request) (*http.Response, error) {
	for _, header := range []string{"X-Forwarded-For", "X-Real-IP", "X-Client-IP", "True-Client-IP"} {
		r.Header.Set(header, "10.1.2.3")
	}
	r.Header.Set("Forwarded", "for=10.1.2.3")
	return http.DefaultTransport.RoundTrip(r)
}

// faspex-D6: the address that a login's list is compared with is the real peer's, whatever the client says
// (TestForgedAddressOfActions in faspex/core: sending and downloading; TestRouterTellsWhoTheClientIs: the router).
func TestForgedAddressOfALogin(t *testing.T) {
	s := start(t, "the current secret of core", "")
	for list, want := range map[string]int{`["10.*.*.*"]`: http.StatusForbidden, `["127.0.0.1"]`: http.StatusFound} {
		a, err := s.store.Account(t.Context(), s.users["ulf"])
		if err != nil {
			t.Fatal(err)
		}
		after := a
		after.Options = []byte(`{"allowed_ip_addresses_for_login":` + list + `}`)
		if err := s.store.UpdateAccount(t.Context(), a, after); err != nil {
			t.Fatal(err)
		}
		b := s.browser(t)
		b.Transport = forging{}
		if got := b.status(t, "ulf", password); got != want {
			t.Errorf("%s: %d, want %d", list, got, want)
		}
	}
}
