package auth_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/auth"
	"faspex.io/operator/faspex/passwords"
	"faspex.io/operator/faspex/settings"
	"faspex.io/operator/faspex/store"
)

// tab asks for a code like a tab that is opened, and exchanges it. The browser must not be asked for a password.
func (b *browser) tab(t *testing.T) api.Token {
	t.Helper()
	res, page := b.open(t, authorizeQuery("web", "code_challenge", s256(verifier), "code_challenge_method", "S256"))
	if res.StatusCode != http.StatusFound {
		t.Fatalf("a new tab is asked for a password: %d %s", res.StatusCode, page)
	}
	u, err := url.Parse(res.Header.Get("Location"))
	if err != nil || u.Query().Get("state") != "st+ate" {
		t.Fatalf("%v, %v", u, err)
	}
	status, tok, problem := b.s.token(t, codeForm("web", u.Query().Get("code"), "code_verifier", verifier))
	if status != 201 {
		t.Fatalf("%d %s", status, problem)
	}
	return tok
}

func (s *server) refresh(t *testing.T, token string) (int, api.Token) {
	t.Helper()
	status, tok, _ := s.token(t, url.Values{"client_id": {"web"}, "grant_type": {"refresh_token"},
		"refresh_token": {token}})
	return status, tok
}

func (s *server) good(t *testing.T, token string) bool {
	t.Helper()
	_, err := s.Authenticate(t.Context(), token)
	return err == nil
}

func (s *server) signOut(t *testing.T, c *http.Client, token string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, s.url+"/token", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res
}

// page-50 (the server's part): a browser in which somebody logged in gets codes without a
// password, also for a second client (faspex-D14); another browser does not.
func TestSessionGivesCodesWithoutPassword(t *testing.T) {
	s := start(t, "the current secret of core", "")
	b := s.browser(t)
	b.code(t, authorizeQuery("cli"))
	tok := b.tab(t)
	p, err := s.Authenticate(t.Context(), tok.AccessToken)
	if err != nil || p.Account.Name != "ulf" || p.Login == "" {
		t.Errorf("%+v, %v", p.Account, err)
	}
	for _, c := range b.cookies(t) {
		if strings.Contains(tok.AccessToken, c.Value) || p.Login == c.Value {
			t.Errorf("the token holds the cookie %s", c.Name)
		}
	}
	if res, _ := b.open(t, authorizeQuery("nojwt")); res.StatusCode != 302 ||
		!strings.Contains(res.Header.Get("Location"), "code=") {
		t.Errorf("a second client of the same browser: %d", res.StatusCode)
	}
	if res, _ := s.browser(t).open(t, authorizeQuery("cli")); res.StatusCode != 200 {
		t.Errorf("another browser: %d", res.StatusCode)
	}
	if res, page := b.open(t, authorizeQuery("cli", "prompt", "login")); res.StatusCode != 200 ||
		!strings.Contains(page, `name="password"`) {
		t.Errorf("prompt=login: %d", res.StatusCode)
	}
	if res, _ := s.browser(t).open(t, authorizeQuery("cli", "prompt", "none")); res.StatusCode != 302 ||
		!strings.Contains(res.Header.Get("Location"), "error=login_required") {
		t.Errorf("prompt=none: %d %s", res.StatusCode, res.Header.Get("Location"))
	}
}

func TestSessionCookie(t *testing.T) {
	s := start(t, "the current secret of core", "")
	res, _ := s.browser(t).login(t, authorizeQuery("cli"), "ulf", password)
	for _, c := range res.Cookies() {
		if c.Name == "faspex_session" {
			if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != base+"/auth/" || c.MaxAge != 0 ||
				len(c.Value) != 43 {
				t.Errorf("cookie %+v", c)
			}
			// Secure follows the address that people type: core_test has it https.
			return
		}
	}
	t.Errorf("no session cookie: %v", res.Cookies())
}

