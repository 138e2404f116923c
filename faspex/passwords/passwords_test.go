package passwords_test

import (
	"errors"
	"strings"
	"testing"

	"faspex.io/operator/faspex/passwords"
)

// faspex-C1: six characters with a letter, a digit and a symbol.
func TestUsualRule(t *testing.T) {
	rule := passwords.Rule{Strong: true}
	for password, want := range map[string]error{
		"abc-12":                        nil,
		"-1a---":                        nil,
		"пароль-1":                      nil,
		"日本語日本1。":                       nil,
		"correct horse battery 1!":      nil,
		"abc€12":                        nil,
		strings.Repeat("ü", 254) + "1-": nil,
		"ab-12":                         passwords.ErrWeak,
		"ü-12":                          passwords.ErrWeak, // six bytes, not six characters
		"abcdef12":                      passwords.ErrWeak,
		"abcdef--":                      passwords.ErrWeak,
		"123456--":                      passwords.ErrWeak,
		"correct horse battery":         passwords.ErrWeak,
		"correct horse battery 1":       passwords.ErrWeak, // a space is no symbol
		strings.Repeat("a", 300) + "1-": passwords.ErrUnusable,
		strings.Repeat("ü", 255) + "1-": passwords.ErrUnusable,
		"abc-12\n":                      passwords.ErrUnusable,
		"abc-12\x00":                    passwords.ErrUnusable,
		"abc-12\xff":                    passwords.ErrUnusable,
	} {
		if err := rule.Check(password); !errors.Is(err, want) {
			t.Errorf("%.20q: %v, want %v", password, err, want)
		}
	}
	if rule.Check("") == nil || (passwords.Rule{}).Check("") == nil {
		t.Error("an empty password was let pass")
	}
	if err := (passwords.Rule{}).Check("x"); err != nil {
		t.Errorf("without a rule: %v", err)
	}
}

// The guide's own sample has look-aheads.
func TestExpressionReplacesTheUsualRule(t *testing.T) {
	rule := passwords.Rule{Strong: true, Expression: `^(?=.*[A-Z])(?=.*(\d|\W|_)).{7,}$`, Text: "One capital letter."}
	for password, good := range map[string]bool{"Abcdef1": true, "Abcdef_": true, "abcdef1": false, "Abcde1": false} {
		if err := rule.Check(password); (err == nil) != good {
			t.Errorf("%q: %v", password, err)
		}
	}
	if err := rule.Check("abcdef1"); !strings.Contains(err.Error(), "One capital letter.") {
		t.Errorf("the administrator's text is not told: %v", err)
	}
	if rule.Sentence() != "One capital letter." || rule.Usual() {
		t.Errorf("told beforehand: %q", rule.Sentence())
	}
	for _, bad := range []string{"(", "[a", "(?<x"} {
		if _, err := passwords.Compile(bad); err == nil {
			t.Errorf("%q was compiled", bad)
		}
	}
	if _, err := passwords.Compile(`(?=.*[A-Z])(?=.*(\d W _)).{7,}`); err != nil {
		t.Errorf("the guide's sample: %v", err)
	}
}

// faspex-C2 (with TestExpressionReplacesTheUsualRule): an expression that backtracks without end refuses the
// password instead of holding up a login. Without the bound this test would not end.
func TestSlowExpressionEnds(t *testing.T) {
	rule := passwords.Rule{Strong: true, Expression: `^(a+)+$`}
	if err := rule.Check(strings.Repeat("a", 60) + "!"); err == nil {
		t.Error("an expression that could not be judged let the password pass")
	}
}
