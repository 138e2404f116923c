package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// InactiveUsers lists users, never admins, who neither logged in since a time nor were made or activated since: those
// with a SAML login, or the others. activeOnly leaves out those who are inactive already.
func (s *Store) InactiveUsers(ctx context.Context, since time.Time, saml, activeOnly bool) ([]int64, error) {
	w := where{}
	w.and(`role <> 'admin' AND type <> 'external_user' AND status <> 'pending_approval' AND deleted_at IS NULL AND (type = 'saml_user') = ?`, saml)
	w.and(`GREATEST(COALESCE(last_login_at, created_at), COALESCE(activated_at, created_at), created_at) < ?`, since)
	if activeOnly {
		w.and(`status = ?`, AccountActive)
	}
	ids, err := collect(ctx, s.db, func(r rower) (id int64, err error) { return id, r.Scan(&id) },
		`SELECT id FROM accounts`+w.sql()+` ORDER BY id LIMIT 1000`, w.args...)
	if err != nil {
		return nil, fmt.Errorf("list inactive users: %w", err)
	}
	return ids, nil
}

// Destroyed lists users, never admins, whose date of removal has come.
func (s *Store) Destroyed(ctx context.Context, now time.Time) ([]int64, error) {
	ids, err := collect(ctx, s.db, func(r rower) (id int64, err error) { return id, r.Scan(&id) },
		`SELECT id FROM accounts WHERE destroys_at <= ? AND role <> 'admin' AND deleted_at IS NULL ORDER BY id LIMIT 1000`, now)
	if err != nil {
		return nil, fmt.Errorf("list users who are to be removed: %w", err)
	}
	return ids, nil
}

// Deactivate makes an active user inactive, and ends the transfers of the account.
func (s *Store) Deactivate(ctx context.Context, id int64) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE accounts SET status = 'inactive' WHERE id = ? AND role <> 'admin' AND status = 'active'`,
			id); err != nil {
			return err
		}
		return revokeAccount(ctx, tx, id, "")
	})
	if err != nil {
		return fmt.Errorf("deactivate account %d: %w", id, err)
	}
	return nil
}

// FirstAdmin is the oldest active admin: who takes over what users leave whom nobody deletes.
func (s *Store) FirstAdmin(ctx context.Context) (int64, error) {
	var id int64
	if err := s.db.QueryRowContext(ctx, `SELECT id FROM accounts WHERE role = 'admin' AND status = 'active' AND type <> ? ORDER BY id LIMIT 1`, TypeService).
		Scan(&id); err != nil {
		return 0, fmt.Errorf("find an active admin: %w", classify(err))
	}
	return id, nil
}
