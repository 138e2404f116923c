package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"faspex.io/operator/dataplane/record"
	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/dataplane/transferspec"
)

// TransferRecord is a transfer with its sessions, oldest first. Times are microseconds since 1970, 0 for "not yet".
type TransferRecord struct {
	ID       string
	Revision uint64 // grows with every change of status, over all transfers
	Status   record.Status
	// Job says that a job of the nodes makes the transfer: it is what their end of it is.
	Job        bool
	Direction  transferspec.Direction
	AccessKey  string
	TokenUser  string
	TokenKind  string
	RemoteUser string
	Cookie     string
	Tags       json.RawMessage
	StartSpec  record.StartSpec
	ErrorCode  int
	ErrorDesc  string

	StartedUsec, EndedUsec int64
	Sessions               []SessionRecord
}

// SessionRecord is one session of a transfer.
type SessionRecord struct {
	ID, Node               string
	Status                 record.Status
	ClientAddr, ServerAddr string
	StartedUsec, EndedUsec int64
	Progress               record.Progress
	NetworkDelayUsec       int64
	ErrorCode              int
	ErrorDesc              string
}

// TransferFilter selects transfers; zero fields select all.
type TransferFilter struct {
	ID            string
	AfterRevision uint64
	// AfterUsec is the time after which a transfer must have begun, in microseconds since 1970.
	AfterUsec  int64
	ActiveOnly bool
	Direction  transferspec.Direction
	AccessKey  string
	// BearerUser is the user of the bearer token that the transfer was begun with.
	BearerUser string
	// NodeUser is the node user whose setup the transfer was begun with.
	NodeUser string
	// Text must occur in the cookie or the tags. One that is the uuid of a package selects the transfers of that package.
	Text string
	// PackageUUID is exact.
	PackageUUID string
	Limit       int
}

// conditions are those of the filter but for its revision, each after AND, and their arguments.
func (f TransferFilter) conditions() (condition string, args []any) {
	where := func(on bool, more string, values ...any) {
		if on {
			condition += " AND " + more
			args = append(args, values...)
		}
	}
	where(f.AfterUsec > 0, "started_usec > ?", f.AfterUsec)
	where(f.ID != "", "id = ?", f.ID)
	where(f.ActiveOnly, "status IN (?, ?)", record.StatusRunning, record.StatusWaiting)
	where(f.Direction != "", "direction = ?", f.Direction)
	where(f.AccessKey != "", "access_key = ?", f.AccessKey)
	where(f.NodeUser != "", "access_key = '' AND (token_kind = ? OR job) AND token_user = ?", token.KindTransfer, f.NodeUser)
	where(f.BearerUser != "", "token_kind = ? AND token_user = ?", token.KindBearer, f.BearerUser)
	where(f.PackageUUID != "", "package_uuid = ?", f.PackageUUID)
	like := "%" + likePrefix(f.Text)
	where(f.Text != "", "(cookie LIKE ? ESCAPE '!' OR tags LIKE ? ESCAPE '!')", like, like)
	return condition, args
}

