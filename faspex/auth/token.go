package auth

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/store"
)

// Grant types of the token endpoint.
const (
	grantCode    = "authorization_code"
	grantRefresh = "refresh_token"
	grantJWT     = "urn:ietf:params:oauth:grant-type:jwt-bearer"
)

const maxTokenBody = 64 << 10

// tolerateReuse is how long after its use a refresh token is still taken: a duplicated tab and its original
// hold the same one, and renew it at their own times (TestDuplicatedTabsRenewTheirTokens). A thief who is
// later than that ends the login.
const tolerateReuse = 30 * time.Second

// tokenRequest is the body of POST token, from a form, JSON or, for the client, HTTP Basic.
type tokenRequest struct {
	GrantType    string `json:"grant_type"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	Code         string `json:"code"`
	RedirectURI  string `json:"redirect_uri"`
	CodeVerifier string `json:"code_verifier"`
	RefreshToken string `json:"refresh_token"`
	Assertion    string `json:"assertion"`
}

// refusal is an OAuth error: what the client is told.
type refusal struct {
	status      int
	code        string
	description string
}

func (r *refusal) Error() string { return r.code + ": " + r.description }

func refuse(code, description string) error {
	return &refusal{http.StatusBadRequest, code, description}
}

var errClient = &refusal{http.StatusUnauthorized, "invalid_client", "The client is unknown, or its secret is wrong."}

func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	answer, err := s.grant(w, r)
	var no *refusal
	switch {
	case errors.As(err, &no):
		s.log.InfoContext(r.Context(), "token refused", "reason", no.code)
		if no.status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Basic realm="faspex"`)
		}
		writeError(w, no.status, no.code, no.description)
	case err != nil:
		s.fail(w, r, err)
	default:
		writeJSON(w, http.StatusCreated, answer)
	}
}

func (s *Server) grant(w http.ResponseWriter, r *http.Request) (api.Token, error) {
	req, err := readTokenRequest(w, r)
	if err != nil {
		return api.Token{}, err
	}
	client, err := s.store.OAuthClient(r.Context(), req.ClientID)
	if errors.Is(err, store.ErrNotFound) {
		return api.Token{}, errClient
	}
	if err != nil {
		return api.Token{}, err
	}
	// A public client has no secret to keep, so none is asked for: command line clients never send one.
	if client.ClientType == "confidential" && req.GrantType != grantJWT {
		sum := hash(req.ClientSecret)
		if client.SecretHash == nil || subtle.ConstantTimeCompare(sum[:], client.SecretHash) != 1 {
			return api.Token{}, errClient
		}
	}
	switch req.GrantType {
	case grantCode:
		if passcode, ok := strings.CutPrefix(req.Code, byLink); ok {
			return s.grantLink(client, passcode)
		}
		return s.grantCode(r.Context(), client, req)
	case grantRefresh:
		return s.grantRefresh(r.Context(), client, req)
	case grantJWT:
		return s.grantAssertion(r.Context(), client, req, s.ClientAddress(r))
	case "":
		return api.Token{}, refuse("invalid_request", "grant_type is missing.")
	}
	return api.Token{}, refuse("unsupported_grant_type", "grant_type is none of authorization_code, refresh_token, "+
		grantJWT+".")
}

func readTokenRequest(w http.ResponseWriter, r *http.Request) (tokenRequest, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxTokenBody)
	var req tokenRequest
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")) // one that cannot be read is read as a form
	if kind == "application/json" {
		if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
			return req, refuse("invalid_request", "The body is not a JSON object of text fields.")
		}
	} else {
		if err := r.ParseForm(); err != nil {
			return req, refuse("invalid_request", "The body is not a form.")
		}
		f := r.PostForm
		req = tokenRequest{
			GrantType: f.Get("grant_type"), ClientID: f.Get("client_id"), ClientSecret: f.Get("client_secret"),
			Code: f.Get("code"), RedirectURI: f.Get("redirect_uri"), CodeVerifier: f.Get("code_verifier"),
			RefreshToken: f.Get("refresh_token"), Assertion: f.Get("assertion"),
		}
	}
	if id, secret, ok := r.BasicAuth(); ok {
		if req.ClientID != "" && req.ClientID != unescape(id) {
			return req, refuse("invalid_request", "client_id differs from the one in the Authorization header.")
		}
		req.ClientID, req.ClientSecret = unescape(id), unescape(secret)
	}
	if req.ClientID == "" {
		return req, refuse("invalid_request", "client_id is missing.")
	}
	return req, nil
}

// unescape undoes the form encoding that RFC 6749 section 2.3.1 wants in HTTP Basic, and
// lets pass what clients sent raw.
func unescape(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}

