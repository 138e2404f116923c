package auth_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/faspex/auth"
	"faspex.io/operator/faspex/passwords"
)

func TestLoginWithPKCE(t *testing.T) {
	s := start(t, "the current secret of core", "")
	for _, method := range []string{"S256", "s256"} {
		code := s.browser(t).code(t, authorizeQuery("web", "code_challenge", s256(verifier), "code_challenge_method", method))
		status, tok, problem := s.token(t, codeForm("web", code, "code_verifier", verifier))
		if status != 201 || tok.AccessToken == "" || tok.RefreshToken == "" || tok.ExpiresIn != 3600 ||
			tok.TokenType != "bearer" {
			t.Fatalf("%s: %d %s %+v", method, status, problem, tok)
		}
		p, err := s.Authenticate(t.Context(), tok.AccessToken)
		if err != nil || p.Account.Name != "ulf" || p.ClientID != "web" {
			t.Errorf("%s: %+v, %v", method, p.Account, err)
		}
	}
	if strings.Contains(s.log.String(), password) {
		t.Error("the log holds the password")
	}
}

func TestLoginWithoutPKCEForClientsThatKnowNone(t *testing.T) {
	s := start(t, "the current secret of core", "")
	code := s.browser(t).code(t, authorizeQuery("cli"))
	if status, tok, problem := s.token(t, codeForm("cli", code)); status != 201 || tok.AccessToken == "" {
		t.Errorf("%d %s", status, problem)
	}
	code = s.browser(t).code(t, authorizeQuery("cli", "code_challenge", "plain words", "code_challenge_method", "plain"))
	if status, _, problem := s.token(t, codeForm("cli", code, "code_verifier", "plain words")); status != 201 {
		t.Errorf("plain: %d %s", status, problem)
	}
}

// faspex-E3 (with TestOAuthClients in faspex/core)
func TestAuthorizeRequestsThatAreRefused(t *testing.T) {
	s := start(t, "the current secret of core", "")
	for _, test := range []struct {
		name   string
		query  url.Values
		status int
		error  string // at the redirect address
	}{
		{"unknown client", authorizeQuery("nobody"), 400, ""},
		{"address that is not registered", authorizeQuery("cli", "redirect_uri", "https://evil.example.com/"), 400, ""},
		{"no address", authorizeQuery("cli", "redirect_uri", ""), 400, ""},
		{"another type", authorizeQuery("cli", "response_type", "id_token"), 302, "unsupported_response_type"},
		{"page without PKCE", authorizeQuery("web"), 302, "invalid_request"},
		{"page with plain PKCE", authorizeQuery("web", "code_challenge", "x", "code_challenge_method", "plain"), 302,
			"invalid_request"},
		{"odd method", authorizeQuery("cli", "code_challenge", "x", "code_challenge_method", "md5"), 302, "invalid_request"},
	} {
		t.Run(test.name, func(t *testing.T) {
			res, _ := s.browser(t).open(t, test.query)
			if res.StatusCode != test.status {
				t.Fatalf("status %d", res.StatusCode)
			}
			u, err := url.Parse(res.Header.Get("Location"))
			if err != nil || u.Query().Get("error") != test.error || (test.error != "" && u.Query().Get("state") != "st+ate") {
				t.Errorf("redirect %q, %v", res.Header.Get("Location"), err)
			}
		})
	}
}

func TestLoginPage(t *testing.T) {
	s := start(t, "the current secret of core", "")
	b := s.browser(t)
	res, page := b.open(t, authorizeQuery("cli", "state", `"><script>alert(1)</script>`))
	if csp := res.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") ||
		!strings.Contains(csp, "form-action 'self' https://app.example.com;") ||
		!strings.Contains(csp, "frame-ancestors 'none'") || res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", res.Header)
	}
	style := page[strings.Index(page, "<style>")+len("<style>") : strings.Index(page, "</style>")]
	sum := sha256.Sum256([]byte(style))
	if want := "style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'"; !strings.Contains(res.Header.Get("Content-Security-Policy"), want) {
		t.Errorf("the browser refuses the style: its hash is %s", want)
	}
	for _, want := range []string{`<label for="username">`, `autocomplete="current-password"`, `lang="en"`, `App cli`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Contains(page, "<script>") {
		t.Error("the state went into the page unescaped")
	}
	for _, test := range []struct {
		name, pass string
		status     int
		text       string
	}{
		{"ulf", "wrong", 401, "The name or the password is wrong."},
		{"nobody", password, 401, "The name or the password is wrong."},
		{"nopass", "", 401, "The name or the password is wrong."},
		{"ina", "wrong", 401, "The name or the password is wrong."},
		{"ina", password, 403, "The account is not active."},
		{"ulf", strings.Repeat("x", 300), 401, "The name or the password is wrong."},
	} {
		if res, page := b.login(t, authorizeQuery("cli"), test.name, test.pass); res.StatusCode != test.status ||
			!strings.Contains(page, test.text) || !strings.Contains(page, `role="alert"`) {
			t.Errorf("%s: %d, want %d", test.name, res.StatusCode, test.status)
		}
	}
	if res, _ := b.login(t, authorizeQuery("cli"), "ULF@example.com", password); res.StatusCode != 302 {
		t.Errorf("login by e-mail address: %d", res.StatusCode)
	}
}

