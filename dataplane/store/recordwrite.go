package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"faspex.io/operator/dataplane/record"
)

const (
	maxFilesPerInsert = 200
	// maxCookie is in characters, of which TEXT holds at least this many.
	maxCookie = 16 << 10
)

// nextRevision counts a change of status. Its row lock is held until the commit, so revisions become visible in their
// order; a transaction takes it before any other lock.
func nextRevision(ctx context.Context, tx *sql.Tx) (int64, error) {
	res, err := tx.ExecContext(ctx, "UPDATE revisions SET value = LAST_INSERT_ID(value + 1) WHERE name = 'transfers'")
	if err != nil {
		return 0, fmt.Errorf("count change of transfer: %w", err)
	}
	return res.LastInsertId()
}

// write stores what is pending of one session. What was stored stays stored if a later part fails.
func (s *Store) write(ctx context.Context, node, boot string, rec *recording, w pendingWrite) error {
	if w.begin {
		if err := s.writeBegin(ctx, node, boot, rec); err != nil {
			return err
		}
	}
	for files := w.files; len(files) > 0; {
		n := min(len(files), maxFilesPerInsert)
		if err := s.writeFiles(ctx, rec, files[:n]); err != nil {
			return err
		}
		rec.wroteFiles(n)
		files = files[n:]
	}
	if at, kbps, due := rec.sample(w.at, w.end != nil); due {
		if err := s.writeRate(ctx, rec, at, kbps); err != nil {
			return err
		}
	}
	switch {
	case w.end != nil:
		return s.writeEnd(ctx, rec.transfer, *w.progress, *w.end, w.endUsec)
	case w.progress != nil:
		if err := s.writeProgress(ctx, s.db, rec.transfer.SessionID, *w.progress); err != nil {
			return err
		}
		rec.wroteProgress(w)
	}
	return nil
}

