package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
)

// sentBytes is what was sent of the package p: of an upload that did not end what was written, whatever was announced.
const sentBytes = `IF(p.upload_status = 'completed', GREATEST(p.total_bytes, p.bytes_written), p.bytes_written)`

// SentSince tells how many bytes an account sent since a time, with packages that it did not forward and but for one
// package, and when the oldest of them was made. Packages to recipients of exempt domains alone do not count.
func (s *Store) SentSince(ctx context.Context, senderID, except int64, since time.Time,
	exempt []string) (bytes int64, oldest sql.NullTime, err error) {
	counts := `TRUE`
	args := []any{senderID, except, since}
	if len(exempt) > 0 {
		counts = `(EXISTS (SELECT 1 FROM package_groups k WHERE k.package_id = p.id) OR EXISTS (SELECT 1 FROM deliveries d
			JOIN accounts a ON a.id = d.account_id WHERE d.package_id = p.id AND d.direct
			AND SUBSTRING_INDEX(a.email, '@', -1) NOT IN (?` + strings.Repeat(`, ?`, len(exempt)-1) + `)))`
		for _, d := range exempt {
			args = append(args, strings.TrimSpace(d))
		}
	}
	err = s.db.QueryRowContext(ctx, `SELECT COALESCE(SUM(`+sentBytes+`), 0), MIN(p.created_at)
		FROM packages p WHERE p.sender_id = ? AND p.id <> ? AND p.created_at > ? AND p.forwarded_from IS NULL
		AND `+sentBytes+` > 0 AND `+counts, args...).Scan(&bytes, &oldest)
	if err != nil {
		return 0, oldest, fmt.Errorf("count what account %d sent: %w", senderID, err)
	}
	return bytes, oldest, nil
}
