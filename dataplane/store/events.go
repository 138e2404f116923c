package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"faspex.io/operator/dataplane/record"
	"faspex.io/operator/dataplane/transferspec"
)

// EventType is what happened, as it is told by GET /events.
type EventType string

// The types of events. Those of files are logged for access keys with configuration.server.activity_file_event_logging,
// all others unless configuration.server.activity_event_logging is false.
const (
	EventTransferStarted   EventType = "transfer.started"
	EventTransferCompleted EventType = "transfer.completed"
	EventTransferFailed    EventType = "transfer.failed"
	EventTransferCanceled  EventType = "transfer.canceled"
	EventFileUploaded      EventType = "file.uploaded"
	EventFileDownloaded    EventType = "file.downloaded"
	EventFileFailed        EventType = "file.failed"
	EventFileCreated       EventType = "file.created"
	EventFileRenamed       EventType = "file.renamed"
	EventFileDeleted       EventType = "file.deleted"
	EventPermissionCreated EventType = "permission.created"
	EventPermissionUpdated EventType = "permission.updated"
	EventPermissionDeleted EventType = "permission.deleted"
	EventKeyCreated        EventType = "access_key.created"
	EventKeyUpdated        EventType = "access_key.updated"
	EventKeyDeleted        EventType = "access_key.deleted"
)

// Event is something that happened on the nodes of a cluster.
type Event struct {
	// ID grows in the order in which events were committed.
	ID     uint64
	AtUsec int64 // since 1970
	// AccessKey is the key that it happened with or to; empty for the node user.
	AccessKey string
	// User is who did it.
	User string
	Type EventType
	Data json.RawMessage
}

// newEvent is an event that has not been written. One without a time happens when it is written. once tells it from
// all others, so that it is not written twice; nil if its transaction does not repeat it.
type newEvent struct {
	usec      int64
	accessKey string
	user      string
	kind      EventType
	data      any
	once      []byte
}

// maxEventsPerInsert bounds a statement.
const maxEventsPerInsert = 200

// logEvents writes events as the last part of a transaction: the lock of their counter is held until the commit, so
// that they become visible in the order of their ids, and nothing waits for another lock while it holds that one.
func logEvents(ctx context.Context, tx *sql.Tx, events ...newEvent) error {
	for len(events) > 0 {
		n := min(len(events), maxEventsPerInsert)
		if err := insertEvents(ctx, tx, events[:n]); err != nil {
			return fmt.Errorf("log events: %w", err)
		}
		events = events[n:]
	}
	return nil
}

func insertEvents(ctx context.Context, tx *sql.Tx, events []newEvent) error {
	res, err := tx.ExecContext(ctx, "UPDATE revisions SET value = LAST_INSERT_ID(value + ?) WHERE name = 'events'", len(events))
	if err != nil {
		return err
	}
	last, err := res.LastInsertId()
	if err != nil {
		return err
	}
	args := make([]any, 0, 7*len(events))
	for i, e := range events {
		data, err := json.Marshal(e.data)
		if err != nil {
			return err
		}
		args = append(args, last-int64(len(events)-1-i), e.usec, e.accessKey, clip(e.user, 255), e.kind, data, e.once)
	}
	_, err = tx.ExecContext(ctx, "INSERT IGNORE INTO events (id, at_usec, access_key, user, type, data, once) VALUES "+
		repeat("(?, COALESCE(NULLIF(?, 0), CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED)), ?, ?, ?, ?, ?)", len(events)),
		args...)
	return err
}

// Logging is what is logged of an access key.
type Logging struct{ Events, Files bool }

// loggingOf reads what is logged of an access key. Of one that is gone, and of the node user, files are not logged.
func loggingOf(ctx context.Context, tx *sql.Tx, accessKey string) (Logging, error) {
	if accessKey == "" {
		return Logging{Events: true}, nil
	}
	k, err := scanAccessKey(tx.QueryRowContext(ctx, "SELECT "+accessKeyColumns+" FROM access_keys WHERE id = ?", accessKey))
	if errors.Is(err, sql.ErrNoRows) {
		return Logging{Events: true}, nil
	}
	if err == nil {
		err = k.readConfiguration()
	}
	if err != nil {
		return Logging{}, fmt.Errorf("read what is logged of access key: %w", err)
	}
	return k.Logging, nil
}

// transferEvent is the beginning or the end of a session.
func transferEvent(t record.Transfer, kind EventType, usec int64, more map[string]any) newEvent {
	data := map[string]any{
		"transfer_id": t.TransferID, "session_id": t.SessionID, "direction": t.Direction, "client_address": t.ClientAddr,
	}
	for name, value := range more {
		data[name] = value
	}
	return newEvent{
		usec: usec, accessKey: t.AccessKey, user: t.TokenUser, kind: kind, data: data,
		once: onlyOnce("session", t.SessionID, string(kind), fmt.Sprint(usec)),
	}
}

// endEvent tells how a session ended.
func endEvent(t record.Transfer, p record.Progress, o record.Outcome, usec int64) newEvent {
	kind := map[record.Status]EventType{
		record.StatusCompleted: EventTransferCompleted, record.StatusCanceled: EventTransferCanceled,
	}[o.Status]
	if kind == "" {
		kind = EventTransferFailed
	}
	return transferEvent(t, kind, usec, map[string]any{
		"bytes_transferred": p.BytesTransferred, "files_completed": p.FilesCompleted, "files_failed": p.FilesFailed,
		"error_code": o.Code, "error_desc": clip(o.Description, 1024),
	})
}

