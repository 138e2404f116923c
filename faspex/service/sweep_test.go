package service_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"
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
	old := s.clock.Now().Add(-25 * time.Hour)
	kept := map[string]bool{
		gone.PackageUUID + ".incoming": false, alive.PackageUUID + ".incoming": true, young.PackageUUID + ".incoming": true,
		"6ba7b810-9dad-11d1-80b4-00c04fd430c8.incoming": true, gone.PackageUUID + ".other": true,
	}
	for name := range kept {
		s.node.Write(t, filepath.Join("packages", name, "f"), "x")
		if name == young.PackageUUID+".incoming" {
			continue
		}
		if err := os.Chtimes(filepath.Join(s.node.Dir, "packages", name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	s.clock.advance(time.Hour)
	if err := s.worker.RunOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, want := range kept {
		if _, err := os.Stat(filepath.Join(s.node.Dir, "packages", name)); (err == nil) != want {
			t.Errorf("%s: %v, want it there: %v", name, err, want)
		}
	}
}
