package backup

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// MarkerTable is a table of a restored database that says how far the restore is. It is in no dump.
const MarkerTable = "faspex_restore"

// States of a restore.
const (
	// StateLoading: what is there was begun and may be anything.
	StateLoading = "loading"
	// StateLoaded: the data is there, and the Secrets are not yet where they belong.
	StateLoaded = "loaded"
	// StateDone: the instance is restored; from now on the database is as any other.
	StateDone = "done"
)

// Marker is what is in the table.
type Marker struct {
	Backup, State string
	// Instance that the backup was made of, and when it was begun.
	Instance string
	Begun    time.Time
	// Secrets as the backup has them, in the instance's own database.
	Secrets []byte
}

// MarkerOf reads the marker of a database: nil when there is none, or no such database.
func MarkerOf(ctx context.Context, db querier, database string) (*Marker, error) {
	var n int
	if err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?"+
		" AND TABLE_NAME = ?", database, MarkerTable).Scan(&n); err != nil {
		return nil, fmt.Errorf("look for the marker of a restore in %s: %w", database, err)
	}
	if n == 0 {
		return nil, nil
	}
	var m Marker
	err := db.QueryRowContext(ctx, "SELECT backup, state, instance, begun, secrets FROM "+table(database)).Scan(
		&m.Backup, &m.State, &m.Instance, &m.Begun, &m.Secrets)
	if errors.Is(err, sql.ErrNoRows) { // made, and killed before the row was
		return &Marker{State: StateLoading}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the marker of a restore in %s: %w", database, err)
	}
	return &m, nil
}

// Done marks a restore as finished.
func Done(ctx context.Context, db execer, database string) error {
	if _, err := db.ExecContext(ctx, "UPDATE "+table(database)+" SET state = ?", StateDone); err != nil {
		return fmt.Errorf("mark the restore of %s as done: %w", database, err)
	}
	return nil
}

type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// begin makes the database anew, with nothing in it but the marker.
func begin(ctx context.Context, db execer, database string, m Manifest) error {
	for _, s := range []struct {
		statement string
		args      []any
	}{
		{"DROP DATABASE IF EXISTS " + quote(database), nil},
		{"CREATE DATABASE IF NOT EXISTS " + quote(database) + " CHARACTER SET utf8mb4", nil},
		{"CREATE TABLE " + table(database) + " (backup VARCHAR(128) NOT NULL PRIMARY KEY, state VARCHAR(16) NOT NULL," +
			" instance VARCHAR(320) NOT NULL, begun DATETIME(6) NOT NULL, secrets LONGBLOB) ENGINE=InnoDB", nil},
		{"INSERT INTO " + table(database) + " (backup, state, instance, begun) VALUES (?, ?, ?, ?)",
			[]any{m.ID, StateLoading, m.Instance, m.Begun}},
	} {
		if _, err := db.ExecContext(ctx, s.statement, s.args...); err != nil {
			return fmt.Errorf("make database %s anew: %w", database, err)
		}
	}
	return nil
}

func loaded(ctx context.Context, db execer, database, id string, sealed []byte) error {
	if _, err := db.ExecContext(ctx, "UPDATE "+table(database)+" SET state = ?, secrets = ? WHERE backup = ?",
		StateLoaded, sealed, id); err != nil {
		return fmt.Errorf("mark %s as loaded: %w", database, err)
	}
	return nil
}

func table(database string) string { return quote(database) + "." + quote(MarkerTable) }

// quotePattern quotes a name for GRANT, where _ and % stand for other letters.
func quotePattern(name string) string {
	return quote(strings.NewReplacer(`\`, `\\`, "_", `\_`, "%", `\%`).Replace(name))
}