// fileEvents tell of the files of a session. into says that they came to the node.
func fileEvents(t record.Transfer, into bool, files []record.FileResult) []newEvent {
	events := make([]newEvent, len(files))
	for i, f := range files {
		kind := EventFileDownloaded
		switch {
		case f.Status != record.StatusCompleted:
			kind = EventFileFailed
		case into:
			kind = EventFileUploaded
		}
		data := map[string]any{
			"transfer_id": t.TransferID, "session_id": t.SessionID, "path": clip(f.Path, 4096), "size": f.Size,
			"error_code": f.ErrorCode, "error_desc": clip(f.ErrorDesc, 1024),
		}
		ended := usec(f.EndedAt)
		events[i] = newEvent{
			usec: ended, accessKey: t.AccessKey, user: t.TokenUser, kind: kind, data: data,
			once: onlyOnce("file", t.SessionID, f.Path, fmt.Sprint(ended)),
		}
	}
	return events
}

// onlyOnce is a text's hash that tells an event from all others.
func onlyOnce(parts ...string) []byte {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return sum[:]
}

// LogFile logs a change of a file that a caller made.
func (s *Store) LogFile(ctx context.Context, accessKey, user string, kind EventType, data map[string]any) error {
	return s.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return logEvents(ctx, tx, newEvent{accessKey: accessKey, user: user, kind: kind, data: data})
	})
}

// logChange logs a change of an access key or of its permissions, if such are logged of the key.
func logChange(ctx context.Context, tx *sql.Tx, k AccessKey, kind EventType, data map[string]any) error {
	if err := k.readConfiguration(); err != nil {
		return err
	}
	if !k.Logging.Events {
		return nil
	}
	return logEvents(ctx, tx, newEvent{accessKey: k.ID, user: actor(ctx), kind: kind, data: data})
}

type actorKey struct{}

// By says in whose name the calls with a context are made.
func By(ctx context.Context, user string) context.Context {
	return context.WithValue(ctx, actorKey{}, user)
}

func actor(ctx context.Context) string {
	user, _ := ctx.Value(actorKey{}).(string)
	return user
}

// EventFilter selects events; zero fields select all.
type EventFilter struct {
	AfterID   uint64
	AfterUsec int64
	// AccessKey is exact: nil for all, empty for what happened without a key.
	AccessKey *string
	User      string
	Type      string
	// Globs are patterns of types with * and ?, one of which has to fit.
	Globs []string
	Limit int
}

const eventColumns = "id, at_usec, access_key, user, type, data"

// Events lists events in the order of their ids.
func (s *Store) Events(ctx context.Context, f EventFilter) ([]Event, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	query, args := "SELECT "+eventColumns+" FROM events WHERE id > ?", []any{f.AfterID}
	where := func(on bool, condition string, values ...any) {
		if on {
			query += " AND " + condition
			args = append(args, values...)
		}
	}
	where(f.AfterUsec > 0, "at_usec > ?", f.AfterUsec)
	if f.AccessKey != nil {
		where(true, "access_key = ?", *f.AccessKey)
	}
	where(f.User != "", "user = ?", f.User)
	where(f.Type != "", "type = ?", f.Type)
	globs := make([]any, len(f.Globs))
	for i, g := range f.Globs {
		globs[i] = likeOf(g)
	}
	where(len(globs) > 0, "("+strings.TrimSuffix(strings.Repeat("type LIKE ? ESCAPE '!' OR ", len(globs)), " OR ")+")", globs...)
	rows, err := s.db.QueryContext(ctx, query+" ORDER BY id LIMIT ?", append(args, f.Limit)...)
	if err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	defer rows.Close()
	var events []Event
	for rows.Next() {
		e, err := scanEvent(rows)
		if err != nil {
			return nil, fmt.Errorf("list events: %w", err)
		}
		events = append(events, e)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	return events, nil
}

// Event reads an event; ErrNotFound if there is none.
func (s *Store) Event(ctx context.Context, id uint64) (Event, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	e, err := scanEvent(s.db.QueryRowContext(ctx, "SELECT "+eventColumns+" FROM events WHERE id = ?", id))
	if errors.Is(err, sql.ErrNoRows) {
		return Event{}, fmt.Errorf("event: %w", ErrNotFound)
	}
	if err != nil {
		return Event{}, fmt.Errorf("read event: %w", err)
	}
	return e, nil
}

func scanEvent(row scanner) (Event, error) {
	var e Event
	var data []byte
	err := row.Scan(&e.ID, &e.AtUsec, &e.AccessKey, &e.User, &e.Type, &data)
	e.Data = data
	return e, err
}

// likeOf is a pattern with * and ? as one of LIKE, with ! before what is meant as it is.
func likeOf(glob string) string {
	return strings.NewReplacer("!", "!!", "%", "!%", "_", "!_", "*", "%", "?", "_").Replace(glob)
}

// comesIn reports whether bytes of a transfer come to the node: a client sends, or the node's own job receives.
func comesIn(d transferspec.Direction, job bool) bool { return (d == transferspec.Send) != job }
