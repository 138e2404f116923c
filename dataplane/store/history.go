package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"faspex.io/operator/dataplane/record"
)

// History is how long what ended is kept; 0 is the default.
type History struct {
	// Transfers is for transfers and their sessions, and for events.
	Transfers time.Duration
	// Files is for the results of single files, which hold their names. They are kept no longer than their transfer.
	Files time.Duration
}

const (
	defaultTransferHistory = 90 * 24 * time.Hour
	defaultFileHistory     = 30 * 24 * time.Hour
	// maxPurgedTransfers and maxPurgedRows bound what one sweep removes, so that no statement holds its locks for long.
	maxPurgedTransfers = 100
	maxPurgedRows      = 5000
)

func (h History) withDefaults() History {
	if h.Transfers <= 0 {
		h.Transfers = defaultTransferHistory
	}
	if h.Files <= 0 {
		h.Files = defaultFileHistory
	}
	return h
}

// ended selects the transfers that ended before a time. What runs has no end, however long ago it began.
const ended = "t.status <> '" + string(record.StatusRunning) + "' AND t.ended_usec > 0 AND t.ended_usec < ?"

// purge removes a part of what is kept no longer, and reports whether there may be more. The counter of revisions
// stays, so that a reader's iteration token goes on where it was.
func (s *Store) purge(ctx context.Context, h History, now time.Time) (more bool, err error) {
	transfersBefore := now.Add(-h.Transfers).UnixMicro()
	filesBefore := max(now.Add(-h.Files).UnixMicro(), transfersBefore)
	for _, part := range []func() (bool, error){
		func() (bool, error) { return s.purgeFiles(ctx, filesBefore) },
		func() (bool, error) { return s.purgeTransfers(ctx, transfersBefore) },
		func() (bool, error) { return s.purgeLedger(ctx) },
		func() (bool, error) { return s.purgeEvents(ctx, transfersBefore, now) },
	} {
		left, err := part()
		if err != nil {
			return false, fmt.Errorf("purge history: %w", err)
		}
		more = more || left
	}
	return more, nil
}

// purgeFiles removes results of files, those of one transfer after another.
func (s *Store) purgeFiles(ctx context.Context, before int64) (more bool, err error) {
	ids, err := s.transferIDs(ctx, "SELECT t.id FROM transfers t WHERE NOT t.files_gone AND "+ended+
		" ORDER BY t.ended_usec LIMIT ?", before, maxPurgedTransfers)
	if err != nil {
		return false, err
	}
	left := int64(maxPurgedRows)
	for _, id := range ids {
		// A retry may have begun meanwhile: its files are not removed.
		n, err := s.remove(ctx,
			"DELETE FROM transfer_files WHERE transfer_id = ? AND EXISTS (SELECT 1 FROM transfers t WHERE t.id = ? AND "+
				ended+") LIMIT ?", id, id, before, left)
		if err != nil {
			return false, err
		}
		if left -= n; left <= 0 {
			return true, nil
		}
		if _, err := s.remove(ctx, "UPDATE transfers t SET t.files_gone = TRUE WHERE t.id = ? AND "+ended, id, before); err != nil {
			return false, err
		}
	}
	return len(ids) == maxPurgedTransfers, nil
}

// purgeTransfers removes transfers and their sessions. Those with results of files wait for purgeFiles.
func (s *Store) purgeTransfers(ctx context.Context, before int64) (more bool, err error) {
	ids, err := s.transferIDs(ctx, "SELECT t.id FROM transfers t WHERE t.files_gone AND "+ended+
		" ORDER BY t.ended_usec LIMIT ?", before, maxPurgedTransfers)
	if err != nil {
		return false, err
	}
	for _, id := range ids {
		// A retry may have begun meanwhile, and have files.
		if _, err := s.remove(ctx, "DELETE t FROM transfers t WHERE t.id = ? AND t.files_gone AND "+ended, id, before); err != nil {
			return false, err
		}
	}
	return len(ids) == maxPurgedTransfers, nil
}

// purgeEvents removes old events and recorded rates.
func (s *Store) purgeEvents(ctx context.Context, before int64, now time.Time) (more bool, err error) {
	events, err := s.remove(ctx, "DELETE FROM events WHERE at_usec < ? LIMIT ?", before, maxPurgedRows)
	if err != nil {
		return false, err
	}
	rates, err := s.remove(ctx, "DELETE FROM session_rates WHERE at_sec < ? LIMIT ?", now.Add(-keepRates).Unix(), maxPurgedRows)
	return events == maxPurgedRows || rates == maxPurgedRows, err
}

// purgeLedger removes revocations of tokens that have all expired, tokens that were counted and have expired, and
// counts that nobody has asked for in a long time.
func (s *Store) purgeLedger(ctx context.Context) (more bool, err error) {
	now, err := s.Clock(ctx)
	if err != nil {
		return false, err
	}
	for query, before := range map[string]time.Time{
		"DELETE FROM revocations WHERE expires_usec < ? LIMIT ?": now,
		"DELETE FROM token_uses WHERE expires_usec < ? LIMIT ?":  now,
		"DELETE FROM use_counts WHERE last_usec < ? LIMIT ?":     now.Add(-useCountLife),
	} {
		n, err := s.remove(ctx, query, before.UnixMicro(), maxPurgedRows)
		if err != nil {
			return false, err
		}
		more = more || n == maxPurgedRows
	}
	for _, query := range []string{
		"DELETE FROM login_bans WHERE until_at < UTC_TIMESTAMP(6) LIMIT ?",
		"DELETE FROM file_claims WHERE claimed_at < UTC_TIMESTAMP(6) - INTERVAL 1 DAY AND NOT EXISTS " +
			"(SELECT 1 FROM sessions s WHERE s.id = file_claims.session_id AND s.status = 'running') LIMIT ?",
		"DELETE FROM login_keys WHERE expires_at < UTC_TIMESTAMP(6) LIMIT ?",
	} {
		n, err := s.remove(ctx, query, maxPurgedRows)
		if err != nil {
			return false, err
		}
		more = more || n == maxPurgedRows
	}
	n, err := s.remove(ctx, "DELETE FROM jobs WHERE ended_at < UTC_TIMESTAMP(6) - INTERVAL ? SECOND LIMIT ?",
		int64(keepJobs/time.Second), maxPurgedRows)
	return more || n == maxPurgedRows, err
}

func (s *Store) transferIDs(ctx context.Context, query string, args ...any) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// remove runs one statement that deletes, and says how many rows it found.
func (s *Store) remove(ctx context.Context, query string, args ...any) (rows int64, err error) {
	err = s.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, query, args...)
		if err != nil {
			return err
		}
		rows, err = res.RowsAffected()
		return err
	})
	return rows, err
}
