package store

import (
	"context"
	"database/sql"
	"fmt"
)

// DeleteAccount removes an account for by, who takes over the packages that it sent, and revokes its transfers on the
// nodes. Packages that it received keep a row of it, with names and e-mail address and nothing else, as a deleted
// recipient. Its login name and address are free again. ErrLastAdmin; ErrNotFound.
func (s *Store) DeleteAccount(ctx context.Context, id, by int64) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		now, err := scanAccount(tx.QueryRowContext(ctx, `SELECT `+accountColumns+
			` FROM accounts a WHERE a.id = ? AND a.deleted_at IS NULL FOR UPDATE`, id))
		if err != nil {
			return err
		}
		if activeAdmin(now) {
			if err := keepAdmin(ctx, tx, id); err != nil {
				return err
			}
		}
		if err := handOver(ctx, tx, id, by); err != nil {
			return err
		}
		var named bool
		if err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM deliveries WHERE account_id = ?)`, id).
			Scan(&named); err != nil {
			return err
		}
		if named {
			err = empty(ctx, tx, id)
		} else {
			_, err = tx.ExecContext(ctx, `DELETE FROM accounts WHERE id = ?`, id)
		}
		if err != nil {
			return err
		}
		return revokeAccount(ctx, tx, id, "")
	})
	if err != nil {
		return fmt.Errorf("delete account %d: %w", id, classify(err))
	}
	return nil
}

// handOver makes another account the sender of what an account sent.
func handOver(ctx context.Context, tx *sql.Tx, id, by int64) error {
	sent, err := collect(ctx, tx, func(r rower) (p int64, err error) { return p, r.Scan(&p) },
		`SELECT id FROM packages WHERE sender_id = ?`, id)
	if err != nil || len(sent) == 0 {
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE packages SET sender_id = ? WHERE sender_id = ?`, by, id); err != nil {
		return err
	}
	for _, p := range sent {
		if err := noteLists(ctx, tx, p); err != nil {
			return err
		}
	}
	return nil
}

// empty takes everything from an account but what its packages show of it.
func empty(ctx context.Context, tx *sql.Tx, id int64) error {
	if _, err := tx.ExecContext(ctx, `UPDATE accounts SET deleted_at = UTC_TIMESTAMP(3), status = 'inactive', name = CONCAT('deleted-', id),
		password_hash = NULL, public_key = NULL, description = NULL, preferences = '{}', options = '{}', last_login_address = '',
		token_epoch = token_epoch + 1 WHERE id = ?`, id); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM contacts WHERE owner_id = ?`, id); err != nil {
		return err
	}
	for _, table := range []string{"account_logins", "one_time_codes", "password_history", "sessions", "refresh_tokens",
		"authorization_codes", "oauth_client_users", "pending_logins", "contacts"} {
		if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE account_id = ?`, id); err != nil {
			return err
		}
	}
	return nil
}
