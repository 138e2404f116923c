package main

import (
	"os/exec"
	"strings"
	"testing"
)

// TestProgramLinksNoServer looks at everything that ascp is linked with: a client has no database and measures nothing
// for others.
func TestProgramLinksNoServer(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := strings.Fields(string(out))
	if len(packages) < 100 {
		t.Fatalf("only %d packages", len(packages))
	}
	for _, p := range packages {
		for _, forbidden := range []string{
			"database/sql", "github.com/go-sql-driver/mysql", "github.com/golang-migrate/migrate", "github.com/prometheus",
			"faspex.io/operator/dataplane/store", "k8s.io", "sigs.k8s.io",
		} {
			// database/sql/driver holds interfaces alone; uuid's types have methods of them.
			if (p == forbidden || strings.HasPrefix(p, forbidden+"/")) && p != "database/sql/driver" {
				t.Errorf("ascp links %s", p)
			}
		}
	}
}
