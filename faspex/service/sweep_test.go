package service_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/test/faspextest"
)

// A session that ends late may leave a folder of a package that is gone. What belongs to a living package, to
// another Faspex, or is young, stays.
func TestSweepTakesUploadsOfDeletedPackages(t *testing.T) {
	s := newScene(t)
	gone, alive, young := s.create(nil), s.create(nil), s.create(nil)
	if err := s.alice.DeletePackages(t.Context(), gone.ID, young.ID); err != nil {
		t.Fatal(err)
	}
	s.run()
	old := s.clock.Now().Add(-time.Hour)
	named := func(p api.Package) string { return filepath.Base(filepath.Dir(faspextest.PackageFolder(p))) }
	kept := map[string]bool{
		named(gone): false, named(alive): true, named(young): true, gone.PackageUUID + ".incoming": false,
		"A - 6ba7b810-9dad-11d1-80b4-00c04fd430c8.aspera-package": true, gone.PackageUUID + ".other": true,
	}
	for name := range kept {
		s.node.Write(t, filepath.Join("packages", name, "f"), "x")
		if name == named(young) {
			continue
		}
		if err := os.Chtimes(filepath.Join(s.node.Dir, "packages", name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	later := s.clock.Now().Add(20 * time.Hour)
	if err := os.Chtimes(filepath.Join(s.node.Dir, "packages", named(young)), later, later); err != nil {
		t.Fatal(err)
	}
	s.clock.advance(25 * time.Hour)
	if err := s.worker.RunOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, want := range kept {
		if _, err := os.Stat(filepath.Join(s.node.Dir, "packages", name)); (err == nil) != want {
			t.Errorf("%s: %v, want it there: %v", name, err, want)
		}
	}
}
