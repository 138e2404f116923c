package service_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/faspex/api"
)

// told gives what a node was told to revoke since the last call, as direction and tags.
func (s *scene) told() []string {
	s.t.Helper()
	all := s.node.Revocations()
	var out []string
	for _, r := range all[s.seen:] {
		out = append(out, r.Direction+" "+string(r.Tags))
	}
	s.seen = len(all)
	return out
}

func (s *scene) wantTold(what, direction string, field, value string) {
	s.t.Helper()
	installation, err := s.in.Store.Installation(s.t.Context())
	if err != nil || len(installation) != 36 {
		s.t.Fatalf("installation %q, %v", installation, err)
	}
	fields := fmt.Sprintf(`%q:%q,"installation":%q`, field, value, installation)
	if field > "installation" {
		fields = fmt.Sprintf(`"installation":%q,%q:%q`, installation, field, value)
	}
	want := fmt.Sprintf(`%s {"aspera":{"faspex":{%s}}}`, direction, fields)
	if got := s.told(); !slices.Contains(got, want) {
		s.t.Errorf("%s: the node was told %q, want %q", what, got, want)
	}
}

func TestRevocationsOfPackages(t *testing.T) {
	s := newScene(t)
	p, q := s.create(nil), s.create(nil)
	s.upload(p)
	s.run()
	s.want(p, "released", "completed")
	s.wantTold("release", "send", "package_uuid", p.PackageUUID)

	if err := s.alice.DeletePackages(t.Context(), p.ID, q.ID); err != nil {
		t.Fatal(err)
	}
	// Deletion waits for a node that fails, and meanwhile nobody reads the package.
	s.node.AnswerRevocations(http.StatusServiceUnavailable)
	s.run()
	if got := s.read(p); got.State != "transient_released_to_deleted" || !s.filesLeft(p) {
		t.Errorf("state %s while the node does not take the revocation", got.State)
	}
	if _, err := s.bob.DownloadSpec(t.Context(), p.ID, nil); err == nil {
		t.Error("a recipient downloads a package that is being deleted")
	}
	if _, err := s.alice.DownloadSentSpec(t.Context(), p.ID, nil); err == nil {
		t.Error("the sender downloads a package that is being deleted")
	}
	if _, err := s.alice.UploadSpec(t.Context(), q.ID, nil); err == nil {
		t.Error("the sender uploads to a package that is being deleted")
	}
	s.node.AnswerRevocations(http.StatusNoContent)
	s.run()
	s.want(p, "deleted", "completed")
	s.wantTold("deletion", "", "package_uuid", p.PackageUUID)
}

func TestRevocationsOfAccounts(t *testing.T) {
	s := newScene(t)
	yes, no := true, false
	bob, err := s.in.Admin.AccountByName(t.Context(), "bob@example.com")
	if err != nil {
		t.Fatal(err)
	}
	// A node that is away holds nobody up, and is told when it is back.
	s.node.AnswerRevocations(http.StatusServiceUnavailable)
	for _, test := range []struct {
		name      string
		change    api.AccountChange
		direction string
	}{
		{"uploads", api.AccountChange{UploadsAllowed: &no}, "send"},
		{"downloads", api.AccountChange{DownloadsAllowed: &no}, "receive"},
		{"allowed again", api.AccountChange{UploadsAllowed: &yes, DownloadsAllowed: &yes}, "none"},
		{"deactivated", api.AccountChange{AccountActivated: &no}, ""},
	} {
		if _, err := s.in.Admin.UpdateAccount(t.Context(), bob.ID, test.change); err != nil {
			t.Fatal(err)
		}
		s.run()
		if got := s.told(); len(got) != 0 {
			t.Errorf("%s: told %q while the node fails", test.name, got)
		}
		s.node.AnswerRevocations(http.StatusNoContent)
		s.run()
		if test.direction == "none" {
			if got := s.told(); len(got) != 0 {
				t.Errorf("%s: told %q", test.name, got)
			}
		} else {
			s.wantTold(test.name, test.direction, "account_id", bob.ID)
		}
		s.node.AnswerRevocations(http.StatusServiceUnavailable)
	}
	s.node.AnswerRevocations(http.StatusNoContent)
	s.in.User(t, "Carol", "Gone", "")
	carol, err := s.in.Admin.AccountByName(t.Context(), "carol@example.com")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.in.Admin.DeleteAccount(t.Context(), carol.ID); err != nil {
		t.Fatal(err)
	}
	s.run()
	s.wantTold("deleted", "", "account_id", carol.ID)
	s.run()
	if got := s.told(); len(got) != 0 {
		t.Errorf("told again: %q", got)
	}
}

