package auth_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"maps"
	"net/url"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"faspex.io/operator/faspex/auth"
)

// assertion signs claims; changes replace them, nil removes.
func (s *server) assertion(t *testing.T, client string, key any, method jwt.SigningMethod,
	changes map[string]any) string {
	t.Helper()
	now := s.clock.Now()
	claims := jwt.MapClaims{"iss": client, "aud": client, "sub": "user:ulf", "exp": now.Add(time.Hour).Unix(),
		"nbf": now.Add(-300 * time.Second).Unix(),
		"iat": now.Add(-299 * time.Second).Unix(), "jti": rand.Text()}
	maps.Copy(claims, changes)
	for k, v := range changes {
		if v == nil {
			delete(claims, k)
		}
	}
	text, err := jwt.NewWithClaims(method, claims).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func jwtForm(client, assertion string) url.Values {
	return url.Values{"client_id": {client}, "grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"},
		"assertion": {assertion}}
}

// faspex-E8, faspex-E9, faspex-E10
func TestAssertions(t *testing.T) {
	s := start(t, "the current secret of core", "")
	now := s.clock.Now()
	hour := now.Add(time.Hour).Unix()
	for _, test := range []struct {
		name, client string
		key          any
		method       jwt.SigningMethod
		changes      map[string]any
		want         string // error; empty is success
	}{
		{"key of the user", "cli", s.userKey, jwt.SigningMethodRS256, nil, ""},
		{"key of the client", "global", s.clientKey, jwt.SigningMethodRS256, nil, ""},
		{"key of the user at a client with a key", "global", s.userKey, jwt.SigningMethodRS256, nil, ""},
		{"e-mail address", "cli", s.userKey, jwt.SigningMethodRS256, map[string]any{"sub": "user:ulf@example.com"}, ""},
		{"a day, as in the guide", "cli", s.userKey, jwt.SigningMethodRS256,
			map[string]any{"exp": now.Add(103600 * time.Second).Unix()}, ""},
		{"without id", "cli", s.userKey, jwt.SigningMethodRS256, map[string]any{"jti": nil}, ""},
		{"client's key not allowed", "cli", s.clientKey, jwt.SigningMethodRS256, nil, "invalid_grant"},
		{"HS256 with the public key as secret", "cli", []byte(publicPEM(t, s.userKey)), jwt.SigningMethodHS256, nil,
			"invalid_grant"},
		{"none", "cli", jwt.UnsafeAllowNoneSignatureType, jwt.SigningMethodNone, nil, "invalid_grant"},
		{"RS512", "cli", s.userKey, jwt.SigningMethodRS512, nil, "invalid_grant"},
		{"audience of another client", "cli", s.userKey, jwt.SigningMethodRS256, map[string]any{"aud": "global"},
			"invalid_grant"},
		{"no audience", "cli", s.userKey, jwt.SigningMethodRS256, map[string]any{"aud": nil}, "invalid_grant"},
		{"issuer of another client", "cli", s.userKey, jwt.SigningMethodRS256, map[string]any{"iss": "global"},
			"invalid_grant"},
		{"ended", "cli", s.userKey, jwt.SigningMethodRS256, map[string]any{"exp": now.Add(-2 * time.Minute).Unix()},
			"invalid_grant"},
		{"no end", "cli", s.userKey, jwt.SigningMethodRS256, map[string]any{"exp": nil}, "invalid_grant"},
		{"endless", "cli", s.userKey, jwt.SigningMethodRS256, map[string]any{"exp": now.Add(1000 * time.Hour).Unix()},
			"invalid_grant"},
		{"not yet", "cli", s.userKey, jwt.SigningMethodRS256, map[string]any{"nbf": hour}, "invalid_grant"},
		{"nobody", "global", s.clientKey, jwt.SigningMethodRS256, map[string]any{"sub": "user:nobody"}, "invalid_grant"},
		{"no user prefix", "global", s.clientKey, jwt.SigningMethodRS256, map[string]any{"sub": "ulf"}, "invalid_grant"},
		{"inactive", "global", s.clientKey, jwt.SigningMethodRS256, map[string]any{"sub": "user:ina"}, "invalid_grant"},
		{"client without the grant", "nojwt", s.userKey, jwt.SigningMethodRS256, nil, "unauthorized_client"},
	} {
		t.Run(test.name, func(t *testing.T) {
			form := jwtForm(test.client, s.assertion(t, test.client, test.key, test.method, test.changes))
			status, tok, problem := s.token(t, form)
			if (status == 201) != (test.want == "") || problem != test.want || (tok.AccessToken != "") != (test.want == "") {
				t.Fatalf("%d %q", status, problem)
			}
			if test.want != "" {
				return
			}
			if status, _, problem = s.token(t, form); status != 400 || problem != "invalid_grant" {
				t.Errorf("used again: %d %q", status, problem)
			}
		})
	}
	if status, _, problem := s.token(t, jwtForm("cli", "not a token")); status != 400 || problem != "invalid_grant" {
		t.Errorf("garbage: %d %q", status, problem)
	}
}

