// Package client calls the Node API of a transfer node.
//
// It speaks HTTPS with the credentials of a node user or an access key, and turns answers into types. It retries
// nothing, logs nothing and keeps no state but its connections; no error it returns holds a secret.
package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	maxAnswerBytes = 64 << 20
	maxErrorBytes  = 64 << 10
)

// Config says how to reach a node.
type Config struct {
	// URL is the root of the API, for example https://node.example.org:9092.
	URL string
	// Username and Password are a node user's, or id and secret of an access key.
	Username, Password string
	// CA holds PEM certificates to trust instead of the system's.
	CA []byte
	// ServerName is the name the certificate must have, if it is not the host of URL.
	ServerName string
	// InsecureSkipVerify accepts any certificate. For nodes whose owner chose so.
	InsecureSkipVerify bool
	// Timeout limits one call; 0 is 60 s.
	Timeout time.Duration
}

// Client of one node. Safe for concurrent use.
type Client struct {
	base               *url.URL
	username, password string
	http               *http.Client
}

// New checks the configuration; it does not connect.
func New(cfg Config) (*Client, error) {
	base, err := url.Parse(strings.TrimSuffix(cfg.URL, "/"))
	if err != nil {
		return nil, errors.New("node url is not a URL")
	}
	if (base.Scheme != "https" && base.Scheme != "http") || base.Host == "" {
		return nil, errors.New("node url must be http or https with a host")
	}
	if base.User != nil {
		return nil, errors.New("node url must not hold credentials")
	}
	tlsConfig := &tls.Config{
		MinVersion: tls.VersionTLS12,
		ServerName: cfg.ServerName,
		// Set only when the owner of the node asks for it in so many words.
		InsecureSkipVerify: cfg.InsecureSkipVerify, //nolint:gosec // a documented option
	}
	if len(cfg.CA) > 0 {
		tlsConfig.RootCAs = x509.NewCertPool()
		if !tlsConfig.RootCAs.AppendCertsFromPEM(cfg.CA) {
			return nil, errors.New("node ca holds no PEM certificate")
		}
	}
	timeout := cfg.Timeout
	if timeout == 0 {
		timeout = 60 * time.Second
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = tlsConfig
	transport.MaxIdleConnsPerHost = 8
	return &Client{
		base: base, username: cfg.Username, password: cfg.Password,
		http: &http.Client{
			Timeout:   timeout,
			Transport: transport,
			// A node never redirects; following one could carry credentials elsewhere.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// As is the same client for another user or access key, over the same connections.
func (c *Client) As(username, password string) *Client {
	return &Client{base: c.base, username: username, password: password, http: c.http}
}

// CloseIdleConnections drops the connections kept for reuse.
func (c *Client) CloseIdleConnections() { c.http.CloseIdleConnections() }

type call struct {
	method string
	path   string // escaped
	query  url.Values
	body   any
	out    any
	noAuth bool
}

func (c *Client) do(ctx context.Context, in call) (http.Header, error) {
	var body io.Reader
	if in.body != nil {
		buf, err := json.Marshal(in.body)
		if err != nil {
			return nil, fmt.Errorf("node api %s %s: encode request: %w", in.method, in.path, err)
		}
		body = bytes.NewReader(buf)
	}
	target := c.base.String() + in.path
	if len(in.query) > 0 {
		target += "?" + in.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, in.method, target, body)
	if err != nil {
		return nil, fmt.Errorf("node api %s %s: %w", in.method, in.path, err)
	}
	req.Header.Set("Accept", "application/json")
	if in.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if !in.noAuth && c.username != "" {
		req.SetBasicAuth(c.username, c.password)
	}
	res, err := c.http.Do(req)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err
		}
		return nil, fmt.Errorf("node api %s %s on %s: %w", in.method, in.path, c.base.Host, err)
	}
	defer res.Body.Close()
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return nil, readError(in, res)
	}
	if in.out == nil {
		_, err := io.Copy(io.Discard, io.LimitReader(res.Body, maxErrorBytes))
		return res.Header, err
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, maxAnswerBytes)).Decode(in.out); err != nil {
		return nil, fmt.Errorf("node api %s %s: decode answer: %w", in.method, in.path, err)
	}
	return res.Header, nil
}

func readError(in call, res *http.Response) error {
	e := &Error{Method: in.method, Path: in.path, Status: res.StatusCode}
	var body struct {
		Error ErrorBody `json:"error"`
	}
	if json.NewDecoder(io.LimitReader(res.Body, maxErrorBytes)).Decode(&body) == nil {
		e.Reason, e.UserMessage = body.Error.Reason, body.Error.UserMessage
	}
	return e
}
