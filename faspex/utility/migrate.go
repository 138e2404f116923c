package utility

import (
	"context"
	"log/slog"

	"faspex.io/operator/faspex/store"
)

// Migrate waits for the database and brings its schema to the version of this program, as the admin user
// of the configuration. It may run at any time, and several at once: they wait for each other, and one
// that finds nothing to do succeeds. An error that wraps store.ErrRefused does not go away by trying again.
func Migrate(ctx context.Context, config store.Config, wait Wait, log *slog.Logger) error {
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
	if before.Ready() {
		log.Info("schema is current", "version", before.Current)
		return nil
	}
	from, to, err := store.Migrate(ctx, config)
	if err != nil {
		return err
	}
	log.Info("schema migrated", "from", from, "to", to)
	return nil
}