// configure sets fields of the configuration; each call counts as one version.
func (s *server) configure(t *testing.T, document string) {
	t.Helper()
	_, version, err := s.store.Settings(t.Context(), settings.NameConfiguration)
	if err == nil {
		err = s.store.PutSettings(t.Context(), settings.NameConfiguration, version, []byte(document), s.users["ulf"])
	}
	if err != nil {
		t.Fatal(err)
	}
}

// faspex-D8: a session without activity for the configured minutes, 60 by default, ends with its tokens. Calls are
// activity.
func TestSilentSessionEnds(t *testing.T) {
	s := start(t, "the current secret of core", "")
	b := s.browser(t)
	b.code(t, authorizeQuery("cli"))
	tok := b.tab(t)
	use := func(minutes int) error {
		s.clock.advance(time.Duration(minutes) * time.Minute)
		p, err := s.Authenticate(t.Context(), tok.AccessToken)
		if err != nil {
			return err
		}
		return s.Used(t.Context(), p)
	}
	for range 2 {
		if err := use(25); err != nil {
			t.Fatalf("in use: %v", err)
		}
	}
	var status int
	if status, tok = s.refresh(t, tok.RefreshToken); status != 201 {
		t.Fatalf("refresh: %d", status)
	}
	s.configure(t, `{"session_timeout_minutes":30}`)
	if err := use(29); err != nil {
		t.Errorf("silent for 29 of 30 minutes: %v", err)
	}
	if err := use(30); !errors.Is(err, auth.ErrToken) {
		t.Errorf("silent for 30 minutes: %v", err)
	}
	if status, _ := s.refresh(t, tok.RefreshToken); status != 400 {
		t.Errorf("a silent session was renewed: %d", status)
	}
	if res, _ := b.open(t, authorizeQuery("cli")); res.StatusCode != 200 {
		t.Errorf("the browser: %d, want the login page", res.StatusCode)
	}
	s.configure(t, `{}`)
	b.code(t, authorizeQuery("cli"))
	tok = b.tab(t)
	if err := use(59); err != nil {
		t.Errorf("silent for 59 minutes: %v", err)
	}
	s.clock.advance(60 * time.Minute)
	if res, _ := b.open(t, authorizeQuery("cli")); res.StatusCode != 200 {
		t.Errorf("silent for an hour: %d, want the login page", res.StatusCode)
	}
}

// faspex-C6 (with TestPasswordHistory in faspex/core): a password older than the configured days
// opens the form for another one, and nothing else.
func TestOldPasswordMustBeChanged(t *testing.T) {
	s := start(t, "the current secret of core", "")
	s.configure(t, `{"global_default_password_expires":true,"global_default_password_expiration_interval_days":10}`)
	s.clock.advance(9 * 24 * time.Hour)
	if got := s.browser(t).status(t, "ulf", password); got != 302 {
		t.Errorf("after 9 of 10 days: %d", got)
	}
	s.clock.advance(2 * 24 * time.Hour)
	b := s.browser(t)
	res, page := b.login(t, authorizeQuery("cli"), "ulf", password)
	if res.StatusCode != 200 || !strings.Contains(page, `name="new_password"`) {
		t.Fatalf("after 11 days: %d %s", res.StatusCode, page)
	}
	if res, _ := b.open(t, authorizeQuery("cli")); res.StatusCode != 200 {
		t.Errorf("the old password opened a session: %d", res.StatusCode)
	}
}

// faspex-D9: with concurrent logins forbidden a second login ends the first.
func TestSecondLoginEndsTheFirst(t *testing.T) {
	s := start(t, "the current secret of core", "")
	first, second := s.browser(t), s.browser(t)
	first.code(t, authorizeQuery("cli"))
	tok := first.tab(t)
	second.code(t, authorizeQuery("cli"))
	if !s.good(t, tok.AccessToken) {
		t.Error("a second login ended the first although that is allowed")
	}
	s.configure(t, `{"prevent_concurrent_login":true}`)
	third := s.browser(t)
	third.code(t, authorizeQuery("cli"))
	if s.good(t, tok.AccessToken) {
		t.Error("the token of the first login is still good")
	}
	for name, b := range map[string]*browser{"first": first, "second": second} {
		if res, _ := b.open(t, authorizeQuery("cli")); res.StatusCode != 200 {
			t.Errorf("the %s session goes on: %d", name, res.StatusCode)
		}
	}
	if newest := third.tab(t); !s.good(t, newest.AccessToken) {
		t.Error("the last login ended as well")
	}
}

