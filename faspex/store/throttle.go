package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Throttle is how often logins failed lately for one subject: an account name or an address, as a hash.
type Throttle struct {
	Failures     int
	LastFailure  time.Time
	BlockedUntil time.Time // zero when not blocked
}

// LoginThrottle reads a throttle; the zero value when nothing failed.
func (s *Store) LoginThrottle(ctx context.Context, subject [32]byte) (Throttle, error) {
	var t Throttle
	var blocked sql.NullTime
	err := s.db.QueryRowContext(ctx, `SELECT failures, last_failure, blocked_until FROM login_throttles WHERE subject_hash = ?`, subject[:]).
		Scan(&t.Failures, &t.LastFailure, &blocked)
	if errors.Is(err, sql.ErrNoRows) {
		return Throttle{}, nil
	}
	if err != nil {
		return t, fmt.Errorf("read login throttle: %w", err)
	}
	t.BlockedUntil = blocked.Time
	return t, nil
}

// FailLogin counts one more failure and blocks the subject as block says for that count. Failures older than forget count no more.
func (s *Store) FailLogin(ctx context.Context, subject [32]byte, now time.Time, forget time.Duration, block func(failures int) time.Duration) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO login_throttles (subject_hash, failures, last_failure) VALUES (?, 1, ?)
			ON DUPLICATE KEY UPDATE failures = IF(last_failure < ?, 1, failures + 1), last_failure = VALUES(last_failure)`,
			subject[:], now, now.Add(-forget)); err != nil {
			return err
		}
		var failures int
		if err := tx.QueryRowContext(ctx, `SELECT failures FROM login_throttles WHERE subject_hash = ?`, subject[:]).Scan(&failures); err != nil {
			return err
		}
		d := block(failures)
		if d <= 0 {
			return nil
		}
		_, err := tx.ExecContext(ctx, `UPDATE login_throttles SET blocked_until = ? WHERE subject_hash = ?`, now.Add(d), subject[:])
		return err
	})
	if err != nil {
		return fmt.Errorf("count failed login: %w", err)
	}
	return nil
}

// ClearThrottle forgets the failures of a subject.
func (s *Store) ClearThrottle(ctx context.Context, subject [32]byte) error {
	if _, err := s.db.ExecContext(ctx, `DELETE FROM login_throttles WHERE subject_hash = ?`, subject[:]); err != nil {
		return fmt.Errorf("clear login throttle: %w", err)
	}
	return nil
}
