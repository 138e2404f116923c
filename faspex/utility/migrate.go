package utility

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"faspex.io/operator/faspex/store"
)

// Migrate waits for the database and brings its schema to the version of this program, as the admin user
// of the configuration. It may run at any time, and several at once: they wait for each other, and one
// that finds nothing to do succeeds. An error that wraps store.ErrRefused does not go away by trying again.
func Migrate(ctx context.Context, config store.Config, wait Wait, log *slog.Logger) error {
	return MigrateTo(ctx, config, store.Wanted(), wait, log)
}

// eventsSince is the version of the schema since which there are application events.
const eventsSince = 9

// MigrateTo is Migrate to a version that is not necessarily this program's. It takes nothing back: a version that is
// older than the schema is refused. The schema is core's and the service's in one. A migration is an application event
// (faspex-AF2, faspex-AF7: TestUtilityMigratesToAVersion).
func MigrateTo(ctx context.Context, config store.Config, version int, wait Wait, log *slog.Logger) error {
	db, err := store.Open(config)
	if err != nil {
		return err
	}
	s := store.New(db)
	defer s.Close()
	log.Info("connecting", "host", config.Host, "port", config.Port, "database", config.Database, "user", config.Username)
	var before store.SchemaState
	err = wait.until(ctx, log, "database", func(ctx context.Context) error {
		before, err = s.Schema(ctx)
		return err
	})
	if err != nil {
		return err
	}
	log.Info("schema found", "current", before.Current, "target", before.Wanted, "dirty", before.Dirty)
	if before.Current == version && !before.Dirty {
		log.Info("schema is current", "version", before.Current)
		return nil
	}
	from, to, err := store.MigrateTo(ctx, config, version)
	if err != nil {
		return err
	}
	log.Info("schema migrated", "from", from, "to", to)
	if from == to || to < eventsSince {
		return nil
	}
	kind := store.Migrated
	if to == store.Wanted() {
		kind = store.MigratedToNewest
	}
	return s.AddApplicationEvent(ctx, store.ApplicationEvent{Type: kind, Application: application,
		Message: fmt.Sprintf("from version %d to %d", from, to), CreatedAt: time.Now()})
}
