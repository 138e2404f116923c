package objectstore

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"time"

	"github.com/minio/minio-go/v7"

	"faspex.io/operator/dataplane/storage"
)

// explain says in words what a server answered; its own texts may quote the request, and with it the id of the
// credentials. What it says is kept until a request goes well, see Trouble.
func (b *Bucket) explain(err error) error {
	err = b.inWords(err)
	remote := (*storage.RemoteError)(nil)
	switch {
	case err == nil:
		b.trouble.Store(nil)
	case errors.As(err, &remote):
		b.trouble.Store(&remote.Text)
	}
	return err
}

// Trouble says why the last request that is known of failed, empty if it did not.
func (b *Bucket) Trouble() string {
	if text := b.trouble.Load(); text != nil {
		return *text
	}
	return ""
}

func (b *Bucket) inWords(err error) error {
	var known *storage.RemoteError
	switch {
	case err == nil || errors.As(err, &known):
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, ErrChanged), errors.Is(err, fs.ErrExist):
		return err
	}
	refusal, ok := answered(err)
	name := b.settings.Name()
	switch {
	case !ok:
		return &storage.RemoteError{Text: "the object storage " + name + " does not answer, try again", Err: err}
	case refusal.Code == minio.NoSuchBucket:
		return &storage.RemoteError{Refused: true, Err: err,
			Text: "the bucket of the object storage " + name + " does not exist: make it, or change storage.bucket"}
	case refusal.StatusCode == http.StatusNotFound:
		return fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	case refusal.Code == "AccessDenied":
		return &storage.RemoteError{Refused: true, Err: err,
			Text: "the object storage " + name + " does not permit this to its credentials: renew storage.credentials, or " +
				"change what they may"}
	case refusal.StatusCode == http.StatusForbidden || refusal.StatusCode == http.StatusUnauthorized:
		return &storage.RemoteError{Refused: true, Err: err, Text: "the object storage " + name +
			" refuses its credentials (" + code(refusal) + "): renew storage.credentials"}
	case refusal.StatusCode == http.StatusMovedPermanently || refusal.Code == "AuthorizationHeaderMalformed":
		return &storage.RemoteError{Refused: true, Err: err,
			Text: "the object storage " + name + " is in another region: change storage.region"}
	case busy(refusal):
		return &storage.RemoteError{Text: "the object storage " + name + " is busy (" + code(refusal) + "), try again",
			Err: err}
	}
	return &storage.RemoteError{Refused: true, Err: err,
		Text: "the object storage " + name + " refuses the request (" + code(refusal) + ")"}
}

func busy(r minio.ErrorResponse) bool {
	return r.StatusCode >= http.StatusInternalServerError && r.StatusCode != http.StatusNotImplemented ||
		r.StatusCode == http.StatusTooManyRequests || r.StatusCode == http.StatusRequestTimeout || r.Code == "SlowDown" ||
		r.Code == "RequestTimeout"
}

// code is a server's word for a refusal, if it is one word.
func code(r minio.ErrorResponse) string {
	const most = 64
	if len(r.Code) > most {
		return http.StatusText(r.StatusCode)
	}
	for _, c := range r.Code {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return http.StatusText(r.StatusCode)
		}
	}
	return r.Code
}

// passes says that the same request may go well later.
func passes(err error) bool {
	var certificate *tls.CertificateVerificationError
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, ErrChanged) || errors.Is(err, fs.ErrExist) ||
		errors.As(err, &certificate) {
		return false
	}
	refusal, ok := answered(err)
	return !ok || busy(refusal)
}

const (
	// patience is how long a server may be away while a file is written or read.
	patience   = 15 * time.Minute
	firstPause = 250 * time.Millisecond
	mostPause  = 10 * time.Second
)

// lasting repeats a request of a transfer as long as it may pass.
func (b *Bucket) lasting(ctx context.Context, request func() error) error {
	pause := firstPause
	for began := time.Now(); ; pause = min(2*pause, mostPause) {
		err := request()
		if !passes(err) || time.Since(began) > patience {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}
