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

	"faspex.io/operator/faspex/address"
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

// logBuffer is a log that several requests write at once.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

type server struct {
	*auth.Server
	store *store.Store
	url   string
	clock *clock
	log   *logBuffer
	// proxies are trusted by what serve starts.
	proxies string
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
	s := &server{store: storetest.New(t), clock: &clock{now: time.Now().UTC().Truncate(time.Second)}, log: &logBuffer{},
		users:     map[string]int64{},
		clientKey: testKeys()[0], userKey: testKeys()[1]}
	s.serve(t, secret, old)
	for name, a := range map[string]store.Account{
		"ulf": {Status: store.AccountActive, PasswordHash: auth.HashPassword(password),
			PublicKey: publicPEM(t, s.userKey)},
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
		{ClientID: "global", ClientType: "public", AllowJWTGrant: true, AllowGlobalKey: true,
			PublicKey: publicPEM(t, s.clientKey)},
		{ClientID: "nojwt", ClientType: "public"},
		{ClientID: "backend", ClientType: "confidential", SecretHash: sum[:]},
	} {
		c.Name, c.RedirectURIs, c.AccessTokenExpirationHours, c.RefreshTokenExpirationHours = "App "+
			c.ClientID, []string{redirect}, 1, 12
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
	proxies, err := address.Parse(s.proxies)
	if err != nil {
		t.Fatal(err)
	}
	s.Server, err = auth.New(s.store, ring, auth.Config{
		ExternalURL: "http://faspex.example.com", Base: base, TrustedProxies: proxies, Now: s.clock.Now,
		Log: slog.New(slog.NewJSONHandler(s.log, nil)),
	})
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
	return &browser{&http.Client{Jar: jar,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}}, s}
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

// cookies are those that the browser would send to the login page.
func (b *browser) cookies(t *testing.T) []*http.Cookie {
	t.Helper()
	u, err := url.Parse(b.s.url + "/authorize")
	if err != nil {
		t.Fatal(err)
	}
	return b.Jar.Cookies(u)
}

func (b *browser) setCookie(t *testing.T, c *http.Cookie) {
	t.Helper()
	u, err := url.Parse(b.s.url + "/authorize")
	if err != nil {
		t.Fatal(err)
	}
	b.Jar.SetCookies(u, []*http.Cookie{c})
}

// login opens the page and submits its form, also where somebody is logged in.
func (b *browser) login(t *testing.T, q url.Values, name, pass string) (*http.Response, string) {
	t.Helper()
	again := maps.Clone(q)
	again.Set("prompt", "login")
	res, page := b.open(t, again)
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
	if err != nil || !strings.HasPrefix(u.String(), "https://app.example.com/done?") ||
		u.Query().Get("state") != q.Get("state") || u.Query().Get("from") != "faspex" {
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
	f := url.Values{"client_id": {client}, "grant_type": {"authorization_code"}, "code": {code},
		"redirect_uri": {redirect}}
	for i := 0; i+1 < len(more); i += 2 {
		f.Set(more[i], more[i+1])
	}
	return f
}

const verifier = "a-verifier-of-forty-three-characters-or-more"

// hashOf is what the store keeps of a secret.
func hashOf(secret string) [32]byte { return sha256.Sum256([]byte(secret)) }
