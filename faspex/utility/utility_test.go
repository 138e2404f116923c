package utility_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"faspex.io/operator/faspex/address"
	"faspex.io/operator/faspex/store"
	"faspex.io/operator/faspex/store/storetest"
	"faspex.io/operator/faspex/utility"
)

var soon = utility.Wait{Limit: 20 * time.Second, First: time.Millisecond, Longest: 10 * time.Millisecond}

func logTo(w *bytes.Buffer) *slog.Logger { return slog.New(slog.NewJSONHandler(w, nil)) }

func open(t *testing.T, config store.Config) *store.Store {
	t.Helper()
	db, err := store.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return store.New(db)
}

func publicKey(t *testing.T) []byte {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func TestMigrateSeveralAtOnceAndAgain(t *testing.T) {
	admin, restricted := storetest.Configs(t)
	if err := utility.SchemaReady(t.Context(), open(t, restricted)); err == nil {
		t.Fatal("an empty schema is ready")
	}
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() {
			if err := utility.Migrate(t.Context(), admin, soon, slog.New(slog.DiscardHandler)); err != nil {
				t.Errorf("migrate: %v", err)
			}
		})
	}
	group.Wait()
	var out bytes.Buffer
	if err := utility.Migrate(t.Context(), admin, soon, logTo(&out)); err != nil ||
		!strings.Contains(out.String(), "schema is current") {
		t.Errorf("again: %v\n%s", err, out.String())
	}
	if strings.Contains(out.String(), admin.Password) {
		t.Error("the log holds the password")
	}
	if err := utility.SchemaReady(t.Context(), open(t, restricted)); err != nil {
		t.Error(err)
	}
}

func TestMigrateGivesUpOnADatabaseThatStaysAway(t *testing.T) {
	admin, _ := storetest.Configs(t)
	admin.Password = "wrong"
	err := utility.Migrate(t.Context(), admin, utility.Wait{Limit: 50 * time.Millisecond, First: time.Millisecond,
		Longest: time.Millisecond}, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "not ready after") || strings.Contains(err.Error(), "wrong") {
		t.Errorf("error %v", err)
	}
}

func TestSeed(t *testing.T) {
	admin, restricted := storetest.Configs(t)
	log := slog.New(slog.DiscardHandler)
	if err := utility.Migrate(t.Context(), admin, soon, log); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{
		"FASPEX_CORE_URL": "https://faspex.example.com", "FASPEX_CORE_UI_CLIENT_ID": "ui-1",
		"FASPEX_SERVICE_CLIENT_ID": "service-1", "FASPEX_OPERATOR_CLIENT_ID": "operator-1",
	}
	files := fstest.MapFS{
		"admin/username":             {Data: []byte("admin@example.com\n")},
		"admin/password":             {Data: []byte("Correct-Horse-1")},
		"operator-client/public.pem": {Data: publicKey(t)},
	}
	options, err := utility.SeedOptions(func(name string) string { return env[name] }, files)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for range 2 {
		if err := utility.Seed(t.Context(), admin, options, soon, logTo(&out)); err != nil {
			t.Fatal(err)
		}
	}
	if strings.Contains(out.String(), "Correct-Horse-1") {
		t.Error("the log holds the admin's password")
	}
	s := open(t, restricted)
	account, err := s.AccountByLogin(t.Context(), "admin@example.com")
	if err != nil || account.Role != store.RoleAdmin {
		t.Errorf("admin: %+v, %v", account.Role, err)
	}
	client, err := s.OAuthClient(t.Context(), "ui-1")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"https://faspex.example.com/aspera/faspex/"}, client.RedirectURIs); diff != "" {
		t.Error(diff)
	}
}

func TestSeedOptionsNamesWhatIsMissing(t *testing.T) {
	_, err := utility.SeedOptions(func(string) string { return "set" }, fstest.MapFS{})
	for _, want := range []string{"username", "password", "public.pem"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not name %s", err, want)
		}
	}
}

