// Package passwords says which new passwords an account may get. It is pure: the rules come from the server's settings
// and from the account, and hashing is the business of faspex/auth.
package passwords

import (
	"errors"
	"fmt"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/dlclark/regexp2"
)

const (
	// MaxLength is how many characters a password has at most. argon2id itself knows no limit, also not in bytes.
	MaxLength = 256
	// MinLength is how many it has at least under the usual rule.
	MinLength = 6
	// matchTimeout bounds how long an administrator's expression may look at one password
	// (TestSlowExpressionEnds).
	matchTimeout = 100 * time.Millisecond
)

// ErrUnusable refuses what the login page could not take.
var ErrUnusable = errors.New("password must have at most 256 characters, none of them a control character")

// errEmpty refuses a password that is none, whatever the rule.
var errEmpty = errors.New("password must not be empty")

// Rule is what new passwords have to be like. Passwords that exist are not checked again: a changed rule locks nobody
// out (faspex-C4: TestChangedRuleLocksNobodyOut).
type Rule struct {
	// Strong wants six characters, among them a letter, a digit and a symbol, or what Expression says instead.
	Strong bool
	// Expression replaces the usual rule: a regular expression, with look-ahead if need be; empty for none.
	Expression string
	// Text describes Expression to people.
	Text string
}

// Expression is a compiled regular expression of an administrator.
type Expression struct{ re *regexp2.Regexp }

// Compile reads a regular expression; an empty one matches everything.
func Compile(text string) (Expression, error) {
	if text == "" {
		return Expression{}, nil
	}
	re, err := regexp2.Compile(text, regexp2.None)
	if err != nil {
		return Expression{}, errors.New("not a regular expression")
	}
	re.MatchTimeout = matchTimeout
	return Expression{re}, nil
}

// errSlow refuses a password that the expression could not judge in time.
var errSlow = errors.New("password takes too long to be checked by the server's expression; choose another, " +
	"or ask an administrator for a simpler expression")

// Matches reports whether the expression fits a text. errSlow when that takes too long.
func (e Expression) matches(text string) (bool, error) {
	if e.re == nil {
		return true, nil
	}
	ok, err := e.re.MatchString(text)
	if err != nil {
		return false, errSlow
	}
	return ok, nil
}

// Check tells why a password may not become one. The sentence begins with "password", for callers to put "The " or "The
// new " before it.
func (r Rule) Check(password string) error {
	if err := CheckUsable(password); err != nil {
		return err
	}
	if password == "" {
		return errEmpty
	}
	if !r.Strong {
		return nil
	}
	if r.Expression == "" {
		return checkUsual(password)
	}
	expression, err := Compile(r.Expression)
	if err != nil {
		return fmt.Errorf("check password: %w", err)
	}
	ok, err := expression.matches(password)
	if err == nil && !ok {
		err = fmt.Errorf("password does not follow the rules: %s", r.Sentence())
	}
	return err
}

// ErrWeak refuses what the usual rule does not let pass.
var ErrWeak = errors.New("password needs at least 6 characters, among them a letter, a digit and a symbol")

// checkUsual counts characters, not bytes.
func checkUsual(password string) error {
	var letter, digit, symbol bool
	for _, r := range password {
		switch {
		case unicode.IsLetter(r):
			letter = true
		case unicode.IsDigit(r):
			digit = true
		case unicode.IsPunct(r), unicode.IsSymbol(r):
			symbol = true
		}
	}
	if utf8.RuneCountInString(password) < MinLength || !letter || !digit || !symbol {
		return ErrWeak
	}
	return nil
}

// CheckUsable refuses only what the login page could not take. Seeding may set weak passwords.
func CheckUsable(password string) error {
	if !utf8.ValidString(password) || utf8.RuneCountInString(password) > MaxLength {
		return ErrUnusable
	}
	for _, r := range password {
		if unicode.IsControl(r) {
			return ErrUnusable
		}
	}
	return nil
}

// Sentence tells people what a new password needs, before they try one.
func (r Rule) Sentence() string {
	switch {
	case !r.Strong:
		return "At least 1 and at most 256 characters."
	case r.Expression == "":
		return "At least 6 and at most 256 characters, among them a letter, a digit and a symbol."
	case r.Text == "":
		return "The rules are those of this server; ask an administrator for them."
	}
	return r.Text
}

// Usual reports whether the usual rule holds.
func (r Rule) Usual() bool { return r.Strong && r.Expression == "" }
