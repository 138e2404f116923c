package auth_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"faspex.io/operator/faspex/auth"
)

// faspex-C1: six characters with a letter, a digit and a symbol.
func TestCheckNewPassword(t *testing.T) {
	for password, want := range map[string]error{
		"abc-12":                        nil,
		"-1a---":                        nil,
		"пароль-1":                      nil,
		"日本語日本1。":                       nil,
		"correct horse battery 1!":      nil,
		"abc€12":                        nil,
		strings.Repeat("ü", 254) + "1-": nil,
		"":                              auth.ErrWeakPassword,
		"ab-12":                         auth.ErrWeakPassword,
		"ü-12":                          auth.ErrWeakPassword, // six bytes, not six characters
		"abcdef12":                      auth.ErrWeakPassword,
		"abcdef--":                      auth.ErrWeakPassword,
		"123456--":                      auth.ErrWeakPassword,
		"correct horse battery":         auth.ErrWeakPassword,
		"correct horse battery 1":       auth.ErrWeakPassword, // a space is no symbol
		strings.Repeat("a", 300) + "1-": auth.ErrUnusablePassword,
		strings.Repeat("ü", 255) + "1-": auth.ErrUnusablePassword,
		"abc-12\n":                      auth.ErrUnusablePassword,
		"abc-12\x00":                    auth.ErrUnusablePassword,
		"abc-12\xff":                    auth.ErrUnusablePassword,
	} {
		if err := auth.CheckNewPassword(password); !errors.Is(err, want) {
			t.Errorf("%.20q: %v, want %v", password, err, want)
		}
	}
}

// What may be set can be used: the login counts characters as well, and no byte of a password is left out of its hash.
func TestLoginWithLongPasswords(t *testing.T) {
	s := start(t, "the current secret of core", "")
	long := strings.Repeat("ü", 254) + "1-"
	if err := auth.CheckNewPassword(long); err != nil {
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
