package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"faspex.io/operator/dataplane/token"
)

// useCountLife is how long a count outlives the last try to use a token of its name. A year is
// longer than packages are kept.
const useCountLife = 366 * 24 * time.Hour

// Use implements token.Ledger.
func (l Ledger) Use(ctx context.Context, g token.Grant) (bool, error) {
	if g.Uses == nil {
		return true, nil
	}
	allowed := false
	err := l.Store.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var err error
		allowed, err = countUse(ctx, tx, g)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("count use of token: %w", err)
	}
	return allowed, nil
}

// countUse counts a token unless it was counted before, or as many others as are allowed were.
func countUse(ctx context.Context, tx *sql.Tx, g token.Grant) (bool, error) {
	now, err := databaseTime(ctx, tx)
	if err != nil {
		return false, err
	}
	// The row stays locked: tokens of one name are counted one after the other.
	_, err = tx.ExecContext(ctx,
		"INSERT INTO use_counts (name, last_usec) VALUES (?, ?) ON DUPLICATE KEY UPDATE last_usec = VALUES(last_usec)",
		g.Uses.Name, now)
	if err != nil {
		return false, err
	}
	var counted int
	err = tx.QueryRowContext(ctx, "SELECT 1 FROM token_uses WHERE name = ? AND token_id = ?", g.Uses.Name,
		g.TransferID).Scan(&counted)
	if !errors.Is(err, sql.ErrNoRows) {
		return err == nil, err
	}
	res, err := tx.ExecContext(ctx, "UPDATE use_counts SET used = used + 1 WHERE name = ? AND used < ?", g.Uses.Name,
		g.Uses.Limit)
	if err != nil {
		return false, err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return false, err
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO token_uses (name, token_id, expires_usec) VALUES (?, ?, ?)",
		g.Uses.Name, g.TransferID, g.ExpiresAt.Add(revocationMargin).UnixMicro())
	return err == nil, err
}
