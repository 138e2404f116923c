package store

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"faspex.io/operator/test/mariadbd"
)

// newer are the embedded migrations with others after them, as a later version has them.
func newer(t *testing.T, more ...string) (fs.FS, int) {
	t.Helper()
	all := fstest.MapFS{}
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := fs.ReadFile(migrations, file)
		if err != nil {
			t.Fatal(err)
		}
		all[file] = &fstest.MapFile{Data: text}
	}
	version := Wanted()
	for _, statements := range more {
		version++
		all[fmt.Sprintf("migrations/%04d_later.up.sql", version)] = &fstest.MapFile{Data: []byte(statements)}
	}
	return all, version
}

// TestNewerSchema: this program goes on with a schema that a later version has only added to, also when that failed in
// its middle, and stops at the first change of any other kind. The migration of a newer schema is refused in any case.
func TestNewerSchema(t *testing.T) {
	const adds, fails = addsOnly + "CREATE TABLE later (id INT);", addsOnly + "CREATE TABLE broken (id NONSENSE);"
	const changes = "ALTER TABLE accounts DROP COLUMN preferences;"
	for name, test := range map[string]struct {
		later  []string
		fails  bool
		usable bool
	}{
		"one that adds":                   {later: []string{adds}, usable: true},
		"one that adds and fails":         {later: []string{adds, fails}, fails: true, usable: true},
		"one that changes":                {later: []string{changes}},
		"one that adds, before a change":  {later: []string{adds, changes}},
		"one that fails, before a change": {later: []string{fails, changes}, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := mariadbd.Start(t)
			config := Config{Host: server.Host, Port: server.Port, Database: server.Database(t).DBName, Username: "root",
				Password: mariadbd.RootPassword}
			if _, _, err := Migrate(t.Context(), config); err != nil {
				t.Fatal(err)
			}
			all, version := newer(t, test.later...)
			if _, _, err := migrateTo(t.Context(), config, all, version); errors.Is(err, ErrRefused) != test.fails ||
				(err != nil) != test.fails {
				t.Fatalf("migration: %v", err)
			}
			if test.fails { // and says so whoever tries again
				if _, _, err := migrateTo(t.Context(), config, all, version); !errors.Is(err, ErrRefused) {
					t.Errorf("the migration that stopped in its middle is tried again: %v", err)
				}
			}
			db, err := Open(config)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			state, err := New(db).Schema(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if state.Current <= state.Wanted || state.Ready() {
				t.Errorf("the schema is not a newer one: %+v", state)
			}
			if err := state.Usable(); (err == nil) != test.usable {
				t.Errorf("%+v is usable: %v", state, err)
			}
			if _, _, err := Migrate(t.Context(), config); !errors.Is(err, ErrRefused) {
				t.Errorf("a newer schema was migrated: %v", err)
			}
			// Another program changed it since: what was said does not hold of that.
			if _, err := db.ExecContext(t.Context(), "UPDATE schema_migrations SET version = version + 9"); err != nil {
				t.Fatal(err)
			}
			if state, err = New(db).Schema(t.Context()); err != nil || state.Usable() == nil {
				t.Errorf("%+v is usable (%v)", state, err)
			}
		})
	}
}

// TestMigrationsThatOnlyAdd holds those that say so to it: programs of the version before can't tell.
func TestMigrationsThatOnlyAdd(t *testing.T) {
	files, err := fs.Glob(migrations, "migrations/*.up.sql")
	if err != nil {
		t.Fatal(err)
	}
	comment := regexp.MustCompile(`--.*`)
	allowed := regexp.MustCompile(`(?s)^(CREATE TABLE|ALTER TABLE \w+ ADD) `)
	forbidden := regexp.MustCompile(`ALTER TABLE.*\b(DROP|MODIFY|CHANGE|RENAME|UNIQUE|CONSTRAINT)\b`)
	found := 0
	for _, file := range files {
		text, err := fs.ReadFile(migrations, file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(text), addsOnly) {
			continue
		}
		found++
		for statement := range strings.SplitSeq(comment.ReplaceAllString(string(text), ""), ";") {
			statement = strings.Join(strings.Fields(statement), " ")
			column := strings.Contains(statement, "ADD COLUMN")
			optional := !strings.Contains(statement, "NOT NULL") || strings.Contains(statement, "DEFAULT")
			if statement != "" && (!allowed.MatchString(statement) || forbidden.MatchString(statement) ||
				column && !optional) {
				t.Errorf("%s does more than add: %s", file, statement)
			}
		}
	}
	if found == 0 {
		t.Error("no migration says that it only adds")
	}
}
