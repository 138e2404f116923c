package objectstore

import (
	"context"
	"errors"
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minio/minio-go/v7"
)

// A request of a transfer lasts while a server is away for a minute, and ends with the transfer.
func TestServerIsAwayForAMinute(t *testing.T) {
	for name, away := range map[string]error{
		"503":     minio.ErrorResponse{StatusCode: http.StatusServiceUnavailable, Code: "ServiceUnavailable"},
		"refuses": syscall.ECONNREFUSED, "closes": syscall.ECONNRESET,
	} {
		synctest.Test(t, func(t *testing.T) {
			b, began, asked := &Bucket{}, time.Now(), 0
			err := b.lasting(t.Context(), func() error {
				asked++
				if time.Since(began) < time.Minute {
					return away
				}
				return nil
			})
			if took := time.Since(began); err != nil || took < time.Minute || took > time.Minute+mostPause || asked > 20 {
				t.Errorf("%s: %v after %v and %d requests", name, err, took, asked)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if err := b.lasting(ctx, func() error { return away }); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: a transfer that has ended: %v", name, err)
			}
		})
	}
}

// Credentials that were renewed are used within a minute by what is open already, also where nobody says that they were.
func TestCredentialsAreAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		current := Credentials{AccessKeyID: "first", SecretAccessKey: "secret"}
		p := &provider{current: func() (Credentials, error) { return current, nil }}
		uses := func() string {
			if p.IsExpired() {
				v, err := p.Retrieve()
				if err != nil {
					t.Fatal(err)
				}
				return v.AccessKeyID
			}
			return p.last.AccessKeyID
		}
		if got := uses(); got != "first" {
			t.Fatal(got)
		}
		current.AccessKeyID = "second"
		time.Sleep(time.Minute)
		if got := uses(); got != "second" {
			t.Errorf("after a minute %s are used", got)
		}
	})
}
