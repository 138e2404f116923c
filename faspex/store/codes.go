package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// PutCode stores the hash of a code that sets the password of an account.
func (s *Store) PutCode(ctx context.Context, hash [32]byte, account int64, expires time.Time) error {
	if _, err := s.db.ExecContext(ctx, `INSERT INTO one_time_codes (code_hash, account_id, expires_at) VALUES (?, ?, ?)`,
		hash[:], account, expires); err != nil {
		return fmt.Errorf("store code for account %d: %w", account, classify(err))
	}
	return nil
}

// AccountOfCode reads the account whose password a code sets. ErrNotFound for one that is unknown, used or over.
func (s *Store) AccountOfCode(ctx context.Context, hash [32]byte, now time.Time) (Account, error) {
	a, err := scanAccount(s.db.QueryRowContext(ctx, `SELECT `+accountColumns+` FROM one_time_codes c JOIN accounts a ON a.id = c.account_id
		WHERE c.code_hash = ? AND c.expires_at > ?`, hash[:], now))
	if err != nil {
		return a, fmt.Errorf("read account of code: %w", classify(err))
	}
	return a, nil
}

// UseCode sets the password of an account by a code, once: a password that is set ends every code of the account.
// ErrNotFound for a code that is unknown, used or over.
func (s *Store) UseCode(ctx context.Context, code [32]byte, now time.Time, passwordHash string) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		var account int64
		if err := tx.QueryRowContext(ctx, `SELECT account_id FROM one_time_codes WHERE code_hash = ? AND expires_at > ? FOR UPDATE`,
			code[:], now).Scan(&account); err != nil {
			return err
		}
		return resetPassword(ctx, tx, account, passwordHash)
	})
	if err != nil {
		return fmt.Errorf("set password by a code: %w", classify(err))
	}
	return nil
}

// PurgeCodes forgets codes that are over.
func (s *Store) PurgeCodes(ctx context.Context, now time.Time) error {
	if _, err := s.db.ExecContext(ctx, `DELETE FROM one_time_codes WHERE expires_at <= ?`, now); err != nil {
		return fmt.Errorf("purge codes: %w", err)
	}
	return nil
}
