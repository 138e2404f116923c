package mariadb_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faspex.io/operator/controllers/mariadb"
	"faspex.io/operator/test/mariadbd"
)

// faspex-AG1: beside root, who makes them, there is a user who migrates and one who works, each with the rights that
// the guide documents on this instance's database and no more (TestProvisionRepairsDrift: what is given beside is
// taken, TestRightsAreNoMoreThanNeeded: what others have is out of reach).
func TestUsersHaveTheDocumentedRights(t *testing.T) {
	server := rootServer(t)
	provision(t, server, mariadb.Faspex("faspex_doc",
		mariadb.Account{Name: "aspera_doc", Password: "a"}, mariadb.Account{Name: "faspex_doc", Password: "b"}))
	db := mariadbd.Open(t, mariadbd.Start(t).RootConfig())
	form := regexp.MustCompile("^GRANT (.*) ON `?([^`]*?)`?\\.\\* TO `?[^`]*`?@`%`( IDENTIFIED .*)?$")
	granted := func(user string) map[string][]string {
		t.Helper()
		rows, err := db.QueryContext(t.Context(), "SHOW GRANTS FOR '"+user+"'@'%'")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		all := map[string][]string{}
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				t.Fatal(err)
			}
			m := form.FindStringSubmatch(line)
			if m == nil {
				t.Fatalf("%s has a right of another form: %s", user, line)
			}
			rights := strings.Split(m[1], ", ")
			slices.Sort(rights)
			all[m[2]] = append(all[m[2]], rights...)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return all
	}
	for user, want := range map[string]map[string][]string{
		"aspera_doc": {"*": {"USAGE"}, "mysql": {"SELECT"}, `faspex\_doc`: {"ALTER", "ALTER ROUTINE", "CREATE",
			"CREATE ROUTINE", "CREATE TEMPORARY TABLES", "CREATE VIEW", "DELETE", "DROP", "EVENT", "EXECUTE", "INDEX",
			"INSERT", "LOCK TABLES", "SELECT", "SHOW VIEW", "TRIGGER", "UPDATE"}},
		"faspex_doc": {"*": {"USAGE"}, `faspex\_doc`: {"DELETE", "INSERT", "SELECT", "UPDATE"}},
	} {
		if diff := cmp.Diff(want, granted(user)); diff != "" {
			t.Errorf("%s: -documented +granted:\n%s", user, diff)
		}
	}
}
