package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"faspex.io/operator/dataplane/record"
	"faspex.io/operator/dataplane/token"
)

// ErrNamesNothing is the error for tags without a single value: they would withdraw every token.
var ErrNamesNothing = errors.New("tags of a revocation must hold a value")

// revocationMargin is how much longer than any token a revocation is kept.
const revocationMargin = time.Hour

// Clock is the time of the database: one clock for the tokens and the revocations of all nodes.
func (s *Store) Clock(ctx context.Context) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	now, err := databaseTime(ctx, s.db)
	if err != nil {
		return time.Time{}, err
	}
	return time.UnixMicro(now), nil
}

type rowQueryer interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func databaseTime(ctx context.Context, db rowQueryer) (usec int64, err error) {
	var now time.Time
	if err := db.QueryRowContext(ctx, "SELECT UTC_TIMESTAMP(6)").Scan(&now); err != nil {
		return 0, fmt.Errorf("read time of database: %w", err)
	}
	return now.UnixMicro(), nil
}

// Revoke withdraws the transfer tokens that were issued until now, whose tags hold all of tags and whose direction is
// the given one; the empty direction is both. Their running transfers are cancelled, on all nodes.
func (s *Store) Revoke(ctx context.Context, tags json.RawMessage, direction token.Direction) error {
	wanted := parseTags(tags)
	_, probe := tagProbes(wanted)
	if wanted == nil || probe == nil {
		return ErrNamesNothing
	}
	return s.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		// The counter's lock comes first: a transfer is recorded before this, and cancelled here, or
		// after this, and cancelled there.
		if _, err := nextRevision(ctx, tx); err != nil {
			return err
		}
		now, err := databaseTime(ctx, tx)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx,
			"INSERT INTO revocations (probe, tags, direction, before_usec, expires_usec) VALUES (?, ?, ?, ?, ?)",
			probe, string(tags), direction, now, now+(token.MaxLife+revocationMargin).Microseconds())
		if err != nil {
			return fmt.Errorf("revoke tokens: %w", err)
		}
		running, err := runningWithTags(ctx, tx, wanted, direction)
		if err != nil {
			return err
		}
		for _, id := range running {
			if err := cancelTransfer(ctx, tx, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// runningWithTags are the running transfers of transfer tokens whose tags hold all of wanted.
func runningWithTags(ctx context.Context, tx *sql.Tx, wanted map[string]any, direction token.Direction) ([]string,
	error) {
	rows, err := tx.QueryContext(ctx,
		"SELECT id, tags FROM transfers WHERE status = ? AND token_kind = ? AND (? = '' OR direction = ?)",
		record.StatusRunning, token.KindTransfer, direction, direction)
	if err != nil {
		return nil, fmt.Errorf("list transfers of revoked tokens: %w", err)
	}
	defer rows.Close()
	var ids []string
	for rows.Next() {
		var id string
		var tags []byte
		if err := rows.Scan(&id, &tags); err != nil {
			return nil, fmt.Errorf("list transfers of revoked tokens: %w", err)
		}
		if containsTags(parseTags(tags), wanted) {
			ids = append(ids, id)
		}
	}
	return ids, rows.Err()
}

// withdrawn reports whether a token that was issued then, with these tags, was revoked since.
func withdrawn(ctx context.Context, db queryer, tags json.RawMessage, direction token.Direction,
	issuedUsec int64) (bool, error) {
	has := parseTags(tags)
	probes, _ := tagProbes(has)
	for len(probes) > 0 {
		n := min(len(probes), maxIDsPerCall)
		args := []any{issuedUsec, direction}
		for _, p := range probes[:n] {
			args = append(args, p)
		}
		probes = probes[n:]
		found, err := anyContained(ctx, db, has,
			"SELECT tags FROM revocations WHERE before_usec >= ? AND direction IN ('', ?) AND probe IN ("+
				repeat("?", n)+")", args)
		if found || err != nil {
			return found, err
		}
	}
	return false, nil
}

// anyContained reports whether the tags of any row are contained in has.
func anyContained(ctx context.Context, db queryer, has map[string]any, query string, args []any) (bool, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return false, fmt.Errorf("read revocations: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var text []byte
		if err := rows.Scan(&text); err != nil {
			return false, fmt.Errorf("read revocations: %w", err)
		}
		if containsTags(has, parseTags(text)) {
			return true, nil
		}
	}
	if err := rows.Err(); err != nil {
		return false, fmt.Errorf("read revocations: %w", err)
	}
	return false, nil
}

// cancelIfWithdrawn stops a session whose token was looked up before a revocation and that is recorded after it.
func cancelIfWithdrawn(ctx context.Context, tx *sql.Tx, t record.Transfer) error {
	if t.TokenKind != token.KindTransfer {
		return nil
	}
	found, err := withdrawn(ctx, tx, t.Tags, t.Direction, t.IssuedUsec)
	if err != nil || !found {
		return err
	}
	return cancelTransfer(ctx, tx, t.TransferID)
}

// cancelTransfer asks the nodes that run a transfer to stop it.
func cancelTransfer(ctx context.Context, tx *sql.Tx, id string) error {
	if _, err := tx.ExecContext(ctx, "UPDATE transfers SET cancel_requested = TRUE WHERE id = ?", id); err != nil {
		return fmt.Errorf("cancel transfer: %w", err)
	}
	return nil
}

// Ledger is what all nodes know of tokens that were issued.
type Ledger struct{ Store *Store }

var _ token.Ledger = Ledger{}

// resumeWithin is how long after a cut a client may resume with the token that began the transfer. Specs
// tell clients to retry for as long.
const resumeWithin = time.Hour

// Begun implements token.Ledger. A transfer that is complete or was canceled does not go on. Nor does one whose token
// is so old that revocations of its time may be forgotten.
func (l Ledger) Begun(ctx context.Context, g token.Grant) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	now, err := databaseTime(ctx, l.Store.db)
	if err != nil {
		return false, err
	}
	if g.IssuedUsec < now-token.MaxLife.Microseconds() {
		return false, nil
	}
	var found int
	err = l.Store.db.QueryRowContext(ctx,
		"SELECT 1 FROM transfers WHERE id = ? AND NOT cancel_requested AND (status = ? OR status = ? AND ended_usec >= ?)",
		g.TransferID, record.StatusRunning, record.StatusFailed, now-resumeWithin.Microseconds()).Scan(&found)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look up transfer: %w", err)
	}
	return true, nil
}

// Withdrawn implements token.Ledger.
func (l Ledger) Withdrawn(ctx context.Context, g token.Grant) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return withdrawn(ctx, l.Store.db, g.Tags, g.Direction, g.IssuedUsec)
}
