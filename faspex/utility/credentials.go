package utility

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"faspex.io/operator/faspex/auth"
	"faspex.io/operator/faspex/settings"
	"faspex.io/operator/faspex/store"
)

// Credentials are an e-mail address and the password that its account gets.
type Credentials struct{ Email, Password string }

// ErrCredentials is what is wrong with credentials, in words for whoever sent them.
var ErrCredentials = errors.New("credentials are refused")

// Set sets the password of the account with the e-mail address, and makes an admin of that address when there is none
// (faspex-C15: TestUtilitySetsCredentials). It is the way in when no mail reaches anybody. What the old password opened
// ends, and so do the account's public key and its wait after failed logins. from is the address of the client, empty
// for a shell. It tells whether an admin was made.
func (c Credentials) Set(ctx context.Context, s *store.Store, from string) (made bool, err error) {
	c.Email = strings.TrimSpace(c.Email)
	if !settings.IsEmail(c.Email) {
		return false, fmt.Errorf("%w: %q is no e-mail address", ErrCredentials, c.Email)
	}
	rules, err := settings.ReadConfiguration(ctx, s)
	if err != nil {
		return false, err
	}
	if err := rules.PasswordRule().Check(c.Password); err != nil {
		return false, fmt.Errorf("%w: %w", ErrCredentials, err)
	}
	event := store.ApplicationEvent{Type: store.UpdatedCredentials, Application: application, Address: from,
		CreatedAt: time.Now()}
	account, err := s.AccountByLogin(ctx, c.Email)
	switch {
	case errors.Is(err, store.ErrNotFound):
		event.Type, made = store.CreatedAdmin, true
		event.AccountID, err = s.CreateAccount(ctx, store.Account{
			Name: c.Email, FirstName: "Faspex", LastName: "Admin", Email: c.Email, Role: store.RoleAdmin,
			Type: store.TypeLocal, Status: store.AccountActive, PasswordHash: auth.HashPassword(c.Password), UploadsAllowed: true,
			DownloadsAllowed: true,
		})
	case err == nil && account.Type == store.TypeSAML:
		return false, fmt.Errorf("%w: the account of %q logs in elsewhere and has no password here", ErrCredentials, c.Email)
	case err == nil:
		event.AccountID = account.ID
		err = errors.Join(s.ResetPassword(ctx, account.ID, auth.HashPassword(c.Password)), auth.LiftLock(ctx, s, account.ID, time.Now()))
	}
	if err != nil {
		return false, err
	}
	return made, s.AddApplicationEvent(ctx, event)
}

// setCredentials is POST credentials, from the page's form.
func (u *server) setCredentials(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	if err := r.ParseForm(); err != nil {
		u.render(w, r, http.StatusBadRequest, "The form could not be read.")
		return
	}
	c := Credentials{r.PostForm.Get("email"), r.PostForm.Get("password")}
	if c.Password != r.PostForm.Get("confirm_password") {
		u.render(w, r, http.StatusBadRequest, "The two passwords differ.")
		return
	}
	made, err := c.Set(r.Context(), u.store, u.from(r))
	switch {
	case errors.Is(err, ErrCredentials):
		why := strings.TrimPrefix(err.Error(), ErrCredentials.Error()+": ")
		u.render(w, r, http.StatusBadRequest, "Nothing was changed: "+why+".")
	case err != nil:
		u.log.ErrorContext(r.Context(), "set credentials", "error", err)
		u.render(w, r, http.StatusInternalServerError, "Nothing was changed: the database does not answer. Try again.")
	case made:
		u.render(w, r, http.StatusCreated, "An admin was made, who logs in by "+c.Email+".")
	default:
		u.render(w, r, http.StatusOK, "The password of "+c.Email+" was set.")
	}
}
