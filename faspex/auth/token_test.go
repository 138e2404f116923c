package auth_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/auth"
	"faspex.io/operator/faspex/store"
)

// faspex-E12 (with TestCodeUsedTwiceEndsTheLogin; every test that logs in compares state): a code works once, for its
// client and redirect URI.
func TestCodesThatAreRefused(t *testing.T) {
	s := start(t, "the current secret of core", "")
	pkce := authorizeQuery("web", "code_challenge", s256(verifier), "code_challenge_method", "S256")
	for _, test := range []struct {
		name   string
		form   func(code string) url.Values
		before func()
		want   string
	}{
		{"wrong verifier", func(c string) url.Values { return codeForm("web", c, "code_verifier", "other") }, nil,
			"invalid_grant"},
		{"no verifier", func(c string) url.Values { return codeForm("web", c) }, nil, "invalid_grant"},
		{"other client", func(c string) url.Values { return codeForm("cli", c, "code_verifier", verifier) }, nil,
			"invalid_grant"},
		{"other redirect", func(c string) url.Values {
			return codeForm("web", c, "code_verifier", verifier, "redirect_uri", "https://x.example.com")
		}, nil, "invalid_grant"},
		{"made up", func(string) url.Values { return codeForm("web", "made up", "code_verifier", verifier) }, nil,
			"invalid_grant"},
		{"late", func(c string) url.Values { return codeForm("web", c, "code_verifier", verifier) },
			func() { s.clock.advance(6 * time.Minute) }, "invalid_grant"},
		{"unknown client", func(c string) url.Values { return codeForm("nobody", c, "code_verifier", verifier) }, nil,
			"invalid_client"},
		{"no client", func(c string) url.Values { return codeForm("", c) }, nil, "invalid_request"},
		{"no grant type", func(c string) url.Values { return codeForm("web", c, "grant_type", "") }, nil, "invalid_request"},
		{"password grant", func(c string) url.Values { return codeForm("web", c, "grant_type", "password") }, nil,
			"unsupported_grant_type"},
	} {
		t.Run(test.name, func(t *testing.T) {
			code := s.browser(t).code(t, pkce)
			if test.before != nil {
				test.before()
			}
			if status, tok, problem := s.token(t, test.form(code)); status < 400 || problem != test.want ||
				tok.AccessToken != "" {
				t.Errorf("%d %q", status, problem)
			}
		})
	}
}

func TestCodeUsedTwiceEndsTheLogin(t *testing.T) {
	s := start(t, "the current secret of core", "")
	code := s.browser(t).code(t, authorizeQuery("cli"))
	_, tok, _ := s.token(t, codeForm("cli", code))
	if status, _, problem := s.token(t, codeForm("cli", code)); status != 400 || problem != "invalid_grant" {
		t.Errorf("second use: %d %q", status, problem)
	}
	if _, err := s.Authenticate(t.Context(), tok.AccessToken); err == nil {
		t.Error("the access token of the first use is still good")
	}
	if status, _, _ := s.token(t, url.Values{"client_id": {"cli"}, "grant_type": {"refresh_token"},
		"refresh_token": {tok.RefreshToken}}); status != 400 {
		t.Errorf("the refresh token of the first use is still good: %d", status)
	}
}

