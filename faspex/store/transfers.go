package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Transfer is one transfer as a node reported it last.
type Transfer struct {
	ID               int64
	NodeID           int64
	NodeTransferID   string
	PackageID        sql.NullInt64
	AccountID        sql.NullInt64 // who transferred, from the tags
	Address          string        // from where
	Direction        string        // send or receive, seen from the client
	Status           string        // as the node says it
	BytesExpected    int64
	BytesTransferred int64
	Files            int64
	WholePackage     bool
	Side             string // sent or received; empty for transfers of before that was noted
	ErrorCode        int
	ErrorDesc        string
	StartedAt        sql.NullTime
	EndedAt          sql.NullTime
}

// SaveTransfer stores or refreshes a transfer, told apart by node and the node's id of it.
func (s *Store) SaveTransfer(ctx context.Context, t Transfer) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error { return saveTransfer(ctx, tx, t) })
	if err != nil {
		return fmt.Errorf("save transfer %s of node %d: %w", t.NodeTransferID, t.NodeID, classify(err))
	}
	return nil
}

// saveTransfer notes the change for the sender of the package, who sees its downloads, and for whoever transfers.
func saveTransfer(ctx context.Context, tx *sql.Tx, t Transfer) error {
	var before string
	if err := tx.QueryRowContext(ctx, `SELECT status FROM transfers WHERE node_id = ? AND node_transfer_id = ? FOR UPDATE`,
		t.NodeID, t.NodeTransferID).Scan(&before); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO transfers (node_id, node_transfer_id, package_id, account_id, address, direction, status, bytes_expected,
		bytes_transferred, files, whole_package, side, error_code, error_desc, started_at, ended_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON DUPLICATE KEY UPDATE status = VALUES(status), bytes_expected = VALUES(bytes_expected), bytes_transferred = VALUES(bytes_transferred),
		files = VALUES(files), error_code = VALUES(error_code), error_desc = VALUES(error_desc), started_at = VALUES(started_at), ended_at = VALUES(ended_at)`,
		t.NodeID, t.NodeTransferID, t.PackageID, t.AccountID, t.Address, t.Direction, t.Status, t.BytesExpected, t.BytesTransferred,
		t.Files, t.WholePackage, t.Side,
		t.ErrorCode, t.ErrorDesc, t.StartedAt, t.EndedAt)
	if err != nil || !t.PackageID.Valid {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO events (account_id, kind, thing_id) SELECT p.sender_id, ?, p.id FROM packages p WHERE p.id = ?
		UNION SELECT a.id, ?, ? FROM accounts a WHERE a.id = ?`, EventTransfer, t.PackageID, EventTransfer, t.PackageID, t.AccountID)
	if err != nil || t.Direction != "receive" || t.Side == "sent" || t.Status != "completed" || before == t.Status {
		return err
	}
	return orderMails(ctx, tx, PackageEvent{Event: PackageDownloaded, PackageID: t.PackageID.Int64,
		AccountID: t.AccountID.Int64})
}

// Transfers lists the transfers of a package in one direction, oldest first.
func (s *Store) Transfers(ctx context.Context, packageID int64, direction string) ([]Transfer, error) {
	list, err := collect(ctx, s.db, func(r rower) (Transfer, error) {
		var t Transfer
		err := r.Scan(&t.ID, &t.NodeID, &t.NodeTransferID, &t.PackageID, &t.AccountID, &t.Address, &t.Direction, &t.Status,
			&t.BytesExpected, &t.BytesTransferred,
			&t.Files, &t.WholePackage, &t.Side, &t.ErrorCode, &t.ErrorDesc, &t.StartedAt, &t.EndedAt)
		return t, err
	}, `SELECT id, node_id, node_transfer_id, package_id, account_id, address, direction, status, bytes_expected, bytes_transferred, files, whole_package, side,
		error_code, error_desc, started_at, ended_at FROM transfers WHERE package_id = ? AND direction = ? ORDER BY id`, packageID, direction)
	if err != nil {
		return nil, fmt.Errorf("list transfers of package %d: %w", packageID, err)
	}
	return list, nil
}

// Downloads counts the downloads of a package by one account.
type Downloads struct {
	Account   Account
	Completed int // of the whole package
	Partial   int // completed, of some files
	Active    int
	// Counted are those that the package's limit counts: of the received side, whole or in part, however they ended.
	Counted int
}

// Downloads counts the downloads of packages by account, keyed by package id.
func (s *Store) Downloads(ctx context.Context, packageIDs ...int64) (map[int64][]Downloads, error) {
	out := make(map[int64][]Downloads, len(packageIDs))
	if len(packageIDs) == 0 {
		return out, nil
	}
	w := where{}
	whereIn(&w, `t.package_id`, packageIDs)
	w.and(`t.direction = 'receive'`)
	type row struct {
		pkg int64
		Downloads
	}
	list, err := collect(ctx, s.db, func(r rower) (row, error) {
		var d row
		a := &d.Account
		err := r.Scan(&d.pkg, &a.ID, &a.Name, &a.FirstName, &a.LastName, &a.Email, &d.Completed, &d.Partial, &d.Active,
			&d.Counted)
		return d, err
	}, `SELECT t.package_id, a.id, a.name, a.first_name, a.last_name, a.email,
		SUM(t.status = 'completed' AND t.whole_package), SUM(t.status = 'completed' AND NOT t.whole_package), SUM(t.status IN ('running', 'waiting', 'paused')),
		SUM(t.side <> 'sent' AND t.started_at IS NOT NULL)
		FROM transfers t JOIN accounts a ON a.id = t.account_id`+w.sql()+`
		GROUP BY t.package_id, a.id, a.name, a.first_name, a.last_name, a.email ORDER BY t.package_id, a.name`, w.args...)
	if err != nil {
		return nil, fmt.Errorf("count downloads: %w", err)
	}
	for _, r := range list {
		out[r.pkg] = append(out[r.pkg], r.Downloads)
	}
	return out, nil
}