func TestSessionsEnd(t *testing.T) {
	s := start(t, "the current secret of core", "")
	s.configure(t, `{"session_timeout_minutes":720}`)
	ended := func(name string, b *browser) {
		t.Helper()
		if res, _ := b.open(t, authorizeQuery("cli")); res.StatusCode != 200 {
			t.Errorf("%s: %d, want the login page", name, res.StatusCode)
		}
	}
	silent, used := s.browser(t), s.browser(t)
	silent.code(t, authorizeQuery("cli"))
	used.code(t, authorizeQuery("cli"))
	tok := used.tab(t)
	for range 3 { // renewed tokens keep a session
		s.clock.advance(11 * time.Hour)
		if status, _ := s.refresh(t, tok.RefreshToken); status != 201 {
			t.Fatalf("refresh: %d", status)
		}
		tok = used.tab(t)
	}
	ended("silent for too long", silent)
	for range 20 {
		s.clock.advance(11 * time.Hour)
		if res, _ := used.open(t, authorizeQuery("cli")); res.StatusCode != 302 {
			break
		}
	}
	ended("too old", used)

	b := s.browser(t)
	b.code(t, authorizeQuery("cli"))
	if err := s.store.SetPassword(t.Context(), s.users["ulf"], auth.HashPassword(password)); err != nil {
		t.Fatal(err)
	}
	ended("of before the change of password", b)
	b.code(t, authorizeQuery("cli"))
	a, err := s.store.Account(t.Context(), s.users["ulf"])
	if err != nil {
		t.Fatal(err)
	}
	inactive := a
	inactive.Status = store.AccountInactive
	if err := s.store.UpdateAccount(t.Context(), a, inactive); err != nil {
		t.Fatal(err)
	}
	ended("of an inactive account", b)
	if err := s.store.PurgeTokens(t.Context(), s.clock.Now().Add(8*24*time.Hour)); err != nil {
		t.Fatal(err)
	}
}

// page-52 (the server's part): who signs out in one tab has the tokens of all tabs of the browser refused,
// and those of other browsers not.
func TestSignOutEndsTheTokensOfAllTabs(t *testing.T) {
	s := start(t, "the current secret of core", "")
	b, other := s.browser(t), s.browser(t)
	b.code(t, authorizeQuery("cli"))
	other.code(t, authorizeQuery("cli"))
	first, second, elsewhere := b.tab(t), b.tab(t), other.tab(t)
	if res := s.signOut(t, b.Client, first.AccessToken); res.StatusCode != 204 {
		t.Fatalf("sign out: %d", res.StatusCode)
	}
	for name, tok := range map[string]api.Token{"this tab": first, "the other tab": second} {
		if s.good(t, tok.AccessToken) {
			t.Errorf("%s: the access token is still good", name)
		}
		if status, _ := s.refresh(t, tok.RefreshToken); status != 400 {
			t.Errorf("%s: the refresh token is still good: %d", name, status)
		}
	}
	if res, _ := b.open(t, authorizeQuery("cli")); res.StatusCode != 200 {
		t.Errorf("the session goes on: %d", res.StatusCode)
	}
	if !s.good(t, elsewhere.AccessToken) {
		t.Error("another browser was signed out")
	}
	// With a token that has ended the cookie alone does it.
	s.configure(t, `{"session_timeout_minutes":180}`)
	s.clock.advance(2 * time.Hour)
	if res := s.signOut(t, other.Client, elsewhere.AccessToken); res.StatusCode != 204 {
		t.Errorf("sign out with an ended token: %d", res.StatusCode)
	}
	if res, _ := other.open(t, authorizeQuery("cli")); res.StatusCode != 200 {
		t.Errorf("the session goes on: %d", res.StatusCode)
	}
	if res := s.signOut(t, s.browser(t).Client, "made up"); res.StatusCode != 401 {
		t.Errorf("sign out without anything: %d", res.StatusCode)
	}
}

