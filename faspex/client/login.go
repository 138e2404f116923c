package client

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"faspex.io/operator/faspex/api"
)

// GrantJWT is the grant type of RFC 7523.
const GrantJWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"

// renewBefore is how long before its end a token is renewed.
const renewBefore = 2 * time.Minute

// Login gets a token now, to learn whether the grant is good; every other call does so by itself when it must.
func (c *Client) Login(ctx context.Context) error {
	c.mu.Lock()
	c.token = ""
	c.mu.Unlock()
	_, err := c.accessToken(ctx, "")
	return err
}

// accessToken gives a token that is good for a while and is not the refused one.
func (c *Client) accessToken(ctx context.Context, refused string) (string, error) {
	if c.grant == nil {
		return "", errors.New("faspex client has no grant to log in with")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token != "" && c.token != refused && c.now().Before(c.expires.Add(-renewBefore)) {
		return c.token, nil
	}
	assertion, err := c.assertion()
	if err != nil {
		return "", err
	}
	var t api.Token
	err = c.send(ctx, call{method: http.MethodPost, path: "/auth/token", noAuth: true, out: &t, body: url.Values{
		"client_id": {c.grant.ClientID}, "grant_type": {GrantJWT}, "assertion": {assertion},
	}}, "")
	if err != nil {
		return "", err
	}
	if t.AccessToken == "" {
		return "", errors.New("faspex gave an empty access token")
	}
	c.token, c.expires = t.AccessToken, c.now().Add(time.Duration(t.ExpiresIn)*time.Second)
	return c.token, nil
}

// assertion signs, with RS256, that the client acts for the user: audience is the client id, as Faspex wants it.
func (c *Client) assertion() (string, error) {
	id := make([]byte, 16)
	_, _ = rand.Read(id) // never fails since Go 1.24
	now := c.now()
	claims, err := json.Marshal(map[string]any{
		"iss": c.grant.ClientID, "aud": c.grant.ClientID, "sub": "user:" + c.grant.User,
		"nbf": now.Add(-5 * time.Minute).Unix(), "iat": now.Add(-5 * time.Minute).Unix(), "exp": now.Add(time.Hour).Unix(),
		"jti": base64.RawURLEncoding.EncodeToString(id),
	})
	if err != nil {
		return "", fmt.Errorf("encode assertion: %w", err)
	}
	signed := base64.RawURLEncoding.EncodeToString([]byte(`{"typ":"JWT","alg":"RS256"}`)) + "." +
		base64.RawURLEncoding.EncodeToString(claims)
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, c.key, crypto.SHA256, digest[:])
	if err != nil {
		return "", fmt.Errorf("sign assertion: %w", err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// Token gives an access token that is good for a while, for a call that this package does not know.
func (c *Client) Token(ctx context.Context) (string, error) { return c.accessToken(ctx, "") }