func TestRevocationsAtANodeThatKnowsNone(t *testing.T) {
	for _, status := range []int{http.StatusNotFound, http.StatusMethodNotAllowed} {
		s := newScene(t)
		s.node.AnswerRevocations(status)
		p := s.create(nil)
		s.upload(p)
		s.run()
		s.want(p, "released", "completed")
		no := false
		bob, err := s.in.Admin.AccountByName(t.Context(), "bob@example.com")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.in.Admin.UpdateAccount(t.Context(), bob.ID, api.AccountChange{AccountActivated: &no}); err != nil {
			t.Fatal(err)
		}
		if err := s.alice.DeletePackages(t.Context(), p.ID); err != nil {
			t.Fatal(err)
		}
		s.run()
		s.want(p, "deleted", "completed")
		if n := strings.Count(s.in.Log.String(), "node knows no revocations"); n != 1 {
			t.Errorf("%d: told %d times in the log", status, n)
		}
	}
}

// TestReleaseWaitsForSessionsToEnd: a session that has the folder open would go on
// writing into it under its final name.
func TestReleaseWaitsForSessionsToEnd(t *testing.T) {
	s := newScene(t)
	p := s.create(nil)
	second := s.beginUpload(p)
	s.upload(p)
	step := func() {
		t.Helper()
		s.clock.advance(2 * time.Second)
		if err := s.worker.RunOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		step()
	}
	s.want(p, "transient_held_to_released_start", "completed")
	if !second.Canceled() {
		t.Error("the other session was not told to end")
	}
	second.Finish(t, "canceled")
	for range 3 {
		step()
	}
	s.want(p, "released", "completed")
}

func TestDownloadLimitCountsWhatStarts(t *testing.T) {
	s := newScene(t)
	limit := 2
	p := s.create(func(b *api.PackageCreate) { b.DownloadLimit = &limit })
	s.upload(p)
	s.run()
	s.want(p, "released", "completed")
	sent, err := s.alice.DownloadSentSpec(t.Context(), p.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.node.Begin(t, sent).Finish(t, "")
	part, err := s.bob.DownloadSpec(t.Context(), p.ID, []string{"a.txt"})
	if err != nil {
		t.Fatal(err)
	}
	s.node.Begin(t, part).Finish(t, "")
	s.run()
	whole, err := s.bob.DownloadSpec(t.Context(), p.ID, nil)
	if err != nil {
		t.Fatalf("second download of two: %v", err)
	}
	running := s.node.Begin(t, whole)
	s.run()
	if _, err := s.bob.DownloadSpec(t.Context(), p.ID, nil); err == nil || !strings.Contains(err.Error(), "as often as") {
		t.Errorf("third download of two while the second runs: %v", err)
	}
	running.Finish(t, "cut")
	s.run()
	if _, err := s.bob.DownloadSpec(t.Context(), p.ID, []string{"folder/b.txt"}); err == nil ||
		!strings.Contains(err.Error(), "as often as") {
		t.Errorf("a part after two downloads: %v", err)
	}
	if _, err := s.alice.DownloadSentSpec(t.Context(), p.ID, nil); err != nil {
		t.Errorf("the sender: %v", err)
	}
}
