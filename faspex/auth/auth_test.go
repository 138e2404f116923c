package auth_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/auth"
	"faspex.io/operator/faspex/keyring"
	"faspex.io/operator/faspex/store"
	"faspex.io/operator/faspex/store/storetest"
)

const (
	base     = "/aspera/faspex"
	password = "correct horse battery"
	redirect = "https://app.example.com/done?from=faspex"
)

// clock is a time that tests set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

type server struct {
	*auth.Server
	store *store.Store
	url   string
	clock *clock
	log   *bytes.Buffer
	// keys signs: of the client, and of the user ulf.
	clientKey, userKey *rsa.PrivateKey
	users              map[string]int64
}

var testKeys = sync.OnceValue(func() [2]*rsa.PrivateKey {
	var keys [2]*rsa.PrivateKey
	for i := range keys {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		keys[i] = k
	}
	return keys
})

func publicPEM(t *testing.T, k *rsa.PrivateKey) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(k.Public())
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func start(t *testing.T, secret, old string) *server {
	t.Helper()
	s := &server{store: storetest.New(t), clock: &clock{now: time.Now().UTC().Truncate(time.Second)}, log: &bytes.Buffer{}, users: map[string]int64{},
		clientKey: testKeys()[0], userKey: testKeys()[1]}
	s.serve(t, secret, old)
	for name, a := range map[string]store.Account{
		"ulf":    {Status: store.AccountActive, PasswordHash: auth.HashPassword(password), PublicKey: publicPEM(t, s.userKey)},
		"ina":    {Status: store.AccountInactive, PasswordHash: auth.HashPassword(password)},
		"nopass": {Status: store.AccountActive},
	} {
		a.Name, a.Email, a.Role, a.Type = name, name+"@example.com", store.RoleUser, "local_user"
		id, err := s.store.CreateAccount(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		s.users[name] = id
	}
	sum := sha256.Sum256([]byte("client secret"))
	for _, c := range []store.OAuthClient{
		{ClientID: "web", ClientType: "public", RequirePKCE: true, AllowRefreshToken: true},
		{ClientID: "cli", ClientType: "public", AllowJWTGrant: true, AllowRefreshToken: true},
		{ClientID: "global", ClientType: "public", AllowJWTGrant: true, AllowGlobalKey: true, PublicKey: publicPEM(t, s.clientKey)},
		{ClientID: "nojwt", ClientType: "public"},
		{ClientID: "backend", ClientType: "confidential", SecretHash: sum[:]},
	} {
		c.Name, c.RedirectURIs, c.AccessTokenExpirationHours, c.RefreshTokenExpirationHours = "App "+c.ClientID, []string{redirect}, 1, 12
		c.AccessGrantAllUsers = true
		if err := s.store.PutOAuthClient(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// serve starts another replica on the same store.
func (s *server) serve(t *testing.T, secret, old string) {
	t.Helper()
	ring, err := keyring.New(secret, old)
	if err != nil {
		t.Fatal(err)
	}
	s.Server, err = auth.New(s.store, ring, auth.Config{ExternalURL: "http://faspex.example.com", Base: base, Now: s.clock.Now, Log: slog.New(slog.NewJSONHandler(s.log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	s.Register(mux)
	web := httptest.NewServer(mux)
	t.Cleanup(web.Close)
	s.url = web.URL + base + "/auth"
}

// token posts a form to the token endpoint.
func (s *server) token(t *testing.T, form url.Values) (int, api.Token, string) {
	t.Helper()
	res, err := http.PostForm(s.url+"/token", form)
	if err != nil {
		t.Fatal(err)
	}
	return readToken(t, res)
}

func readToken(t *testing.T, res *http.Response) (int, api.Token, string) {
	t.Helper()
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var body struct {
		api.Token
		Error string `json:"error"`
	}
	if err := json.Unmarshal(raw, &body); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return res.StatusCode, body.Token, body.Error
}

// browser is a person at the login page.
type browser struct {
	*http.Client
	s *server
}

func (s *server) browser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{&http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, s}
}

func (b *browser) open(t *testing.T, q url.Values) (*http.Response, string) {
	t.Helper()
	res, err := b.Get(b.s.url + "/authorize?" + q.Encode())
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	page, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(page)
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)

// login opens the page and submits its form.
func (b *browser) login(t *testing.T, q url.Values, name, pass string) (*http.Response, string) {
	t.Helper()
	res, page := b.open(t, q)
	if res.StatusCode != 200 {
		t.Fatalf("login page: %d %s", res.StatusCode, page)
	}
	form := url.Values{"username": {name}, "password": {pass}}
	for _, m := range hidden.FindAllStringSubmatch(page, -1) {
		form.Set(m[1], htmlText(m[2]))
	}
	return b.submit(t, form)
}

func htmlText(s string) string {
	return strings.NewReplacer("&amp;", "&", "&#43;", "+", "&#34;", `"`).Replace(s)
}

func (b *browser) submit(t *testing.T, form url.Values) (*http.Response, string) {
	t.Helper()
	res, err := b.PostForm(b.s.url+"/authorize", form)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	page, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(page)
}

// code logs in and takes the code out of the redirect.
func (b *browser) code(t *testing.T, q url.Values) string {
	t.Helper()
	res, page := b.login(t, q, "ulf", password)
	if res.StatusCode != http.StatusFound {
		t.Fatalf("login: %d %s", res.StatusCode, page)
	}
	u, err := url.Parse(res.Header.Get("Location"))
	if err != nil || !strings.HasPrefix(u.String(), "https://app.example.com/done?") || u.Query().Get("state") != q.Get("state") || u.Query().Get("from") != "faspex" {
		t.Fatalf("redirect to %q, %v", res.Header.Get("Location"), err)
	}
	return u.Query().Get("code")
}

func authorizeQuery(client string, more ...string) url.Values {
	q := url.Values{"client_id": {client}, "response_type": {"code"}, "redirect_uri": {redirect}, "state": {"st+ate"}}
	for i := 0; i+1 < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return q
}

func s256(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func codeForm(client, code string, more ...string) url.Values {
	f := url.Values{"client_id": {client}, "grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirect}}
	for i := 0; i+1 < len(more); i += 2 {
		f.Set(more[i], more[i+1])
	}
	return f
}

const verifier = "a-verifier-of-forty-three-characters-or-more"

func TestLoginWithPKCE(t *testing.T) {
	s := start(t, "the current secret of core", "")
	for _, method := range []string{"S256", "s256"} {
		code := s.browser(t).code(t, authorizeQuery("web", "code_challenge", s256(verifier), "code_challenge_method", method))
		status, tok, problem := s.token(t, codeForm("web", code, "code_verifier", verifier))
		if status != 201 || tok.AccessToken == "" || tok.RefreshToken == "" || tok.ExpiresIn != 3600 || tok.TokenType != "bearer" {
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

func TestCodesThatAreRefused(t *testing.T) {
	s := start(t, "the current secret of core", "")
	pkce := authorizeQuery("web", "code_challenge", s256(verifier), "code_challenge_method", "S256")
	for _, test := range []struct {
		name   string
		form   func(code string) url.Values
		before func()
		want   string
	}{
		{"wrong verifier", func(c string) url.Values { return codeForm("web", c, "code_verifier", "other") }, nil, "invalid_grant"},
		{"no verifier", func(c string) url.Values { return codeForm("web", c) }, nil, "invalid_grant"},
		{"other client", func(c string) url.Values { return codeForm("cli", c, "code_verifier", verifier) }, nil, "invalid_grant"},
		{"other redirect", func(c string) url.Values {
			return codeForm("web", c, "code_verifier", verifier, "redirect_uri", "https://x.example.com")
		}, nil, "invalid_grant"},
		{"made up", func(string) url.Values { return codeForm("web", "made up", "code_verifier", verifier) }, nil, "invalid_grant"},
		{"late", func(c string) url.Values { return codeForm("web", c, "code_verifier", verifier) }, func() { s.clock.advance(6 * time.Minute) }, "invalid_grant"},
		{"unknown client", func(c string) url.Values { return codeForm("nobody", c, "code_verifier", verifier) }, nil, "invalid_client"},
		{"no client", func(c string) url.Values { return codeForm("", c) }, nil, "invalid_request"},
		{"no grant type", func(c string) url.Values { return codeForm("web", c, "grant_type", "") }, nil, "invalid_request"},
		{"password grant", func(c string) url.Values { return codeForm("web", c, "grant_type", "password") }, nil, "unsupported_grant_type"},
	} {
		t.Run(test.name, func(t *testing.T) {
			code := s.browser(t).code(t, pkce)
			if test.before != nil {
				test.before()
			}
			if status, tok, problem := s.token(t, test.form(code)); status < 400 || problem != test.want || tok.AccessToken != "" {
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
	if status, _, _ := s.token(t, url.Values{"client_id": {"cli"}, "grant_type": {"refresh_token"}, "refresh_token": {tok.RefreshToken}}); status != 400 {
		t.Errorf("the refresh token of the first use is still good: %d", status)
	}
}

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
		{"implicit", authorizeQuery("cli", "response_type", "token"), 302, "unsupported_response_type"},
		{"page without PKCE", authorizeQuery("web"), 302, "invalid_request"},
		{"page with plain PKCE", authorizeQuery("web", "code_challenge", "x", "code_challenge_method", "plain"), 302, "invalid_request"},
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
	if csp := res.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "form-action 'self' https://app.example.com;") ||
		!strings.Contains(csp, "frame-ancestors 'none'") || res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", res.Header)
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
		if res, page := b.login(t, authorizeQuery("cli"), test.name, test.pass); res.StatusCode != test.status || !strings.Contains(page, test.text) || !strings.Contains(page, `role="alert"`) {
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

func TestLoginThrottle(t *testing.T) {
	s := start(t, "the current secret of core", "")
	b := s.browser(t)
	for range 5 {
		if res, _ := b.login(t, authorizeQuery("cli"), "ulf", "wrong"); res.StatusCode != 401 {
			t.Fatalf("status %d", res.StatusCode)
		}
	}
	res, page := b.login(t, authorizeQuery("cli"), "Ulf ", password)
	if res.StatusCode != 429 || res.Header.Get("Retry-After") != "31" || !strings.Contains(page, "Too many attempts") {
		t.Errorf("right password while blocked: %d, retry after %q", res.StatusCode, res.Header.Get("Retry-After"))
	}
	// Another replica knows as well.
	s.serve(t, "the current secret of core", "")
	if res, _ := s.browser(t).login(t, authorizeQuery("cli"), "ulf", password); res.StatusCode != 429 {
		t.Errorf("other replica: %d", res.StatusCode)
	}
	s.clock.advance(31 * time.Second)
	if res, _ := s.browser(t).login(t, authorizeQuery("cli"), "ulf", password); res.StatusCode != 302 {
		t.Errorf("after the wait: %d", res.StatusCode)
	}
}

func TestThrottleOfAnAddress(t *testing.T) {
	s := start(t, "the current secret of core", "")
	b := s.browser(t)
	for i := range 30 {
		if res, _ := b.login(t, authorizeQuery("cli"), "name"+string(rune('a'+i)), strings.Repeat("x", 300)); res.StatusCode != 401 {
			t.Fatalf("try %d: %d", i, res.StatusCode)
		}
	}
	if res, _ := b.login(t, authorizeQuery("cli"), "ulf", password); res.StatusCode != 429 {
		t.Errorf("from the address of many failures: %d", res.StatusCode)
	}
}

// assertion signs claims; changes replace them, nil removes.
func (s *server) assertion(t *testing.T, client string, key any, method jwt.SigningMethod, changes map[string]any) string {
	t.Helper()
	now := s.clock.Now()
	claims := jwt.MapClaims{"iss": client, "aud": client, "sub": "user:ulf", "exp": now.Add(time.Hour).Unix(), "nbf": now.Add(-300 * time.Second).Unix(),
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
	return url.Values{"client_id": {client}, "grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {assertion}}
}

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
		{"a day, as in the guide", "cli", s.userKey, jwt.SigningMethodRS256, map[string]any{"exp": now.Add(103600 * time.Second).Unix()}, ""},
		{"without id", "cli", s.userKey, jwt.SigningMethodRS256, map[string]any{"jti": nil}, ""},
		{"client's key not allowed", "cli", s.clientKey, jwt.SigningMethodRS256, nil, "invalid_grant"},
		{"HS256 with the public key as secret", "cli", []byte(publicPEM(t, s.userKey)), jwt.SigningMethodHS256, nil, "invalid_grant"},
		{"none", "cli", jwt.UnsafeAllowNoneSignatureType, jwt.SigningMethodNone, nil, "invalid_grant"},
		{"RS512", "cli", s.userKey, jwt.SigningMethodRS512, nil, "invalid_grant"},
		{"audience of another client", "cli", s.userKey, jwt.SigningMethodRS256, map[string]any{"aud": "global"}, "invalid_grant"},
		{"no audience", "cli", s.userKey, jwt.SigningMethodRS256, map[string]any{"aud": nil}, "invalid_grant"},
		{"issuer of another client", "cli", s.userKey, jwt.SigningMethodRS256, map[string]any{"iss": "global"}, "invalid_grant"},
		{"ended", "cli", s.userKey, jwt.SigningMethodRS256, map[string]any{"exp": now.Add(-2 * time.Minute).Unix()}, "invalid_grant"},
		{"no end", "cli", s.userKey, jwt.SigningMethodRS256, map[string]any{"exp": nil}, "invalid_grant"},
		{"endless", "cli", s.userKey, jwt.SigningMethodRS256, map[string]any{"exp": now.Add(1000 * time.Hour).Unix()}, "invalid_grant"},
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
		if status, _, problem := s.token(t, jwtForm("global", s.assertion(t, "global", s.clientKey, jwt.SigningMethodRS256, map[string]any{"sub": sub}))); status != want {
			t.Errorf("%s: %d %q", sub, status, problem)
		}
	}
}

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
	if status, problem := post("application/json", inJSON(jwtForm("", s.assertion(t, "cli", s.userKey, jwt.SigningMethodRS256, nil))), "cli", "whatever"); status != 201 {
		t.Errorf("JSON with Basic: %d %q", status, problem)
	}
	withSecret := codeForm("backend", code("backend"), "client_secret", "client secret")
	if status, problem := post("application/x-www-form-urlencoded", withSecret.Encode()); status != 201 {
		t.Errorf("secret in the form: %d %q", status, problem)
	}
	if status, problem := post("application/x-www-form-urlencoded", codeForm("backend", code("backend")).Encode(), "backend", "client secret"); status != 201 {
		t.Errorf("secret in Basic: %d %q", status, problem)
	}
	for _, secret := range []string{"", "wrong"} {
		if status, problem := post("application/x-www-form-urlencoded", codeForm("backend", code("backend"), "client_secret", secret).Encode()); status != 401 || problem != "invalid_client" {
			t.Errorf("secret %q: %d %q", secret, status, problem)
		}
	}
	if status, problem := post("application/x-www-form-urlencoded", codeForm("cli", "x").Encode(), "backend", "client secret"); status != 400 || problem != "invalid_request" {
		t.Errorf("two clients: %d %q", status, problem)
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
	// The token is used up now, so whoever has it is a thief or was robbed.
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
	forged, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"iss": "faspex", "sub": "1", "exp": time.Now().Add(time.Hour).Unix()}).SignedString([]byte("guess"))
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
	a.Status = store.AccountInactive
	if err := s.store.UpdateAccount(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	refused("of an inactive account", last)
	a.Status = store.AccountActive
	if err := s.store.UpdateAccount(t.Context(), a); err != nil {
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

func TestParsePublicKey(t *testing.T) {
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	pkcs1 := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&testKeys()[0].PublicKey)}))
	for name, test := range map[string]struct {
		text string
		good bool
	}{
		"PKIX":        {publicPEM(t, testKeys()[0]), true},
		"PKCS #1":     {pkcs1, true},
		"short":       {publicPEM(t, short), false},
		"no PEM":      {"ssh-rsa AAAA", false},
		"empty":       {"", false},
		"private key": {string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(testKeys()[0])})), false},
	} {
		if _, err := auth.ParsePublicKey(test.text); (err == nil) != test.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}
