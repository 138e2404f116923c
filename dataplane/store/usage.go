package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"faspex.io/operator/dataplane/record"
)

// KeyUsage is what the sessions of an access key have moved, in bytes, those that run and those of which nothing else is
// kept any more among them.
type KeyUsage struct{ In, Out int64 }

// incoming is comesIn in the words of the database.
const incoming = "(t.direction = 'send') <> t.job"

// countUsage adds to the usage of an access key what of a session is not in it yet. The row of the session is as it
// ended.
func countUsage(ctx context.Context, tx *sql.Tx, sessionID string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO key_usage (access_key, bytes_in, bytes_out)
		SELECT t.access_key, IF(`+incoming+`, s.bytes_transferred - s.bytes_counted, 0), IF(`+incoming+`, 0, s.bytes_transferred - s.bytes_counted)
		FROM sessions s JOIN transfers t ON t.id = s.transfer_id WHERE s.id = ? AND t.access_key <> ''
		ON DUPLICATE KEY UPDATE bytes_in = key_usage.bytes_in + VALUES(bytes_in), bytes_out = key_usage.bytes_out + VALUES(bytes_out)`, sessionID)
	if err == nil {
		_, err = tx.ExecContext(ctx, "UPDATE sessions SET bytes_counted = bytes_transferred WHERE id = ?", sessionID)
	}
	if err != nil {
		return fmt.Errorf("count usage of access key: %w", err)
	}
	return nil
}

// Usage adds up what an access key has moved.
func (s *Store) Usage(ctx context.Context, accessKey string) (KeyUsage, error) {
	var ended, running KeyUsage
	err := s.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, "SELECT bytes_in, bytes_out FROM key_usage WHERE access_key = ? LOCK IN SHARE MODE",
			accessKey).Scan(&ended.In, &ended.Out)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		return tx.QueryRowContext(ctx, `SELECT COALESCE(SUM(IF(`+incoming+`, s.bytes_transferred - s.bytes_counted, 0)), 0),
			COALESCE(SUM(IF(`+incoming+`, 0, s.bytes_transferred - s.bytes_counted)), 0)
			FROM sessions s JOIN transfers t ON t.id = s.transfer_id WHERE s.status = ? AND t.access_key = ?`,
			record.StatusRunning, accessKey).Scan(&running.In, &running.Out)
	})
	if err != nil {
		return KeyUsage{}, fmt.Errorf("add up usage of access key: %w", err)
	}
	return KeyUsage{In: ended.In + running.In, Out: ended.Out + running.Out}, nil
}
