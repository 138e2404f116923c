package auth

import (
	"context"
	"crypto/rsa"
	"errors"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/store"
)

const (
	// clockLeeway forgives clocks that differ.
	clockLeeway = time.Minute
	// longestAssertion bounds how long a used assertion must be remembered. The guide's own sample signs for 103600 s.
	longestAssertion = 48 * time.Hour
	minKeyBits       = 2048
)

// errAssertion is all that is told of a bad assertion: which check failed would help to forge one.
var errAssertion = refuse("invalid_grant",
	"The assertion is not valid: it must be signed with RS256 by a registered key, "+
		"name the client as issuer and audience, name an active user, be within its time, and not have been used before.")

// grantAssertion is the JWT grant (RFC 7523), with the client id as audience.
func (s *Server) grantAssertion(ctx context.Context, client store.OAuthClient, req tokenRequest,
	from string) (api.Token, error) {
	if !client.AllowJWTGrant {
		return api.Token{}, refuse("unauthorized_client", "The client may not use this grant.")
	}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer(client.ClientID),
		jwt.WithAudience(client.ClientID),
		jwt.WithExpirationRequired(), jwt.WithLeeway(clockLeeway), jwt.WithTimeFunc(s.now))

	// Whose key to check with is in the claims, so they are read first and believed only once the signature is good.
	var unverified jwt.RegisteredClaims
	if _, _, err := parser.ParseUnverified(req.Assertion, &unverified); err != nil {
		return api.Token{}, errAssertion
	}
	login, ok := strings.CutPrefix(unverified.Subject, "user:")
	if !ok || login == "" {
		return api.Token{}, errAssertion
	}
	account, err := s.store.AccountByLogin(ctx, login)
	if errors.Is(err, store.ErrNotFound) {
		return api.Token{}, errAssertion
	}
	if err != nil {
		return api.Token{}, err
	}
	var cl jwt.RegisteredClaims
	if !s.signedByKnownKey(parser, req.Assertion, &cl, client, account) {
		return api.Token{}, errAssertion
	}
	if cl.Subject != unverified.Subject || cl.ExpiresAt.After(s.now().Add(longestAssertion)) {
		return api.Token{}, errAssertion
	}
	// Without an id the whole assertion stands for itself.
	id := cl.ID
	if id == "" {
		id = req.Assertion
	}
	err = s.store.UseAssertion(ctx, hash(client.ClientID+"\x00"+id), cl.ExpiresAt.Add(clockLeeway))
	if errors.Is(err, store.ErrConflict) {
		return api.Token{}, errAssertion
	}
	if err != nil {
		return api.Token{}, err
	}
	// The product's own programs act from wherever they run.
	if err := mayLogInFrom(account, from); err != nil && !client.Internal {
		if errors.Is(err, errElsewhere) {
			err = refuse("invalid_grant", "The account may not log in from this address.")
		}
		return api.Token{}, err
	}
	// A program that acts for somebody is in use like one that the person logs in to.
	if err := s.store.TouchLogin(ctx, account.ID, s.now(), from); err != nil {
		return api.Token{}, err
	}
	return s.answer(ctx, account, client, grown{family: newFamily()}, time.Time{})
}

// signedByKnownKey checks an assertion with the client's global key, if that is allowed, and with the user's own key.
func (s *Server) signedByKnownKey(parser *jwt.Parser, assertion string, cl *jwt.RegisteredClaims,
	client store.OAuthClient, account store.Account) bool {
	var keys []string
	if client.AllowGlobalKey && client.PublicKey != "" {
		keys = append(keys, client.PublicKey)
	}
	if account.PublicKey != "" {
		keys = append(keys, account.PublicKey)
	}
	for _, text := range keys {
		key, err := ParsePublicKey(text)
		if err != nil {
			continue
		}
		*cl = jwt.RegisteredClaims{}
		if _, err := parser.ParseWithClaims(assertion, cl, func(*jwt.Token) (any, error) { return key, nil }); err == nil {
			return true
		}
	}
	return false
}

// ParsePublicKey reads an RSA public key of at least 2048 bits in PEM: PKIX or PKCS #1.
func ParsePublicKey(text string) (*rsa.PublicKey, error) {
	key, err := jwt.ParseRSAPublicKeyFromPEM([]byte(text))
	if err != nil {
		return nil, errors.New("public key is not an RSA key in PEM")
	}
	if key.N.BitLen() < minKeyBits {
		return nil, errors.New("public key is shorter than 2048 bits")
	}
	return key, nil
}
