package auth

import (
	"context"
	"errors"

	"faspex.io/operator/faspex/settings"
	"faspex.io/operator/faspex/store"
)

// errUsedBefore refuses a password that the account had.
var errUsedBefore = errors.New("password is one that the account had before; choose another")

// passwordPolicy is that of an account now.
func (s *Server) passwordPolicy(ctx context.Context, a store.Account) (settings.PasswordPolicy, error) {
	c, err := s.Configuration(ctx)
	if err != nil {
		return settings.PasswordPolicy{}, err
	}
	options, err := settings.ReadAccount(a.Options)
	return c.PasswordPolicy(options), err
}

// mustChange reports whether one who knows the password has to choose another one first: it is a temporary one, or too
// old.
func (s *Server) mustChange(ctx context.Context, a store.Account) (bool, error) {
	p, err := s.passwordPolicy(ctx, a)
	return a.MustChange || a.PasswordSetAt.Valid && p.Over(a.PasswordSetAt.Time, s.now()), err
}

// CheckPassword tells why a password may not become that of an account: RuleError for the rule and for one that the
// account had before, another error when that could not be found out.
func (s *Server) CheckPassword(ctx context.Context, a store.Account, password, from string) error {
	rule, err := s.PasswordRule(ctx)
	if err != nil {
		return err
	}
	if err := rule.Check(password); err != nil {
		return &RuleError{err}
	}
	p, err := s.passwordPolicy(ctx, a)
	if err != nil || p.History == 0 {
		return err
	}
	had, err := s.store.LastPasswords(ctx, a.ID, p.History)
	if err != nil {
		return err
	}
	for _, hash := range had {
		same, err := s.hasher.check(ctx, from, password, hash)
		if err != nil {
			return err
		}
		if same {
			return &RuleError{errUsedBefore}
		}
	}
	return nil
}
