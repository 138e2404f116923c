package transfer

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "faspex.io/operator/"

// The rooms depend on nothing of the tree but this, directly or not. depguard refuses direct imports
// (.golangci.yml); this refuses the others.
func TestRoomsDependOnlyOnWhatTheyMay(t *testing.T) {
	for room, c := range map[string]struct {
		may   []string
		never []string // of other modules
	}{
		"dataplane/transfer/fail":  {may: []string{"dataplane/storage", "dataplane/atrest"}},
		"dataplane/transfer/chunk": {},
		"dataplane/transfer/unfinished": {
			may: []string{"dataplane/storage", "dataplane/atrest", "dataplane/transfer/chunk", "dataplane/transfer/fail"},
		},
		"dataplane/transfer/manifest": {may: []string{
			"dataplane/storage", "dataplane/atrest", "dataplane/transfer/chunk", "dataplane/transfer/control",
			"dataplane/transfer/fail",
		}},
		"dataplane/transfer/control": {may: []string{"dataplane/transfer/chunk"}},
		"dataplane/record": {never: []string{"database/sql", "github.com/go-sql-driver/",
			"github.com/prometheus/"}},
	} {
		t.Run(room, func(t *testing.T) {
			out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", module+room).Output()
			if err != nil {
				t.Fatal(err)
			}
			deps := strings.Fields(string(out))
			if !slices.Contains(deps, module+room) {
				t.Fatalf("go list tells of other packages: %v", deps)
			}
			for _, dep := range deps {
				own, ours := strings.CutPrefix(dep, module)
				if ours && own != room && c.never == nil && !slices.Contains(c.may, own) {
					t.Errorf("%s depends on %s", room, own)
				}
				if own == "dataplane/engine" || own == "dataplane/store" ||
					slices.ContainsFunc(c.never, func(p string) bool { return strings.HasPrefix(dep, p) }) {
					t.Errorf("%s depends on %s", room, dep)
				}
			}
		})
	}
}
