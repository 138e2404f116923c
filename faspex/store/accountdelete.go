package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
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
		// What it did with packages of groups tells nothing to anybody else.
		if _, err := tx.ExecContext(ctx, `DELETE FROM deliveries WHERE account_id = ? AND NOT direct`, id); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM distribution_lists WHERE owner_id = ?`, id); err != nil {
			return err
		}
		if err := keepOnLists(ctx, tx, now); err != nil {
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

// keepOnLists leaves an account that is deleted on lists of others by its address, under the name that people know, where
// they were on by login: what is sent to a list goes to the address then, as to anybody else's outside. Without an
// address it goes.
func keepOnLists(ctx context.Context, tx *sql.Tx, a Account) error {
	name := strings.TrimSpace(a.FirstName + " " + a.LastName)
	for _, q := range []struct {
		sql  string
		args []any
	}{
		{`UPDATE IGNORE distribution_list_contacts SET label = IF(label = '', ?, label), name = IF(? = '', name, ?) WHERE name IN (?, ?)`,
			[]any{name, a.Email, a.Email, a.Name, a.Email}},
		{`DELETE FROM distribution_list_contacts WHERE name = ? AND ? <> ?`, []any{a.Name, a.Name, a.Email}},
	} {
		if _, err := tx.ExecContext(ctx, q.sql, q.args...); err != nil {
			return err
		}
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
		"authorization_codes", "oauth_client_users", "pending_logins", "contacts", "group_members"} {
		if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE account_id = ?`, id); err != nil {
			return err
		}
	}
	return nil
}
