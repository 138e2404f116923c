// Package auth is the OAuth 2 server of Faspex: a login page, codes with PKCE, signed assertions, refresh
// tokens, and access tokens that every replica of core can check. It knows accounts and clients; what
// they may do is decided elsewhere.
//
// ory/fosite was considered and does not fit the facts of the wire: it wants the token URL as audience of an assertion
// where Faspex has the client id, reads forms only where JSON is published too, and asks for a stored form of each
// request. So the flows are here, small, on golang-jwt.
package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"faspex.io/operator/faspex/address"
	"faspex.io/operator/faspex/keyring"
	"faspex.io/operator/faspex/store"
)

// Config of the server.
type Config struct {
	// ExternalURL is what people type, for example https://faspex.example.org (FASPEX_CORE_URL);
	// absolute redirects are made of it.
	ExternalURL string
	// Base is the path of the product, /aspera/faspex; the server answers below Base + "/auth".
	Base string
	// TrustedProxies are believed about who sends a request (address.Client). Nobody is by default.
	TrustedProxies address.List
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	Log *slog.Logger
}

// Server answers the OAuth endpoints and checks access tokens. Safe for concurrent use.
type Server struct {
	store    *store.Store
	ring     *keyring.Ring
	external *url.URL
	base     string
	proxies  address.List
	hasher   *hasher
	now      func() time.Time
	log      *slog.Logger
}

// New makes a server.
func New(s *store.Store, ring *keyring.Ring, cfg Config) (*Server, error) {
	external, err := url.Parse(cfg.ExternalURL)
	if err != nil || external.Host == "" || (external.Scheme != "https" && external.Scheme != "http") {
		return nil, errors.New("external url must be http or https with a host")
	}
	srv := &Server{
		store: s, ring: ring, external: external, base: strings.TrimSuffix(cfg.Base, "/"), proxies: cfg.TrustedProxies,
		hasher: newHasher(), now: cfg.Now, log: cfg.Log,
	}
	if srv.now == nil {
		srv.now = time.Now
	}
	if srv.log == nil {
		srv.log = slog.New(slog.DiscardHandler)
	}
	return srv, nil
}

// Register adds the endpoints to a mux.
func (s *Server) Register(mux *http.ServeMux) {
	mux.HandleFunc("GET "+s.base+"/auth/authorize", s.showLogin)
	mux.HandleFunc("POST "+s.base+"/auth/authorize", s.submitLogin)
	mux.HandleFunc("GET "+s.base+"/auth/password", s.showPassword)
	mux.HandleFunc("POST "+s.base+"/auth/password", s.submitPassword)
	mux.HandleFunc("GET "+s.base+"/auth/register", s.showSignUp)
	mux.HandleFunc("POST "+s.base+"/auth/register", s.submitSignUp)
	mux.HandleFunc("GET "+s.base+"/auth/branding/{name}", s.showBranding)
	mux.HandleFunc("GET "+s.base+"/auth/authorize_public_link", s.publicLink)
	mux.HandleFunc("GET "+s.base+"/api/v5/authorize/public_link", s.publicLink)
	mux.HandleFunc("POST "+s.base+"/auth/token", s.token)
	mux.HandleFunc("DELETE "+s.base+"/auth/token", s.revoke)
}

// Principal is who a call comes from.
type Principal struct {
	Account  store.Account
	ClientID string
	// Login is the session that the token came from; empty for logins without a browser.
	Login   string
	family  string
	expires time.Time
	used    time.Time // when the session was used last
}

// usedOften is how much later than it happened the use of a session may be noted.
const usedOften = time.Minute

// Used notes that somebody uses the session that a call came from, so that it does not end for silence.
func (s *Server) Used(ctx context.Context, p Principal) error {
	if now := s.now(); p.Login != "" && now.Sub(p.used) > usedOften {
		return s.store.TouchSession(ctx, p.Login, now)
	}
	return nil
}

// ErrToken means that an access token is missing, forged, ended or revoked, or that its
// account may not log in any more.
var ErrToken = errors.New("access token is not valid")

const tokenPurpose = "access token"

// claims of an access token. Sub is the account's id.
type claims struct {
	jwt.RegisteredClaims
	ClientID string `json:"client_id"`
	Family   string `json:"sid"`
	Login    string `json:"login,omitempty"`
	Epoch    int64  `json:"epoch"`
}

// grown is what a token grew from: a code or an assertion, and the session if there is one.
type grown struct{ family, login string }

