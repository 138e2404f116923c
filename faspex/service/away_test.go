package service_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/packages"
	"faspex.io/operator/faspex/store"
)

// change changes a package by the API in the sender's name.
func (s *scene) change(p api.Package, body map[string]any) {
	s.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPut, s.in.URL+"/aspera/faspex/api/v5/packages/"+p.ID,
		bytes.NewReader(raw))
	if err != nil {
		s.t.Fatal(err)
	}
	token, err := s.alice.Token(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		s.t.Fatalf("change of package %s: %d", p.ID, res.StatusCode)
	}
}

// reach has Faspex look for the node at a port.
func (s *scene) reach(port int) {
	s.t.Helper()
	if _, err := s.in.Admin.UpdateNode(s.t.Context(), s.nodeID, api.NodeChange{APIPort: &port,
		APIPassword: s.node.Change("").APIPassword}); err != nil {
		s.t.Fatal(err)
	}
}

// faspex-O7: what happened to transfers while their node could not be reached is caught up when it can: one that ended,
// one that failed, and one that began and ended meanwhile.
func TestNewsOfANodeThatWasAwayAreCaughtUp(t *testing.T) {
	s := newScene(t)
	ends, fails, whole := s.create(nil), s.create(nil), s.create(nil)
	ending, failing := s.beginUpload(ends), s.beginUpload(fails)
	spec, err := s.alice.UploadSpec(t.Context(), whole.ID, []string{"files"})
	if err != nil {
		t.Fatal(err)
	}
	s.run()
	s.want(ends, "held", "transferring")
	s.want(fails, "held", "transferring")

	s.reach(1)
	s.run()
	if node, err := s.in.Admin.Node(t.Context(), s.nodeID); err != nil || node.Status != "failed" {
		t.Fatalf("the node that is away: %s, %v", node.Status, err)
	}
	for _, p := range []api.Package{ends, whole} {
		s.node.Write(t, filepath.Join("packages", p.PackageUUID+".incoming", "a.txt"), "1234567890")
	}
	ending.Progress(10, 10, 1)
	ending.Finish(t, "")
	failing.Finish(t, "the disk is full")
	session := s.node.Begin(t, spec)
	session.Progress(10, 10, 1)
	session.Finish(t, "")
	s.run()
	s.want(ends, "held", "transferring")
	s.want(whole, "held", "queued")

	s.reach(*s.node.Change("").APIPort)
	s.run()
	s.run()
	s.want(ends, "released", "completed")
	s.want(whole, "released", "completed")
	if got := s.want(fails, "held", "failed"); got.ErrorDesc != "the disk is full" {
		t.Errorf("error %q", got.ErrorDesc)
	}
}

// faspex-O12: an upload that ended while no process of the service ran is released after the start of another.
func TestUploadThatEndedWhileFaspexWasDownIsReleased(t *testing.T) {
	s := newScene(t)
	p := s.create(nil)
	session := s.beginUpload(p)
	s.run()
	s.want(p, "held", "transferring")
	s.worker = nil

	s.node.Write(t, filepath.Join("packages", p.PackageUUID+".incoming", "a.txt"), "1234567890")
	session.Progress(10, 10, 1)
	session.Finish(t, "")
	s.want(p, "held", "transferring")

	s.worker = s.in.Worker(t, "after-the-start", s.clock.Now)
	s.run()
	s.run()
	if got := s.want(p, "released", "completed"); got.TotalBytes != 10 || got.TotalFiles != 1 {
		t.Errorf("%d bytes, %d files", got.TotalBytes, got.TotalFiles)
	}
	if inbox, err := s.bob.Packages(t.Context(), "inbox"); err != nil || len(inbox) != 1 {
		t.Errorf("inbox: %d, %v", len(inbox), err)
	}
}

