package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/golang-migrate/migrate/v4"
	"github.com/golang-migrate/migrate/v4/database/mysql"
	"github.com/golang-migrate/migrate/v4/source"
	"github.com/golang-migrate/migrate/v4/source/iofs"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Wanted gives the schema version this program was built for.
func Wanted() int {
	src, err := iofs.New(migrations, "migrations")
	if err != nil {
		panic(err) // embedded at build time
	}
	defer src.Close()
	v, err := src.First()
	for err == nil {
		last := v
		if v, err = src.Next(last); errors.Is(err, fs.ErrNotExist) {
			return int(last)
		}
	}
	panic(err)
}

// Migrate brings the schema to the newest embedded version, as the admin user. Two at once wait for each other. It
// refuses a schema that is newer than this program, and one whose last migration stopped in its middle.
func Migrate(ctx context.Context, c Config) (from, to int, err error) {
	return MigrateTo(ctx, c, Wanted())
}

// MigrateTo is Migrate to a version that is not necessarily the newest. It takes nothing back.
func MigrateTo(ctx context.Context, c Config, version int) (from, to int, err error) {
	return migrateTo(ctx, c, migrations, version)
}

func migrateTo(ctx context.Context, c Config, migrations fs.FS, version int) (from, to int, err error) {
	db, err := open(c, true)
	if err != nil {
		return 0, 0, err
	}
	defer db.Close()
	before, err := New(db).Schema(ctx)
	if err != nil {
		return 0, 0, err
	}
	if before.Current > before.Wanted {
		return before.Current, before.Current, fmt.Errorf("schema version %d is newer than %d, the newest this version knows",
			before.Current, before.Wanted)
	}
	if before.Current > 0 && before.Current < uniqueLoginsVersion {
		if err := checkLogins(ctx, db); err != nil {
			return before.Current, before.Current, fmt.Errorf("migrate schema from version %d: %w", before.Current, err)
		}
	}
	if before.Current > version || version < 1 {
		return before.Current, before.Current, fmt.Errorf("schema version %d cannot become version %d", before.Current, version)
	}
	m, err := migrator(ctx, db, migrations, c.Database)
	if err != nil {
		return before.Current, before.Current, err
	}
	if err := noteCompatibility(ctx, db, migrations, version); err != nil {
		return before.Current, before.Current, err
	}
	switch err := m.Migrate(uint(version)); {
	case errors.Is(err, migrate.ErrNoChange): // another one did it meanwhile
		return version, version, nil
	case err != nil:
		return before.Current, before.Current, fmt.Errorf("migrate schema from version %d: %w", before.Current, err)
	}
	return before.Current, version, nil
}

func migrator(ctx context.Context, db *sql.DB, migrations fs.FS, database string) (*migrate.Migrate, error) {
	var src source.Driver
	src, err := iofs.New(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("read embedded migrations: %w", err)
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect for migration: %w", err)
	}
	driver, err := mysql.WithConnection(ctx, conn, &mysql.Config{DatabaseName: database,
		MigrationsTable: "schema_migrations"})
	if err != nil {
		return nil, fmt.Errorf("prepare migration: %w", err)
	}
	return migrate.NewWithInstance("iofs", src, "mysql", driver)
}
