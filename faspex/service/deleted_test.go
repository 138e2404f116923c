package service_test

import (
	"net/http"
	"strings"
	"testing"

	"faspex.io/operator/faspex/api"
)

// faspex-A6: an admin lists, opens and downloads every package, also one that was sent to a user who is deleted by now.
// faspex-B7: a user whom packages name can be deleted; what the user received stays, and admins see and download it.
func TestAdminsHavePackagesOfDeletedUsers(t *testing.T) {
	s := newScene(t)
	p := s.create(func(c *api.PackageCreate) { c.Title = "Plans" })
	s.upload(p)
	s.run()
	a, err := s.in.Admin.AccountByName(t.Context(), "bob@example.com")
	if err != nil {
		t.Fatal(err)
	}
	downloads := func() int {
		t.Helper()
		spec, err := s.in.Admin.DownloadSpec(t.Context(), p.ID, nil)
		if err != nil {
			t.Fatal(err)
		}
		session := s.node.Begin(t, spec)
		session.Progress(10, 10, 2)
		session.Finish(t, "")
		s.run()
		got := s.answered(s.in.Admin, http.StatusOK, "GET", "/packages/"+p.ID, nil)
		return int(got["completed_download_count"].(float64))
	}
	if n := downloads(); n != 1 {
		t.Errorf("%d downloads of a package between others", n)
	}
	s.answered(s.in.Admin, http.StatusNoContent, "DELETE", "/accounts/"+a.ID, nil)
	list := s.answered(s.in.Admin, http.StatusOK, "GET", "/all/packages?q=Plans", nil)
	if list["total_count"] != 1.0 {
		t.Errorf("the list of all packages: %v", list)
	}
	got := s.answered(s.in.Admin, http.StatusOK, "GET", "/packages/"+p.ID, nil)
	to := got["recipients"].([]any)[0].(map[string]any)
	if got["title"] != "Plans" || got["state"] != "released" || to["status"] != "deleted" || to["email"] != "bob@example.com" {
		t.Errorf("opened: %v", got)
	}
	status, files := (&post{in: s.in}).call(t, s.in.Admin, "POST", "/packages/"+p.ID+"/files/received", map[string]any{"path": "/"})
	if status != http.StatusOK || !strings.Contains(files, `"a.txt"`) {
		t.Errorf("files: %d %s", status, files)
	}
	if n := downloads(); n != 2 {
		t.Errorf("%d downloads after the deletion", n)
	}
}
