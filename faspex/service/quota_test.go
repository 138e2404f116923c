package service_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/test/faspextest"
)

func (s *scene) configure(fields map[string]any) {
	s.t.Helper()
	if err := s.in.Admin.Configure(s.t.Context(), fields); err != nil {
		s.t.Fatal(err)
	}
}

// sent sends a package of so many bytes.
func (s *scene) sent(bytes int64, change func(*api.PackageCreate)) api.Package {
	s.t.Helper()
	p := s.create(change)
	session := s.beginUpload(p)
	s.node.Write(s.t, faspextest.PackageFolder(p)+"/a", strings.Repeat("x", int(bytes)))
	session.Progress(bytes, bytes, 1)
	session.Finish(s.t, "")
	s.run()
	return p
}

// faspex-W1: off, on, and on with the accounts' own limits. faspex-W3: a limit over 0 is so many MB, 0 is nothing, an
// account's empty one is none. faspex-W6: bytes to exempt domains do not count, senders of exempt ones are not checked.
// faspex-W8: what was sent before quotas were enabled counts. faspex-W9: over the limit create is refused with the end of
// the window. faspex-W4: the window has the configured hours. faspex-W13 (the server's part): what is left is told.
func TestSenderQuotas(t *testing.T) {
	s := newScene(t)
	const mb = 1_000_000
	s.sent(mb, nil)
	may := func(what string, want bool) {
		t.Helper()
		status, text := (&post{in: s.in}).call(t, s.alice, "POST", "/packages", map[string]any{"title": "x",
			"recipients": []any{map[string]any{"name": "bob@example.com"}}})
		if (status == http.StatusCreated) != want || !want && !strings.Contains(text, "quota_exceeded") {
			t.Errorf("%s: %d %s", what, status, text)
		}
	}
	may("switched off", true)
	s.configure(map[string]any{"sender_quota_option": "enable", "sender_quota_limit_mb": 1})
	may("on", false)
	refused := s.answered(s.alice, http.StatusForbidden, "POST", "/packages", map[string]any{"title": "x",
		"recipients": []any{map[string]any{"name": "bob@example.com"}}})
	if end := time.Now().Add(24 * time.Hour).UTC().Format("2006-01-02"); !strings.Contains(refused["message"].(string), end) {
		t.Errorf("the end of the window is not told: %v", refused)
	}
	alice, err := s.in.Admin.AccountByName(t.Context(), "alice@example.com")
	if err != nil {
		t.Fatal(err)
	}
	account := func(limit any) {
		t.Helper()
		s.answered(s.in.Admin, http.StatusOK, "PUT", "/accounts/"+alice.ID,
			map[string]any{"override_server_sender_quota": true, "sender_quota_limit_mb": limit})
	}
	account(5)
	may("on, with a limit of the account", false)
	s.configure(map[string]any{"sender_quota_option": "default"})
	may("on, with limits of accounts", true)
	if q := s.answered(s.alice, http.StatusOK, "GET", "/account/quota", nil); q["limited"] != true || q["left_bytes"] != 4.0*mb {
		t.Errorf("quota %v", q)
	}
	account(0)
	may("a limit of 0", false)
	s.answered(s.in.Admin, http.StatusOK, "PUT", "/accounts/"+alice.ID, map[string]any{"override_server_sender_quota": false})
	may("the server's again", false)
	s.configure(map[string]any{"quota_recipient_allowlist": []string{"Example.com"}})
	may("to an exempt domain", true)
	s.configure(map[string]any{"quota_recipient_allowlist": nil, "quota_sender_allowlist": []string{"example.com"}})
	may("from an exempt domain", true)
	s.configure(map[string]any{"quota_sender_allowlist": nil})
	may("from no exempt domain", false)
}

// faspex-W7: exemptions are domains; an address is refused.
func TestQuotaExemptionsAreDomains(t *testing.T) {
	s := newScene(t)
	for _, field := range []string{"quota_recipient_allowlist", "quota_sender_allowlist"} {
		s.answered(s.in.Admin, http.StatusBadRequest, "PUT", "/configuration", map[string]any{field: []string{"a@example.com"}})
		s.answered(s.in.Admin, http.StatusOK, "PUT", "/configuration", map[string]any{field: []string{"example.com"}})
	}
}

