package auth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"faspex.io/operator/faspex/auth"
	"faspex.io/operator/faspex/store"
)

// byKey logs ulf in with a signature of his key.
func (s *server) byKey(t *testing.T, id string) (int, string) {
	t.Helper()
	now := s.clock.Now()
	assertion, err := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.RegisteredClaims{
		Issuer: "cli", Audience: jwt.ClaimStrings{"cli"}, Subject: "user:ulf", ID: id,
		ExpiresAt: jwt.NewNumericDate(now.Add(time.Hour)),
	}).SignedString(s.userKey)
	if err != nil {
		t.Fatal(err)
	}
	status, tok, _ := s.token(t, map[string][]string{"client_id": {"cli"},
		"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {assertion}})
	return status, tok.AccessToken
}

func TestChangedPasswordEndsEveryLogin(t *testing.T) {
	s, ctx := start(t, "the current secret of core", ""), t.Context()
	_, tok, _ := s.token(t, codeForm("cli", s.browser(t).code(t, authorizeQuery("cli"))))
	status, byKey := s.byKey(t, "before")
	if status != 201 || tok.RefreshToken == "" {
		t.Fatalf("by key %d, refresh token %q", status, tok.RefreshToken)
	}
	code := s.browser(t).code(t, authorizeQuery("cli"))
	before, err := s.store.Account(ctx, s.users["ulf"])
	if err != nil {
		t.Fatal(err)
	}
	if err := s.store.SetPassword(ctx, before.ID, auth.HashPassword("another password")); err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{"of a login": tok.AccessToken, "by key": byKey} {
		if _, err := s.Authenticate(ctx, token); err == nil {
			t.Errorf("access token %s lives on", name)
		}
	}
	if status, got, _ := s.token(t, codeForm("cli", code)); status != 400 || got.AccessToken != "" {
		t.Errorf("code of before: %d", status)
	}
	refresh := func(token string) int {
		status, _, _ := s.token(t, map[string][]string{"client_id": {"cli"}, "grant_type": {"refresh_token"},
			"refresh_token": {token}})
		return status
	}
	if got := refresh(tok.RefreshToken); got != 400 {
		t.Errorf("refresh token of before: %d", got)
	}
	if got := s.browser(t).status(t, "ulf", password); got != 401 {
		t.Errorf("the old password: %d", got)
	}

	// Logins that were on their way when the password changed are stored after that, under the old epoch.
	late := store.AuthorizationCode{Hash: hashOf("late"), ClientID: "cli", AccountID: before.ID, RedirectURI: redirect,
		Family: "f1", Epoch: before.TokenEpoch,
		ExpiresAt: s.clock.Now().Add(time.Minute)}
	if err := s.store.PutAuthorizationCode(ctx, late); err != nil {
		t.Fatal(err)
	}
	if status, got, _ := s.token(t, codeForm("cli", "late")); status != 400 || got.AccessToken != "" {
		t.Errorf("code of a login that was on its way: %d", status)
	}
	if err := s.store.PutRefreshToken(ctx, store.RefreshToken{Hash: hashOf("late refresh"), Family: "f2", ClientID: "cli",
		AccountID: before.ID,
		Epoch:     before.TokenEpoch, ExpiresAt: s.clock.Now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if got := refresh("late refresh"); got != 400 {
		t.Errorf("refresh token of a login that was on its way: %d", got)
	}
}

// An administrator has everybody else choose another password: what their passwords opened until now ends at once, and
// a login opens the form for another one and nothing else.
func TestForcedResetEndsEveryLoginOfOthers(t *testing.T) {
	s, ctx := start(t, "the current secret of core", ""), t.Context()
	b := s.browser(t)
	b.code(t, authorizeQuery("cli"))
	tok := b.tab(t)
	if err := s.store.RequireNewPasswords(ctx, s.users["ulf"]); err != nil {
		t.Fatal(err)
	}
	if !s.good(t, tok.AccessToken) {
		t.Error("the login of whoever asked for it ended")
	}
	if err := s.store.RequireNewPasswords(ctx, s.users["ina"]); err != nil {
		t.Fatal(err)
	}
	if s.good(t, tok.AccessToken) {
		t.Error("an access token lives on")
	}
	if status, _ := s.refresh(t, tok.RefreshToken); status != 400 {
		t.Errorf("a refresh token lives on: %d", status)
	}
	if res, _ := b.open(t, authorizeQuery("cli")); res.StatusCode != 200 {
		t.Errorf("the session goes on: %d", res.StatusCode)
	}
	if res, page := b.login(t, authorizeQuery("cli"), "ulf", password); res.StatusCode != 200 ||
		!strings.Contains(page, `name="new_password"`) {
		t.Errorf("the old password: %d %s", res.StatusCode, page)
	}
}