// page-51 (the server's part): a duplicated tab and its original renew the same refresh token, in either order and at
// the same moment, and both go on. Later than that the token is one that somebody else has.
func TestDuplicatedTabsRenewTheirTokens(t *testing.T) {
	s := start(t, "the current secret of core", "")
	b := s.browser(t)
	b.code(t, authorizeQuery("cli"))
	held := b.tab(t).RefreshToken
	var group sync.WaitGroup
	both := make([]api.Token, 2)
	for i := range both {
		group.Go(func() { _, both[i] = s.refresh(t, held) })
	}
	group.Wait()
	s.clock.advance(29 * time.Second)
	status, late := s.refresh(t, held)
	if status != 201 {
		t.Errorf("after 29 s: %d", status)
	}
	for i, tok := range append(both, late) {
		if tok.RefreshToken == "" {
			t.Fatalf("tab %d got no token", i)
		}
		if !s.good(t, tok.AccessToken) {
			t.Errorf("tab %d: the access token is refused", i)
		}
		if status, next := s.refresh(t, tok.RefreshToken); status != 201 || !s.good(t, next.AccessToken) {
			t.Errorf("tab %d: the renewed token does not renew: %d", i, status)
		}
	}
	s.clock.advance(2 * time.Second)
	if status, _ := s.refresh(t, held); status != 400 {
		t.Errorf("after 31 s: %d", status)
	}
	if s.good(t, both[0].AccessToken) {
		t.Error("a token that somebody else has leaves the login alive")
	}
}

// page-53 (the server's part): the form of a login that was done already answers that, and goes on to the application.
// Going back to the address of the form does the same without a form.
func TestUsedLoginFormGoesOn(t *testing.T) {
	s := start(t, "the current secret of core", "")
	b := s.browser(t)
	_, page := b.open(t, authorizeQuery("cli"))
	form := url.Values{"username": {"ulf"}, "password": {password}}
	for _, m := range hidden.FindAllStringSubmatch(page, -1) {
		form.Set(m[1], htmlText(m[2]))
	}
	if res, _ := b.submit(t, form); res.StatusCode != 302 {
		t.Fatalf("login: %d", res.StatusCode)
	}
	for _, name := range []string{"ulf", "ULF@example.com"} {
		form.Set("username", name)
		res, page := b.submit(t, form)
		if res.StatusCode != 200 || !strings.Contains(page, "<h1>You are logged in</h1>") ||
			!strings.Contains(page, `content="1;url=https://app.example.com/done?from=faspex"`) ||
			strings.Contains(page, "<form") || strings.Contains(page, "code=") {
			t.Errorf("the form again as %s: %d %s", name, res.StatusCode, page)
		}
	}
	if res, _ := b.open(t, authorizeQuery("cli")); res.StatusCode != 302 || res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("back: %d %v", res.StatusCode, res.Header)
	}
	// Another person's name is another login, and ends that of the first.
	first := b.tab(t)
	if _, err := s.store.CreateAccount(t.Context(), store.Account{Name: "eva", Status: store.AccountActive, Role: "user",
		Type: "local_user", PasswordHash: auth.HashPassword(password)}); err != nil {
		t.Fatal(err)
	}
	form.Set("username", "eva")
	if res, _ := b.submit(t, form); res.StatusCode != 302 {
		t.Fatalf("login of another: %d", res.StatusCode)
	}
	if p, err := s.Authenticate(t.Context(), b.tab(t).AccessToken); err != nil || p.Account.Name != "eva" {
		t.Errorf("%s, %v", p.Account.Name, err)
	}
	if s.good(t, first.AccessToken) {
		t.Error("the browser holds tokens of two people")
	}
}

