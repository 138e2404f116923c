package auth

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"faspex.io/operator/faspex/store"
)

// A password that must be changed opens the form for another one, and nothing else
// (TestTemporaryPasswordMustBeChanged). A ticket carries who proved to know it from the first form to the second: it is
// for that account, that password and a few minutes.
const (
	ticketLife    = 15 * time.Minute
	ticketPurpose = "password ticket"
)

// askNewPassword answers with the form for a new password.
func (s *Server) askNewPassword(w http.ResponseWriter, r *http.Request, status int, a authorization,
	account store.Account, problem string) {
	rule, err := s.PasswordRule(r.Context())
	if err != nil {
		s.loginFailed(w, r, err)
		return
	}
	until := s.now().Add(ticketLife).Unix()
	s.renderForm(w, r, status, a, r.PostForm, loginView{
		Step: stepPassword, Problem: problem, Username: account.Name, Rules: rule.Sentence(),
		Ticket: fmt.Sprintf("%d.%d.%s", account.ID, until, s.sign(ticketPurpose, ticketText(account, until))),
	})
}

// submitNewPassword is POST authorize from that form.
func (s *Server) submitNewPassword(w http.ResponseWriter, r *http.Request, a authorization) {
	account, ok, err := s.readTicket(r)
	if err != nil {
		s.loginFailed(w, r, err)
		return
	}
	if !ok {
		s.renderLogin(w, r, http.StatusForbidden, a, r.PostForm, r.PostForm.Get("username"),
			"The page was open for too long. Log in again.")
		return
	}
	password := r.PostForm.Get("new_password")
	problem, err := s.refuseNewPassword(r, account, password)
	if err != nil {
		s.loginFailed(w, r, err)
		return
	}
	if problem != nil {
		s.askNewPassword(w, r, problem.status, a, account, problem.text)
		return
	}
	hash, err := s.HashPassword(r.Context(), password, s.ClientAddress(r))
	if busy := explain(err); busy != nil {
		s.askNewPassword(w, r, busy.status, a, account, busy.text)
		return
	}
	if err == nil {
		err = s.store.SetPassword(r.Context(), account.ID, hash)
	}
	if err == nil {
		err = s.NotePassword(r.Context(), account.ID, s.ClientAddress(r))
	}
	if err == nil {
		account, err = s.store.Account(r.Context(), account.ID)
	}
	if err != nil {
		s.loginFailed(w, r, err)
		return
	}
	s.letIn(w, r, a, account)
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

// readTicket gives the account of a ticket, if the ticket is good.
func (s *Server) readTicket(r *http.Request) (store.Account, bool, error) {
	parts := strings.Split(r.PostForm.Get("ticket"), ".")
	if len(parts) != 3 {
		return store.Account{}, false, nil
	}
	id, err := strconv.ParseInt(parts[0], 10, 64)
	if err != nil {
		return store.Account{}, false, nil
	}
	until, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil || !s.now().Before(time.Unix(until, 0)) {
		return store.Account{}, false, nil
	}
	account, err := s.store.Account(r.Context(), id)
	if errors.Is(err, store.ErrNotFound) {
		return account, false, nil
	}
	if err != nil {
		return account, false, err
	}
	good := s.signed(ticketPurpose, ticketText(account, until), parts[2])
	return account, good && account.Status == store.AccountActive, nil
}

// ticketText binds a ticket to the account and, by its epoch, to the password that was known.
func ticketText(a store.Account, until int64) string {
	return fmt.Sprintf("%d.%d.%d", a.ID, a.TokenEpoch, until)
}
