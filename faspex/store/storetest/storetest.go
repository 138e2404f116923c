// Package storetest gives tests a real database with the schema of the store: made by the admin user and opened by the
// restricted user, each with exactly the rights that the installation guide grants.
package storetest

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"faspex.io/operator/faspex/store"
	"faspex.io/operator/test/mariadbd"
)

const (
	adminGrants = `SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, INDEX, ALTER, CREATE TEMPORARY TABLES, CREATE VIEW, EVENT, TRIGGER, SHOW VIEW,
		LOCK TABLES, CREATE ROUTINE, ALTER ROUTINE, EXECUTE`
	userGrants = `SELECT, INSERT, UPDATE, DELETE`
	password   = "Test-Pass-1"
)

// Configs creates an empty database and its two users: the admin user, who may migrate, and the restricted user.
func Configs(t testing.TB) (admin, restricted store.Config) {
	t.Helper()
	server := mariadbd.Start(t)
	root := server.Database(t)
	db := mariadbd.Open(t, root)
	adminName, userName := "adm_"+root.DBName, "usr_"+root.DBName
	pattern := strings.ReplaceAll(root.DBName, "_", `\_`)
	for _, q := range []string{
		fmt.Sprintf("CREATE OR REPLACE USER '%s'@'%%' IDENTIFIED BY '%s'", adminName, password),
		fmt.Sprintf("CREATE OR REPLACE USER '%s'@'%%' IDENTIFIED BY '%s'", userName, password),
		fmt.Sprintf("GRANT SELECT ON `mysql`.* TO '%s'@'%%'", adminName),
		fmt.Sprintf("GRANT %s ON `%s`.* TO '%s'@'%%'", adminGrants, pattern, adminName),
		fmt.Sprintf("GRANT %s ON `%s`.* TO '%s'@'%%'", userGrants, pattern, userName),
	} {
		if _, err := db.ExecContext(t.Context(), q); err != nil {
			t.Fatalf("prepare database users: %v", err)
		}
	}
	base := store.Config{Host: server.Host, Port: server.Port, Database: root.DBName, Password: password}
	admin, restricted = base, base
	admin.Username, restricted.Username = adminName, userName
	return admin, restricted
}

// New gives a migrated, empty store, opened as the restricted user.
func New(t testing.TB) *store.Store {
	t.Helper()
	s, _ := Open(t)
	return s
}

// Open is New with the database itself.
func Open(t testing.TB) (*store.Store, *sql.DB) {
	t.Helper()
	admin, restricted := Configs(t)
	if _, _, err := store.Migrate(t.Context(), admin); err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(restricted)
	if err != nil {
		t.Fatal(err)
	}
	s := store.New(db)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close store: %v", err)
		}
	})
	return s, db
}

// Mentions tells where in a database a text is kept, as table.column.
func Mentions(t testing.TB, db *sql.DB, text string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = DATABASE()
		AND data_type IN ('char', 'varchar', 'text', 'mediumtext', 'longtext', 'binary', 'varbinary', 'blob', 'longblob') ORDER BY 1, 2`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var columns [][2]string
	for rows.Next() {
		var c [2]string
		if err := rows.Scan(&c[0], &c[1]); err != nil {
			t.Fatal(err)
		}
		columns = append(columns, c)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, c := range columns {
		var has bool
		if err := db.QueryRowContext(t.Context(), fmt.Sprintf("SELECT EXISTS (SELECT 1 FROM `%s` WHERE INSTR(`%s`, ?) > 0)", c[0], c[1]),
			text).Scan(&has); err != nil {
			t.Fatalf("%v: %v", c, err)
		}
		if has {
			found = append(found, c[0]+"."+c[1])
		}
	}
	return found
}
