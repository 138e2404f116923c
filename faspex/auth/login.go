package auth

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"faspex.io/operator/faspex/address"
	"faspex.io/operator/faspex/passwords"
	"faspex.io/operator/faspex/settings"
	"faspex.io/operator/faspex/store"
)

// busyWait is how long to wait when too many passwords are being checked.
const busyWait = 5 * time.Second

var (
	// ErrWrongPassword means that a name or a password is wrong, and not which.
	ErrWrongPassword = errors.New("name or password is wrong")
	errClosed        = errors.New("account is not active")
	errElsewhere     = errors.New("account may not log in from this address")
	errLocked        = errors.New("account is locked after failed logins")
)

// loginProblem is why someone may not log in, in words for them.
type loginProblem struct {
	status int
	text   string
	wait   time.Duration
}

// explain gives the words for errors that are the visitor's affair; nil for others.
func explain(err error) *loginProblem {
	var wait *WaitError
	switch {
	case errors.As(err, &wait):
		return &loginProblem{http.StatusTooManyRequests, wait.Sentence(), wait.Wait}
	case errors.Is(err, ErrBusy):
		return &loginProblem{
			http.StatusServiceUnavailable, "Too many people log in at this moment. Try again in a few seconds.", busyWait,
		}
	case errors.Is(err, ErrWrongPassword):
		return &loginProblem{status: http.StatusUnauthorized, text: "The name or the password is wrong."}
	case errors.Is(err, errElsewhere):
		return &loginProblem{status: http.StatusForbidden, text: "The account may not log in from your address."}
	case errors.Is(err, errLocked):
		return &loginProblem{status: http.StatusForbidden, text: "The account is locked after too many failed logins. " +
			"An administrator can unlock it."}
	case errors.Is(err, errClosed):
		return &loginProblem{status: http.StatusForbidden, text: "The account is not active. Ask an administrator."}
	}
	return nil
}

// logIn checks name and password. It tells neither whether a name exists nor whether an account is closed to those who
// do not know its password (of an account that failed to log in only the id is given): a name that nobody has is counted, refused and hashed like one that somebody has
// (TestLoginCostsTheSame).
func (s *Server) logIn(r *http.Request, login, password string) (store.Account, error) {
	ctx, from := r.Context(), s.ClientAddress(r)
	login = strings.TrimSpace(strings.ToValidUTF8(login, "\uFFFD"))
	key, err := s.store.LoginKey(ctx, login)
	if err != nil {
		return store.Account{}, err
	}
	sub := ofUnknown(key)
	account, err := s.store.AccountByLogin(ctx, login)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return store.Account{}, err
	}
	if err == nil {
		sub = ofAccount(account.ID)
		if browser, known := s.knownBrowser(r, account); known {
			sub = ofBrowser(account.ID, browser)
		}
	}
	if err := s.try(ctx, sub, account.PasswordHash, password, from); err != nil {
		return store.Account{ID: account.ID}, err
	}
	if account.Status != store.AccountActive {
		return store.Account{ID: account.ID}, errClosed
	}
	if err := mayLogInFrom(account, from); err != nil {
		return store.Account{ID: account.ID}, err
	}
	stranger := sub == ofAccount(account.ID)
	if account.LockedAt.Valid && stranger {
		return store.Account{ID: account.ID}, errLocked
	}
	if err := s.store.ClearThrottle(ctx, sub); err != nil {
		return store.Account{}, err
	}
	if stranger {
		if err := s.store.ForgetFailures(ctx, account.ID, s.now()); err != nil {
			return store.Account{}, err
		}
	}
	return account, s.store.TouchLogin(ctx, account.ID, s.now(), from)
}

// mayLogInFrom gives errElsewhere when an account may not log in from an address.
func mayLogInFrom(account store.Account, from string) error {
	options, err := settings.ReadAccount(account.Options)
	if err == nil && !settings.AddressAllowed(options.AllowedIPAddressesForLogin, from) {
		err = errElsewhere
	}
	return err
}

// try compares a password with a hash and counts that for a subject, before hashing: tries that come together have one
// budget (TestThrottleInParallel). ErrWrongPassword, WaitError or ErrBusy when the password was not found to be right.
func (s *Server) try(ctx context.Context, sub subject, hash, password, from string) error {
	if err := s.reserve(ctx, sub); err != nil {
		return err
	}
	fits := false
	if utf8.RuneCountInString(password) <= passwords.MaxLength {
		var err error
		fits, err = s.hasher.check(ctx, from, password, hash)
		if errors.Is(err, ErrBusy) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return errors.Join(err, s.giveBack(ctx, sub)) // the password was not looked at
		}
		if err != nil {
			return err
		}
	}
	if !fits {
		s.log.InfoContext(ctx, "login refused", "remote", from)
		return ErrWrongPassword
	}
	return nil
}

// CheckOwnPassword checks that someone who is logged in knows the current password of the account. Tries have a budget
// of their own: strangers at the login page cannot use it up. ErrWrongPassword, WaitError or ErrBusy when the password
// was not found to be right.
func (s *Server) CheckOwnPassword(ctx context.Context, account store.Account, password, from string) error {
	sub := ofOwner(account.ID)
	if err := s.try(ctx, sub, account.PasswordHash, password, from); err != nil {
		return err
	}
	return s.store.ClearThrottle(ctx, sub)
}

// HashPassword makes of a new password what the store keeps. It waits for its turn like logins do: ErrBusy when too
// many wait.
func (s *Server) HashPassword(ctx context.Context, password, from string) (string, error) {
	return s.hasher.make(ctx, from, password)
}

// ClientAddress is the address that a request comes from, as far as trusted proxies tell.
func (s *Server) ClientAddress(r *http.Request) string {
	if from := address.Client(r, s.proxies); from.IsValid() {
		return from.String()
	}
	return address.Client(r, address.List{}).String()
}