// faspex-W10: an upload that is larger than what is left is stopped, by its announced size or by what was written; the
// package is deleted and its sender told. faspex-W12: what was written counts for the next check.
func TestUploadOverTheQuotaIsStopped(t *testing.T) {
	s, p := newMailScene(t)
	s.configure(map[string]any{"sender_quota_option": "enable", "sender_quota_limit_mb": 1})
	announced, growing := s.create(nil), s.create(nil)
	first := s.beginUpload(announced)
	first.Progress(10, 2_000_000, 1)
	first.AwaitProgress(t, 10)
	s.run()
	if !first.Canceled() {
		t.Error("the announced upload goes on")
	}
	s.run()
	if got := s.read(announced); got.State != "deleted" || !strings.Contains(got.ErrorDesc, "larger than what your account may still send") {
		t.Errorf("%s, %q", got.State, got.ErrorDesc)
	}
	second := s.beginUpload(growing)
	second.Progress(900_000, 0, 1)
	second.AwaitProgress(t, 900_000)
	s.run()
	s.want(growing, "held", "transferring")
	second.Progress(1_000_001, 0, 1)
	second.AwaitProgress(t, 1_000_001)
	s.run()
	if !second.Canceled() {
		t.Error("the growing upload goes on")
	}
	s.run()
	if got := s.read(growing); got.State != "deleted" {
		t.Errorf("state %s", got.State)
	}
	told := 0
	for _, m := range p.smtp.Mails() {
		if m.To == "alice@example.com" && strings.Contains(m.Subject, "upload error") {
			told++
		}
	}
	if told != 2 {
		t.Errorf("the sender was told %d times: %+v", told, p.smtp.Mails())
	}
	s.answered(s.alice, http.StatusForbidden, "POST", "/packages", map[string]any{"title": "x",
		"recipients": []any{map[string]any{"name": "bob@example.com"}}})
}

// faspex-O4: an upload without progress for the configured time is timed out and shown as failed. One that moves on after
// all is taken up again.
func TestUploadWithoutProgressTimesOut(t *testing.T) {
	s := newScene(t)
	p := s.create(nil)
	session := s.beginUpload(p)
	session.Progress(4, 10, 2)
	session.AwaitProgress(t, 4)
	s.run()
	s.want(p, "held", "transferring")
	s.clock.advance(time.Hour)
	s.run()
	if got := s.want(p, "held", "timed_out"); got.Status != "failed" || got.ErrorDesc == "" {
		t.Errorf("shown as %s, %q", got.Status, got.ErrorDesc)
	}
	s.run()
	s.want(p, "held", "timed_out")
	session.Progress(10, 10, 2)
	session.Finish(t, "")
	s.run()
	s.want(p, "released", "completed")
}

// faspex-S8: records of deleted packages are purged after the configured days when purging is enabled, also on demand.
// faspex-Q5: "free up space" deletes the content of packages that are older than so many days, and keeps their records.
func TestOldPackagesGo(t *testing.T) {
	s := newScene(t)
	s.clock.advance(-72 * time.Hour)
	old := s.sent(10, nil)
	s.clock.advance(72 * time.Hour)
	young := s.sent(10, nil)
	space := func(method, path string, body any) (packages, bytes any) {
		t.Helper()
		got := s.answered(s.in.Admin, http.StatusOK, method, "/internal/packages/free_space"+path, body)
		return got["packages"], got["bytes"]
	}
	if n, bytes := space("GET", "?days=100", nil); n != 0.0 || bytes != 0.0 {
		t.Errorf("older than 100 days: %v, %v", n, bytes)
	}
	if n, bytes := space("GET", "?days=2", nil); n != 1.0 || bytes != 10.0 {
		t.Errorf("older than 2 days: %v, %v", n, bytes)
	}
	s.answered(s.alice, http.StatusForbidden, "POST", "/internal/packages/free_space", map[string]any{"days": 2})
	if n, _ := space("POST", "", map[string]any{"days": 2}); n != 1.0 {
		t.Errorf("%v packages were freed", n)
	}
	s.run()
	s.want(old, "deleted", "completed")
	s.want(young, "released", "completed")
	if s.filesLeft(old) || !s.filesLeft(young) {
		t.Error("not the files of the old package went")
	}
	if past, err := s.bob.Packages(t.Context(), "inbox_history"); err != nil || len(past) != 2 {
		t.Errorf("bob's history: %d, %v", len(past), err)
	}
	clean := map[string]any{"days_before_deleting_package_records": 1}
	if got := s.answered(s.in.Admin, http.StatusOK, "POST", "/internal/packages/clean_deleted", clean); got["number_of_deleted_packages"] != 0.0 {
		t.Errorf("%v", got)
	}
	clean["days_before_deleting_package_records"] = 0
	if got := s.answered(s.in.Admin, http.StatusOK, "POST", "/internal/packages/clean_deleted", clean); got["number_of_deleted_packages"] != 1.0 {
		t.Errorf("%v", got)
	}
	s.answered(s.alice, http.StatusNotFound, "GET", "/packages/"+old.ID, nil)
	if got := s.answered(s.in.Admin, http.StatusOK, "GET", "/all/packages", nil); got["total_count"] != 1.0 {
		t.Errorf("packages left: %v", got["total_count"])
	}
	if err := s.alice.DeletePackages(t.Context(), young.ID); err != nil {
		t.Fatal(err)
	}
	s.run()
	s.clock.advance(25 * time.Hour)
	s.run()
	s.want(young, "deleted", "completed") // nobody said that records are purged
	s.configure(map[string]any{"enable_package_purge": true, "days_before_deleting_package_records": 1})
	s.clock.advance(time.Hour)
	s.run()
	s.answered(s.alice, http.StatusNotFound, "GET", "/packages/"+young.ID, nil)
}
