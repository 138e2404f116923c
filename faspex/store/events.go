package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Kinds of things that events are about.
const (
	EventPackage  = "package"
	EventTransfer = "transfer"
)

// Event says that something changed for an account. It holds no more than the id of the thing: whoever is told reads it
// by the API, which decides what they see.
type Event struct {
	ID        int64
	AccountID int64
	Kind      string
	ThingID   int64
}

// noteSender notes for its sender that a package changed, in the transaction that changes it.
func noteSender(ctx context.Context, tx *sql.Tx, packageID int64) error {
	_, err := tx.ExecContext(ctx,
		`INSERT INTO events (account_id, kind, thing_id) SELECT sender_id, ?, id FROM packages WHERE id = ?`, EventPackage,
		packageID)
	return err
}

// noteRecipients notes for those recipients who have a package in a list that it changed.
func noteRecipients(ctx context.Context, tx *sql.Tx, packageID int64) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO events (account_id, kind, thing_id)
		SELECT account_id, ?, package_id FROM deliveries WHERE package_id = ? AND shown > 0
		UNION SELECT m.account_id, ?, k.package_id FROM package_groups k JOIN group_members m ON m.group_id = k.group_id
			WHERE k.package_id = ? AND k.shown > 0 AND m.access <> 'submit_only'`,
		EventPackage, packageID, EventPackage, packageID)
	return err
}

// noteLists puts a package on the lists of its recipients, or takes it off, as its state says now, and notes the change
// for everyone whom it was or is shown to.
func noteLists(ctx context.Context, tx *sql.Tx, packageID int64) error {
	if err := noteRecipients(ctx, tx, packageID); err != nil {
		return err
	}
	for _, query := range []string{
		`UPDATE deliveries d JOIN packages p ON p.id = d.package_id SET d.shown = CASE
			WHEN d.deleted_at IS NOT NULL OR NOT d.direct THEN 0 ` + shownByState + ` WHERE d.package_id = ?`,
		`UPDATE package_groups d JOIN packages p ON p.id = d.package_id SET d.shown = CASE ` + shownByState +
			` WHERE d.package_id = ?`,
	} {
		if _, err := tx.ExecContext(ctx, query, packageID); err != nil {
			return err
		}
	}
	if err := noteRecipients(ctx, tx, packageID); err != nil {
		return err
	}
	return noteSender(ctx, tx, packageID)
}

// shownByState ends a CASE that gives in which lists a package is: 2 in all, 1 in those with history, 0 in none, and 3 in
// those that show packages whose upload runs, for it is released as soon as it is there.
const shownByState = `WHEN p.state = 'released' AND NOT d.archived THEN 2
	WHEN p.state = 'held' AND p.upload_status = 'transferring' AND p.release_policy = 'now' AND NOT d.archived THEN 3
	WHEN p.state IN ('released', 'transient_released_to_expired', 'expired', 'transient_expired_to_deleted',
		'transient_released_to_deleted', 'deleted') AND p.released_at IS NOT NULL THEN 1 ELSE 0 END`

// changePackage runs one statement about a package and, when it found its row, what notes
// the change, in one transaction.
func (s *Store) changePackage(ctx context.Context, id int64, note func(context.Context, *sql.Tx, int64) error,
	query string, args ...any) (found bool, err error) {
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		found = false
		res, err := tx.ExecContext(ctx, query, args...)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err != nil || n == 0 {
			return err
		}
		found = true
		return note(ctx, tx, id)
	})
	return found, err
}

// EventsAfter lists events with ids above after, oldest first: at most limit.
func (s *Store) EventsAfter(ctx context.Context, after int64, limit int) ([]Event, error) {
	list, err := collect(ctx, s.db, func(r rower) (Event, error) {
		var e Event
		err := r.Scan(&e.ID, &e.AccountID, &e.Kind, &e.ThingID)
		return e, err
	}, `SELECT id, account_id, kind, thing_id FROM events WHERE id > ? ORDER BY id LIMIT ?`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	return list, nil
}

// LastEvent gives the id of the newest event, and of the oldest that is kept; 0 when there is none.
func (s *Store) LastEvent(ctx context.Context) (newest, oldest int64, err error) {
	if err := s.db.QueryRowContext(ctx, `SELECT COALESCE(MAX(id), 0), COALESCE(MIN(id), 0) FROM events`).Scan(&newest,
		&oldest); err != nil {
		return 0, 0, fmt.Errorf("read newest event: %w", err)
	}
	return newest, oldest, nil
}

// PurgeEvents forgets events of before a time. The newest stays, so that the ids that were told go on.
func (s *Store) PurgeEvents(ctx context.Context, before time.Time) error {
	newest, _, err := s.LastEvent(ctx)
	if err != nil {
		return err
	}
	if _, err := s.db.ExecContext(ctx, `DELETE FROM events WHERE created_at < ? AND id < ?`, before, newest); err != nil {
		return fmt.Errorf("purge events: %w", err)
	}
	return nil
}
