package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/golang-migrate/migrate/v4"
	"github.com/golang-migrate/migrate/v4/database"
	migratemysql "github.com/golang-migrate/migrate/v4/database/mysql"
	"github.com/golang-migrate/migrate/v4/source/iofs"
)

//go:embed migrations/*.sql
var migrations embed.FS

const lockedPause = time.Second

// Migrate brings the schema to the version of this program. Any number of nodes may call it at once: a lock in
// the database lets one do the work while the others wait. A migration that was cut off by a crash is run
// again, which each of them allows.
func (s *Store) Migrate(ctx context.Context) error {
	for {
		err := s.migrateOnce(ctx)
		if err == nil || !errors.Is(err, database.ErrLocked) && !errors.Is(err, migrate.ErrLockTimeout) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("migrate: %w", ctx.Err())
		case <-time.After(lockedPause):
		}
	}
}

func (s *Store) migrateOnce(ctx context.Context) error {
	// Only migrations need several statements in one call; the store's own connections refuse them.
	cfg := s.cfg.Clone()
	cfg.MultiStatements = true
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("migrate: connect: %w", err)
	}
	defer conn.Close()
	target, err := migratemysql.WithConnection(ctx, conn, &migratemysql.Config{DatabaseName: cfg.DBName})
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	source, err := iofs.New(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	m, err := migrate.NewWithInstance("iofs", source, "mysql", target)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	err = m.Up()
	var dirty migrate.ErrDirty
	if errors.As(err, &dirty) {
		// The lock was ours when we saw it, so whoever left it is gone.
		before := dirty.Version - 1
		if before == 0 {
			before = database.NilVersion
		}
		if err := m.Force(before); err != nil {
			return fmt.Errorf("migrate: repeat version %d: %w", dirty.Version, err)
		}
		err = m.Up()
	}
	if err != nil && !errors.Is(err, migrate.ErrNoChange) {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}