// faspex-AF1: the utility has credentials of its own and admits only listed addresses; an empty list admits nobody.
func TestServe(t *testing.T) {
	admin, restricted := storetest.Configs(t)
	authorized, err := address.Parse("192.0.2.*")
	if err != nil {
		t.Fatal(err)
	}
	config := utility.Config{Username: "utility", Password: "Correct-Horse-2", Authorized: authorized}
	handler := utility.New(config, open(t, restricted), slog.New(slog.DiscardHandler))
	get := func(path, peer, password string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.RemoteAddr = peer + ":40000"
		if password != "" {
			r.SetBasicAuth("utility", password)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w
	}
	status := func() utility.Status {
		t.Helper()
		var got utility.Status
		w := get("/aspera/faspex/utility/api/v1/status", "192.0.2.7", config.Password)
		if err := json.Unmarshal(w.Body.Bytes(), &got); w.Code != 200 || err != nil {
			t.Fatalf("status: %d %v", w.Code, err)
		}
		return got
	}

	for name, tc := range map[string]struct {
		peer, password string
		want           int
	}{
		"strange address":    {"198.51.100.1", config.Password, 403},
		"no credentials":     {"192.0.2.7", "", 401},
		"wrong password":     {"192.0.2.7", "guess", 401},
		"right and welcome":  {"192.0.2.7", config.Password, 200},
		"wrong and stranger": {"198.51.100.1", "guess", 403},
	} {
		if w := get("/aspera/faspex/utility", tc.peer, tc.password); w.Code != tc.want {
			t.Errorf("%s: %d, want %d", name, w.Code, tc.want)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/aspera/faspex/utility", nil)
	r.SetBasicAuth("utility", config.Password)
	r.RemoteAddr = "127.0.0.1:40000"
	w := httptest.NewRecorder()
	utility.New(utility.Config{Username: "utility", Password: config.Password}, open(t, restricted),
		slog.New(slog.DiscardHandler)).ServeHTTP(w, r)
	if w.Code != http.StatusForbidden {
		t.Errorf("without a list: %d", w.Code)
	}
	if w := get("/aspera/faspex/utility/", "192.0.2.7", ""); w.Header().Get("WWW-Authenticate") == "" {
		t.Error("no challenge")
	}

	if w := get("/health", "192.0.2.7", ""); w.Code != 503 {
		t.Errorf("health before migration: %d", w.Code)
	}
	before := status()
	if before.Schema == nil || before.Schema.Current != 0 || before.Schema.Pending != before.Schema.Target ||
		before.Schema.Ready {
		t.Errorf("before migration: %+v", before.Schema)
	}
	if body := get("/aspera/faspex/utility", "192.0.2.7", config.Password).Body.String(); !strings.Contains(body,
		"pending") {
		t.Errorf("the page does not tell of pending migrations: %s", body)
	}

	if err := utility.Migrate(t.Context(), admin, soon, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	after := status()
	want := &utility.Schema{Current: store.Wanted(), Target: store.Wanted(), Ready: true}
	if diff := cmp.Diff(want, after.Schema); diff != "" {
		t.Error(diff)
	}
	wantDB := utility.Database{Connected: true}
	if diff := cmp.Diff(wantDB, after.Database, cmpopts.IgnoreFields(utility.Database{}, "Version", "Tables", "SizeBytes",
		"LatencyMilliseconds")); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(after.Database.Version, "MariaDB") || after.Database.Tables == 0 ||
		after.Database.SizeBytes == 0 {
		t.Errorf("database: %+v", after.Database)
	}
	if w := get("/health", "192.0.2.7", ""); w.Code != 200 {
		t.Errorf("health after migration: %d %s", w.Code, w.Body)
	}
}

// faspex-C15: the utility's user sets the password of any account by its e-mail address, and makes an admin of an address
// that no account has, without logging in to Faspex. Pages elsewhere cannot send the form.
func TestUtilitySetsCredentials(t *testing.T) {
	admin, restricted := storetest.Configs(t)
	if err := utility.Migrate(t.Context(), admin, soon, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	s := open(t, restricted)
	id, err := s.CreateAccount(t.Context(), store.Account{Name: "ulf", Email: "ulf@example.com", Role: store.RoleUser,
		Type: store.TypeLocal, Status: store.AccountActive, PublicKey: "a key"})
	if err != nil {
		t.Fatal(err)
	}
	authorized, err := address.Parse("192.0.2.*")
	if err != nil {
		t.Fatal(err)
	}
	config := utility.Config{Username: "utility", Password: "Correct-Horse-2", Authorized: authorized}
	handler := utility.New(config, s, slog.New(slog.DiscardHandler))
	post := func(email, password, again, site string) (int, string) {
		form := url.Values{"email": {email}, "password": {password}, "confirm_password": {again}}
		r := httptest.NewRequest(http.MethodPost, "/aspera/faspex/utility/credentials", strings.NewReader(form.Encode()))
		r.RemoteAddr = "192.0.2.7:40000"
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", site)
		r.SetBasicAuth("utility", config.Password)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	for name, c := range map[string]struct {
		email, password, again, site string
		want                         int
		told                         string
	}{
		"elsewhere":  {"ulf@example.com", "abc-12", "abc-12", "cross-site", 403, ""},
		"different":  {"ulf@example.com", "abc-12", "abc-13", "same-origin", 400, "differ"},
		"weak":       {"ulf@example.com", "abc", "abc", "same-origin", 400, "at least 6 characters"},
		"no address": {"ulf", "abc-12", "abc-12", "same-origin", 400, "no e-mail address"},
	} {
		if status, page := post(c.email, c.password, c.again, c.site); status != c.want || !strings.Contains(page, c.told) ||
			strings.Contains(page, c.password+`"`) {
			t.Errorf("%s: %d %s", name, status, page)
		}
	}
	if a, err := s.Account(t.Context(), id); err != nil || a.PasswordHash != "" {
		t.Fatalf("a refused form set a password: %v", err)
	}
	if status, page := post("ULF@example.com", "abc-12", "abc-12", "same-origin"); status != 200 ||
		!strings.Contains(page, "was set") {
		t.Errorf("an account: %d %s", status, page)
	}
	if a, err := s.Account(t.Context(), id); err != nil || a.PasswordHash == "" || a.PublicKey != "" || a.Role != store.RoleUser {
		t.Errorf("the account: role %s, key %q, %v", a.Role, a.PublicKey, err)
	}
	if status, page := post("new@example.com", "abc-12", "abc-12", "same-origin"); status != 201 ||
		!strings.Contains(page, "An admin was made") {
		t.Errorf("an address that nobody has: %d %s", status, page)
	}
	if a, err := s.AccountByLogin(t.Context(), "new@example.com"); err != nil || a.Role != store.RoleAdmin ||
		a.Status != store.AccountActive || a.PasswordHash == "" {
		t.Errorf("the admin: %s %s, %v", a.Role, a.Status, err)
	}
	events, _, err := s.ApplicationEvents(t.Context(), store.ApplicationEventFilter{
		Types: []string{store.UpdatedCredentials, store.CreatedAdmin}}, store.Page{Limit: 10})
	if err != nil || len(events) != 2 || events[0].Type != "updated_credentials" || events[1].Type != "created_admin" ||
		events[0].Address != "192.0.2.7" || events[0].AccountID != id {
		t.Errorf("events: %+v, %v", events, err)
	}
}

func TestConfigFromEnv(t *testing.T) {
	env := map[string]string{"FASPEX_UTILITY_AUTHORIZED_IPS": "nonsense", "FASPEX_UTILITY_TRUSTED_PROXIES": "also"}
	_, err := utility.ConfigFromEnv(func(name string) string { return env[name] })
	for _, want := range []string{"FASPEX_UTILITY_USERNAME", "FASPEX_UTILITY_AUTHORIZED_IPS",
		"FASPEX_UTILITY_TRUSTED_PROXIES"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not name %s", err, want)
		}
	}
}
