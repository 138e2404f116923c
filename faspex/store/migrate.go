package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/golang-migrate/migrate/v4"
	"github.com/golang-migrate/migrate/v4/database"
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

// ErrRefused says that a migration cannot be made of what is there, and that trying again does not help.
var ErrRefused = errors.New("the migration is refused")

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
		return before.Current, before.Current, fmt.Errorf("%w: schema version %d is newer than %d, the newest this "+
			"version knows", ErrRefused, before.Current, before.Wanted)
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
		return before.Current, before.Current, fmt.Errorf("migrate schema from version %d: %w", before.Current,
			stopped(ctx, db, err))
	}
	return before.Current, version, nil
}

// stopped says of a migration that failed whether it can be tried again. Whether the schema is in the middle of one is
// known under the migration's lock alone: another may be at work.
func stopped(ctx context.Context, db *sql.DB, err error) error {
	const restore = "restore the backup that was made before it"
	var dirty migrate.ErrDirty
	if errors.As(err, &dirty) {
		return fmt.Errorf("%w: the last migration stopped in its middle, at version %d: %s", ErrRefused, dirty.Version, restore)
	}
	var failed database.Error // a statement of the migration; what fails around it is a pointer
	if !errors.As(err, &failed) {
		return err
	}
	if after, lookErr := New(db).Schema(ctx); lookErr != nil || !after.Dirty {
		return err
	}
	return fmt.Errorf("%w: %w; it stopped in its middle: %s", ErrRefused, failed.OrigErr, restore)
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
