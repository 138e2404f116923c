package core_test

import (
	"crypto/rand"
	"crypto/sha256"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/faspex/core"
)

// faspex-C1: what use_strong_password announces is enforced wherever a password is set.
// faspex-C1
func TestPasswordRuleOnEveryPath(t *testing.T) {
	in := install(t)
	if _, _, body := in.call(t, in.admin, "GET", "/api/v5/configuration", nil); !strings.Contains(body,
		`"use_strong_password":true`) {
		t.Errorf("configuration: %s", body)
	}
	ulf, _ := in.member(t, "ulf", "user", "abc-12")
	paths := map[string]func(password string) (int, string){
		"code": func(password string) (int, string) {
			id, err := strconv.ParseInt(in.idOf(t, "ulf"), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			code := rand.Text()
			if err := in.store.PutCode(t.Context(), sha256.Sum256([]byte(code)), id, time.Now().Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
			status, _, body := in.call(t, nil, "PUT", "/api/v5/account/password", map[string]any{"client_id": "ui-client",
				"oob_code": code, "user": map[string]any{"email": "ulf@example.com", "password": password,
					"confirm_password": password}})
			return status, body
		},
		"self": func(password string) (int, string) {
			status, _, body := in.call(t, ulf, "PUT", "/api/v5/account/preferences",
				map[string]any{"rows_per_page": 7, "password": map[string]any{
					"current_password": "abc-12", "new_password": password, "confirm_password": password}})
			return status, body
		},
	}
	for name, set := range paths {
		for _, weak := range []string{"", "ab-12", "abcdefgh", "abcdef12", "12345678", "correct horse battery", "-------1",
			strings.Repeat("ü", 255) + "-1", "abc-12\n"} {
			if status, body := set(weak); status != http.StatusBadRequest || (weak != "" && strings.Contains(body, weak)) {
				t.Errorf("%s with %.20q: %d %s", name, weak, status, body)
			}
		}
	}
	if _, body := paths["self"]("abcdef12"); !strings.Contains(body,
		"at least 6 characters, among them a letter, a digit and a symbol") {
		t.Errorf("the rule is not told: %s", body)
	}
	if _, _, body := in.call(t, ulf, "GET", "/api/v5/account", nil); strings.Contains(body, "changed") {
		t.Errorf("a refused change was half done: %s", body)
	}
	if status, body := paths["self"]("abcd-2"); status != http.StatusOK {
		t.Errorf("self: %d %s", status, body)
	}
	if status, body := paths["code"]("abcd-3"); status != http.StatusOK {
		t.Errorf("code: %d %s", status, body)
	}
}

func TestOwnPasswordIsThrottled(t *testing.T) {
	in := install(t)
	in.member(t, "ulf", "user", "abc-12")
	ulf := in.admin.As("ulf")
	change := func(current string) (int, http.Header, string) {
		return in.call(t, ulf, "PUT", "/api/v5/account/preferences", map[string]any{"password": map[string]any{
			"current_password": current, "new_password": "abc-13", "confirm_password": "abc-13"}})
	}
	for range 5 {
		if status, _, body := change("guess-1"); status != http.StatusBadRequest ||
			!strings.Contains(body, "The current password is wrong.") {
			t.Fatalf("%d %s", status, body)
		}
	}
	if status, header, body := change("abc-12"); status != http.StatusTooManyRequests || header.Get("Retry-After") == "" ||
		!strings.Contains(body, `"code":"too_many_requests"`) {
		t.Errorf("after five failures: %d, retry after %q, %s", status, header.Get("Retry-After"), body)
	}
}

// loginStatus logs in at the login page and gives the status of the answer.
func (in *installation) loginStatus(t *testing.T, name, password string) int {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}}
	query := url.Values{"client_id": {"ui-client"}, "response_type": {"code"},
		"redirect_uri":   {externalURL + core.Base + "/"},
		"code_challenge": {strings.Repeat("c", 43)}, "code_challenge_method": {"S256"}}
	res, err := browser.Get(in.url + core.Base + "/auth/authorize?" + query.Encode())
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	page, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), `name="csrf" value="`)
	csrf, _, _ := strings.Cut(rest, `"`)
	query.Set("csrf", csrf)
	query.Set("username", name)
	query.Set("password", password)
	// The cookie is for https, which the test does not speak: it is sent by hand.
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, in.url+core.Base+
		"/auth/authorize", strings.NewReader(query.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, c := range res.Cookies() {
		req.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	answer, err := browser.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode
}

func TestLockOfAnAccountIsLifted(t *testing.T) {
	in := install(t)
	_, ulf := in.member(t, "ulf", "user", "abc-12")
	manager, mona := in.member(t, "mona", "manager", "abc-12")
	lock := func(name string) {
		t.Helper()
		for range 5 {
			if got := in.loginStatus(t, name, "guess-1"); got != http.StatusUnauthorized {
				t.Fatalf("wrong password of %s: %d", name, got)
			}
		}
		if got := in.loginStatus(t, name, "abc-12"); got != http.StatusTooManyRequests {
			t.Fatalf("locked %s: %d", name, got)
		}
	}
	lock("ulf")
	if status, _, body := in.call(t, manager, "PUT", "/api/v5/accounts/"+
		ulf, map[string]any{"account_activated": true}); status != http.StatusOK {
		t.Fatalf("lift: %d %s", status, body)
	}
	if got := in.loginStatus(t, "ulf", "abc-12"); got != http.StatusFound {
		t.Errorf("after the lock was lifted: %d", got)
	}
	lock("ulf")
	if status, _, body := in.call(t, in.admin, "PATCH", "/api/v5/accounts?ids="+ulf,
		map[string]any{"account_activated": true}); status != http.StatusNoContent {
		t.Fatalf("lift for several: %d %s", status, body)
	}
	if got := in.loginStatus(t, "ulf", "abc-12"); got != http.StatusFound {
		t.Errorf("after the lock was lifted for several: %d", got)
	}
	lock("mona")
	if status, _, body := in.call(t, manager, "PUT", "/api/v5/accounts/"+
		mona, map[string]any{"account_activated": true}); status != http.StatusOK {
		t.Fatalf("own account: %d %s", status, body)
	}
	if got := in.loginStatus(t, "mona", "abc-12"); got != http.StatusTooManyRequests {
		t.Errorf("a token gives its own account new tries: %d", got)
	}
}
