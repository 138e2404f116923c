package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// purgeAtOnce is how many records one transaction removes.
const purgeAtOnce = 200

// PurgePackages removes the records of packages that were deleted before a time, with all that belongs to them, and gives
// how many those were.
func (s *Store) PurgePackages(ctx context.Context, before time.Time) (int, error) {
	for total := 0; ; {
		n := 0
		err := s.inTx(ctx, func(tx *sql.Tx) error {
			ids, err := collect(ctx, tx, func(r rower) (id int64, err error) { return id, r.Scan(&id) },
				`SELECT id FROM packages WHERE state = 'deleted' AND ended_at < ? ORDER BY id LIMIT ? FOR UPDATE SKIP LOCKED`,
				before, purgeAtOnce)
			if n = len(ids); err != nil || n == 0 {
				return err
			}
			w := where{}
			whereIn(&w, `id`, ids)
			if _, err := tx.ExecContext(ctx, `DELETE FROM packages`+w.sql(), w.args...); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `DELETE FROM contents WHERE gone_at IS NOT NULL
				AND NOT EXISTS (SELECT 1 FROM packages p WHERE p.content_id = contents.id)`); err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, `UPDATE installation SET purged = purged + ?`, n)
			return err
		})
		if err != nil {
			return total, fmt.Errorf("purge packages: %w", err)
		}
		if total += n; n < purgeAtOnce {
			return total, nil
		}
	}
}

// OldContent counts the packages that were released before a time and have content, and its bytes: what is shared is
// counted once.
func (s *Store) OldContent(ctx context.Context, before time.Time) (count int, bytes int64, err error) {
	err = s.db.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(SUM(IF(p.forwarded_from IS NULL, p.total_bytes, 0)), 0)
		FROM packages p WHERE p.state = 'released' AND p.released_at < ?`, before).Scan(&count, &bytes)
	if err != nil {
		return 0, 0, fmt.Errorf("count old packages: %w", err)
	}
	return count, bytes, nil
}

// FreeContent begins the deletion of every package that was released before a time, and gives how many those are.
func (s *Store) FreeContent(ctx context.Context, before time.Time) (int, error) {
	for total := 0; ; {
		n := 0
		err := s.inTx(ctx, func(tx *sql.Tx) error {
			ids, err := collect(ctx, tx, func(r rower) (id int64, err error) { return id, r.Scan(&id) },
				`SELECT id FROM packages WHERE state = 'released' AND released_at < ? ORDER BY id LIMIT ? FOR UPDATE`, before, purgeAtOnce)
			n = len(ids)
			if err != nil {
				return err
			}
			for _, id := range ids {
				if _, err := tx.ExecContext(ctx, `UPDATE packages SET state = 'transient_released_to_deleted' WHERE id = ?`,
					id); err != nil {
					return err
				}
				if err := noteLists(ctx, tx, id); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return total, fmt.Errorf("free space: %w", err)
		}
		if total += n; n < purgeAtOnce {
			return total, nil
		}
	}
}
