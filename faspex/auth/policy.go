package auth

import (
	"errors"
	"unicode"
	"unicode/utf8"
)

const (
	// MaxPassword is how many characters a password has at most. argon2id itself knows no limit, also not in bytes.
	MaxPassword = 256
	// MinPassword is how many it has at least.
	MinPassword = 6
)

// Why a new password is refused.
var (
	ErrWeakPassword     = errors.New("password needs at least 6 characters, among them a letter, a digit and a symbol")
	ErrUnusablePassword = errors.New("password must have at most 256 characters, none of them a control character")
)

// CheckNewPassword checks a new password against the rule that the configuration announces as use_strong_password.
// Characters are counted, not bytes. Passwords that exist are not checked again: a changed rule locks nobody out.
func CheckNewPassword(password string) error {
	if err := CheckUsablePassword(password); err != nil {
		return err
	}
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
	if utf8.RuneCountInString(password) < MinPassword || !letter || !digit || !symbol {
		return ErrWeakPassword
	}
	return nil
}

// CheckUsablePassword refuses only what the login page could not take. Seeding may set weak passwords.
func CheckUsablePassword(password string) error {
	if !utf8.ValidString(password) || utf8.RuneCountInString(password) > MaxPassword {
		return ErrUnusablePassword
	}
	for _, r := range password {
		if unicode.IsControl(r) {
			return ErrUnusablePassword
		}
	}
	return nil
}