// faspex-E11
func TestTokenRequestForms(t *testing.T) {
	s := start(t, "the current secret of core", "")
	post := func(contentType, body string, basic ...string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), "POST", s.url+"/token", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", contentType)
		if len(basic) == 2 {
			req.SetBasicAuth(basic[0], basic[1])
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		status, _, problem := readToken(t, res)
		return status, problem
	}
	code := func(client string) string { return s.browser(t).code(t, authorizeQuery(client)) }
	inJSON := func(v url.Values) string {
		flat := map[string]string{}
		for k := range v {
			flat[k] = v.Get(k)
		}
		raw, err := json.Marshal(flat)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	if status, problem := post("application/json; charset=utf-8", inJSON(codeForm("cli", code("cli")))); status != 201 {
		t.Errorf("JSON: %d %q", status, problem)
	}
	if status, problem := post("application/json", `{"client_id":`); status != 400 || problem != "invalid_request" {
		t.Errorf("broken JSON: %d %q", status, problem)
	}
	if status, problem := post("application/json",
		inJSON(jwtForm("", s.assertion(t, "cli", s.userKey, jwt.SigningMethodRS256, nil))), "cli",
		"whatever"); status != 201 {
		t.Errorf("JSON with Basic: %d %q", status, problem)
	}
	withSecret := codeForm("backend", code("backend"), "client_secret", "client secret")
	if status, problem := post("application/x-www-form-urlencoded", withSecret.Encode()); status != 201 {
		t.Errorf("secret in the form: %d %q", status, problem)
	}
	if status, problem := post("application/x-www-form-urlencoded", codeForm("backend", code("backend")).Encode(),
		"backend", "client secret"); status != 201 {
		t.Errorf("secret in Basic: %d %q", status, problem)
	}
	for _, secret := range []string{"", "wrong"} {
		if status, problem := post("application/x-www-form-urlencoded",
			codeForm("backend", code("backend"), "client_secret", secret).Encode()); status != 401 ||
			problem != "invalid_client" {
			t.Errorf("secret %q: %d %q", secret, status, problem)
		}
	}
	if status, problem := post("application/x-www-form-urlencoded", codeForm("cli", "x").Encode(), "backend",
		"client secret"); status != 400 || problem != "invalid_request" {
		t.Errorf("two clients: %d %q", status, problem)
	}
}

// faspex-E6: refreshing works up to the client's hours after the login and no longer.
func TestRefreshEndsWithTheLoginsHours(t *testing.T) {
	s := start(t, "the current secret of core", "")
	s.configure(t, `{"session_timeout_minutes":10000}`)
	b := s.browser(t)
	b.code(t, authorizeQuery("cli"))
	tok := b.tab(t)
	for hours, want := range []int{201, 201, 400} {
		s.clock.advance(5 * time.Hour)
		status, next := s.refresh(t, tok.RefreshToken)
		if status != want {
			t.Errorf("%d hours after the login: %d, want %d", 5*(hours+1), status, want)
		}
		tok = next
	}
}

func TestRefreshTokens(t *testing.T) {
	s := start(t, "the current secret of core", "")
	_, first, _ := s.token(t, codeForm("cli", s.browser(t).code(t, authorizeQuery("cli"))))
	refresh := func(client, token string) (int, api.Token, string) {
		return s.token(t, url.Values{"client_id": {client}, "grant_type": {"refresh_token"}, "refresh_token": {token}})
	}
	status, second, problem := refresh("cli", first.RefreshToken)
	if status != 201 || second.RefreshToken == first.RefreshToken || second.AccessToken == "" {
		t.Fatalf("%d %q", status, problem)
	}
	if status, _, _ := refresh("web", second.RefreshToken); status != 400 {
		t.Errorf("another client: %d", status)
	}
	// The token was used up long ago, so whoever has it is a thief or was robbed.
	s.clock.advance(30 * time.Second)
	if status, _, _ := refresh("cli", first.RefreshToken); status != 400 {
		t.Errorf("used twice: %d", status)
	}
	if _, err := s.Authenticate(t.Context(), second.AccessToken); err == nil {
		t.Error("the login goes on after a refresh token was used twice")
	}
	_, third, _ := s.token(t, codeForm("cli", s.browser(t).code(t, authorizeQuery("cli"))))
	s.clock.advance(13 * time.Hour)
	if status, _, _ := refresh("cli", third.RefreshToken); status != 400 {
		t.Errorf("late: %d", status)
	}
}

func TestAccessTokensThatAreRefused(t *testing.T) {
	s := start(t, "the current secret of core", "")
	issue := func() string {
		t.Helper()
		_, tok, problem := s.token(t, jwtForm("cli", s.assertion(t, "cli", s.userKey, jwt.SigningMethodRS256, nil)))
		if tok.AccessToken == "" {
			t.Fatal(problem)
		}
		return tok.AccessToken
	}
	refused := func(name, token string) {
		t.Helper()
		if _, err := s.Authenticate(t.Context(), token); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	good := issue()
	parts := strings.Split(good, ".")
	refused("empty", "")
	refused("cut", good[:len(good)-2])
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`))
	refused("none", none+"."+parts[1]+".")
	forged, err := jwt.NewWithClaims(jwt.SigningMethodHS256,
		jwt.MapClaims{"iss": "faspex", "sub": "1", "exp": time.Now().Add(time.Hour).Unix()}).SignedString([]byte("guess"))
	if err != nil {
		t.Fatal(err)
	}
	refused("forged", forged)
	if _, err := s.Authenticate(t.Context(), good); err != nil {
		t.Fatal(err)
	}

	req, err := http.NewRequestWithContext(t.Context(), "DELETE", s.url+"/token", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "bearer "+good)
	for _, want := range []int{204, 401} {
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("revoke: %d, want %d", res.StatusCode, want)
		}
	}
	refused("revoked", good)

	before := issue()
	if err := s.store.SetPassword(t.Context(), s.users["ulf"], auth.HashPassword("another password")); err != nil {
		t.Fatal(err)
	}
	refused("of before the change of password", before)
	last := issue()
	a, err := s.store.Account(t.Context(), s.users["ulf"])
	if err != nil {
		t.Fatal(err)
	}
	inactive := a
	inactive.Status = store.AccountInactive
	if err := s.store.UpdateAccount(t.Context(), a, inactive); err != nil {
		t.Fatal(err)
	}
	refused("of an inactive account", last)
	if err := s.store.UpdateAccount(t.Context(), inactive, a); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Authenticate(t.Context(), last); err != nil {
		t.Errorf("active again: %v", err)
	}
	s.clock.advance(time.Hour)
	refused("ended", last)
}

func TestRotationOfTheSecret(t *testing.T) {
	s := start(t, "the first secret of core", "")
	_, tok, _ := s.token(t, jwtForm("cli", s.assertion(t, "cli", s.userKey, jwt.SigningMethodRS256, nil)))
	s.serve(t, "the second secret of core", "the first secret of core")
	if _, err := s.Authenticate(t.Context(), tok.AccessToken); err != nil {
		t.Errorf("token of the previous secret: %v", err)
	}
	s.serve(t, "the third secret of core", "the second secret of core")
	if _, err := s.Authenticate(t.Context(), tok.AccessToken); err == nil {
		t.Error("token of a secret before the previous one is good")
	}
}

func TestPurgeForgetsWhatHasEnded(t *testing.T) {
	s := start(t, "the current secret of core", "")
	s.token(t, codeForm("cli", s.browser(t).code(t, authorizeQuery("cli"))))
	form := jwtForm("cli", s.assertion(t, "cli", s.userKey, jwt.SigningMethodRS256, nil))
	s.token(t, form)
	if err := s.store.PurgeTokens(t.Context(), s.clock.Now()); err != nil {
		t.Fatal(err)
	}
	if status, _, _ := s.token(t, form); status != 400 {
		t.Errorf("an assertion that is still good was forgotten: %d", status)
	}
	s.clock.advance(48 * time.Hour)
	if err := s.store.PurgeTokens(t.Context(), s.clock.Now()); err != nil {
		t.Fatal(err)
	}
}