func (s *Store) writeBegin(ctx context.Context, node, boot string, rec *recording) error {
	t := rec.transfer
	startSpec, err := json.Marshal(t.StartSpec)
	if err != nil {
		return fmt.Errorf("encode start spec: %w", err)
	}
	var logging Logging
	var job bool
	err = s.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		revision, err := nextRevision(ctx, tx)
		if err != nil {
			return err
		}
		// A retry of a transfer that was canceled runs again; another session of one being canceled does not undo it. How a
		// transfer is that a job makes, the job says.
		_, err = tx.ExecContext(ctx, `INSERT INTO transfers
			(id, revision, status, direction, access_key, token_user, token_kind, remote_user, cookie, tags, start_spec, started_usec)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON DUPLICATE KEY UPDATE revision = VALUES(revision),
			cancel_requested = IF(job OR status = 'running', cancel_requested, FALSE),
			wanted_rate_kbps = IF(job OR status = 'running', wanted_rate_kbps, NULL),
			wanted_min_kbps = IF(job OR status = 'running', wanted_min_kbps, NULL),
			wanted_policy = IF(job OR status = 'running', wanted_policy, NULL),
			status = IF(job, status, VALUES(status)), start_spec = IF(job, start_spec, VALUES(start_spec)),
			error_code = IF(job, error_code, 0), error_desc = IF(job, error_desc, ''), ended_usec = IF(job, ended_usec, 0), files_gone = FALSE`,
			t.TransferID, revision, record.StatusRunning, t.Direction, t.AccessKey, clip(t.TokenUser, 255), t.TokenKind,
			clip(t.RemoteUser, 255),
			clip(t.Cookie, maxCookie), tagsText(t.Tags), startSpec, rec.startedUsec)
		if err != nil {
			return fmt.Errorf("record transfer: %w", err)
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO sessions (id, transfer_id, node, boot, heartbeat, status, client_address, server_address, started_usec)
			VALUES (?, ?, ?, ?, UTC_TIMESTAMP(6), ?, ?, ?, ?)
			ON DUPLICATE KEY UPDATE heartbeat = VALUES(heartbeat), status = VALUES(status), error_code = 0, error_desc = '', ended_usec = 0`,
			t.SessionID, t.TransferID, node, boot, record.StatusRunning, t.ClientAddr, t.ServerAddr, rec.startedUsec)
		if err != nil {
			return fmt.Errorf("record session: %w", err)
		}
		if err := cancelIfWithdrawn(ctx, tx, t); err != nil {
			return err
		}
		if err := cancelIfKeyIsGone(ctx, tx, t); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, "SELECT job FROM transfers WHERE id = ?", t.TransferID).Scan(&job); err != nil {
			return fmt.Errorf("record transfer: %w", err)
		}
		if logging, err = loggingOf(ctx, tx, t.AccessKey); err != nil || !logging.Events {
			return err
		}
		return logEvents(ctx, tx, transferEvent(t, EventTransferStarted, rec.startedUsec, nil))
	})
	if err == nil {
		rec.begun(logging, job)
	}
	return err
}

// cancelIfKeyIsGone stops a session that was authorized before its access key was deleted and recorded after.
func cancelIfKeyIsGone(ctx context.Context, tx *sql.Tx, t record.Transfer) error {
	if t.AccessKey == "" || t.KeyCreatedUsec == 0 {
		return nil
	}
	k, err := scanAccessKey(tx.QueryRowContext(ctx, "SELECT "+accessKeyColumns+
		" FROM access_keys WHERE id = ?", t.AccessKey))
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("record transfer: %w", accessKeyError(err))
	}
	if err == nil && k.CreatedUsec == t.KeyCreatedUsec {
		return nil
	}
	return cancelTransfer(ctx, tx, t.TransferID)
}

type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

func (s *Store) writeProgress(ctx context.Context, db execer, sessionID string, p record.Progress) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err := db.ExecContext(ctx, `UPDATE sessions SET heartbeat = UTC_TIMESTAMP(6), bytes_expected = ?, files_expected = ?, bytes_transferred = ?,
		bytes_written = ?, bytes_lost = ?, files_completed = ?, files_failed = ?, files_skipped = ?, directories_completed = ?, target_rate_kbps = ?,
		avg_rate_kbps = ?, network_delay_usec = ? WHERE id = ?`,
		p.BytesExpected, p.FilesExpected, p.BytesTransferred, p.BytesWritten, p.BytesLost, p.FilesCompleted, p.FilesFailed,
		p.FilesSkipped, p.DirectoriesCompleted, p.TargetRateKbps, p.AvgRateKbps, p.NetworkDelay.Microseconds(), sessionID)
	if err != nil {
		return fmt.Errorf("record progress: %w", err)
	}
	return nil
}

func (s *Store) writeEnd(ctx context.Context, t record.Transfer, p record.Progress, o record.Outcome,
	endUsec int64) error {
	return s.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		revision, err := nextRevision(ctx, tx)
		if err != nil {
			return err
		}
		if err := s.writeProgress(ctx, tx, t.SessionID, p); err != nil {
			return err
		}
		if err := endSession(ctx, tx, revision, t.SessionID, t.TransferID, o, endUsec); err != nil {
			return err
		}
		return logEnd(ctx, tx, t, p, o, endUsec)
	})
}

// logEnd logs the end of a session, if such are logged of its access key.
func logEnd(ctx context.Context, tx *sql.Tx, t record.Transfer, p record.Progress, o record.Outcome,
	endUsec int64) error {
	logging, err := loggingOf(ctx, tx, t.AccessKey)
	if err != nil || !logging.Events {
		return err
	}
	return logEvents(ctx, tx, endEvent(t, p, o, endUsec))
}

// endSession ends a session. When no other session of its transfer is alive, the transfer ends as its newest session
// did: one that was lost and is found out later does not undo the success of the retry.
func endSession(ctx context.Context, tx *sql.Tx, revision int64, sessionID, transferID string, o record.Outcome,
	endUsec int64) error {
	_, err := tx.ExecContext(ctx,
		"UPDATE sessions SET status = ?, error_code = ?, error_desc = ?, ended_usec = ? WHERE id = ?",
		o.Status, o.Code, clip(o.Description, 1024), endUsec, sessionID)
	if err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	if err := countUsage(ctx, tx, sessionID); err != nil {
		return err
	}
	if err := releaseClaims(ctx, tx, sessionID); err != nil {
		return err
	}
	var alive int
	err = tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM sessions WHERE transfer_id = ? AND status = ? AND NOT replaced
		AND heartbeat > UTC_TIMESTAMP(6) - INTERVAL ? SECOND`, transferID, record.StatusRunning, int64(silentAfter.Seconds())).Scan(&alive)
	if err != nil {
		return fmt.Errorf("end transfer: %w", err)
	}
	if alive > 0 {
		return nil
	}
	_, err = tx.ExecContext(ctx, `UPDATE transfers t JOIN
		(SELECT transfer_id, status, error_code, error_desc, ended_usec FROM sessions
		WHERE transfer_id = ? AND status <> ? ORDER BY started_usec DESC, id DESC LIMIT 1) s ON s.transfer_id = t.id
		SET t.revision = ?, t.status = s.status, t.error_code = s.error_code, t.error_desc = s.error_desc, t.ended_usec = s.ended_usec
		WHERE NOT t.job`,
		transferID, record.StatusRunning, revision)
	if err != nil {
		return fmt.Errorf("end transfer: %w", err)
	}
	return nil
}

