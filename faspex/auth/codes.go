package auth

import (
	"context"
	"errors"
	"strings"

	"faspex.io/operator/faspex/mail"
	"faspex.io/operator/faspex/store"
)

// RuleError is why a new password is refused, in words that begin with "password".
type RuleError struct{ err error }

func (e *RuleError) Error() string { return e.err.Error() }

// LinkBase is what links in mails begin with, without a path: the configured address of the server, or else the one that
// the installation was given.
func (s *Server) LinkBase(ctx context.Context) string {
	c, err := s.Configuration(ctx)
	if err != nil || c.ServerAddress == "" {
		return strings.TrimSuffix(s.external.String(), "/")
	}
	return s.external.Scheme + "://" + c.ServerAddress
}

// ofForgotten counts requests for a mail to one login.
func ofForgotten(key []byte) subject { return subject(hash("forgotten\x00" + string(key))) }

// OrderPasswordMail has a link to set another password mailed to a login, if somebody has it. It does the same whether
// somebody has or not, and orders no more mails to one login than the throttle of logins lets pass; more requests are
// answered alike (TestForgottenPasswordTellsNothing).
func (s *Server) OrderPasswordMail(ctx context.Context, login string) error {
	login = strings.TrimSpace(strings.ToValidUTF8(login, "\uFFFD"))
	key, err := s.store.LoginKey(ctx, login)
	if err != nil {
		return err
	}
	var wait *WaitError
	if err := s.reserve(ctx, ofForgotten(key)); errors.As(err, &wait) {
		return nil
	} else if err != nil {
		return err
	}
	return s.store.PutOrder(ctx, store.Order{Kind: mail.Kind,
		Payload: mail.Order{Type: mail.ForgotPassword, Login: login, Base: s.LinkBase(ctx)}})
}

// SetPasswordByCode sets the password of the account that a code was mailed to. login, if not empty, must open the same
// account. store.ErrNotFound for a code that is not good, RuleError for a password that is not.
func (s *Server) SetPasswordByCode(ctx context.Context, code, login, password, from string) (store.Account, error) {
	a, err := s.store.AccountOfCode(ctx, hash(code), s.now())
	if err != nil {
		return a, err
	}
	if a.Status != store.AccountActive {
		return a, store.ErrNotFound
	}
	if login != "" {
		named, err := s.store.AccountByLogin(ctx, strings.TrimSpace(login))
		if err != nil {
			return a, err
		}
		if named.ID != a.ID {
			return a, store.ErrNotFound
		}
	}
	if err := s.CheckPassword(ctx, a, password, from); err != nil {
		return a, err
	}
	hashed, err := s.HashPassword(ctx, password, from)
	if err != nil {
		return a, err
	}
	if err := s.store.UseCode(ctx, hash(code), s.now(), hashed); err != nil {
		return a, err
	}
	s.log.InfoContext(ctx, "password set by a mailed code", "account", a.ID)
	return a, errors.Join(s.NotePassword(ctx, a.ID, from), s.PasswordReset(ctx, a.ID))
}
