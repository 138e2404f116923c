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

// Deny removes an account that waits for approval, and puts orders into the outbox. One that packages or contacts name
// is the external user again that it was before. ErrNotFound when nothing waits.
func (s *Store) Deny(ctx context.Context, id int64, orders []Order) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		if err := tx.QueryRowContext(ctx, `SELECT id FROM accounts WHERE id = ? AND status = ? FOR UPDATE`, id,
			AccountPending).Scan(&id); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM accounts WHERE id = ?
			AND NOT EXISTS (SELECT 1 FROM deliveries WHERE account_id = accounts.id)
			AND NOT EXISTS (SELECT 1 FROM contacts WHERE account_id = accounts.id)`, id); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE accounts SET type = 'external_user', status = 'active', first_name = '',
			last_name = '', registered_with = '' WHERE id = ?`, id); err != nil {
			return err
		}
		return putOrders(ctx, tx, orders)
	})
	if err != nil {
		return fmt.Errorf("deny registration %d: %w", id, classify(err))
	}
	return nil
}