// faspex-E7: a client for some users gets tokens for these alone, by any grant.
func TestClientForSomeUsersOnly(t *testing.T) {
	s := start(t, "the current secret of core", "")
	c, err := s.store.OAuthClient(t.Context(), "global")
	if err != nil {
		t.Fatal(err)
	}
	c.AccessGrantAllUsers, c.AccessGrantToUsers = false, []int64{s.users["nopass"]}
	if err := s.store.PutOAuthClient(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	for sub, want := range map[string]int{"user:nopass": 201, "user:ulf": 400} {
		if status, _, problem := s.token(t,
			jwtForm("global", s.assertion(t, "global", s.clientKey, jwt.SigningMethodRS256,
				map[string]any{"sub": sub}))); status != want {
			t.Errorf("%s: %d %q", sub, status, problem)
		}
	}
	code := s.browser(t).code(t, authorizeQuery("cli"))
	_, before, _ := s.token(t, codeForm("cli", s.browser(t).code(t, authorizeQuery("cli"))))
	if c, err = s.store.OAuthClient(t.Context(), "cli"); err != nil {
		t.Fatal(err)
	}
	c.AccessGrantAllUsers, c.AccessGrantToUsers = false, []int64{s.users["nopass"]}
	if err := s.store.PutOAuthClient(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if status, _, problem := s.token(t, codeForm("cli", code)); status != 400 || before.RefreshToken == "" {
		t.Errorf("by a code: %d %q", status, problem)
	}
	if status, _, problem := s.token(t, url.Values{"client_id": {"cli"}, "grant_type": {"refresh_token"},
		"refresh_token": {before.RefreshToken}}); status != 400 {
		t.Errorf("by a refresh token: %d %q", status, problem)
	}
}

// An account with a list of addresses for logins gets tokens from these alone, whatever the way in.
func TestAssertionFromElsewhere(t *testing.T) {
	s := start(t, "the current secret of core", "")
	for list, want := range map[string]int{`["10.0.*.*"]`: 400, `["127.*.*.1"]`: 201} {
		a, err := s.store.Account(t.Context(), s.users["ulf"])
		if err != nil {
			t.Fatal(err)
		}
		after := a
		after.Options = []byte(`{"allowed_ip_addresses_for_login":` + list + `}`)
		if err := s.store.UpdateAccount(t.Context(), a, after); err != nil {
			t.Fatal(err)
		}
		if status, _, problem := s.token(t,
			jwtForm("cli", s.assertion(t, "cli", s.userKey, jwt.SigningMethodRS256, nil))); status != want {
			t.Errorf("%s: %d %q", list, status, problem)
		}
	}
}

// faspex-E17 (with TestPreferences in faspex/core)
func TestParsePublicKey(t *testing.T) {
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	pkcs1 := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY",
		Bytes: x509.MarshalPKCS1PublicKey(&testKeys()[0].PublicKey)}))
	for name, test := range map[string]struct {
		text string
		good bool
	}{
		"PKIX":    {publicPEM(t, testKeys()[0]), true},
		"PKCS #1": {pkcs1, true},
		"short":   {publicPEM(t, short), false},
		"no PEM":  {"ssh-rsa AAAA", false},
		"empty":   {"", false},
		"private key": {string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY",
			Bytes: x509.MarshalPKCS1PrivateKey(testKeys()[0])})), false},
	} {
		if _, err := auth.ParsePublicKey(test.text); (err == nil) != test.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}
