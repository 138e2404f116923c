package auth

import (
	"errors"
	"net/http"

	"faspex.io/operator/faspex/mail"
	"faspex.io/operator/faspex/store"
)

// codeOver is what a link says that sets no password any more.
const codeOver = "The link was used already, or its time is over. Ask for another mail."

// showPassword is GET password: with a code the form for a new password, without one the form that asks for a mail.
func (s *Server) showPassword(w http.ResponseWriter, r *http.Request) {
	code := r.URL.Query().Get("code")
	if code == "" {
		s.renderRecovery(w, r, http.StatusOK, loginView{Step: stepForgot})
		return
	}
	s.showReset(w, r, http.StatusOK, code, "")
}

// showReset answers with the form for a new password, if the code is good.
func (s *Server) showReset(w http.ResponseWriter, r *http.Request, status int, code, problem string) {
	a, err := s.store.AccountOfCode(r.Context(), hash(code), s.now())
	if errors.Is(err, store.ErrNotFound) || err == nil && a.Status != store.AccountActive {
		s.renderRecovery(w, r, http.StatusNotFound, loginView{Step: stepForgot, Problem: codeOver})
		return
	}
	if err != nil {
		s.loginFailed(w, r, err)
		return
	}
	rule, err := s.PasswordRule(r.Context())
	if err != nil {
		s.loginFailed(w, r, err)
		return
	}
	s.renderRecovery(w, r, status, loginView{Step: stepReset, Code: code, Username: a.Name, Rules: rule.Sentence(),
		Problem: problem})
}

// submitPassword is POST password, from either form.
func (s *Server) submitPassword(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxLoginBody)
	if err := r.ParseForm(); err != nil {
		s.renderProblem(w, http.StatusBadRequest, "The form could not be read.")
		return
	}
	code := r.PostForm.Get("code")
	if !s.checkCSRF(r) {
		const again = "The page was open for too long, or cookies are off. Try again."
		if code == "" {
			s.renderRecovery(w, r, http.StatusForbidden, loginView{Step: stepForgot, Problem: again})
			return
		}
		s.showReset(w, r, http.StatusForbidden, code, again)
		return
	}
	if code == "" {
		s.askForMail(w, r)
		return
	}
	password := r.PostForm.Get("new_password")
	if password != r.PostForm.Get("confirm_password") {
		s.showReset(w, r, http.StatusBadRequest, code, "The two new passwords differ.")
		return
	}
	_, err := s.SetPasswordByCode(r.Context(), code, "", password, s.ClientAddress(r))
	var weak *RuleError
	switch busy := explain(err); {
	case errors.As(err, &weak):
		s.showReset(w, r, http.StatusBadRequest, code, "The new "+fullStop(weak))
	case errors.Is(err, store.ErrNotFound):
		s.renderRecovery(w, r, http.StatusNotFound, loginView{Step: stepForgot, Problem: codeOver})
	case busy != nil:
		s.showReset(w, r, busy.status, code, busy.text)
	case err != nil:
		s.loginFailed(w, r, err)
	default:
		render(w, http.StatusOK, loginView{Step: stepDone, Onward: s.base + "/"}, "'none'")
	}
}

// askForMail orders a mail to a login, whoever has it, and says the same whether somebody has it or not.
func (s *Server) askForMail(w http.ResponseWriter, r *http.Request) {
	if can, err := s.sendsMail(r); err != nil || !can {
		if err != nil {
			s.loginFailed(w, r, err)
			return
		}
		s.renderProblem(w, http.StatusConflict, "This server sends no mails. Ask an administrator.")
		return
	}
	if err := s.OrderPasswordMail(r.Context(), r.PostForm.Get("username")); err != nil {
		s.loginFailed(w, r, err)
		return
	}
	s.renderRecovery(w, r, http.StatusOK, loginView{Step: stepSent})
}

// sendsMail reports whether mails can be sent.
func (s *Server) sendsMail(r *http.Request) (bool, error) {
	_, _, err := mail.ReadServer(r.Context(), s.store)
	if errors.Is(err, mail.ErrNoServer) {
		return false, nil
	}
	return err == nil, err
}

// renderRecovery answers with a form that belongs to no application.
func (s *Server) renderRecovery(w http.ResponseWriter, r *http.Request, status int, view loginView) {
	c, err := s.Configuration(r.Context())
	if err != nil {
		s.loginFailed(w, r, err)
		return
	}
	if err := s.brand(r.Context(), &view); err != nil {
		s.loginFailed(w, r, err)
		return
	}
	view.Label, view.Action, view.CSRF = c.LoginLabel, s.base+"/auth/password", s.setCSRF(w, r)
	if view.Step == stepSignUp {
		view.Action = s.base + "/auth/register"
	}
	render(w, status, view, "'self'")
}
