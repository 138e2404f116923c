package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// PackageMail is what events of packages that mails tell of are called in the outbox.
const PackageMail = "package_mail"

// Events of packages that mails tell of.
const (
	PackageReleased   = "released"
	PackageUploaded   = "uploaded"
	PackageDownloaded = "downloaded"
)

// PackageEvent is what happened to a package.
type PackageEvent struct {
	Event     string `json:"event"`
	PackageID int64  `json:"package"`
	// AccountID is who downloaded it.
	AccountID int64 `json:"account,omitempty"`
	// Result is how the upload ended.
	Result string `json:"result,omitempty"`
}

// orderMails orders the mails of an event, in the transaction that makes it happen.
func orderMails(ctx context.Context, tx *sql.Tx, e PackageEvent) error {
	return putOrders(ctx, tx, []Order{{Kind: PackageMail, Payload: e}})
}

// CreateOnce stores a job that runs once. One that is there already, by method and reference, stays as it is, so that
// whoever makes it may do so again.
func (s *Store) CreateOnce(ctx context.Context, j Job, now time.Time) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		_, err := insertJob(ctx, tx, j, now)
		return err
	})
	if err = classify(err); err != nil && !errors.Is(err, ErrConflict) {
		return fmt.Errorf("create job %s: %w", j.Method, err)
	}
	return nil
}