// issue signs an access token.
func (s *Server) issue(a store.Account, c store.OAuthClient, from grown) (token string, expires time.Time, err error) {
	now := s.now()
	expires = now.Add(tokenLife(c))
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer:    "faspex",
			Subject:   fmt.Sprint(a.ID),
			IssuedAt:  jwt.NewNumericDate(now),
			ExpiresAt: jwt.NewNumericDate(expires),
		},
		ClientID: c.ClientID, Family: from.family, Login: from.login, Epoch: a.TokenEpoch,
	}).SignedString(s.ring.Keys(tokenPurpose)[0])
	if err != nil {
		return "", time.Time{}, fmt.Errorf("sign access token: %w", err)
	}
	return signed, expires, nil
}

// Authenticate finds who a bearer token belongs to. ErrToken when it is not good; another error
// when that could not be found out.
func (s *Server) Authenticate(ctx context.Context, token string) (Principal, error) {
	cl, err := s.verify(token)
	if err != nil {
		return Principal{}, err
	}
	var id int64
	if _, err := fmt.Sscan(cl.Subject, &id); err != nil {
		return Principal{}, ErrToken
	}
	found, err := s.store.AccountOfToken(ctx, id, cl.Family, cl.Login)
	if errors.Is(err, store.ErrNotFound) {
		return Principal{}, ErrToken
	}
	if err != nil {
		return Principal{}, err
	}
	account := found.Account
	if found.Revoked || account.Status != store.AccountActive || account.TokenEpoch != cl.Epoch {
		return Principal{}, ErrToken
	}
	if found.LastUsed.Valid && !s.now().Before(found.LastUsed.Time.Add(time.Duration(found.IdleMinutes)*time.Minute)) {
		return Principal{}, ErrToken
	}
	return Principal{Account: account, ClientID: cl.ClientID, Login: cl.Login, family: cl.Family,
		expires: cl.ExpiresAt.Time, used: found.LastUsed.Time}, nil
}

// verify checks signature and times with the current key, then the previous one.
func (s *Server) verify(token string) (claims, error) {
	for _, key := range s.ring.Keys(tokenPurpose) {
		var cl claims
		_, err := jwt.ParseWithClaims(token, &cl, func(*jwt.Token) (any, error) { return key, nil },
			jwt.WithValidMethods([]string{"HS256"}), jwt.WithIssuer("faspex"), jwt.WithExpirationRequired(),
			jwt.WithTimeFunc(s.now))
		if err == nil {
			return cl, nil
		}
	}
	return claims{}, ErrToken
}

// Bearer takes the token out of an Authorization header; empty when there is none.
func Bearer(header string) string {
	scheme, token, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// revoke ends the login that the presented token came from, with the session of its browser: DELETE token. A browser
// whose token has ended already ends its session by the cookie alone; pages elsewhere cannot send it with this method.
func (s *Server) revoke(w http.ResponseWriter, r *http.Request) {
	p, err := s.Authenticate(r.Context(), Bearer(r.Header.Get("Authorization")))
	if errors.Is(err, ErrToken) {
		session, account, sessionErr := s.session(r)
		if err = sessionErr; err == nil {
			p = Principal{Account: account, Login: session.Login}
		} else if errors.Is(err, errNoSession) {
			err = ErrToken
		}
	}
	switch {
	case errors.Is(err, ErrToken):
		w.Header().Set("WWW-Authenticate", "Bearer")
		writeError(w, http.StatusUnauthorized, "invalid_token", "The access token is not valid.")
		return
	case err == nil && p.Login != "":
		s.clearSessionCookie(w)
		err = s.endSession(r.Context(), p.Login)
	case err == nil:
		err = s.store.RevokeFamily(r.Context(), p.family, p.expires)
	}
	if err == nil {
		err = s.note(r.Context(), store.LogoutSuccess, p.Account.ID, s.ClientAddress(r), p.ClientID)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// fail answers 500 and logs why; the reason stays here.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	s.log.ErrorContext(r.Context(), "oauth request failed", "method", r.Method, "path", r.URL.Path, "error", err)
	if store.Unavailable(err) {
		writeError(w, http.StatusServiceUnavailable, "temporarily_unavailable", "The database does not answer. Try again.")
		return
	}
	writeError(w, http.StatusInternalServerError, "server_error", "The request could not be answered. Try again.")
}

func hash(secret string) [32]byte { return sha256.Sum256([]byte(secret)) }

// ExternalHost is the host, with its port if it has one, under which people reach the server.
func (s *Server) ExternalHost() string { return s.external.Host }