// Transfers lists transfers in the order of their last change of status.
func (s *Store) Transfers(ctx context.Context, f TransferFilter) ([]TransferRecord, error) {
	if !isASCII(f.ID) || !isASCII(f.AccessKey) {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if _, err := uuid.Parse(f.Text); err == nil && len(f.Text) == 36 {
		of, err := s.hasPackage(ctx, f.Text)
		if err != nil {
			return nil, err
		}
		if of {
			f.Text, f.PackageUUID = "", f.Text
		}
	}
	condition, args := f.conditions()
	query := `SELECT id, revision, status, job, direction, access_key, token_user, token_kind, remote_user, cookie, tags, start_spec,
		error_code, error_desc, started_usec, ended_usec FROM transfers WHERE revision > ?` + condition
	rows, err := s.db.QueryContext(ctx, query+" ORDER BY revision LIMIT ?", append(append([]any{f.AfterRevision}, args...), f.Limit)...)
	if err != nil {
		return nil, fmt.Errorf("list transfers: %w", err)
	}
	defer rows.Close()
	var transfers []TransferRecord
	for rows.Next() {
		var t TransferRecord
		var tags, startSpec []byte
		err := rows.Scan(&t.ID, &t.Revision, &t.Status, &t.Job, &t.Direction, &t.AccessKey, &t.TokenUser, &t.TokenKind, &t.RemoteUser,
			&t.Cookie,
			&tags, &startSpec, &t.ErrorCode, &t.ErrorDesc, &t.StartedUsec, &t.EndedUsec)
		if err != nil {
			return nil, fmt.Errorf("list transfers: %w", err)
		}
		t.Tags = tags
		if err := json.Unmarshal(startSpec, &t.StartSpec); err != nil {
			return nil, fmt.Errorf("decode start spec of transfer %s: %w", t.ID, err)
		}
		transfers = append(transfers, t)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list transfers: %w", err)
	}
	return transfers, s.addSessions(ctx, transfers)
}

// hasPackage says whether there is a transfer of a package.
func (s *Store) hasPackage(ctx context.Context, packageUUID string) (bool, error) {
	var found bool
	err := s.db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM transfers WHERE package_uuid = ?)", packageUUID).Scan(&found)
	if err != nil {
		return false, fmt.Errorf("look for transfers of a package: %w", err)
	}
	return found, nil
}

// Transfer reads one transfer; ErrNotFound if there is none.
func (s *Store) Transfer(ctx context.Context, id string) (TransferRecord, error) {
	found, err := s.Transfers(ctx, TransferFilter{ID: id, Limit: 1})
	if err != nil {
		return TransferRecord{}, err
	}
	if len(found) == 0 {
		return TransferRecord{}, fmt.Errorf("transfer: %w", ErrNotFound)
	}
	return found[0], nil
}

