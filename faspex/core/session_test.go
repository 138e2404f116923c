package core_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/core"
)

// person is somebody with a browser at the page: cookies, and the tokens of one tab.
type person struct {
	in      *installation
	cookies map[string]*http.Cookie
	tokens  api.Token
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)

const pageVerifier = "a-verifier-of-forty-three-characters-or-more"

// send sends a request to the OAuth server with the browser's cookies. The test speaks HTTP where people
// speak HTTPS, so no jar would do.
func (p *person) send(t *testing.T, method, path string, form url.Values) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, p.in.url+core.Base+"/auth/"+
		path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, c := range p.cookies {
		req.AddCookie(c)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range res.Cookies() {
		if !c.Secure || !c.HttpOnly {
			t.Errorf("cookie %s is not for HTTPS and the server alone", c.Name)
		}
		p.cookies[c.Name] = c
	}
	return res, string(raw)
}

// login logs in at the page; the browser opens the application in one tab.
func (in *installation) login(t *testing.T, name, password string) *person {
	t.Helper()
	p := &person{in: in, cookies: map[string]*http.Cookie{}}
	_, page := p.send(t, "GET", "authorize?"+p.query().Encode(), nil)
	form := url.Values{"username": {name}, "password": {password}}
	for _, m := range hiddenField.FindAllStringSubmatch(page, -1) {
		form.Set(m[1], strings.ReplaceAll(m[2], "&#43;", "+"))
	}
	res, answer := p.send(t, "POST", "authorize", form)
	if res.StatusCode != http.StatusFound {
		t.Fatalf("login of %s: %d %s", name, res.StatusCode, answer)
	}
	p.tokens = p.exchange(t, res)
	return p
}

func (p *person) query() url.Values {
	sum := sha256.Sum256([]byte(pageVerifier))
	return url.Values{"client_id": {"ui-client"}, "response_type": {"code"},
		"redirect_uri": {externalURL + "/aspera/faspex/"}, "state": {"s"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}}
}

// tab gives the tokens of another tab, and whether the browser got them without a login.
func (p *person) tab(t *testing.T) (api.Token, bool) {
	t.Helper()
	res, _ := p.send(t, "GET", "authorize?"+p.query().Encode(), nil)
	if res.StatusCode != http.StatusFound {
		return api.Token{}, false
	}
	return p.exchange(t, res), true
}

func (p *person) exchange(t *testing.T, res *http.Response) api.Token {
	t.Helper()
	u, err := url.Parse(res.Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	_, body := p.send(t, "POST", "token", url.Values{"client_id": {"ui-client"}, "grant_type": {"authorization_code"},
		"code":         {u.Query().Get("code")},
		"redirect_uri": {externalURL + "/aspera/faspex/"}, "code_verifier": {pageVerifier}})
	return jsonOf[api.Token](t, body)
}

func (p *person) refresh(t *testing.T) int {
	t.Helper()
	res, body := p.send(t, "POST", "token", url.Values{"client_id": {"ui-client"}, "grant_type": {"refresh_token"},
		"refresh_token": {p.tokens.RefreshToken}})
	if res.StatusCode == http.StatusCreated {
		p.tokens = jsonOf[api.Token](t, body)
	}
	return res.StatusCode
}

// call calls the API with the access token of the tab.
func (p *person) call(t *testing.T, method, path string, body any) (int, string) {
	t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, p.in.url+core.Base+path, strings.NewReader(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+p.tokens.AccessToken)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(answer)
}

// page-69 (the server's part): who changes the password with the old one is told the rules beforehand, stays signed in
// here, in each tab of the browser, and is signed out elsewhere.
func TestChangedPasswordKeepsThisSessionAlone(t *testing.T) {
	in := install(t)
	in.member(t, "ulf", "user", "abc-12")
	here, elsewhere := in.login(t, "ulf", "abc-12"), in.login(t, "ulf", "abc-12")
	second := &person{in: in, cookies: here.cookies}
	var ok bool
	if second.tokens, ok = here.tab(t); !ok {
		t.Fatal("a second tab is asked for the password")
	}
	if status, body := here.call(t, "GET", "/api/v5/account/password_rules", nil); status != 200 ||
		!strings.Contains(body, "At least 6") {
		t.Errorf("rules: %d %s", status, body)
	}
	change := func(current string) (int, string) {
		return here.call(t, "PUT", "/api/v5/account/preferences", map[string]any{"password": map[string]any{
			"current_password": current, "new_password": "new-Pass-1", "confirm_password": "new-Pass-1"}})
	}
	if status, body := change("wrong"); status != 400 {
		t.Errorf("with a wrong password: %d %s", status, body)
	}
	if status, body := change("abc-12"); status != 200 {
		t.Fatalf("change: %d %s", status, body)
	}
	for name, p := range map[string]*person{"here": here, "second tab": second} {
		if status := p.refresh(t); status != 201 {
			t.Errorf("%s: refresh %d", name, status)
		}
		if status, body := p.call(t, "GET", "/api/v5/account", nil); status != 200 {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	if _, ok := here.tab(t); !ok {
		t.Error("here: a new tab is asked for the password")
	}
	if status, _ := elsewhere.call(t, "GET", "/api/v5/account", nil); status != 401 {
		t.Errorf("elsewhere: %d", status)
	}
	if status := elsewhere.refresh(t); status != 400 {
		t.Errorf("elsewhere: refresh %d", status)
	}
	if _, ok := elsewhere.tab(t); ok {
		t.Error("elsewhere: the session goes on")
	}
}
