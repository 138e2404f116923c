package mariadb_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faspex.io/operator/controllers/mariadb"
	"faspex.io/operator/test/mariadbd"
)

func rootServer(t *testing.T) mariadb.Server {
	t.Helper()
	s := mariadbd.Start(t)
	return mariadb.Server{Host: s.Host, Port: int32(s.Port), User: "root", Password: mariadbd.RootPassword}
}

func run(t *testing.T, server mariadb.Server, statements ...string) {
	t.Helper()
	cfg := mariadbd.Start(t).RootConfig()
	cfg.User, cfg.Passwd = server.User, server.Password
	db := mariadbd.Open(t, cfg)
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func provision(t *testing.T, server mariadb.Server, want mariadb.Wanted) []string {
	t.Helper()
	changes, err := mariadb.Provision(t.Context(), server, want)
	if err != nil {
		t.Fatal(err)
	}
	return changes
}

// faspex-AG2: ONLY_FULL_GROUP_BY is taken out of sql_mode, and nothing else is.
func TestProvisionRepairsDrift(t *testing.T) {
	server := rootServer(t)
	const weird = `p'"\%a` + "`ss"
	want := mariadb.Faspex("faspex_drift",
		mariadb.Account{Name: "aspera_drift", Password: "admin-1"}, mariadb.Account{Name: "faspex_drift", Password: weird})
	t.Cleanup(func() {
		if err := mariadb.Drop(context.WithoutCancel(t.Context()), server, "faspex_drift", "aspera_drift",
			"faspex_drift"); err != nil {
			t.Error(err)
		}
	})
	run(t, server, "SET GLOBAL sql_mode='STRICT_TRANS_TABLES,ONLY_FULL_GROUP_BY'")

	first := []string{
		"took ONLY_FULL_GROUP_BY out of sql_mode", "created database faspex_drift", "created user aspera_drift",
		"set the rights of user aspera_drift", "created user faspex_drift", "set the rights of user faspex_drift",
	}
	if diff := cmp.Diff(first, provision(t, server, want)); diff != "" {
		t.Fatalf("first run: -want +got:\n%s", diff)
	}
	if got := provision(t, server, want); got != nil {
		t.Fatalf("second run changed %q", got)
	}
	var mode string
	if err := mariadbd.Open(t, mariadbd.Start(t).RootConfig()).QueryRowContext(t.Context(),
		"SELECT @@GLOBAL.sql_mode").Scan(&mode); err != nil || mode != "STRICT_TRANS_TABLES" {
		t.Errorf("sql_mode %q, %v", mode, err)
	}

	tests := []struct {
		name  string
		drift []string
		want  []string
	}{
		{"password changed", []string{"ALTER USER faspex_drift@'%' IDENTIFIED BY 'other'"},
			[]string{"reset the password of user faspex_drift"}},
		{"account locked", []string{"ALTER USER faspex_drift@'%' ACCOUNT LOCK"},
			[]string{"reset the password of user faspex_drift"}},
		{"right taken", []string{"REVOKE INSERT ON `faspex\\_drift`.* FROM faspex_drift@'%'"},
			[]string{"set the rights of user faspex_drift"}},
		{"right given", []string{"GRANT DROP ON `faspex\\_drift`.* TO faspex_drift@'%'"},
			[]string{"set the rights of user faspex_drift"}},
		{
			"made superuser", []string{"GRANT ALL ON *.* TO faspex_drift@'%' WITH GRANT OPTION"},
			[]string{"set the rights of user faspex_drift"},
		},
		{
			"role given", []string{"CREATE ROLE boss", "GRANT boss TO aspera_drift@'%'",
				"SET DEFAULT ROLE boss FOR aspera_drift@'%'"},
			[]string{"set the rights of user aspera_drift"},
		},
		{
			"user dropped", []string{"DROP USER aspera_drift@'%'"},
			[]string{"created user aspera_drift", "set the rights of user aspera_drift"},
		},
		{"database dropped", []string{"DROP DATABASE faspex_drift"}, []string{"created database faspex_drift"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			run(t, server, tt.drift...)
			if diff := cmp.Diff(tt.want, provision(t, server, want)); diff != "" {
				t.Errorf("repair: -want +got:\n%s", diff)
			}
			if got := provision(t, server, want); got != nil {
				t.Errorf("run after repair changed %q", got)
			}
		})
	}
}

func TestRightsAreNoMoreThanNeeded(t *testing.T) {
	server := rootServer(t)
	provision(t, server, mariadb.Faspex("faspex_x",
		mariadb.Account{Name: "aspera_x", Password: "a"}, mariadb.Account{Name: "faspex_x", Password: "b"}))
	provision(t, server, mariadb.HSTS("hsts_a_b", mariadb.Account{Name: "hsts_a_b", Password: "c"}))
	// Those of neighbours: other names that the same patterns, or the documented faspex%, would match.
	run(t, server, "CREATE DATABASE hsts_aXb", "CREATE DATABASE faspexYx", "CREATE DATABASE faspex_x_b",
		"CREATE DATABASE faspex_x2")
	tests := []struct {
		user, password, statement string
		allowed                   bool
	}{
		{"aspera_x", "a", "CREATE TABLE faspex_x.t (a INT)", true},
		{"aspera_x", "a", "CREATE TABLE faspexYx.t (a INT)", false},
		{"aspera_x", "a", "CREATE TABLE faspex_x_b.t (a INT)", false},
		{"aspera_x", "a", "CREATE TABLE faspex_x2.t (a INT)", false},
		{"aspera_x", "a", "CREATE DATABASE faspex_x_c", false},
		{"faspex_x", "b", "INSERT INTO faspex_x.t VALUES (1)", true},
		{"faspex_x", "b", "SELECT * FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'faspex_x'", true},
		{"faspex_x", "b", "DROP TABLE faspex_x.t", false},
		{"faspex_x", "b", "SELECT * FROM mysql.global_priv", false},
		{"hsts_a_b", "c", "CREATE TABLE hsts_a_b.t (a INT)", true},
		{"hsts_a_b", "c", "CREATE TABLE hsts_aXb.t (a INT)", false},
		{"hsts_a_b", "c", "CREATE TABLE faspex_x.u (a INT)", false},
	}
	for _, tt := range tests {
		cfg := mariadbd.Start(t).RootConfig()
		cfg.User, cfg.Passwd = tt.user, tt.password
		_, err := mariadbd.Open(t, cfg).ExecContext(t.Context(), tt.statement)
		if (err == nil) != tt.allowed {
			t.Errorf("%s: %s: error %v, want allowed %v", tt.user, tt.statement, err, tt.allowed)
		}
	}
	if err := mariadb.Drop(t.Context(), server, "hsts_a_b", "hsts_a_b"); err != nil {
		t.Fatal(err)
	}
	if err := mariadb.Drop(t.Context(), server, "hsts_a_b", "hsts_a_b"); err != nil {
		t.Errorf("second drop: %v", err)
	}
	if err := server.As("hsts_a_b", "c").Ping(t.Context()); !errors.Is(err, mariadb.ErrAccessDenied) {
		t.Errorf("log in after drop: %v", err)
	}
}

func TestErrors(t *testing.T) {
	server := rootServer(t)
	tests := []struct {
		name   string
		server mariadb.Server
		want   error
	}{
		{"wrong password", server.As("root", "S3cretGuess"), mariadb.ErrAccessDenied},
		{"nobody listens", mariadb.Server{Host: "127.0.0.1", Port: 1, User: "root", Password: "S3cretGuess"},
			mariadb.ErrUnreachable},
	}
	for _, tt := range tests {
		_, err := mariadb.Provision(t.Context(), tt.server,
			mariadb.HSTS("hsts_e", mariadb.Account{Name: "hsts_e", Password: "S3cretGuess"}))
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: error %v, want %v", tt.name, err, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), "S3cretGuess") {
			t.Errorf("%s: the error holds the password", tt.name)
		}
	}
}

