// Package dial opens the control channel to a transfer node over a TLS WebSocket. It decides whether the server is the
// right one; what is said over the channel it does not know.
package dial

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"syscall"
	"time"

	"faspex.io/operator/dataplane/reach"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/wss"
	"github.com/coder/websocket"
)

// Options say whom to call.
type Options struct {
	Host string
	Port int
	// User is the transfer user; the token says whether that is right.
	User string
	// Roots are the certificates to trust: authorities, or the server's own. Nil stands for those of the system.
	Roots *x509.CertPool
	// Timeout bounds connecting; 0 is 30 s.
	Timeout time.Duration
	// Dial connects; nil stands for a net.Dialer.
	Dial reach.Dial
}

// Open connects, checks the server's certificate and opens the control channel. Its errors are *fail.Error.
//
// Round trips, the last for the first message and its answer: connection 1, TLS 1.3 1, upgrade 1, message 1.
func Open(ctx context.Context, o Options) (*wss.Stream, error) {
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	addr := net.JoinHostPort(o.Host, strconv.Itoa(o.Port))
	var raw net.Conn
	one := new(http.Protocols)
	one.SetHTTP1(true)
	transport := &http.Transport{
		// The data does not go through a web proxy either.
		Proxy:     nil,
		Protocols: one,
		DialContext: func(ctx context.Context, _, _ string) (nc net.Conn, err error) {
			raw, err = reach.TCP(ctx, o.Dial, addr)
			return raw, err
		},
		TLSClientConfig:   &tls.Config{RootCAs: o.Roots, MinVersion: tls.VersionTLS12},
		DisableKeepAlives: true,
	}
	target := url.URL{Scheme: "wss", Host: addr, Path: wss.Path, RawQuery: url.Values{"user": {o.User}}.Encode()}
	options := &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		HTTPHeader: http.Header{"User-Agent": {"faspex-ascp"}}, Subprotocols: []string{wss.Subprotocol},
	}
	ws, response, err := websocket.Dial(ctx, target.String(), options) //nolint:bodyclose // It wants no closing, it says.
	if err != nil {
		return nil, explain(ctx, o, addr, response, err)
	}
	if ws.Subprotocol() != wss.Subprotocol {
		return nil, stranger(addr, ws.CloseNow())
	}
	return wss.NewStream(ws, raw), nil
}

// explain says in words for people why there is no channel.
func explain(ctx context.Context, o Options, addr string, response *http.Response, err error) error {
	var known *fail.Error
	var wrong *tls.CertificateVerificationError
	var plain tls.RecordHeaderError
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &wrong):
		return &fail.Error{Code: fail.Insecure, Text: fmt.Sprintf("the certificate of %s is not trusted: %v", addr,
			wrong.Err), Err: err}
	case ctx.Err() != nil:
		return &fail.Error{Code: fail.ControlTimeout, Text: fmt.Sprintf("timed out opening a session at %s", addr), Err: err}
	case errors.As(err, &plain), errors.Is(err, http.ErrSchemeMismatch):
		return &fail.Error{Code: fail.Control, Text: fmt.Sprintf("%s does not speak TLS", addr), Err: err}
	case response == nil && hungUp(err):
		return reach.HungUp(addr)
	case response == nil:
		return &fail.Error{Code: fail.Control, Text: fmt.Sprintf("no WebSocket with %s: %v", addr, root(err)), Err: err}
	case response.StatusCode == http.StatusForbidden:
		return &fail.Error{Code: fail.Authentication, Text: fmt.Sprintf("the server does not accept user %q", o.User),
			Err: err}
	case response.StatusCode == http.StatusServiceUnavailable:
		return &fail.Error{Code: fail.Control, Text: "the server has too many sessions now, try again", Err: reach.ErrBusy}
	}
	return stranger(addr, err)
}

func stranger(addr string, err error) error {
	return &fail.Error{Code: fail.Control, Text: fmt.Sprintf("%s is a web server but no transfer node of this kind",
		addr), Err: err}
}

// hungUp says that the server closed a connection that it had taken, before it said anything: it has no time for
// strangers, and can't say so before TLS.
func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// root is the innermost error, which says what happened; those around it say what was tried.
func root(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}