// writeFiles stores how files ended, and logs it if such is logged of the access key.
func (s *Store) writeFiles(ctx context.Context, rec *recording, files []record.FileResult) error {
	t := rec.transfer
	if !rec.logging.Files {
		ctx, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		return insertFiles(ctx, s.db, t, files)
	}
	return s.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := insertFiles(ctx, tx, t, files); err != nil {
			return err
		}
		return logEvents(ctx, tx, fileEvents(t, comesIn(t.Direction, rec.job), files)...)
	})
}

func insertFiles(ctx context.Context, db execer, t record.Transfer, files []record.FileResult) error {
	args := make([]any, 0, 14*len(files))
	for _, f := range files {
		args = append(args, t.TransferID, hashPath(f.Path), t.SessionID, clip(f.Path, 4096), f.Status, f.Size, f.StartByte,
			f.BytesWritten,
			f.ChecksumType, f.Checksum, f.ErrorCode, clip(f.ErrorDesc, 1024), usec(f.StartedAt), usec(f.EndedAt))
	}
	_, err := db.ExecContext(ctx, `INSERT INTO transfer_files (transfer_id, path_hash, session_id, path, status, size, start_byte, bytes_written,
		checksum_type, checksum, error_code, error_desc, started_usec, ended_usec) VALUES `+
		repeat("(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", len(files))+`
		ON DUPLICATE KEY UPDATE session_id = VALUES(session_id), status = VALUES(status), size = VALUES(size), start_byte = VALUES(start_byte),
		bytes_written = VALUES(bytes_written), checksum_type = VALUES(checksum_type), checksum = VALUES(checksum),
		error_code = VALUES(error_code), error_desc = VALUES(error_desc), started_usec = VALUES(started_usec), ended_usec = VALUES(ended_usec)`, args...)
	if err != nil {
		return fmt.Errorf("record files: %w", err)
	}
	return nil
}