// TestGrantsOfAnEarlierVersionAreTaken: rights on every name that begins with the
// database's are narrowed to the database.
func TestGrantsOfAnEarlierVersionAreTaken(t *testing.T) {
	server := rootServer(t)
	want := mariadb.Faspex("faspex_narrow",
		mariadb.Account{Name: "aspera_narrow", Password: "a"}, mariadb.Account{Name: "faspex_narrow", Password: "b"})
	provision(t, server, want)
	run(t, server, "GRANT SELECT, INSERT, UPDATE, DELETE ON `faspex\\_narrow%`.* TO faspex_narrow@'%'",
		"CREATE DATABASE faspex_narrower",
		"CREATE TABLE faspex_narrower.t (a INT)")
	if diff := cmp.Diff([]string{"set the rights of user faspex_narrow"}, provision(t, server, want)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	cfg := mariadbd.Start(t).RootConfig()
	cfg.User, cfg.Passwd = "faspex_narrow", "b"
	if _, err := mariadbd.Open(t, cfg).ExecContext(t.Context(), "SELECT * FROM faspex_narrower.t"); err == nil {
		t.Error("the database of a neighbour can be read")
	}
}

// TestProvisionMakesNoDatabaseBesideOneWhoseNameBeginsTheSame: the documented rights of others may cover every name
// that begins with theirs. What exists already is left to whoever made it.
func TestProvisionMakesNoDatabaseBesideOneWhoseNameBeginsTheSame(t *testing.T) {
	server := rootServer(t)
	run(t, server, "CREATE DATABASE faspex_own_b", "CREATE DATABASE hsts_own_b_c")
	for name, refused := range map[string]bool{
		"faspex_own": true, "faspex_own_b_c": true, "faspex_own_b2": true, "faspex_own_": true,
		"faspex_own_c": false, "faspex_own_b": false, "faspex_ownXb": false,
	} {
		t.Run(name, func(t *testing.T) {
			t.Cleanup(func() {
				if !refused && name != "faspex_own_b" {
					if err := mariadb.Drop(context.WithoutCancel(t.Context()), server, name); err != nil {
						t.Error(err)
					}
				}
			})
			changes, err := mariadb.Provision(t.Context(), server, mariadb.Faspex(name,
				mariadb.Account{Name: "aspera_own", Password: "a"}, mariadb.Account{Name: "faspex_own", Password: "b"}))
			if errors.Is(err, mariadb.ErrNameTaken) != refused || !refused && err != nil {
				t.Errorf("error %v, want refused %t", err, refused)
			}
			if refused && len(changes) > 0 {
				t.Errorf("changed %q", changes)
			}
		})
	}
	provision(t, server, mariadb.HSTS("hsts_own_b", mariadb.Account{Name: "hsts_own_b", Password: "c"}))
}

// TestTwoPasswords: both work while both are wanted, and the former ends when it is not.
func TestTwoPasswords(t *testing.T) {
	server := rootServer(t)
	const user = "hsts_two"
	t.Cleanup(func() {
		if err := mariadb.Drop(context.WithoutCancel(t.Context()), server, user, user); err != nil {
			t.Error(err)
		}
	})
	works := func() (found string) {
		t.Helper()
		for _, password := range []string{"one", "two", "three"} {
			err := server.As(user, password).Ping(t.Context())
			if err == nil {
				found += " " + password
			} else if !errors.Is(err, mariadb.ErrAccessDenied) {
				t.Fatal(err)
			}
		}
		return found
	}
	for _, step := range []struct {
		password, beside string
		changes          int
		works            string
	}{
		{"one", "", 3, " one"},
		{"one", "two", 1, " one two"},
		{"one", "two", 0, " one two"},
		{"two", "one", 0, " one two"},
		{"two", "", 1, " two"},
		{"two", "", 0, " two"},
		{"two", "three", 1, " two three"},
		{"one", "two", 1, " one two"},
	} {
		changes := provision(t, server, mariadb.HSTS(user, mariadb.Account{Name: user, Password: step.password,
			Beside: step.beside}))
		if len(changes) != step.changes || works() != step.works {
			t.Errorf("%s beside %q: changes %q, works%s", step.password, step.beside, changes, works())
		}
	}
}
