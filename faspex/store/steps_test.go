package store_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// The steps of the schema are numbered without a gap, each once: a database that has a higher number would never take a
// lower one.
func TestStepsOfTheSchemaFollowEachOther(t *testing.T) {
	files, err := os.ReadDir("migrations")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 || len(files)%2 != 0 {
		t.Fatalf("%d files are not one up and one down for each step", len(files))
	}
	for i, f := range files {
		prefix, suffix := fmt.Sprintf("%04d_", i/2+1), []string{".down.sql", ".up.sql"}[i%2]
		if !strings.HasPrefix(f.Name(), prefix) || !strings.HasSuffix(f.Name(), suffix) {
			t.Errorf("%s stands where %s...%s is expected", f.Name(), prefix, suffix)
		}
	}
}
