package auth

import (
	"errors"
	"net/http"

	"faspex.io/operator/faspex/store"
)

// askNewPassword answers with the form for a new password (TestTemporaryPasswordMustBeChanged).
func (s *Server) askNewPassword(w http.ResponseWriter, r *http.Request, status int, a authorization, p pending,
	problem string) {
	rule, err := s.PasswordRule(r.Context())
	if err != nil {
		s.loginFailed(w, r, err)
		return
	}
	s.renderForm(w, r, status, a, r.PostForm, loginView{
		Step: stepPassword, Problem: problem, Username: p.Account.Name, Rules: rule.Sentence(), Ticket: p.ticket,
	})
}

// takeNewPassword sets the password of that form.
func (s *Server) takeNewPassword(w http.ResponseWriter, r *http.Request, a authorization, p pending) bool {
	account, password := p.Account, r.PostForm.Get("new_password")
	problem, err := s.refuseNewPassword(r, account, password)
	if err != nil {
		s.loginFailed(w, r, err)
		return false
	}
	if problem != nil {
		s.askNewPassword(w, r, problem.status, a, p, problem.text)
		return false
	}
	hash, err := s.HashPassword(r.Context(), password, s.ClientAddress(r))
	if busy := explain(err); busy != nil {
		s.askNewPassword(w, r, busy.status, a, p, busy.text)
		return false
	}
	if err == nil {
		err = s.store.SetPassword(r.Context(), account.ID, hash)
	}
	if err == nil {
		err = s.NotePassword(r.Context(), account.ID, s.ClientAddress(r))
	}
	if err != nil {
		s.loginFailed(w, r, err)
		return false
	}
	return true
}

// refuseNewPassword tells why an account cannot get a password; nil when it can.
func (s *Server) refuseNewPassword(r *http.Request, account store.Account, password string) (*loginProblem, error) {
	err := s.CheckPassword(r.Context(), account, password, s.ClientAddress(r))
	var refused *RuleError
	if busy := explain(err); busy != nil {
		return busy, nil
	}
	if err != nil && !errors.As(err, &refused) {
		return nil, err
	}
	if refused != nil {
		return &loginProblem{status: http.StatusBadRequest, text: "The new " + fullStop(err)}, nil
	}
	if password != r.PostForm.Get("confirm_password") {
		return &loginProblem{status: http.StatusBadRequest, text: "The two new passwords differ."}, nil
	}
	same, err := s.hasher.check(r.Context(), s.ClientAddress(r), password, account.PasswordHash)
	if busy := explain(err); busy != nil {
		return busy, nil
	}
	if err != nil || !same {
		return nil, err
	}
	return &loginProblem{status: http.StatusBadRequest, text: "The new password is the old one. Choose another."}, nil
}