func TestLoginFormFromElsewhere(t *testing.T) {
	s := start(t, "the current secret of core", "")
	form := authorizeQuery("cli", "username", "ulf", "password", password)
	if res, _ := s.browser(t).submit(t, form); res.StatusCode != http.StatusForbidden || res.Header.Get("Location") != "" {
		t.Errorf("without cookie and token: %d", res.StatusCode)
	}
	b, other := s.browser(t), s.browser(t)
	b.open(t, authorizeQuery("cli"))
	_, page := other.open(t, authorizeQuery("cli"))
	for _, m := range hidden.FindAllStringSubmatch(page, -1) {
		if m[1] == "csrf" {
			form.Set("csrf", m[2])
		}
	}
	if res, _ := b.submit(t, form); res.StatusCode != http.StatusForbidden {
		t.Errorf("with another browser's token: %d", res.StatusCode)
	}
}

// What may be set can be used: the login counts characters as well, and no byte of a password is left out of its hash.
func TestLoginWithLongPasswords(t *testing.T) {
	s := start(t, "the current secret of core", "")
	long := strings.Repeat("ü", 254) + "1-"
	if err := (passwords.Rule{Strong: true}).Check(long); err != nil {
		t.Fatal(err)
	}
	if err := s.store.SetPassword(t.Context(), s.users["ulf"], auth.HashPassword(long)); err != nil {
		t.Fatal(err)
	}
	if got := s.browser(t).status(t, "ulf", strings.TrimSuffix(long, "-")+"+"); got != http.StatusUnauthorized {
		t.Errorf("with another last character: %d", got)
	}
	if got := s.browser(t).status(t, "ulf", long); got != http.StatusFound {
		t.Errorf("with the longest password: %d", got)
	}
}

// faspex-D4 (with TestActionsFromElsewhere in faspex/core): an account with a list of addresses for
// logins is let in from these alone.
func TestLoginFromElsewhere(t *testing.T) {
	s := start(t, "the current secret of core", "")
	for list, want := range map[string]int{`["10.0.*.*"]`: http.StatusForbidden, `["10.0.*.*","127.*.*.1"]`: http.StatusFound,
		`[]`: http.StatusFound} {
		a, err := s.store.Account(t.Context(), s.users["ulf"])
		if err != nil {
			t.Fatal(err)
		}
		after := a
		after.Options = []byte(`{"allowed_ip_addresses_for_login":` + list + `}`)
		if err := s.store.UpdateAccount(t.Context(), a, after); err != nil {
			t.Fatal(err)
		}
		if got := s.browser(t).status(t, "ulf", password); got != want {
			t.Errorf("%s: %d, want %d", list, got, want)
		}
	}
}

// faspex-C5: what the administrator wrote of the rule stands by the field for the new password.
func TestRuleStandsByTheField(t *testing.T) {
	s := start(t, "the current secret of core", "")
	s.configure(t, `{"global_default_password_expires":true,"strong_password_regex":"^.{9,}$",
		"strong_password_requirements":"Nine characters, <b>any</b>."}`)
	s.clock.advance(40 * 24 * time.Hour)
	res, page := s.browser(t).login(t, authorizeQuery("cli"), "ulf", password)
	if res.StatusCode != 200 || !strings.Contains(page, `aria-describedby="rules`) ||
		!strings.Contains(page, `id="rules">Nine characters, &lt;b&gt;any&lt;/b&gt;.</p>`) {
		t.Errorf("%d %s", res.StatusCode, page)
	}
}

// faspex-D3: the page offers to create an account, or to request one when that needs approval, or neither.
func TestLoginPageOffersAccounts(t *testing.T) {
	s := start(t, "the current secret of core", "")
	for kind, want := range map[string]string{"none": "", "moderated": "Request an account", "unmoderated": "Create an account"} {
		s.configure(t, `{"self_registration_type":"`+kind+`"}`)
		_, page := s.browser(t).open(t, authorizeQuery("cli"))
		for _, words := range []string{"Request an account", "Create an account"} {
			if got := strings.Contains(page, ">"+words+"</a>"); got != (words == want) {
				t.Errorf("%s: %q %v", kind, words, got)
			}
		}
	}
}

// faspex-E4: when a client lists origins, an authorization that starts elsewhere is refused.
func TestAuthorizationStartsAtAnOrigin(t *testing.T) {
	s := start(t, "the current secret of core", "")
	c, err := s.store.OAuthClient(t.Context(), "cli")
	if err != nil {
		t.Fatal(err)
	}
	for _, origins := range [][]string{nil, {"https://app.example.com"}} {
		c.Origins = origins
		if err := s.store.PutOAuthClient(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		for from, want := range map[string]int{"https://app.example.com/start?x": 200, "": 200,
			"https://evil.example.com/": 403, "https://app.example.com.evil.example/": 403, "http://app.example.com/": 403} {
			req, err := http.NewRequestWithContext(t.Context(), "GET", s.url+"/authorize?"+authorizeQuery("cli").Encode(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if from != "" {
				req.Header.Set("Referer", from)
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if origins == nil {
				want = 200
			}
			if res.StatusCode != want {
				t.Errorf("origins %v, from %q: %d, want %d", origins, from, res.StatusCode, want)
			}
		}
	}
}

// faspex-E5: an access token ends after the client's hours; without a refresh token its user logs in again.
func TestTokenEndsAfterTheClientsHours(t *testing.T) {
	s := start(t, "the current secret of core", "")
	_, tok, problem := s.token(t, codeForm("nojwt", s.browser(t).code(t, authorizeQuery("nojwt"))))
	if tok.AccessToken == "" || tok.RefreshToken != "" || tok.ExpiresIn != 3600 {
		t.Fatalf("%+v %q", tok, problem)
	}
	s.clock.advance(59 * time.Minute)
	if !s.good(t, tok.AccessToken) {
		t.Error("ended before its time")
	}
	s.clock.advance(2 * time.Minute)
	if s.good(t, tok.AccessToken) {
		t.Error("good after its time")
	}
}