// readWishes tells running sessions what was asked of their transfers.
func (s *Store) readWishes(ctx context.Context, running []*recording) error {
	if len(running) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	bySession := map[string]*recording{}
	var ids []any
	for _, rec := range running {
		ids = append(ids, rec.transfer.SessionID)
		bySession[rec.transfer.SessionID] = rec
	}
	rows, err := s.db.QueryContext(ctx,
		"SELECT s.id, IF(t.job, 'running', t.status), t.cancel_requested OR s.replaced, COALESCE(t.wanted_rate_kbps, 0), "+
			"t.wanted_min_kbps, COALESCE(t.wanted_policy, '') FROM sessions s JOIN transfers t ON t.id = s.transfer_id "+
			"WHERE s.id IN ("+repeat("?", len(ids))+")", ids...)
	if err != nil {
		return fmt.Errorf("read wishes: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var status record.Status
		var cancelled bool
		var rate record.RateChange
		if err := rows.Scan(&id, &status, &cancelled, &rate.TargetKbps, &rate.MinKbps, &rate.Policy); err != nil {
			return fmt.Errorf("read wishes: %w", err)
		}
		if rec := bySession[id]; rec != nil {
			rec.wish(status, cancelled, rate)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read wishes: %w", err)
	}
	return nil
}

// failRestarted fails the sessions that a former process of this node left running.
func (s *Store) failRestarted(ctx context.Context, node, boot string, now time.Time) (int, error) {
	return s.failSessions(ctx, now, "node restarted", "node = ? AND boot <> ?", node, boot)
}

// failLost fails the sessions that no node has written about for too long.
func (s *Store) failLost(ctx context.Context, silent time.Duration, now time.Time) (int, error) {
	return s.failSessions(ctx, now, "node stopped answering", "heartbeat < UTC_TIMESTAMP(6) - INTERVAL ? SECOND",
		int64(silent.Seconds()))
}

// failSessions fails the running sessions that match a condition of this package's own text.
func (s *Store) failSessions(ctx context.Context, now time.Time, why, condition string, args ...any) (int, error) {
	check, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if ids, err := runningSessions(check, s.db, condition, args); err != nil || len(ids) == 0 {
		return 0, err
	}
	failed := 0
	err := s.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		// The lock comes first: what is read after it can't end before this transaction does.
		revision, err := nextRevision(ctx, tx)
		if err != nil {
			return err
		}
		ids, err := runningSessions(ctx, tx, condition, args)
		if err != nil {
			return err
		}
		o := record.Outcome{Status: record.StatusFailed, Code: codeConnectionLost, Description: why}
		for _, id := range ids {
			if err := endSession(ctx, tx, revision, id.session, id.transfer, o, now.UnixMicro()); err != nil {
				return err
			}
			if revision, err = nextRevision(ctx, tx); err != nil {
				return err
			}
		}
		failed = len(ids)
		for _, id := range ids {
			t, p, err := sessionOf(ctx, tx, id)
			if err != nil {
				return err
			}
			if err := logEnd(ctx, tx, t, p, o, now.UnixMicro()); err != nil {
				return err
			}
		}
		return nil
	})
	return failed, err
}

type sessionID struct{ session, transfer string }

// sessionOf reads what is told of a session at its end.
func sessionOf(ctx context.Context, tx *sql.Tx, id sessionID) (record.Transfer, record.Progress, error) {
	t, p := record.Transfer{TransferID: id.transfer, SessionID: id.session}, record.Progress{}
	err := tx.QueryRowContext(ctx, `SELECT t.direction, t.access_key, t.token_user, s.client_address, s.bytes_transferred, s.files_completed,
		s.files_failed FROM sessions s JOIN transfers t ON t.id = s.transfer_id WHERE s.id = ?`, id.session).
		Scan(&t.Direction, &t.AccessKey, &t.TokenUser, &t.ClientAddr, &p.BytesTransferred, &p.FilesCompleted, &p.FilesFailed)
	if err != nil {
		return t, p, fmt.Errorf("read session: %w", err)
	}
	return t, p, nil
}

type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func runningSessions(ctx context.Context, db queryer, condition string, args []any) ([]sessionID, error) {
	rows, err := db.QueryContext(ctx, "SELECT id, transfer_id FROM sessions WHERE status = 'running' AND "+
		condition, args...)
	if err != nil {
		return nil, fmt.Errorf("read sessions: %w", err)
	}
	defer rows.Close()
	var ids []sessionID
	for rows.Next() {
		var id sessionID
		if err := rows.Scan(&id.session, &id.transfer); err != nil {
			return nil, fmt.Errorf("read sessions: %w", err)
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

func usec(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// tagsText is the JSON of a client's tags, or an empty object if it is not JSON.
func tagsText(tags json.RawMessage) string {
	if !json.Valid(tags) || !utf8.Valid(tags) {
		return "{}"
	}
	return string(tags)
}

// clip cuts a text to a number of characters and makes it valid, so that nothing a client sends can make a write fail.
func clip(s string, limit int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	return string([]rune(s)[:limit])
}

func fromUsec(u int64) time.Time {
	if u == 0 {
		return time.Time{}
	}
	return time.UnixMicro(u).UTC()
}

func hashPath(p string) []byte {
	h := sha256.Sum256([]byte(p))
	return h[:]
}
