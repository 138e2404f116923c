package auth

import (
	"context"
	"errors"
	"net/http"
	"time"

	"faspex.io/operator/faspex/store"
)

// A browser in which somebody logged in has a session: authorize gives it codes without asking for the password, so a
// new tab needs none. The cookie goes to the OAuth endpoints alone and no script reads it. Tokens carry the session's
// name (Principal.Login), not the cookie.
const (
	sessionCookie = "faspex_session"
	// sessionLife ends every session.
	sessionLife = 7 * 24 * time.Hour
	// longestToken is how long an access token can live at most: clients are refused longer ones.
	longestToken = 720 * time.Hour
)

var errNoSession = errors.New("browser has no login session")

// session finds the session of a browser and its account. errNoSession when there is none that is still good.
func (s *Server) session(r *http.Request) (store.Session, store.Account, error) {
	c, err := r.Cookie(sessionCookie)
	if err != nil || c.Value == "" {
		return store.Session{}, store.Account{}, errNoSession
	}
	session, err := s.store.Session(r.Context(), hash(c.Value))
	if errors.Is(err, store.ErrNotFound) {
		return session, store.Account{}, errNoSession
	}
	if err != nil {
		return session, store.Account{}, err
	}
	rules, err := s.Configuration(r.Context())
	if err != nil {
		return session, store.Account{}, err
	}
	now := s.now()
	if session.Ended || !now.Before(session.ExpiresAt) || !now.Before(session.LastUsedAt.Add(idle(rules))) {
		return session, store.Account{}, errNoSession
	}
	account, err := s.store.Account(r.Context(), session.AccountID)
	if err != nil {
		return session, account, err
	}
	if account.Status != store.AccountActive || account.TokenEpoch != session.Epoch || account.MustChange {
		return session, account, errNoSession
	}
	return session, account, nil
}

// startSession makes a session for an account that proved itself. One that the browser had before ends, so that a
// browser never holds tokens of two people.
func (s *Server) startSession(w http.ResponseWriter, r *http.Request, a store.Account) (store.Session, error) {
	before, _, err := s.session(r)
	if err != nil && !errors.Is(err, errNoSession) {
		return store.Session{}, err
	}
	if err == nil {
		if err := s.endSession(r.Context(), before.Login); err != nil {
			return store.Session{}, err
		}
	}
	cookie, now := secret(), s.now()
	session := store.Session{
		CookieHash: hash(cookie), Login: newFamily(), AccountID: a.ID, Epoch: a.TokenEpoch, CreatedAt: now, LastUsedAt: now,
		ExpiresAt: now.Add(sessionLife),
	}
	c, err := s.Configuration(r.Context())
	if err != nil {
		return session, err
	}
	if c.PreventConcurrentLogin {
		if err := s.endSessions(r.Context(), a.ID); err != nil {
			return session, err
		}
	}
	if err := s.store.CreateSession(r.Context(), session); err != nil {
		return session, err
	}
	http.SetCookie(w, s.cookie(sessionCookie, cookie, 0)) // without an age: it ends with the browser
	return session, nil
}

// endSession ends a session and all its tokens.
func (s *Server) endSession(ctx context.Context, login string) error {
	now := s.now()
	return s.store.EndSession(ctx, login, now, now.Add(longestToken))
}

// endSessions ends every session of an account.
func (s *Server) endSessions(ctx context.Context, account int64) error {
	logins, err := s.store.OpenSessions(ctx, account, s.now())
	if err != nil {
		return err
	}
	for _, login := range logins {
		if err := s.endSession(ctx, login); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) clearSessionCookie(w http.ResponseWriter) {
	http.SetCookie(w, s.cookie(sessionCookie, "", -1))
}

// cookie is one for the OAuth endpoints alone.
func (s *Server) cookie(name, value string, seconds int) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: s.base + "/auth/", MaxAge: seconds,
		HttpOnly: true, Secure: s.external.Scheme == "https", SameSite: http.SameSiteLaxMode,
	}
}
