package core

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/auth"
	"faspex.io/operator/faspex/mail"
	"faspex.io/operator/faspex/store"
)

type codeAnswer struct {
	Email string `json:"email"`
}

// registerPasswords adds the calls by which people get a mail to set their password with.
func (s *Server) registerPasswords() {
	const what = "account"
	register(s, operation{method: http.MethodPost, path: v5 + "/account/oob_code", id: "create-password-code", what: what,
		access: public, summary: "Have a link to set another password mailed to an address, if it has an account"},
		func(ctx context.Context, in *struct{ Body api.PasswordCode }) (*body[codeAnswer], error) {
			if err := s.sendsMail(ctx); err != nil {
				return nil, err
			}
			return answerWith(codeAnswer{in.Body.Email}), s.auth.OrderPasswordMail(ctx, in.Body.Email)
		})
	register(s, operation{method: http.MethodPut, path: v5 + "/account/password", id: "set-password-by-code", what: what,
		access: public, proves: true, summary: "Set a password by the code of a mail"}, s.setPasswordByCode)
	register(s, operation{method: http.MethodPost, path: v5 + "/accounts/{id}/reset_password", id: "reset-password",
		what: what, access: managers, summary: "Have a link to set another password mailed to somebody"},
		func(ctx context.Context, in *IDPath) (*empty, error) { return nil, s.resetPassword(ctx, in.ID) })
	register(s, operation{method: http.MethodPost, path: v5 + "/accounts/reset_passwords", id: "reset-passwords",
		what: what, access: managers, status: http.StatusNoContent, batch: true,
		summary: "Have links to set another password mailed to several"},
		func(ctx context.Context, in *struct {
			IDs string `query:"ids" required:"true"`
		}) (*batchOutput, error) {
			all, err := ids(in.IDs, nil)
			if err != nil {
				return nil, err
			}
			return s.batch(ctx, what, all, s.resetPassword), nil
		})
	register(s, operation{
		method:  http.MethodPost,
		path:    v5 + "/force_password_reset",
		id:      "force-password-reset",
		what:    what,
		access:  configurers,
		summary: "Have every local account but the caller's choose another password at the next login",
	},
		func(ctx context.Context, _ *struct{}) (*empty, error) {
			return nil, s.store.RequireNewPasswords(ctx, caller(ctx).ID)
		})
}

func (s *Server) setPasswordByCode(ctx context.Context,
	in *struct{ Body api.PasswordByCode }) (*body[api.Account], error) {
	u := in.Body.User
	if u.Password != u.ConfirmPassword {
		return nil, badField("The two passwords differ.", "user.confirm_password")
	}
	a, err := s.auth.SetPasswordByCode(ctx, in.Body.OOBCode, u.Email, u.Password, clientAddress(ctx))
	var weak *auth.RuleError
	switch {
	case errors.As(err, &weak):
		return nil, badField("The "+sentence(weak), "user.password")
	case errors.Is(err, store.ErrNotFound):
		return nil, newProblem(http.StatusNotFound, "The code is not known, was used, or is over. Ask for another mail.")
	case err != nil:
		return nil, err
	}
	return answerWith(accountOut(a)), nil
}

// resetPassword mails somebody a link. Nobody is told, and nobody sets, the password of another.
func (s *Server) resetPassword(ctx context.Context, id string) error {
	a, err := s.account(ctx, id)
	if err != nil {
		return err
	}
	if err := s.mayManage(ctx, a, nil); err != nil {
		return err
	}
	if a.Type == store.TypeSAML || a.Type == store.TypeExternal {
		return conflict("The account logs in elsewhere and has no password here.")
	}
	if a.Email == "" || a.Status != store.AccountActive {
		return conflict("The account is not active or has no e-mail address.")
	}
	if err := s.sendsMail(ctx); err != nil {
		return err
	}
	return s.store.PutOrder(ctx, s.letter(ctx, mail.ForgotPassword, a.ID))
}

// letter orders a mail to an account.
func (s *Server) letter(ctx context.Context, of string, account int64) store.Order {
	return store.Order{Kind: mail.Kind, Payload: mail.Order{Type: of, Account: account, Base: s.linkBase(ctx)}}
}

// linkBase is what links in mails begin with: the configured address of the server, or that of the installation.
func (s *Server) linkBase(ctx context.Context) string { return s.auth.LinkBase(ctx) }

func newID() string { return strings.ToLower(uuid.NewString()) }
