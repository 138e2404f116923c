package store

import (
	"context"
	"fmt"
	"time"
)

// LockAfterFailures locks an account when so many of its logins failed since a time, those before the last ForgetFailures
// left out, and reports whether it did. An account that is locked, or gone, stays as it is.
func (s *Store) LockAfterFailures(ctx context.Context, account int64, failures int, since, now time.Time) (bool, error) {
	res, err := s.db.ExecContext(ctx, `UPDATE accounts a SET a.locked_at = ? WHERE a.id = ? AND a.locked_at IS NULL AND a.deleted_at IS NULL
		AND ? <= (SELECT COUNT(*) FROM application_events e WHERE e.account_id = a.id AND e.event_type = ? AND e.created_at > ?
			AND (a.failures_from IS NULL OR e.created_at > a.failures_from))`, now, account, failures, LoginFailed, since)
	if err != nil {
		return false, fmt.Errorf("lock account %d: %w", account, err)
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// ForgetFailures has the failed logins of an account until now count no more.
func (s *Store) ForgetFailures(ctx context.Context, account int64, now time.Time) error {
	if _, err := s.db.ExecContext(ctx, `UPDATE accounts SET failures_from = ? WHERE id = ?`, now, account); err != nil {
		return fmt.Errorf("forget failed logins of account %d: %w", account, err)
	}
	return nil
}

// Unlock lets an account log in again, and has its failed logins until now count no more.
func (s *Store) Unlock(ctx context.Context, account int64, now time.Time) error {
	if _, err := s.db.ExecContext(ctx, `UPDATE accounts SET locked_at = NULL, failures_from = ? WHERE id = ?`, now,
		account); err != nil {
		return fmt.Errorf("unlock account %d: %w", account, err)
	}
	return nil
}