// page-54: a form that stood open works; one that stood open for longer than its cookie explains itself,
// keeps the name, and works then.
func TestLoginFormThatStoodOpen(t *testing.T) {
	s := start(t, "the current secret of core", "")
	b := s.browser(t)
	fields := func(page string) url.Values {
		form := url.Values{"username": {"ulf"}, "password": {password}}
		for _, m := range hidden.FindAllStringSubmatch(page, -1) {
			form.Set(m[1], htmlText(m[2]))
		}
		return form
	}
	res, page := b.open(t, authorizeQuery("cli"))
	for _, c := range res.Cookies() {
		if c.Name == "faspex_login" && c.MaxAge < 12*3600 {
			t.Errorf("the form is good for %d s", c.MaxAge)
		}
	}
	s.clock.advance(time.Hour)
	if res, _ := b.submit(t, fields(page)); res.StatusCode != 302 {
		t.Errorf("after an hour: %d", res.StatusCode)
	}
	late := s.browser(t) // its cookie is gone
	res, again := late.submit(t, fields(page))
	if res.StatusCode != 403 || !strings.Contains(again, "The page was open for too long") ||
		!strings.Contains(again, `value="ulf"`) {
		t.Fatalf("without the cookie: %d %s", res.StatusCode, again)
	}
	if res, _ := late.submit(t, fields(again)); res.StatusCode != 302 {
		t.Errorf("the second click: %d", res.StatusCode)
	}
}

// page-56, faspex-A16: a password that must be changed opens the form for a new one and nothing else.
func TestTemporaryPasswordMustBeChanged(t *testing.T) {
	s := start(t, "the current secret of core", "")
	if _, err := s.store.CreateAccount(t.Context(), store.Account{Name: "neu", Status: store.AccountActive, Role: "user",
		Type:         "local_user",
		PasswordHash: auth.HashPassword("Temporary-1"), MustChange: true}); err != nil {
		t.Fatal(err)
	}
	b := s.browser(t)
	fields := func(page, password, confirm string) url.Values {
		form := url.Values{"new_password": {password}, "confirm_password": {confirm}}
		for _, m := range hidden.FindAllStringSubmatch(page, -1) {
			form.Set(m[1], htmlText(m[2]))
		}
		return form
	}
	res, page := b.login(t, authorizeQuery("cli"), "neu", "Temporary-1")
	if res.StatusCode != 200 || !strings.Contains(page, "<h1>Choose a new password</h1>") ||
		!strings.Contains(page, (passwords.Rule{Strong: true}).Sentence()) || strings.Contains(page, `name="password"`) {
		t.Fatalf("login: %d %s", res.StatusCode, page)
	}
	if res, _ := b.open(t, authorizeQuery("cli")); res.StatusCode != 200 {
		t.Errorf("the temporary password began a session: %d", res.StatusCode)
	}
	for name, test := range map[string][3]string{
		"weak":      {"short", "short", "The new password needs at least 6 characters"},
		"different": {"Better-Pass-1", "Better-Pass-2", "The two new passwords differ."},
		"the same":  {"Temporary-1", "Temporary-1", "The new password is the old one."},
	} {
		if res, got := b.submit(t, fields(page, test[0], test[1])); res.StatusCode != 400 ||
			!strings.Contains(got, test[2]) || !strings.Contains(got, `role="alert"`) {
			t.Errorf("%s: %d %s", name, res.StatusCode, got)
		}
	}
	forged := fields(page, "Better-Pass-1", "Better-Pass-1")
	forged.Set("ticket", forged.Get("ticket")+"0")
	if res, _ := b.submit(t, forged); res.StatusCode != 403 {
		t.Errorf("forged ticket: %d", res.StatusCode)
	}
	// Nobody passes by a step by naming another one.
	other := fields(page, "Better-Pass-1", "Better-Pass-1")
	other.Set("step", "something_else")
	if res, got := b.submit(t, other); res.StatusCode != 200 || !strings.Contains(got, "<h1>Choose a new password</h1>") {
		t.Errorf("another step: %d %s", res.StatusCode, got)
	}
	form := fields(page, "Better-Pass-1", "Better-Pass-1")
	if res, _ := b.submit(t, form); res.StatusCode != 302 {
		t.Fatalf("new password: %d", res.StatusCode)
	}
	b.tab(t)
	if res, _ := s.browser(t).submit(t, form); res.StatusCode == 302 {
		t.Error("the ticket works twice")
	}
	if res, _ := s.browser(t).login(t, authorizeQuery("cli"), "neu", "Temporary-1"); res.StatusCode != 401 {
		t.Errorf("the temporary password: %d", res.StatusCode)
	}
	if res, _ := s.browser(t).login(t, authorizeQuery("cli"), "neu", "Better-Pass-1"); res.StatusCode != 302 {
		t.Errorf("the new password: %d", res.StatusCode)
	}
}

