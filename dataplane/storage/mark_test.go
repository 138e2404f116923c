package storage

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// Who may delete in a storage, or rename, does not take it from its owner.
func TestMarkIsOutOfReach(t *testing.T) {
	dir := t.TempDir()
	lay(t, dir, []string{"default/" + Mark, "default/f", "default/d/g"}, nil)
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for name, err := range map[string]error{
		"open": closing(r.Open("default/" + Mark)), "stat": second(r.Stat("default/" + Mark)),
		"remove": r.Remove("default/" + Mark),
		"rename": r.Rename("default/"+Mark, "default/x"), "replace": r.Rename("default/f", "default/"+Mark),
		"make":  r.Mkdir("default/d/"+Mark, 0o755),
		"write": closing(r.OpenOwn("default/"+Mark, os.O_WRONLY|os.O_TRUNC, 0)), "link": r.Symlink("f", "x/"+Mark),
	} {
		if !errors.Is(err, ErrBadPath) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if entries, err := r.ReadDir("default"); err != nil || len(entries) != 2 {
		t.Errorf("the storage lists %v, %v", entries, err)
	}
	if err := r.RemoveAll("default"); err == nil {
		t.Error("a storage with a mark can be removed")
	}
	left, err := os.ReadDir(filepath.Join(dir, "default"))
	if err != nil || len(left) != 1 || left[0].Name() != Mark {
		t.Errorf("left are %v, %v", left, err)
	}
}
