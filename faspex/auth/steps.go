package auth

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"faspex.io/operator/faspex/store"
)

// pendingLife is how long somebody may take for the steps of a login.
const pendingLife = 15 * time.Minute

// step is something that a login needs after its owner was identified, such as another password in the place of one
// that is over. Each has a form of its own.
type step struct {
	name string
	// due reports whether an account has to do it.
	due func(context.Context, store.Account) (bool, error)
	// ask answers with the step's form.
	ask func(w http.ResponseWriter, r *http.Request, status int, a authorization, p pending, problem string)
	// take reads that form. When the step is not done, it answers and gives false.
	take func(w http.ResponseWriter, r *http.Request, a authorization, p pending) bool
}

// steps are those of every login in their order. Another way to log in, or another proof, is a step here.
func (s *Server) steps() []step {
	return []step{
		{name: "new_password", due: s.mustChange, ask: s.askNewPassword, take: s.takeNewPassword},
	}
}

// pending is a login on its way: a row that names the account and the steps that are done, and the secret by which the
// forms name the row. Nothing is opened before every step that is due is done (faspex-A16).
type pending struct {
	store.PendingLogin
	ticket string
}

// proceed asks for the first step that is due and not done, or lets the account in.
func (s *Server) proceed(w http.ResponseWriter, r *http.Request, a authorization, p pending) {
	for _, step := range s.steps() {
		if slices.Contains(p.Done, step.name) {
			continue
		}
		due, err := step.due(r.Context(), p.Account)
		if err == nil && due && p.ticket == "" {
			p.ticket = secret()
			p.TokenHash, p.ExpiresAt = hash(p.ticket), s.now().Add(pendingLife)
			err = s.store.BeginLogin(r.Context(), p.PendingLogin)
		}
		if err != nil {
			s.loginFailed(w, r, err)
			return
		}
		if due {
			step.ask(w, r, http.StatusOK, a, p, "")
			return
		}
	}
	if p.ticket != "" {
		if err := s.store.EndLogin(r.Context(), p.TokenHash); errors.Is(err, store.ErrNotFound) {
			s.lateStep(w, r, a)
			return
		} else if err != nil {
			s.loginFailed(w, r, err)
			return
		}
	}
	s.letIn(w, r, a, p.Account)
}

// submitStep is POST authorize from the form of a step.
func (s *Server) submitStep(w http.ResponseWriter, r *http.Request, a authorization) {
	p := pending{ticket: r.PostForm.Get("ticket")}
	var err error
	p.PendingLogin, err = s.store.PendingLogin(r.Context(), hash(p.ticket), s.now())
	if errors.Is(err, store.ErrNotFound) || err == nil && p.Account.Status != store.AccountActive {
		s.lateStep(w, r, a)
		return
	}
	if err != nil {
		s.loginFailed(w, r, err)
		return
	}
	for _, step := range s.steps() {
		if step.name != r.PostForm.Get("step") || slices.Contains(p.Done, step.name) {
			continue
		}
		if !step.take(w, r, a, p) {
			return
		}
		err := s.store.StepDone(r.Context(), p.TokenHash, step.name)
		if err == nil {
			p.PendingLogin, err = s.store.PendingLogin(r.Context(), p.TokenHash, s.now())
		}
		if err != nil {
			s.loginFailed(w, r, err)
			return
		}
		break
	}
	s.proceed(w, r, a, p)
}

// lateStep begins the login again.
func (s *Server) lateStep(w http.ResponseWriter, r *http.Request, a authorization) {
	s.renderLogin(w, r, http.StatusForbidden, a, r.PostForm, r.PostForm.Get("username"),
		"The page was open for too long. Log in again.")
}
