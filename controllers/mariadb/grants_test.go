package mariadb

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPlanGrants(t *testing.T) {
	a := Account{Name: "faspex", Grants: []Grant{{Pattern: "faspex%", Privileges: []string{"SELECT", "INSERT"}}}}
	const usage = "GRANT USAGE ON *.* TO `faspex`@`%` IDENTIFIED BY PASSWORD '*0123'"
	tests := []struct {
		name  string
		lines []string
		want  []string
	}{
		{"as wanted", []string{usage, "GRANT SELECT, INSERT ON `faspex%`.* TO `faspex`@`%`"}, nil},
		{"none", []string{usage}, []string{"GRANT SELECT, INSERT ON `faspex%`.* TO `faspex`@`%`"}},
		{"one missing", []string{usage, "GRANT SELECT ON `faspex%`.* TO `faspex`@`%`"},
			[]string{"GRANT INSERT ON `faspex%`.* TO `faspex`@`%`"}},
		{
			"one too many", []string{usage, "GRANT SELECT, DROP ON `faspex%`.* TO `faspex`@`%`"},
			[]string{"REVOKE SELECT, DROP ON `faspex%`.* FROM `faspex`@`%`",
				"GRANT SELECT, INSERT ON `faspex%`.* TO `faspex`@`%`"},
		},
		{
			"everything everywhere with grant option",
			[]string{
				"GRANT ALL PRIVILEGES ON *.* TO `faspex`@`%` IDENTIFIED BY PASSWORD '*0123' WITH GRANT OPTION",
				"GRANT SELECT, INSERT ON `faspex%`.* TO `faspex`@`%`",
			},
			[]string{"REVOKE GRANT OPTION ON *.* FROM `faspex`@`%`", "REVOKE ALL PRIVILEGES ON *.* FROM `faspex`@`%`"},
		},
		{
			"another database, columns and a role",
			[]string{
				usage, "GRANT `boss` TO `faspex`@`%`", "GRANT SELECT, INSERT ON `faspex%`.* TO `faspex`@`%`",
				"GRANT SELECT (a, b) ON `other`.`t` TO `faspex`@`%`", "SET DEFAULT ROLE `boss` FOR `faspex`@`%`",
			},
			[]string{"REVOKE `boss` FROM `faspex`@`%`", "REVOKE SELECT (a, b) ON `other`.`t` FROM `faspex`@`%`"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, planGrants(a, tt.lines)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestPasswordHash(t *testing.T) {
	// SELECT PASSWORD('password'), from the documentation of MariaDB.
	if got, want := passwordHash("password"), "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestIdentifier(t *testing.T) {
	if got, want := Identifier("a`; DROP TABLE b; --"), "`a``; DROP TABLE b; --`"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