func (s *Server) grantCode(ctx context.Context, client store.OAuthClient, req tokenRequest) (api.Token, error) {
	bad := refuse("invalid_grant", "The authorization code is not valid, was used before, or has ended.")
	now := s.now()
	code, err := s.store.UseAuthorizationCode(ctx, hash(req.Code), now)
	switch {
	case errors.Is(err, store.ErrReused):
		// Someone else has the code: what it gave must not live on (RFC 6749 section 4.1.2).
		if err := s.store.RevokeFamily(ctx, code.Family, now.Add(tokenLife(client))); err != nil {
			return api.Token{}, err
		}
		return api.Token{}, bad
	case errors.Is(err, store.ErrNotFound):
		return api.Token{}, bad
	case err != nil:
		return api.Token{}, err
	}
	if code.ClientID != client.ClientID || code.RedirectURI != req.RedirectURI || !now.Before(code.ExpiresAt) {
		return api.Token{}, bad
	}
	if !checkVerifier(code, req.CodeVerifier) {
		return api.Token{}, refuse("invalid_grant", "code_verifier does not match the challenge.")
	}
	account, err := s.store.Account(ctx, code.AccountID)
	if err != nil {
		return api.Token{}, err
	}
	if account.TokenEpoch != code.Epoch {
		return api.Token{}, bad
	}
	return s.answer(ctx, account, client, grown{code.Family, code.Login}, time.Time{})
}

func (s *Server) grantRefresh(ctx context.Context, client store.OAuthClient, req tokenRequest) (api.Token, error) {
	bad := refuse("invalid_grant", "The refresh token is not valid, was used before, or has ended.")
	now := s.now()
	token, err := s.store.UseRefreshToken(ctx, hash(req.RefreshToken), now, tolerateReuse)
	switch {
	case errors.Is(err, store.ErrReused):
		if err := s.store.RevokeFamily(ctx, token.Family, now.Add(tokenLife(client))); err != nil {
			return api.Token{}, err
		}
		return api.Token{}, bad
	case errors.Is(err, store.ErrNotFound):
		return api.Token{}, bad
	case err != nil:
		return api.Token{}, err
	}
	if token.ClientID != client.ClientID || !client.AllowRefreshToken || !now.Before(token.ExpiresAt) {
		return api.Token{}, bad
	}
	account, err := s.store.Account(ctx, token.AccountID)
	if err != nil {
		return api.Token{}, err
	}
	if account.TokenEpoch != token.Epoch {
		return api.Token{}, bad
	}
	if token.Login != "" {
		if alive, err := s.renewSession(ctx, token.Login, now); err != nil || !alive {
			return api.Token{}, cmp.Or(err, bad)
		}
	}
	return s.answer(ctx, account, client, grown{token.Family, token.Login}, token.ExpiresAt)
}

// tokenLife is how long an access token of a client lives.
func tokenLife(c store.OAuthClient) time.Duration {
	return time.Duration(max(c.AccessTokenExpirationHours, 1)) * time.Hour
}

// answer issues an access token and, if the client may have one, a refresh token, which is good until a time; zero for
// the client's hours from now on. Refreshing does not move that time (faspex-E6).
func (s *Server) answer(ctx context.Context, a store.Account, c store.OAuthClient, from grown,
	until time.Time) (api.Token, error) {
	if a.Status != store.AccountActive {
		return api.Token{}, refuse("invalid_grant", "The account is not active.")
	}
	if a.MustChange && from.login != "" {
		return api.Token{}, refuse("invalid_grant", "The password must be changed. Log in again.")
	}
	if !c.AccessGrantAllUsers && !slices.Contains(c.AccessGrantToUsers, a.ID) {
		return api.Token{}, refuse("invalid_grant", "The client may not act for this account.")
	}
	token, expires, err := s.issue(a, c, from)
	if err != nil {
		return api.Token{}, err
	}
	out := api.Token{AccessToken: token, TokenType: "bearer", ExpiresIn: int64(expires.Sub(s.now()).Seconds()),
		ExpirationDate: expires.UTC().Format(time.RFC3339)}
	if c.AllowRefreshToken {
		refresh := secret()
		if until.IsZero() {
			until = s.now().Add(time.Duration(max(c.RefreshTokenExpirationHours, 1)) * time.Hour)
		}
		err := s.store.PutRefreshToken(ctx, store.RefreshToken{
			Hash: hash(refresh), Family: from.family, Login: from.login, ClientID: c.ClientID,
			AccountID: a.ID, Epoch: a.TokenEpoch, ExpiresAt: until,
		})
		if err != nil {
			return api.Token{}, err
		}
		out.RefreshToken = refresh
	}
	return out, nil
}

// secret makes 256 random bits as text.
func secret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(b)
}

func newFamily() string { return uuid.NewString() }

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a failed write means the client has gone
}

func writeError(w http.ResponseWriter, status int, code, description string) {
	writeJSON(w, status, map[string]string{"error": code, "error_description": description})
}
