package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// SchemaState is the version of a database's schema against the one this program was built for.
type SchemaState struct {
	Current int  // 0 when nothing was migrated yet
	Wanted  int  // the newest embedded migration
	Dirty   bool // a migration runs, or stopped in its middle
	// Extended: the schema is newer, or just becomes so, and all that was added to it leaves alone what this program uses.
	Extended bool
}

// Ready reports whether the schema is the one of this program.
func (s SchemaState) Ready() bool { return s.Current == s.Wanted && !s.Dirty }

// Usable reports why programs of this version may not use the database; nil when they may: the schema is theirs, or a
// newer one that goes on serving them.
func (s SchemaState) Usable() error {
	switch {
	case s.Ready() || s.Extended:
		return nil
	case s.Dirty:
		return fmt.Errorf("migration to schema version %d stopped in its middle", s.Current)
	}
	return fmt.Errorf("schema version is %d, this version needs %d", s.Current, s.Wanted)
}

// Schema reads the version of the database's schema. The restricted user may do that.
func (s *Store) Schema(ctx context.Context) (SchemaState, error) {
	state := SchemaState{Wanted: Wanted()}
	there, err := hasTable(ctx, s.db, "schema_migrations")
	if err != nil || !there {
		return state, err
	}
	err = s.db.QueryRowContext(ctx, `SELECT version, dirty FROM schema_migrations LIMIT 1`).Scan(&state.Current,
		&state.Dirty)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return state, fmt.Errorf("read schema version: %w", err)
	}
	if state.Current <= state.Wanted {
		return state, nil
	}
	if there, err = hasTable(ctx, s.db, "schema_compatibility"); err != nil || !there {
		return state, err
	}
	var target, oldest int
	err = s.db.QueryRowContext(ctx, `SELECT target, oldest FROM schema_compatibility WHERE id = 1`).Scan(&target, &oldest)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return state, fmt.Errorf("read what the schema goes on serving: %w", err)
	}
	state.Extended = err == nil && state.Current <= target && state.Wanted >= oldest
	return state, nil
}

func hasTable(ctx context.Context, db *sql.DB, name string) (bool, error) {
	var n int
	if err := db.QueryRowContext(ctx, `SELECT COUNT(*) FROM information_schema.tables
		WHERE table_schema = DATABASE() AND table_name = ?`, name).Scan(&n); err != nil {
		return false, fmt.Errorf("read schema version: %w", err)
	}
	return n > 0, nil
}

// addsOnly begins a migration after which programs of the version before go on as if nothing had happened, while it
// runs and when it fails in its middle: it makes tables, and columns that may be left out.
const addsOnly = "-- Adds only.\n"

// oldestFor is the oldest schema version whose programs can use the schema of version: the newest migration up to it
// that does more than add.
func oldestFor(migrations fs.FS, version int) (int, error) {
	files, err := fs.Glob(migrations, "migrations/*.up.sql")
	if err != nil {
		return 0, fmt.Errorf("list migrations: %w", err)
	}
	oldest := 0
	for _, file := range files {
		var number int
		if _, err := fmt.Sscanf(file, "migrations/%d_", &number); err != nil {
			return 0, fmt.Errorf("migration %s has no number: %w", file, err)
		}
		text, err := fs.ReadFile(migrations, file)
		if err != nil {
			return 0, fmt.Errorf("read migration: %w", err)
		}
		if number <= version && !strings.HasPrefix(string(text), addsOnly) {
			oldest = max(oldest, number)
		}
	}
	return oldest, nil
}

// noteCompatibility says which programs the schema goes on serving on the way to version and there. It is written before
// the first change, so that a program that will not be served stops at that.
func noteCompatibility(ctx context.Context, db *sql.DB, migrations fs.FS, version int) error {
	oldest, err := oldestFor(migrations, version)
	if err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS schema_compatibility (id TINYINT NOT NULL PRIMARY KEY,
		target INT NOT NULL, oldest INT NOT NULL) ENGINE=InnoDB`); err != nil {
		return fmt.Errorf("note what the schema goes on serving: %w", err)
	}
	if _, err := db.ExecContext(ctx, `INSERT INTO schema_compatibility (id, target, oldest) VALUES (1, ?, ?)
		ON DUPLICATE KEY UPDATE target = VALUES(target), oldest = VALUES(oldest)`, version, oldest); err != nil {
		return fmt.Errorf("note what the schema goes on serving: %w", err)
	}
	return nil
}
