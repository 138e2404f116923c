package service_test

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/test/faspextest"
)

// faspex-Q2, faspex-R2: while a package is uploaded its recipients have it on their lists and get its complete files, and
// not the whole. The server's setting ends that, and an account's preference hides it from the lists.
func TestPackageOnItsWay(t *testing.T) {
	s := newScene(t)
	p, later := s.create(nil), s.create(func(c *api.PackageCreate) { c.ReleasePolicy = "later" })
	listed := func() string {
		t.Helper()
		return flat(s.answered(s.bob, http.StatusOK, http.MethodGet, "/inbox/packages", nil))
	}
	files := func(status int) string {
		t.Helper()
		return flat(s.answered(s.bob, status, http.MethodPost, "/packages/"+p.ID+"/files/received", map[string]any{}))
	}
	spec := func(status int, paths ...string) string {
		t.Helper()
		return flat(s.answered(s.bob, status, http.MethodPost, "/packages/"+p.ID+"/transfer_spec/download",
			map[string]any{"paths": paths}))
	}
	files(http.StatusNotFound)

	sessions := []*faspextest.Session{s.beginUpload(p), s.beginUpload(later)}
	folder := faspextest.PackageFolder(p)
	s.node.Write(t, filepath.Join(folder, "whole.txt"), "1234567")
	s.node.Write(t, filepath.Join(folder, "half.mov.partial"), "890")
	s.node.Write(t, filepath.Join(folder, "season", "one.mov"), "1")
	for _, session := range sessions {
		session.Progress(10, 20, 1)
	}
	s.run()
	if got := listed(); !strings.Contains(got, p.Title) || !strings.Contains(got, `"download_availability":"partial"`) ||
		!strings.Contains(got, `"download_files"`) || strings.Contains(got, `"download"`) || strings.Contains(got, later.Title) {
		t.Errorf("the inbox during the upload: %s", got)
	}
	s.answered(s.bob, http.StatusNotFound, http.MethodGet, "/packages/"+later.ID, nil)
	if got := files(http.StatusOK); !strings.Contains(got, `"/whole.txt"`) || strings.Contains(got, "half") {
		t.Errorf("the files during the upload: %s", got)
	}
	spec(http.StatusOK, "whole.txt", "season/one.mov")
	for _, paths := range [][]string{nil, {"whole.txt", "season"}, {"half.mov.partial"}, {"half.mov"}} {
		if got := spec(http.StatusConflict, paths...); !strings.Contains(got, "still being sent") {
			t.Errorf("%v is refused with %s", paths, got)
		}
	}
	// Files that are complete are not all of it.
	s.answered(s.bob, http.StatusOK, http.MethodPut, "/account/preferences", map[string]any{"show_only_completed_packages": true})
	if got := listed(); strings.Contains(got, p.Title) {
		t.Errorf("an inbox of complete packages has %s", got)
	}
	s.answered(s.bob, http.StatusOK, http.MethodPut, "/account/preferences", map[string]any{"show_only_completed_packages": false})

	s.configure(map[string]any{"downloads_during_transfers_enabled": false})
	if got := listed(); strings.Contains(got, p.Title) {
		t.Errorf("an inbox where it is switched off has %s", got)
	}
	spec(http.StatusNotFound, "whole.txt")
	files(http.StatusNotFound)
	s.configure(map[string]any{"downloads_during_transfers_enabled": true})

	sessions[0].Finish(t, "link cut")
	s.run()
	if got := listed(); strings.Contains(got, p.Title) {
		t.Errorf("an inbox has a package whose upload failed: %s", got)
	}
}
