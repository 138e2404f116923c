package auth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"faspex.io/operator/faspex/store"
)

const (
	promptLogin  = "login"
	promptNone   = "none"
	codeLife     = 5 * time.Minute
	maxLoginBody = 32 << 10
)

// authorization is a checked request for a code.
type authorization struct {
	client      store.OAuthClient
	redirectURI string
	state       string
	challenge   string
	method      string
	// implicit: the token itself is wanted, without a code in between.
	implicit bool
}

// pageError is a fault that must be shown here: the redirect address is not one to trust.
type pageError string

func (e pageError) Error() string { return string(e) }

// redirectError is a fault that is told to the client at its redirect address.
type redirectError struct{ code, description string }

func (e *redirectError) Error() string { return e.code + ": " + e.description }

// readAuthorization checks the parameters of authorize. On a redirectError the authorization says where to go.
func (s *Server) readAuthorization(ctx context.Context, q url.Values) (authorization, error) {
	client, err := s.store.OAuthClient(ctx, q.Get("client_id"))
	if errors.Is(err, store.ErrNotFound) {
		return authorization{}, pageError("The application that sent you here is not known.")
	}
	if err != nil {
		return authorization{}, err
	}
	a := authorization{client: client, redirectURI: q.Get("redirect_uri"), state: q.Get("state"),
		challenge: q.Get("code_challenge")}
	if a.redirectURI == "" || !slices.Contains(client.RedirectURIs, a.redirectURI) {
		return a, pageError("The application that sent you here gave an address that is not registered for it.")
	}
	switch a.implicit = q.Get("response_type") == "token"; {
	case a.implicit && !client.AllowImplicitGrant:
		return a, &redirectError{"unauthorized_client", "the client may not use the implicit grant"}
	case a.implicit:
		return a, nil
	case q.Get("response_type") != "code":
		return a, &redirectError{"unsupported_response_type", "response_type must be code or token"}
	}
	method, known := challengeMethod(q.Get("code_challenge_method"))
	switch {
	case a.challenge == "" && client.RequirePKCE:
		return a, &redirectError{"invalid_request", "code_challenge is missing"}
	case a.challenge != "" && (!known || len(a.challenge) > 255):
		return a, &redirectError{"invalid_request", "code_challenge_method must be S256 or plain"}
	case a.challenge != "" && client.RequirePKCE && method != methodS256:
		return a, &redirectError{"invalid_request", "code_challenge_method must be S256"}
	case a.challenge != "":
		a.method = method
	}
	return a, nil
}

