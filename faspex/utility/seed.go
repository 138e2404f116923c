package utility

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"strings"
	"time"

	"faspex.io/operator/faspex/seed"
	"faspex.io/operator/faspex/store"
)

// Files that seeding reads, relative to /etc/faspex.
const (
	adminUsernameFile  = "admin/username"
	adminPasswordFile  = "admin/password"
	operatorPublicFile = "operator-client/public.pem"
)

// SeedOptions reads what to seed: FASPEX_CORE_URL, FASPEX_CORE_UI_CLIENT_ID, FASPEX_SERVICE_CLIENT_ID,
// FASPEX_OPERATOR_CLIENT_ID and FASPEX_ADMIN_EMAIL from the environment, the first admin and the operator's
// public key from files below etc.
func SeedOptions(getenv func(string) string, etc fs.FS) (seed.Options, error) {
	o := seed.Options{
		ExternalURL:      getenv("FASPEX_CORE_URL"),
		UIClientID:       getenv("FASPEX_CORE_UI_CLIENT_ID"),
		ServiceClientID:  getenv("FASPEX_SERVICE_CLIENT_ID"),
		OperatorClientID: getenv("FASPEX_OPERATOR_CLIENT_ID"),
		AdminEmail:       getenv("FASPEX_ADMIN_EMAIL"),
	}
	var problems []error
	read := func(name string) string {
		content, err := fs.ReadFile(etc, name)
		if err != nil {
			problems = append(problems, fmt.Errorf("read %s: %w", path.Base(name), err))
		}
		return strings.TrimRight(string(content), "\r\n")
	}
	o.AdminUsername, o.AdminPassword = read(adminUsernameFile), read(adminPasswordFile)
	if o.OperatorClientID != "" {
		o.OperatorPublicKey = read(operatorPublicFile)
	}
	return o, errors.Join(problems...)
}

// Seed waits until the schema is the one of this program and makes what is missing: OAuth clients and the first admin.
// It may run any number of times.
func Seed(ctx context.Context, config store.Config, options seed.Options, wait Wait, log *slog.Logger) error {
	db, err := store.Open(config)
	if err != nil {
		return err
	}
	s := store.New(db)
	defer s.Close()
	if err := wait.until(ctx, log, "schema", func(ctx context.Context) error { return SchemaReady(ctx, s) }); err != nil {
		return err
	}
	done, err := seed.Run(ctx, s, options)
	for _, what := range done {
		log.Info("seeded", "what", what)
	}
	if err != nil {
		return err
	}
	log.Info("seeding done")
	if len(done) == 0 {
		return nil
	}
	return s.AddApplicationEvent(ctx, store.ApplicationEvent{Type: store.Seeded, Application: application,
		Message: strings.Join(done, ", "), CreatedAt: time.Now()})
}

// SchemaReady reports why programs of this version may not use the database; nil when they may.
func SchemaReady(ctx context.Context, s *store.Store) error {
	state, err := s.Schema(ctx)
	if err != nil {
		return err
	}
	return state.Usable()
}
