package service_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/test/faspextest"
)

// faspex-O11: a job marks packages whose folder is gone from the node: they are shown, cannot be downloaded and say why. A
// folder that is back takes the mark away, and a storage that is not there at all marks nothing.
func TestPackagesWithoutTheirFolderAreMarked(t *testing.T) {
	s := newScene(t)
	lost, kept := s.create(nil), s.create(nil)
	s.upload(lost)
	s.upload(kept)
	s.run()
	s.want(kept, "released", "completed")
	look := func() {
		s.clock.advance(time.Hour)
		s.run()
	}
	wants := func(what string, files string, status int) {
		t.Helper()
		got, err := s.bob.Package(t.Context(), lost.ID)
		if err != nil || got.FilesOnServer != files || got.State != "released" || (got.DownloadAvailability == "full") != (files == "true") {
			t.Errorf("%s: files %q, %s, %s, %v", what, got.FilesOnServer, got.State, got.DownloadAvailability, err)
		}
		code, body := (&post{in: s.in}).call(t, s.bob, http.MethodPost, "/packages/"+lost.ID+"/transfer_spec/download", map[string]any{})
		if code != status || status == http.StatusConflict && !strings.Contains(body, `"content_lost"`) {
			t.Errorf("%s: %d %s", what, code, body)
		}
		if got, err := s.bob.Package(t.Context(), kept.ID); err != nil || got.FilesOnServer != "true" {
			t.Errorf("%s: the other is %q, %v", what, got.FilesOnServer, err)
		}
	}
	look()
	wants("before", "true", http.StatusOK)
	folder := filepath.Join(s.node.Dir, filepath.Dir(faspextest.PackageFolder(lost)))
	inbox, away := filepath.Dir(folder), filepath.Join(t.TempDir(), "away")
	move := func(from, to string) {
		t.Helper()
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	move(inbox, away)
	look()
	wants("the storage is not there", "true", http.StatusOK)
	move(away, inbox)
	move(folder, away)
	look()
	wants("the folder is gone", "false", http.StatusConflict)
	move(away, folder)
	look()
	wants("the folder is back", "true", http.StatusOK)
}