// target is the redirect address with more parameters; state goes with all of them. Those of the implicit grant are in the
// fragment, which no server is told (RFC 6749 section 4.2.2).
func (a authorization) target(params url.Values) string {
	u, err := url.Parse(a.redirectURI)
	if err != nil {
		return a.redirectURI // registered addresses were parsed when they were registered
	}
	q := u.Query()
	if a.implicit {
		q = url.Values{}
	}
	for k, v := range params {
		q[k] = v
	}
	if a.state != "" {
		q.Set("state", a.state)
	}
	if a.implicit {
		return u.String() + "#" + q.Encode()
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// rejected answers a request that readAuthorization refused; false when there was nothing to refuse.
func (s *Server) rejected(w http.ResponseWriter, r *http.Request, a authorization, err error) bool {
	var page pageError
	var redirect *redirectError
	switch {
	case err == nil:
		return false
	case errors.As(err, &page):
		s.renderProblem(w, http.StatusBadRequest, string(page))
	case errors.As(err, &redirect):
		http.Redirect(w, r, a.target(url.Values{"error": {redirect.code}, "error_description": {redirect.description}}),
			http.StatusFound)
	default:
		s.log.ErrorContext(r.Context(), "authorize failed", "error", err)
		s.renderProblem(w, http.StatusInternalServerError, "The login page is not available now. Try again in a moment.")
	}
	return true
}

// showLogin is GET authorize. A browser with a session gets its code at once. The client may ask for another login
// (prompt=login), or for none whatever it costs (prompt=none), as OpenID Connect has it.
func (s *Server) showLogin(w http.ResponseWriter, r *http.Request) {
	a, err := s.readAuthorization(r.Context(), r.URL.Query())
	if s.rejected(w, r, a, err) {
		return
	}
	if !startsAtOrigin(a.client, r) {
		s.renderProblem(w, http.StatusForbidden,
			"The application may not have people logged in from the page you come from.")
		return
	}
	prompt := r.URL.Query().Get("prompt")
	if prompt != promptLogin {
		session, account, err := s.session(r)
		if err == nil {
			s.goOn(w, r, a, session, account)
			return
		}
		if !errors.Is(err, errNoSession) {
			s.loginFailed(w, r, err)
			return
		}
	}
	if prompt == promptNone {
		s.rejected(w, r, a, &redirectError{"login_required", "nobody is logged in"})
		return
	}
	s.renderLogin(w, r, http.StatusOK, a, r.URL.Query(), "", "")
}

// startsAtOrigin reports whether an authorization begins at one of the origins that a client lists, as far as the
// browser tells where it comes from (faspex-E4). The product's own pages are reached by more addresses than one.
func startsAtOrigin(c store.OAuthClient, r *http.Request) bool {
	if len(c.Origins) == 0 || c.Internal {
		return true
	}
	from := r.Header.Get("Origin")
	if from == "" {
		from = r.Header.Get("Referer")
	}
	u, err := url.Parse(from)
	if from == "" || err == nil && u.Host == r.Host {
		return true // nobody knows, or the login page itself
	}
	return err == nil && slices.ContainsFunc(c.Origins, func(origin string) bool {
		return strings.EqualFold(strings.TrimSuffix(origin, "/"), u.Scheme+"://"+u.Host)
	})
}

// submitLogin is POST authorize, from the form of the login page.
func (s *Server) submitLogin(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxLoginBody)
	if err := r.ParseForm(); err != nil {
		s.renderProblem(w, http.StatusBadRequest, "The form could not be read.")
		return
	}
	a, err := s.readAuthorization(r.Context(), r.PostForm)
	if s.rejected(w, r, a, err) {
		return
	}
	if s.loggedInAlready(w, r, a) {
		return
	}
	if !s.checkCSRF(r) {
		s.renderLogin(w, r, http.StatusForbidden, a, r.PostForm, r.PostForm.Get("username"),
			"The page was open for too long, or cookies are off. Log in again.")
		return
	}
	if r.PostForm.Has("ticket") {
		s.submitStep(w, r, a)
		return
	}
	login, password := r.PostForm.Get("username"), r.PostForm.Get("password")
	account, err := s.logIn(r, login, password)
	if errors.Is(err, ErrWrongPassword) || errors.Is(err, errClosed) || errors.Is(err, errElsewhere) || errors.Is(err, errLocked) {
		err := errors.Join(s.note(r.Context(), store.LoginFailed, account.ID, s.ClientAddress(r), a.client.ClientID),
			s.lockAfterFailures(r.Context(), account.ID))
		if err != nil {
			s.loginFailed(w, r, err)
			return
		}
	}
	if problem := explain(err); problem != nil {
		if problem.wait > 0 {
			w.Header().Set("Retry-After", RetryAfter(problem.wait))
		}
		s.renderLogin(w, r, problem.status, a, r.PostForm, login, problem.text)
		return
	}
	if err != nil {
		s.loginFailed(w, r, err)
		return
	}
	s.proceed(w, r, a, pending{PendingLogin: store.PendingLogin{Account: account}})
}

// letIn starts a session for one who proved to own an account, and goes on.
func (s *Server) letIn(w http.ResponseWriter, r *http.Request, a authorization, account store.Account) {
	session, err := s.startSession(w, r, account)
	if err != nil {
		s.loginFailed(w, r, err)
		return
	}
	if err := s.note(r.Context(), store.LoginSuccess, account.ID, s.ClientAddress(r), a.client.ClientID); err != nil {
		s.loginFailed(w, r, err)
		return
	}
	s.rememberBrowser(w, account)
	s.log.InfoContext(r.Context(), "logged in", "account", account.ID, "client", a.client.ClientID)
	s.goOn(w, r, a, session, account)
}

// goOn sends the browser back to the application with a code of its session, or with a token.
func (s *Server) goOn(w http.ResponseWriter, r *http.Request, a authorization, session store.Session,
	account store.Account) {
	code, now := secret(), s.now()
	if a.implicit {
		s.goOnWithToken(w, r, a, session, account)
		return
	}
	err := s.store.PutAuthorizationCode(r.Context(), store.AuthorizationCode{
		Hash: hash(code), ClientID: a.client.ClientID, RedirectURI: a.redirectURI,
		Challenge: a.challenge, ChallengeMethod: a.method, Family: newFamily(), Login: session.Login,
		AccountID: account.ID, Epoch: account.TokenEpoch, ExpiresAt: now.Add(codeLife),
	})
	if err == nil {
		err = s.store.TouchSession(r.Context(), session.Login, now)
	}
	if err != nil {
		s.loginFailed(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, a.target(url.Values{"code": {code}}), http.StatusFound)
}

// goOnWithToken answers the implicit grant: an access token, and none to renew it.
func (s *Server) goOnWithToken(w http.ResponseWriter, r *http.Request, a authorization, session store.Session,
	account store.Account) {
	client := a.client
	client.AllowRefreshToken = false
	token, err := s.answer(r.Context(), account, client, grown{newFamily(), session.Login}, time.Time{})
	var no *refusal
	if errors.As(err, &no) {
		s.rejected(w, r, a, &redirectError{"access_denied", no.description})
		return
	}
	if err == nil {
		err = s.store.TouchSession(r.Context(), session.Login, s.now())
	}
	if err != nil {
		s.loginFailed(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, a.target(url.Values{"access_token": {token.AccessToken}, "token_type": {token.TokenType},
		"expires_in": {strconv.FormatInt(token.ExpiresIn, 10)}}), http.StatusFound)
}

// loggedInAlready answers a form that was sent twice, or from a tab that stood open while its person logged in
// elsewhere. Somebody else's name in the form is another login.
func (s *Server) loggedInAlready(w http.ResponseWriter, r *http.Request, a authorization) bool {
	if r.PostForm.Get("prompt") == promptLogin {
		return false
	}
	_, account, err := s.session(r)
	if err != nil {
		return false // whoever has no session logs in
	}
	named, err := s.store.AccountByLogin(r.Context(), strings.TrimSpace(r.PostForm.Get("username")))
	if err != nil || named.ID != account.ID {
		return false
	}
	s.renderOnward(w, a)
	return true
}

// loginFailed answers when it could not be found out whether someone may log in.
func (s *Server) loginFailed(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() == nil {
		s.log.ErrorContext(r.Context(), "login failed", "error", err)
	}
	s.renderProblem(w, http.StatusInternalServerError, "Logging in is not possible now. Try again in a moment.")
}
