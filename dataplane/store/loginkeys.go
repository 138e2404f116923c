package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// PermitLoginKeys lets a transfer user log in over SSH with keys, which are told by their fingerprints, until a time. A
// key that was permitted for longer stays so.
func (s *Store) PermitLoginKeys(ctx context.Context, user string, fingerprints []string, until time.Time) error {
	args := make([]any, 0, 3*len(fingerprints))
	for _, f := range fingerprints {
		args = append(args, user, f, until.UTC())
	}
	err := s.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO login_keys (transfer_user, fingerprint, expires_at) VALUES "+
			repeat("(?, ?, ?)", len(fingerprints))+
			" ON DUPLICATE KEY UPDATE expires_at = GREATEST(expires_at, VALUES(expires_at))", args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("permit login keys: %w", err)
	}
	return nil
}

// LoginKeyPermitted reports whether a key may log in for a transfer user now.
func (s *Store) LoginKeyPermitted(ctx context.Context, user, fingerprint string) (bool, error) {
	if !isASCII(user) || !isASCII(fingerprint) {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var permitted bool
	err := s.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM login_keys
		WHERE transfer_user = ? AND fingerprint = ? AND expires_at > UTC_TIMESTAMP(6))`, user, fingerprint).Scan(&permitted)
	if err != nil {
		return false, fmt.Errorf("look up login key: %w", err)
	}
	return permitted, nil
}
