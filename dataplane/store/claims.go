package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"faspex.io/operator/dataplane/record"
)

const (
	// claimLife is how long after a session was last heard of its claims keep others out.
	claimLife = 20 * time.Second
	// ownClaimLife is the same for a later session of its transfer, which told it to end: a session that moves data is
	// heard of every second, and one that doesn't writes nothing.
	ownClaimLife = 4 * time.Second
)

// Claims implements record.Claims for the nodes of a database.
type Claims struct{ Store *Store }

// otherClaim is what another session holds of a file.
type otherClaim struct{ session, transfer string }

// Claim implements record.Claims.
func (c Claims) Claim(ctx context.Context, claim record.Claim) error {
	var passing bool
	err := c.Store.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		passing = false
		_, division, _ := strings.Cut(claim.Part, "-")
		hash := hashPath(claim.Path)
		// Whoever claims at once looks one after the other.
		if _, err := tx.ExecContext(ctx, "SELECT slot FROM file_claim_locks WHERE slot = ? FOR UPDATE", hash[0]); err != nil {
			return fmt.Errorf("claim file: %w", err)
		}
		others, err := otherClaims(ctx, tx, hash, claim, division)
		if err != nil {
			return fmt.Errorf("claim file: %w", err)
		}
		for _, other := range others {
			waits, err := yield(ctx, tx, claim, other)
			if err != nil {
				return err
			}
			passing = passing || waits
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO file_claims (path_hash, session_id, part, division, transfer_id, claimed_at)
			VALUES (?, ?, ?, ?, ?, UTC_TIMESTAMP(6)) ON DUPLICATE KEY UPDATE claimed_at = VALUES(claimed_at)`,
			hash, claim.SessionID, claim.Part, division, claim.TransferID)
		if err != nil {
			return fmt.Errorf("claim file: %w", err)
		}
		return nil
	})
	if err == nil && passing {
		return record.ErrClaimPassing
	}
	return err
}

// otherClaims are those of other sessions that do not go together with a claim.
func otherClaims(ctx context.Context, tx *sql.Tx, hash []byte, claim record.Claim, division string) ([]otherClaim, error) {
	rows, err := tx.QueryContext(ctx, `SELECT session_id, transfer_id FROM file_claims WHERE path_hash = ? AND session_id <> ?
		AND (part = ? OR division <> ?)`, hash, claim.SessionID, claim.Part, division)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var others []otherClaim
	for rows.Next() {
		var o otherClaim
		if err := rows.Scan(&o.session, &o.transfer); err != nil {
			return nil, err
		}
		others = append(others, o)
	}
	return others, rows.Err()
}

// yield says whether a claim has to wait for another session of its transfer, which is told to end, or refuses it.
func yield(ctx context.Context, tx *sql.Tx, claim record.Claim, other otherClaim) (waits bool, err error) {
	own := other.transfer == claim.TransferID
	life := claimLife
	if own {
		life = ownClaimLife
	}
	var alive, later bool
	var heard time.Time
	// A session that is not recorded yet is as alive as its claim.
	err = tx.QueryRowContext(ctx, `SELECT COALESCE(s.status = 'running', TRUE) AND COALESCE(s.heartbeat, c.claimed_at) > UTC_TIMESTAMP(6) - INTERVAL ? SECOND,
		COALESCE((s.started_usec, s.id) > (SELECT started_usec, id FROM sessions WHERE id = ?), FALSE), COALESCE(s.heartbeat, c.claimed_at)
		FROM file_claims c LEFT JOIN sessions s ON s.id = c.session_id WHERE c.path_hash = ? AND c.session_id = ? LIMIT 1`,
		int64(life/time.Second), claim.SessionID, hashPath(claim.Path), other.session).Scan(&alive, &later, &heard)
	switch {
	case err != nil:
		return false, fmt.Errorf("look at claim of file: %w", err)
	case !own && alive:
		return false, &record.Claimed{Heard: heard}
	case !own:
		return false, nil
	case alive && later:
		return false, record.ErrReplaced
	}
	// Wherever it is, it ends, also if it is not heard of.
	if _, err := tx.ExecContext(ctx, "UPDATE sessions SET replaced = TRUE WHERE id = ? AND status = 'running' AND NOT replaced",
		other.session); err != nil {
		return false, fmt.Errorf("end former session: %w", err)
	}
	return alive, nil
}

// Release implements record.Claims.
func (c Claims) Release(ctx context.Context, claim record.Claim) error {
	_, err := c.Store.remove(ctx, "DELETE FROM file_claims WHERE path_hash = ? AND session_id = ? AND part = ?",
		hashPath(claim.Path), claim.SessionID, claim.Part)
	if err != nil {
		return fmt.Errorf("release claim of file: %w", err)
	}
	return nil
}

// releaseClaims gives up all claims of a session that has ended.
func releaseClaims(ctx context.Context, tx *sql.Tx, sessionID string) error {
	if _, err := tx.ExecContext(ctx, "DELETE FROM file_claims WHERE session_id = ?", sessionID); err != nil {
		return fmt.Errorf("release claims of session: %w", err)
	}
	return nil
}