func (s *Store) addSessions(ctx context.Context, transfers []TransferRecord) error {
	if len(transfers) == 0 {
		return nil
	}
	index := make(map[string]int, len(transfers))
	args := make([]any, len(transfers))
	for i, t := range transfers {
		index[t.ID], args[i] = i, t.ID
	}
	rows, err := s.db.QueryContext(ctx, `SELECT transfer_id, id, node, status, client_address, server_address, started_usec, ended_usec,
		bytes_expected, files_expected, bytes_transferred, bytes_written, bytes_lost, files_completed, files_failed, files_skipped, directories_completed,
		target_rate_kbps, avg_rate_kbps, network_delay_usec, error_code, error_desc
		FROM sessions WHERE transfer_id IN (`+repeat("?", len(args))+`) ORDER BY started_usec, id`, args...)
	if err != nil {
		return fmt.Errorf("list sessions: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var transferID string
		var r SessionRecord
		p := &r.Progress
		err := rows.Scan(&transferID, &r.ID, &r.Node, &r.Status, &r.ClientAddr, &r.ServerAddr, &r.StartedUsec, &r.EndedUsec,
			&p.BytesExpected, &p.FilesExpected, &p.BytesTransferred, &p.BytesWritten, &p.BytesLost, &p.FilesCompleted,
			&p.FilesFailed, &p.FilesSkipped,
			&p.DirectoriesCompleted, &p.TargetRateKbps, &p.AvgRateKbps, &r.NetworkDelayUsec, &r.ErrorCode, &r.ErrorDesc)
		if err != nil {
			return fmt.Errorf("list sessions: %w", err)
		}
		t := &transfers[index[transferID]]
		t.Sessions = append(t.Sessions, r)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("list sessions: %w", err)
	}
	return nil
}

// FileRecord is how one file of a transfer ended, with the session that moved it last.
type FileRecord struct {
	record.FileResult
	SessionID string
}

// TransferFiles lists the files of a transfer by path, up to a limit.
func (s *Store) TransferFiles(ctx context.Context, transferID string, limit int) ([]FileRecord, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	rows, err := s.db.QueryContext(ctx, `SELECT session_id, path, status, size, start_byte, bytes_written, checksum_type, checksum, error_code,
		error_desc, started_usec, ended_usec FROM transfer_files WHERE transfer_id = ? ORDER BY path LIMIT ?`, transferID, limit)
	if err != nil {
		return nil, fmt.Errorf("list files of transfer: %w", err)
	}
	defer rows.Close()
	var files []FileRecord
	for rows.Next() {
		var f FileRecord
		var started, ended int64
		err := rows.Scan(&f.SessionID, &f.Path, &f.Status, &f.Size, &f.StartByte, &f.BytesWritten, &f.ChecksumType,
			&f.Checksum,
			&f.ErrorCode, &f.ErrorDesc, &started, &ended)
		if err != nil {
			return nil, fmt.Errorf("list files of transfer: %w", err)
		}
		f.StartedAt, f.EndedAt = fromUsec(started), fromUsec(ended)
		files = append(files, f)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list files of transfer: %w", err)
	}
	return files, nil
}

// CancelTransfer asks the node that runs a transfer to stop it. One that has ended stays as it
// is; ErrNotFound if there is none.
func (s *Store) CancelTransfer(ctx context.Context, id string) error {
	return s.ask(ctx, id, "UPDATE transfers SET cancel_requested = (status = 'running') WHERE id = ?", id)
}

// SetRate asks the node that runs a transfer for another rate. What the change leaves open stays as it was asked for.
func (s *Store) SetRate(ctx context.Context, id string, c record.RateChange) error {
	return s.ask(ctx, id, `UPDATE transfers SET wanted_rate_kbps = COALESCE(NULLIF(?, 0), wanted_rate_kbps),
		wanted_min_kbps = COALESCE(?, wanted_min_kbps), wanted_policy = COALESCE(NULLIF(?, ''), wanted_policy) WHERE id = ?`,
		c.TargetKbps, c.MinKbps, c.Policy, id)
}

// WantedRate is what was asked of a transfer's rate so far.
func (s *Store) WantedRate(ctx context.Context, id string) (c record.RateChange, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err = s.db.QueryRowContext(ctx, `SELECT COALESCE(wanted_rate_kbps, 0), wanted_min_kbps, COALESCE(wanted_policy, '')
		FROM transfers WHERE id = ?`, id).Scan(&c.TargetKbps, &c.MinKbps, &c.Policy)
	if err != nil {
		return c, fmt.Errorf("read the rate wanted of a transfer: %w", err)
	}
	return c, nil
}

// ErrNotEnded is for a record that can't be removed because its transfer has not ended.
var ErrNotEnded = errors.New("the transfer has not ended: cancel it first")

// DeleteTransfer removes the record of a transfer that has ended; ErrNotFound if there is none.
func (s *Store) DeleteTransfer(ctx context.Context, id string) error {
	if !isASCII(id) {
		return fmt.Errorf("transfer: %w", ErrNotFound)
	}
	const over = " AND EXISTS (SELECT 1 FROM transfers t WHERE t.id = ? AND t.ended_usec > 0)"
	for { // Results of files may be millions.
		n, err := s.remove(ctx, "DELETE FROM transfer_files WHERE transfer_id = ?"+over+" LIMIT ?", id, id, maxPurgedRows)
		if err != nil {
			return fmt.Errorf("remove files of transfer: %w", err)
		}
		if n < maxPurgedRows {
			break
		}
	}
	err := s.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var ended bool
		err := tx.QueryRowContext(ctx, "SELECT ended_usec > 0 FROM transfers WHERE id = ? FOR UPDATE", id).Scan(&ended)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return ErrNotFound
		case err != nil:
			return err
		case !ended:
			return ErrNotEnded
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM transfers WHERE id = ?", id); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "DELETE FROM jobs WHERE id = ?", id)
		return err
	})
	if err != nil {
		return fmt.Errorf("remove transfer: %w", err)
	}
	return nil
}

func (s *Store) ask(ctx context.Context, id, query string, args ...any) error {
	if !isASCII(id) {
		return fmt.Errorf("transfer: %w", ErrNotFound)
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	res, err := s.db.ExecContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("change transfer %s: %w", id, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, fmt.Errorf("transfer: %w", ErrNotFound))
	}
	return nil
}
