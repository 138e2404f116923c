package utility_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"faspex.io/operator/faspex/address"
	"faspex.io/operator/faspex/store"
	"faspex.io/operator/faspex/store/storetest"
	"faspex.io/operator/faspex/utility"
)

// events are the types of the utility's events, in order, with messages where they are told.
func events(t *testing.T, s *store.Store) []string {
	t.Helper()
	found, _, err := s.ApplicationEvents(t.Context(), store.ApplicationEventFilter{}, store.Page{Limit: 99})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range found {
		if e.Application != "utility" {
			t.Errorf("an event of %q", e.Application)
		}
		out = append(out, strings.TrimSpace(e.Type+" "+e.Message))
	}
	return out
}

// faspex-AF2: the schema, which is core's and the service's in one, is migrated to a version that is chosen, or to the
// newest, and not back. faspex-AF7: migrations, seeding, credentials and logins of the utility are events.
func TestUtilityMigratesToAVersion(t *testing.T) {
	admin, restricted := storetest.Configs(t)
	quiet := slog.New(slog.DiscardHandler)
	s := open(t, restricted)
	to := func(version int) error { return utility.MigrateTo(t.Context(), admin, version, soon, quiet) }
	if err := to(12); err != nil {
		t.Fatal(err)
	}
	if state, err := s.Schema(t.Context()); err != nil || state.Current != 12 || state.Dirty || utility.SchemaReady(t.Context(), s) == nil {
		t.Errorf("after the chosen one: %+v, %v", state, err)
	}
	if err := to(11); err == nil || !strings.Contains(err.Error(), "12 cannot become version 11") {
		t.Errorf("back: %v", err)
	}
	for range 2 {
		if err := utility.Migrate(t.Context(), admin, soon, quiet); err != nil {
			t.Fatal(err)
		}
	}
	if err := utility.SchemaReady(t.Context(), s); err != nil {
		t.Errorf("after the newest: %v", err)
	}
	if got := events(t, s); len(got) != 2 || got[0] != "migrate_core from version 0 to 12" ||
		!strings.HasPrefix(got[1], "migrate_core_latest from version 12 to ") {
		t.Errorf("events %q", got)
	}

	options, err := utility.SeedOptions(func(name string) string {
		return map[string]string{"FASPEX_CORE_URL": "https://faspex.example.com", "FASPEX_CORE_UI_CLIENT_ID": "ui-1",
			"FASPEX_SERVICE_CLIENT_ID": "service-1", "FASPEX_OPERATOR_CLIENT_ID": "operator-1"}[name]
	}, fstest.MapFS{"admin/username": {Data: []byte("ada@example.com")}, "admin/password": {Data: []byte("weak")},
		"operator-client/public.pem": {Data: publicKey(t)}})
	if err != nil {
		t.Fatal(err)
	}
	if err := utility.Seed(t.Context(), admin, options, soon, quiet); err != nil {
		t.Fatal(err)
	}
	if _, err := (utility.Credentials{Email: "ada@example.com", Password: "Better-Pass-1"}).Set(t.Context(), s, "192.0.2.7"); err != nil {
		t.Fatal(err)
	}
	authorized, err := address.Parse("192.0.2.*")
	if err != nil {
		t.Fatal(err)
	}
	handler := utility.New(utility.Config{Username: "utility", Password: "Correct-Horse-2", Authorized: authorized}, s, quiet)
	for _, password := range []string{"guess", "Correct-Horse-2", "Correct-Horse-2"} {
		r := httptest.NewRequest(http.MethodGet, "/aspera/faspex/utility", nil)
		r.RemoteAddr = "192.0.2.7:40000"
		r.SetBasicAuth("utility", password)
		handler.ServeHTTP(httptest.NewRecorder(), r)
	}
	got := events(t, s)[2:]
	if !strings.HasPrefix(got[0], "db_seed client ") || !slices.Equal(got[1:], []string{"updated_credentials", "utility_login"}) {
		t.Errorf("events %q", got)
	}
}
