package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"faspex.io/operator/faspex/packages"
)

// Revocation is what a node still has to be told: to refuse the transfer tokens issued so far whose tags hold Tags.
type Revocation struct {
	ID        int64
	NodeID    int64
	Tags      json.RawMessage
	Direction string // send, receive, or empty for both
	CreatedAt time.Time
}

// Installation is the uuid of this Faspex: it tells its transfers from those of another one that shares a node.
func (s *Store) Installation(ctx context.Context) (string, error) { return installation(ctx, s.db) }

func installation(ctx context.Context, db interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}) (string, error) {
	var id string
	if err := db.QueryRowContext(ctx, `SELECT uuid FROM installation LIMIT 1`).Scan(&id); err != nil {
		return "", fmt.Errorf("read uuid of the installation: %w", err)
	}
	return id, nil
}

// revokeAccount notes for every node that the transfers of an account end. It is part of the transaction that takes the
// right away, so that a crash between the two loses nothing.
func revokeAccount(ctx context.Context, tx *sql.Tx, accountID int64, direction string) error {
	id, err := installation(ctx, tx)
	if err != nil {
		return err
	}
	tags, err := packages.Tags{Installation: id, AccountID: strconv.FormatInt(accountID, 10)}.Subset()
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx,
		`INSERT INTO transfer_revocations (node_id, tags, direction) SELECT n.id, ?, ? FROM nodes n`, []byte(tags), direction)
	return err
}

// Revocations lists what a node still has to be told, oldest first: at most limit.
func (s *Store) Revocations(ctx context.Context, nodeID int64, limit int) ([]Revocation, error) {
	list, err := collect(ctx, s.db, func(r rower) (Revocation, error) {
		var v Revocation
		err := r.Scan(&v.ID, &v.NodeID, &v.Tags, &v.Direction, &v.CreatedAt)
		return v, err
	}, `SELECT id, node_id, tags, direction, created_at FROM transfer_revocations WHERE node_id = ? ORDER BY id LIMIT ?`,
		nodeID, limit)
	if err != nil {
		return nil, fmt.Errorf("list revocations for node %d: %w", nodeID, err)
	}
	return list, nil
}

// DeleteRevocation forgets a revocation that its node was told.
func (s *Store) DeleteRevocation(ctx context.Context, id int64) error {
	if _, err := s.db.ExecContext(ctx, `DELETE FROM transfer_revocations WHERE id = ?`, id); err != nil {
		return fmt.Errorf("delete revocation %d: %w", id, err)
	}
	return nil
}
