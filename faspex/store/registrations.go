package store

import (
	"context"
	"database/sql"
	"fmt"
)

// Registrations lists accounts that wait for approval, the oldest first, and counts all that match.
func (s *Store) Registrations(ctx context.Context, query string, p Page) ([]Account, int, error) {
	return s.Accounts(ctx, AccountFilter{Query: query, Status: AccountPending, Sort: "created_at"}, p)
}

// Approve opens an account that waits for approval, with the settings that it gets, and puts orders into the outbox.
// ErrNotFound when nothing waits: somebody else decided.
func (s *Store) Approve(ctx context.Context, a Account, orders []Order) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE accounts SET status = ?, description = NULLIF(?, ''), uploads_allowed = ?,
			downloads_allowed = ?, options = ?, expires_at = ?, destroys_at = ?, activated_at = UTC_TIMESTAMP(3)
			WHERE id = ? AND status = ? AND deleted_at IS NULL`, a.Status, a.Description, a.UploadsAllowed, a.DownloadsAllowed,
			[]byte(a.Options), a.ExpiresAt, a.DestroysAt, a.ID, AccountPending)
		if err != nil {
			return err
		}
		if err := oneRow(res, "registration", a.ID); err != nil {
			return err
		}
		return putOrders(ctx, tx, orders)
	})
	if err != nil {
		return fmt.Errorf("approve registration %d: %w", a.ID, classify(err))
	}
	return nil
}

// Deny removes an account that waits for approval, and puts orders into the outbox. ErrNotFound when nothing waits.
func (s *Store) Deny(ctx context.Context, id int64, orders []Order) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM accounts WHERE id = ? AND status = ?`, id, AccountPending)
		if err != nil {
			return err
		}
		if err := oneRow(res, "registration", id); err != nil {
			return err
		}
		return putOrders(ctx, tx, orders)
	})
	if err != nil {
		return fmt.Errorf("deny registration %d: %w", id, classify(err))
	}
	return nil
}
