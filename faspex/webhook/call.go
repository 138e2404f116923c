package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"time"

	"faspex.io/operator/faspex/address"
	"faspex.io/operator/internal/publicnet"
)

const (
	// secretPrefix begins secrets, as Standard Webhooks has it.
	secretPrefix = "whsec_"
	secretSize   = 32
	// mostAnswer is how much of an answer is kept.
	mostAnswer = 64 << 10
	mostHeader = 16 << 10
)

// NewSecret makes a secret that signs the calls of a webhook.
func NewSecret() string {
	key := make([]byte, secretSize)
	_, _ = rand.Read(key) // never fails
	return secretPrefix + base64.StdEncoding.EncodeToString(key)
}

// Sign gives the headers that prove who calls: those of Standard Webhooks 1.0 (HMAC-SHA256 of id, time and body), by which
// a receiver also knows a call that is repeated.
func Sign(secret, id string, at time.Time, body []byte) (http.Header, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, secretPrefix))
	if err != nil {
		return nil, errors.New("the secret of the webhook is none")
	}
	stamp := strconv.FormatInt(at.Unix(), 10)
	m := hmac.New(sha256.New, key)
	fmt.Fprintf(m, "%s.%s.%s", id, stamp, body)
	h := http.Header{}
	h.Set("Webhook-Id", id)
	h.Set("Webhook-Timestamp", stamp)
	h.Set("Webhook-Signature", "v1,"+base64.StdEncoding.EncodeToString(m.Sum(nil)))
	return h, nil
}

// ErrInternal is for a target that is no address of the public Internet and none of those that are allowed.
var ErrInternal = errors.New("the address is an internal one, which this installation does not allow for webhooks")

// Call is a request and what came back.
type Call struct {
	RequestHeaders string
	// Code is 0 when nothing was answered.
	Code                  int
	AnswerHeaders, Answer string
}

// Caller calls webhooks. Every address is looked at when it is connected to, whatever name led to it.
type Caller struct {
	// Allowed are addresses that may be called beside those of the public Internet.
	Allowed address.List
}

// Post sends a body and waits for an answer, until the timeout is over. It follows no redirects, and keeps of an answer no
// more than 64 KiB.
func (c Caller) Post(ctx context.Context, url string, signed http.Header, body []byte, timeout time.Duration) (Call, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	dialer := net.Dialer{ControlContext: func(_ context.Context, _, at string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(at)
		if err != nil || !publicnet.Contains(to.Addr()) && !c.Allowed.Allow(to.Addr()) {
			return ErrInternal
		}
		return nil
	}}
	transport := &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true, MaxResponseHeaderBytes: mostHeader}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return Call{}, fmt.Errorf("call a webhook: %w", err)
	}
	req.Header = signed.Clone()
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "faspex-webhook")
	out := Call{RequestHeaders: headerText(req.Header)}
	res, err := transport.RoundTrip(req)
	if err != nil {
		return out, fmt.Errorf("call a webhook: %w", err)
	}
	defer res.Body.Close()
	out.Code, out.AnswerHeaders = res.StatusCode, headerText(res.Header)
	answer, err := io.ReadAll(io.LimitReader(res.Body, mostAnswer))
	out.Answer = strings.ToValidUTF8(string(answer), "\uFFFD")
	if err != nil {
		return out, fmt.Errorf("read the answer of a webhook: %w", err)
	}
	return out, nil
}

func headerText(h http.Header) string {
	var b strings.Builder
	_ = h.Write(&b) // a builder takes everything
	return strings.ToValidUTF8(strings.ReplaceAll(b.String(), "\r\n", "\n"), "\uFFFD")
}
