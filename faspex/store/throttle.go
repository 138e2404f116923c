package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// LoginBudget says how many tries a subject of the throttle has, and how long it waits when they are used up.
type LoginBudget struct {
	// Forget is after how long without a try the earlier ones count no more.
	Forget time.Duration
	// Wait gives how long to wait after so many tries without a success.
	Wait func(tries int) time.Duration
}

// LoginKey is what a login text is compared by: two texts that the database takes for one login have one key. The text
// is cut at the length of the longest login.
func (s *Store) LoginKey(ctx context.Context, login string) ([]byte, error) {
	var key []byte
	err := s.db.QueryRowContext(ctx,
		`SELECT WEIGHT_STRING(CONVERT(LEFT(?, 255) USING utf8mb4) COLLATE utf8mb4_general_ci)`, login).Scan(&key)
	if err != nil {
		return nil, fmt.Errorf("read key of login: %w", err)
	}
	return key, nil
}

// ReserveLogin counts a try of a subject before its outcome is known, in one step for all replicas: of tries that come
// together no more pass than the budget has. When the subject has to wait, nothing is counted, and the wait is given.
func (s *Store) ReserveLogin(ctx context.Context, subject [32]byte, now time.Time,
	budget LoginBudget) (wait time.Duration, err error) {
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		// The row is made first, so that there is one to lock.
		if _, err := tx.ExecContext(ctx, `INSERT INTO login_throttles (subject_hash, failures, last_failure) VALUES (?, 0, ?)
			ON DUPLICATE KEY UPDATE failures = failures`, subject[:], now); err != nil {
			return err
		}
		var tries int
		var last time.Time
		var blocked sql.NullTime
		if err := tx.QueryRowContext(ctx,
			`SELECT failures, last_failure, blocked_until FROM login_throttles WHERE subject_hash = ? FOR UPDATE`, subject[:]).
			Scan(&tries, &last, &blocked); err != nil {
			return err
		}
		if wait = blocked.Time.Sub(now); blocked.Valid && wait > 0 {
			return nil
		}
		wait = 0
		if last.Before(now.Add(-budget.Forget)) {
			tries = 0
		}
		tries++
		var until sql.NullTime
		if d := budget.Wait(tries); d > 0 {
			until = sql.NullTime{Time: now.Add(d), Valid: true}
		}
		_, err := tx.ExecContext(ctx,
			`UPDATE login_throttles SET failures = ?, last_failure = ?, blocked_until = ? WHERE subject_hash = ?`,
			tries, now, until, subject[:])
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("reserve try of login: %w", err)
	}
	return wait, nil
}

// ReturnLogin takes back a try that was reserved and never made.
func (s *Store) ReturnLogin(ctx context.Context, subject [32]byte) error {
	_, err := s.db.ExecContext(ctx,
		`UPDATE login_throttles SET failures = GREATEST(failures - 1, 0), blocked_until = NULL WHERE subject_hash = ?`,
		subject[:])
	if err != nil {
		return fmt.Errorf("return try of login: %w", err)
	}
	return nil
}

// ClearThrottle forgets the tries of a subject.
func (s *Store) ClearThrottle(ctx context.Context, subject [32]byte) error {
	if _, err := s.db.ExecContext(ctx, `DELETE FROM login_throttles WHERE subject_hash = ?`, subject[:]); err != nil {
		return fmt.Errorf("clear login throttle: %w", err)
	}
	return nil
}
