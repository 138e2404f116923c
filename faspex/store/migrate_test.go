package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"faspex.io/operator/faspex/store"
	"faspex.io/operator/faspex/store/storetest"
)

// faspex-AG7 (the end of the test): a schema newer than the program is refused, by the migration and by who uses it.
func TestMigrate(t *testing.T) {
	admin, restricted := storetest.Configs(t)
	db, err := store.Open(restricted)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s := store.New(db)

	state, err := s.Schema(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := (store.SchemaState{Wanted: store.Wanted()}); state != want || state.Ready() {
		t.Errorf("empty database: %+v, ready %v", state, state.Ready())
	}

	if _, _, err := store.Migrate(t.Context(), restricted); err == nil {
		t.Error("the restricted user migrated the schema")
	}

	for run, want := range [][2]int{{0, store.Wanted()}, {store.Wanted(), store.Wanted()}} {
		from, to, err := store.Migrate(t.Context(), admin)
		if err != nil {
			t.Fatalf("run %d: %v", run, err)
		}
		if diff := cmp.Diff(want, [2]int{from, to}); diff != "" {
			t.Errorf("run %d: versions (-want +got)\n%s", run, diff)
		}
	}
	if state, err = s.Schema(t.Context()); err != nil || !state.Ready() {
		t.Errorf("after migration: %+v, %v", state, err)
	}

	adminDB, err := store.Open(admin)
	if err != nil {
		t.Fatal(err)
	}
	defer adminDB.Close()
	if _, err := adminDB.ExecContext(t.Context(), `UPDATE schema_migrations SET version = version + 1`); err != nil {
		t.Fatal(err)
	}
	if state, err = s.Schema(t.Context()); err != nil || state.Ready() {
		t.Errorf("newer schema: %+v is ready, %v", state, err)
	}
	if _, _, err := store.Migrate(t.Context(), admin); err == nil {
		t.Error("a newer schema was migrated")
	}
}

func TestConfigFromEnv(t *testing.T) {
	env := map[string]string{
		"FASPEX_DB_HOST": "db", "FASPEX_DB_PORT": "4406", "FASPEX_DB_USERNAME": "faspex", "FASPEX_DB_PASSWORD": "p",
		"FASPEX_DB_USE_TLS":               "true",
		"FASPEX_DB_ASPERA_ADMIN_USERNAME": "aspera", "FASPEX_DB_ASPERA_ADMIN_PASSWORD": "q",
		"FASPEX_DB_TLS_CA_FILE": "/ca.pem",
	}
	getenv := func(k string) string { return env[k] }
	user, err := store.ConfigFromEnv(getenv)
	if err != nil {
		t.Fatal(err)
	}
	if want := (store.Config{Host: "db", Port: 4406, Database: "faspex", Username: "faspex", Password: "p", TLS: true,
		CAFile: "/ca.pem"}); user != want {
		t.Errorf("restricted: %+v, want %+v", user, want)
	}
	admin, err := store.AdminConfigFromEnv(getenv)
	if err != nil {
		t.Fatal(err)
	}
	if admin.Username != "aspera" || admin.Password != "q" {
		t.Errorf("admin: user %q", admin.Username)
	}
	for variable, bad := range map[string]string{"FASPEX_DB_HOST": "", "FASPEX_DB_PORT": "0",
		"FASPEX_DB_USE_TLS": "perhaps", "FASPEX_DB_USERNAME": ""} {
		good := env[variable]
		env[variable] = bad
		if _, err := store.ConfigFromEnv(getenv); err == nil {
			t.Errorf("%s=%q was accepted", variable, bad)
		}
		env[variable] = good
	}
}
