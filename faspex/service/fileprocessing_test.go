package service_test

import (
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/test/faspextest"
)

// waiting gives the files that another system is to process, by their paths.
func (s *scene) waiting() map[string]string {
	s.t.Helper()
	out := map[string]string{}
	for _, f := range s.answered(s.in.Admin, http.StatusOK, http.MethodPost, "/file_processing", nil)["files"].([]any) {
		file := f.(map[string]any)
		out[file["package_id"].(string)+" "+file["path"].(string)] = file["id"].(string)
	}
	return out
}

func (s *scene) processed(id, status, message string, want int) map[string]any {
	s.t.Helper()
	return s.answered(s.in.Admin, want, http.MethodPut, "/file_processing", map[string]any{
		"files": []any{map[string]any{"id": id, "status": status, "message": message}}})
}

// faspex-AC9: with file processing on a package waits until every file is reported as done, one as failed, or the time is
// over, which is half an hour by default; its recipients see nothing of it before. What failed is deleted by its sender.
func TestPackageWaitsForItsFilesToBeProcessed(t *testing.T) {
	s := newScene(t)
	s.configure(map[string]any{"file_processing_enabled": true})
	done, failed, late, given := s.create(nil), s.create(nil), s.create(nil), s.create(nil)
	session := s.beginUpload(done)
	s.node.Write(t, filepath.Join(faspextest.PackageFolder(done), "a.txt"), "1234567")
	session.Progress(7, 10, 1)
	session.AwaitProgress(t, 7)
	s.run()
	unseen := func(what string) {
		t.Helper()
		for _, box := range []string{"inbox", "inbox_history", "all"} {
			if list, err := s.bob.Packages(t.Context(), box); err != nil || len(list) != 0 {
				t.Errorf("%s: %s has %d, %v", what, box, len(list), err)
			}
		}
		for _, p := range []api.Package{done, failed, late} {
			if status, body := (&post{in: s.in}).call(t, s.bob, http.MethodPost, "/packages/"+p.ID+"/transfer_spec/download",
				map[string]any{"paths": []string{"a.txt"}}); status != http.StatusNotFound {
				t.Errorf("%s: %d %s", what, status, body)
			}
		}
	}
	unseen("during the upload")
	s.node.Write(t, filepath.Join(faspextest.PackageFolder(done), "folder", "b.txt"), "890")
	session.Finish(t, "")
	s.upload(failed)
	s.upload(late)
	s.run()
	for _, p := range []api.Package{done, failed, late} {
		if got := s.want(p, "transient_file_processing", "completed"); got.Status != "uploaded_for_file_processing" ||
			got.FileProcessingStatus != "processing" || !got.FileProcessingReqd {
			t.Errorf("%s, %s", got.Status, got.FileProcessingStatus)
		}
	}
	unseen("while it waits")
	files := s.waiting()
	if len(files) != 6 || files[done.ID+" a.txt"] == "" || files[done.ID+" folder/b.txt"] == "" {
		t.Fatalf("files: %v", files)
	}
	s.processed(files[done.ID+" a.txt"], "processing", "", http.StatusOK)
	if n := len(s.waiting()); n != 5 {
		t.Errorf("%d files wait", n)
	}
	s.processed(files[done.ID+" a.txt"], "processing_completed", "", http.StatusOK)
	s.processed(files[failed.ID+" a.txt"], "processing_completed", "", http.StatusOK)
	s.processed(files[failed.ID+" folder/b.txt"], "processing_failed", "a virus", http.StatusOK)
	s.processed("999", "processing_completed", "", http.StatusMultiStatus)
	s.run()
	s.want(done, "transient_file_processing", "completed")
	unseen("when one of two is done")
	s.processed(files[done.ID+" folder/b.txt"], "processing_completed", "", http.StatusOK)
	s.run()
	if got := s.want(done, "released", "completed"); got.TotalFiles != 2 {
		t.Errorf("%d files", got.TotalFiles)
	}
	if list, err := s.bob.Packages(t.Context(), "inbox"); err != nil || len(list) != 1 {
		t.Errorf("inbox: %d, %v", len(list), err)
	}
	if got := s.want(failed, "file_processing_failed", "completed"); got.Status != "file_processing_failed" ||
		got.ErrorDesc != `The file "folder/b.txt" could not be processed. a virus` {
		t.Errorf("%s: %s", got.Status, got.ErrorDesc)
	}
	if got := s.processed(files[failed.ID+" a.txt"], "processing", "", http.StatusMultiStatus); len(got["errors"].([]any)) != 1 {
		t.Errorf("after the end: %v", got)
	}
	if got := s.answered(s.alice, http.StatusOK, http.MethodGet, "/packages/"+failed.ID+"/file_statuses", nil); got["total_count"] != 2.0 {
		t.Errorf("told the sender: %v", got)
	}
	s.answered(s.bob, http.StatusNotFound, http.MethodGet, "/packages/"+failed.ID+"/file_statuses", nil)
	s.answered(s.alice, http.StatusForbidden, http.MethodPost, "/file_processing", nil)

	s.want(late, "transient_file_processing", "completed")
	s.clock.advance(30 * time.Minute)
	s.run()
	if got := s.want(late, "file_processing_timeout", "completed"); got.Status != "file_processing_timed_out" {
		t.Errorf("%s", got.Status)
	}
	s.upload(given)
	s.run()
	s.want(given, "transient_file_processing", "completed")
	for _, p := range []api.Package{failed, late, given} {
		if err := s.alice.DeletePackages(t.Context(), p.ID); err != nil {
			t.Error(err)
		}
		s.run()
		s.want(p, "deleted", "completed")
		if s.filesLeft(p) {
			t.Error("the files of a deleted package are left")
		}
	}
}