// faspex-P1: a package that is to be released later is uploaded at once to the default inbox, and held until its date
// or until somebody releases it by hand; recipients have nothing of it before.
func TestReleaseLaterUploadsAtOnce(t *testing.T) {
	s := newScene(t)
	date := s.clock.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	onDate := s.create(func(b *api.PackageCreate) { b.ReleasePolicy, b.ReleaseDate = "on_date", &date })
	byHand := s.create(func(b *api.PackageCreate) { b.ReleasePolicy = "later" })
	for _, p := range []api.Package{onDate, byHand} {
		s.upload(p)
	}
	s.run()
	for _, p := range []api.Package{onDate, byHand} {
		if got := s.want(p, "held", "completed"); got.TotalBytes != 10 || !s.filesLeft(p) {
			t.Errorf("%d bytes, files at the node %v", got.TotalBytes, s.filesLeft(p))
		}
		if _, err := s.bob.DownloadSpec(t.Context(), p.ID, nil); err == nil {
			t.Error("a recipient downloads before the release")
		}
	}
	inbox := func(want ...api.Package) {
		t.Helper()
		list, err := s.bob.Packages(t.Context(), "inbox")
		if err != nil || len(list) != len(want) {
			t.Fatalf("inbox: %+v, %v; want %d", list, err, len(want))
		}
	}
	inbox()
	s.change(byHand, map[string]any{"release_policy": "now"})
	s.run()
	s.want(byHand, "released", "completed")
	s.want(onDate, "held", "completed")
	inbox(byHand)
	s.clock.advance(time.Hour)
	s.run()
	s.want(onDate, "released", "completed")
	inbox(byHand, onDate)
	if _, err := s.bob.DownloadSpec(t.Context(), onDate.ID, nil); err != nil {
		t.Error(err)
	}
}

// faspex-S6: a download that runs is not cut by the expiry that another one's end brings about.
func TestRunningDownloadIsNotCutByExpiry(t *testing.T) {
	s := newScene(t)
	carol := s.in.User(t, "Carol", "Recipient", "")
	p := s.create(func(b *api.PackageCreate) {
		b.ExpirationPolicy = "delete_after_any_download"
		b.Recipients = append(b.Recipients, api.RecipientName{Name: "carol@example.com"})
	})
	s.upload(p)
	s.run()
	s.want(p, "released", "completed")
	spec, err := carol.DownloadSpec(t.Context(), p.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	running := s.node.Begin(t, spec)
	s.download(p, "")
	for range 3 {
		s.run()
	}
	s.want(p, "released", "completed")
	if !s.filesLeft(p) {
		t.Error("the files went while they were read")
	}
	running.Progress(10, 10, 2)
	running.Finish(t, "")
	for range 3 {
		s.run()
	}
	s.want(p, "expired", "completed")
	if got := s.read(p); got.CompletedDownloadCount != 2 {
		t.Errorf("%d downloads", got.CompletedDownloadCount)
	}
}

// Content that a version before renamed without having released it is found where it lies now. What it had not renamed is
// released where it is.
func TestContentThatAVersionBeforeRenamed(t *testing.T) {
	s := newScene(t)
	for _, renamed := range []bool{true, false} {
		p := s.create(nil)
		s.beginUpload(p).Finish(t, "")
		stored, err := s.in.Store.PackageByUUID(t.Context(), p.PackageUUID)
		if err != nil {
			t.Fatal(err)
		}
		want := stored.Directory
		if err := s.in.Store.MoveContent(t.Context(), stored.ContentID, want+".incoming"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.in.Store.RecordUpload(t.Context(), stored.ID, store.Upload{Status: packages.UploadCompleted}); err != nil {
			t.Fatal(err)
		}
		if !renamed {
			want += ".incoming"
		}
		s.node.Write(t, filepath.Join(want, "a.txt"), "1234567890")
		s.run()
		if got := s.want(p, "released", "completed"); got.TotalBytes != 10 {
			t.Errorf("renamed %v: %d bytes", renamed, got.TotalBytes)
		}
		spec, err := s.bob.DownloadSpec(t.Context(), p.ID, nil)
		if err != nil || spec.SourceRoot != want {
			t.Errorf("renamed %v: downloads from %s, want %s, %v", renamed, spec.SourceRoot, want, err)
		}
	}
}
