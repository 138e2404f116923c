// Package client calls the Faspex API v5 as an OAuth client with the JWT grant.
//
// It logs in by itself, keeps the token in memory until it is about to end, and turns answers into types. It retries
// nothing but one call whose token was refused, logs nothing, and no error it returns holds a secret.
package client

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"faspex.io/operator/faspex/api"
)

const (
	maxAnswerBytes = 64 << 20
	maxErrorBytes  = 64 << 10
)

// Config says how to reach Faspex and as whom.
type Config struct {
	// URL is the root, for example https://faspex.example.org/aspera/faspex; without a path, /aspera/faspex is meant.
	URL string
	// CA holds PEM certificates to trust instead of the system's.
	CA []byte
	// ServerName is the name the certificate must have, if it is not the host of URL.
	ServerName string
	// Timeout limits one call; 0 is 60 s.
	Timeout time.Duration
	// Grant says who logs in. Without it only Ping, Health and Version work.
	Grant *Grant
	// Now is the clock of the assertions; nil is time.Now.
	Now func() time.Time
}

// Grant is a login without a person: a registered client signs that it acts for a user.
type Grant struct {
	ClientID string
	// PrivateKey is the RSA key, PKCS #1 or PKCS #8 in PEM, whose public half is the
	// client's global key or the user's own.
	PrivateKey []byte
	// User is the login name to act for.
	User string
}

// Client of one Faspex. Safe for concurrent use.
type Client struct {
	base  *url.URL
	http  *http.Client
	grant *Grant
	key   *rsa.PrivateKey
	now   func() time.Time

	mu      sync.Mutex
	token   string
	expires time.Time
}

// New checks the configuration; it does not connect.
func New(cfg Config) (*Client, error) {
	base, err := url.Parse(strings.TrimSuffix(cfg.URL, "/"))
	if err != nil {
		return nil, errors.New("faspex url is not a URL")
	}
	if (base.Scheme != "https" && base.Scheme != "http") || base.Host == "" {
		return nil, errors.New("faspex url must be http or https with a host")
	}
	if base.User != nil {
		return nil, errors.New("faspex url must not hold credentials")
	}
	if base.Path == "" {
		base.Path = "/aspera/faspex"
	}
	tlsConfig := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: cfg.ServerName}
	if len(cfg.CA) > 0 {
		tlsConfig.RootCAs = x509.NewCertPool()
		if !tlsConfig.RootCAs.AppendCertsFromPEM(cfg.CA) {
			return nil, errors.New("faspex ca holds no PEM certificate")
		}
	}
	c := &Client{base: base, grant: cfg.Grant, now: cfg.Now}
	if c.now == nil {
		c.now = time.Now
	}
	if cfg.Grant != nil {
		if c.key, err = parsePrivateKey(cfg.Grant.PrivateKey); err != nil {
			return nil, err
		}
		if cfg.Grant.ClientID == "" || cfg.Grant.User == "" {
			return nil, errors.New("grant needs a client id and a user")
		}
	}
	timeout := cfg.Timeout
	if timeout == 0 {
		timeout = 60 * time.Second
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = tlsConfig
	c.http = &http.Client{
		Timeout:       timeout,
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

// As gives a client that acts for another user with the same grant and connections. The grant's key
// must be the client's global key.
func (c *Client) As(user string) *Client {
	grant := *c.grant
	grant.User = user
	return &Client{base: c.base, http: c.http, grant: &grant, key: c.key, now: c.now}
}

// CloseIdleConnections drops the connections kept for reuse.
func (c *Client) CloseIdleConnections() { c.http.CloseIdleConnections() }

func parsePrivateKey(text []byte) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("grant key is not PEM")
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	any, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("grant key is neither PKCS #1 nor PKCS #8")
	}
	key, ok := any.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("grant key is not an RSA key")
	}
	return key, nil
}

type call struct {
	method string
	path   string // beneath the root, escaped
	query  url.Values
	body   any
	out    any
	noAuth bool
}

// do sends a call with the token, and once more with a new token if that one was refused.
func (c *Client) do(ctx context.Context, in call) error {
	if in.noAuth {
		return c.send(ctx, in, "")
	}
	token, err := c.accessToken(ctx, "")
	if err != nil {
		return err
	}
	err = c.send(ctx, in, token)
	if !hasStatus(err, http.StatusUnauthorized) {
		return err
	}
	if token, err = c.accessToken(ctx, token); err != nil {
		return err
	}
	return c.send(ctx, in, token)
}

func (c *Client) send(ctx context.Context, in call, token string) error {
	var body io.Reader
	contentType := "application/json"
	switch b := in.body.(type) {
	case nil:
	case url.Values:
		body, contentType = strings.NewReader(b.Encode()), "application/x-www-form-urlencoded"
	default:
		buf, err := json.Marshal(b)
		if err != nil {
			return fmt.Errorf("faspex %s %s: encode request: %w", in.method, in.path, err)
		}
		body = bytes.NewReader(buf)
	}
	target := c.base.String() + in.path
	if len(in.query) > 0 {
		target += "?" + in.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, in.method, target, body)
	if err != nil {
		return fmt.Errorf("faspex %s %s: %w", in.method, in.path, err)
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", contentType)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := c.http.Do(req)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err // without the URL
		}
		return fmt.Errorf("faspex %s %s on %s: %w", in.method, in.path, c.base.Host, err)
	}
	defer res.Body.Close()
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return readError(in, res)
	}
	if in.out == nil {
		_, err := io.Copy(io.Discard, io.LimitReader(res.Body, maxErrorBytes))
		return err
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, maxAnswerBytes)).Decode(in.out); err != nil {
		return fmt.Errorf("faspex %s %s: decode answer: %w", in.method, in.path, err)
	}
	return nil
}

func readError(in call, res *http.Response) error {
	e := &Error{Method: in.method, Path: in.path, Status: res.StatusCode}
	var body struct {
		api.Error
		OAuthError       string `json:"error"`
		OAuthDescription string `json:"error_description"`
	}
	if json.NewDecoder(io.LimitReader(res.Body, maxErrorBytes)).Decode(&body) == nil {
		e.Message, e.Code, e.Fields = body.Message, body.Code, body.Errors
		if body.OAuthError != "" {
			e.Message, e.Code = body.OAuthDescription, body.OAuthError
		}
	}
	return e
}