// page-57: a lock-out tells how long it lasts.
func TestLockOutTellsHowLong(t *testing.T) {
	s := start(t, "the current secret of core", "")
	for range 5 {
		s.browser(t).login(t, authorizeQuery("cli"), "ulf", "wrong")
	}
	if res, page := s.browser(t).login(t, authorizeQuery("cli"), "ulf", password); res.StatusCode != 429 ||
		!strings.Contains(page, "Try again in 30 seconds.") ||
		res.Header.Get("Retry-After") != "31" {
		t.Errorf("%d, Retry-After %s: %s", res.StatusCode, res.Header.Get("Retry-After"), page)
	}
	for wait, want := range map[time.Duration]string{0: "1 second", 500 * time.Millisecond: "1 second",
		59 * time.Second: "59 seconds", 2 * time.Minute: "2 minutes", 15*time.Minute - time.Second: "15 minutes"} {
		if got := (&auth.WaitError{Wait: wait}).Sentence(); got != "Too many attempts failed. Try again in "+want+"." {
			t.Errorf("%v: %s", wait, got)
		}
	}
}

// page-98 (the login page's part): it is small and has no script.
func TestLoginPageIsSmall(t *testing.T) {
	s := start(t, "the current secret of core", "")
	res, page := s.browser(t).open(t, authorizeQuery("cli"))
	if len(page) > 15<<10 || strings.Contains(page, "<script") || strings.Contains(page, "src=") ||
		strings.Contains(page, "href=") {
		t.Errorf("%d bytes, or it loads something: %v", len(page), res.Header)
	}
}

// faspex-D11 (with TestNobodyEditsApplicationEvents in faspex/core): each login, failed login, logout and password change is
// an event with account, address and time.
func TestLoginsAreEvents(t *testing.T) {
	s := start(t, "the current secret of core", "")
	b := s.browser(t)
	b.status(t, "ulf", "wrong-Pass-1")
	b.status(t, "nobody", "wrong-Pass-1")
	b.code(t, authorizeQuery("cli"))
	tok := b.tab(t)
	s.signOut(t, b.Client, tok.AccessToken)
	found, total, err := s.store.ApplicationEvents(t.Context(), store.ApplicationEventFilter{}, store.Page{Limit: 9})
	if err != nil || total != 4 {
		t.Fatalf("%+v, %v", found, err)
	}
	for i, want := range []struct {
		kind string
		who  int64
	}{{store.LoginFailed, s.users["ulf"]}, {store.LoginFailed, 0}, {store.LoginSuccess, s.users["ulf"]},
		{store.LogoutSuccess, s.users["ulf"]}} {
		if e := found[i]; e.Type != want.kind || e.AccountID != want.who || e.Address != "127.0.0.1" ||
			!e.CreatedAt.Equal(s.clock.Now()) {
			t.Errorf("event %d: %+v, want %+v", i, e, want)
		}
	}
}
