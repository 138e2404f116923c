package auth_test

import (
	"crypto/sha256"
	"strings"
	"testing"
	"time"
)

// faspex-D7 (with TestLockedAccountIsShown in faspex/core): as many failed logins as configured, within as many minutes as
// configured, lock an account until somebody unlocks it, or, with the option, until its password is reset. Slower ones do
// not. Those who do not know the password are not told, and browsers that the account knows pass.
func TestLockout(t *testing.T) {
	s := start(t, "the current secret of core", "")
	known := s.browser(t)
	if got := known.status(t, "ulf", password); got != 302 {
		t.Fatalf("login: %d", got)
	}
	s.configure(t, `{"user_deactivation_login_count":3,"user_deactivation_login_interval_minutes":10}`)
	opens := func(when string, want int) {
		t.Helper()
		s.clock.advance(time.Hour + time.Minute) // past every wait
		res, page := s.browser(t).login(t, authorizeQuery("cli"), "ulf", password)
		if res.StatusCode != want || strings.Contains(page, "locked") != (want == 403) {
			t.Errorf("%s: %d", when, res.StatusCode)
		}
	}
	for range 3 {
		s.clock.advance(301 * time.Second)
		s.browser(t).fail(t, "ulf", 1)
	}
	opens("after slow failures", 302)
	s.browser(t).fail(t, "ulf", 2)
	opens("after two", 302)
	lock := func() {
		t.Helper()
		s.clock.advance(time.Second)
		s.browser(t).fail(t, "ulf", 3)
		opens("locked", 403)
	}
	lock()
	s.clock.advance(30 * 24 * time.Hour)
	opens("a month later", 403)
	s.clock.advance(time.Hour)
	if res, page := s.browser(t).login(t, authorizeQuery("cli"), "ulf", "wrong"); res.StatusCode != 401 || strings.Contains(page, "locked") {
		t.Errorf("one who does not know the password: %d", res.StatusCode)
	}
	if got := known.status(t, "ulf", password); got != 302 {
		t.Errorf("a known browser: %d", got)
	}
	opens("after a login of a known browser", 403)
	ulf := s.users["ulf"]
	if err := s.PasswordReset(t.Context(), ulf); err != nil {
		t.Fatal(err)
	}
	opens("another password, without the option", 403)
	if err := s.LiftLock(t.Context(), ulf); err != nil {
		t.Fatal(err)
	}
	opens("unlocked", 302)

	s.configure(t, `{"user_deactivation_login_count":3,"user_deactivation_login_interval_minutes":10,"allow_self_unlock":true}`)
	lock()
	code := s.mailedCode(t, ulf)
	if _, err := s.SetPasswordByCode(t.Context(), code, "ulf", "another-Pass-1", "192.0.2.1"); err != nil {
		t.Fatal(err)
	}
	if got := s.browser(t).status(t, "ulf", "another-Pass-1"); got != 302 {
		t.Errorf("reset with the option: %d", got)
	}
}

// mailedCode is a code as mails bring it to an account.
func (s *server) mailedCode(t *testing.T, account int64) string {
	t.Helper()
	const code = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	if err := s.store.PutCode(t.Context(), sha256.Sum256([]byte(code)), account, s.clock.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	return code
}
