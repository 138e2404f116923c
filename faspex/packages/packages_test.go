package packages_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faspex.io/operator/faspex/packages"
)

var states = []packages.State{
	packages.Held, packages.HeldToReleasedStart, packages.HeldToReleasedRouting, packages.HeldToReleasedFinish,
	packages.Released,
	packages.HeldToExpired, packages.ReleasedToExpired, packages.Expired,
	packages.HeldToDeleted, packages.ReleasedToDeleted, packages.ExpiredToDeleted, packages.Deleted,
	packages.FileProcessingNeeded, packages.FileProcessing, packages.FileProcessingFailed, packages.FileProcessingTimeout,
	packages.ProcessingNeededToDeleted, packages.ProcessingToDeleted, packages.ProcessingFailedToDeleted,
	packages.ProcessingTimeoutToDeleted,
}

var uploads = []packages.UploadStatus{
	"completed", "error", "failed", "paused", "queued", "stopped", "submitted", "timed_out", "transferring", "will_retry",
	"pre_initiation",
}

// faspex-O1: the guide's table, row by row.
func TestShow(t *testing.T) {
	for _, test := range []struct {
		state  packages.State
		upload packages.UploadStatus
		want   packages.Status
	}{
		{"held", "submitted", "starting"},
		{"held", "queued", "uploading"},
		{"held", "transferring", "transferring"},
		{"held", "paused", "paused"},
		{"held", "stopped", "paused"},
		{"held", "timed_out", "failed"},
		{"held", "will_retry", "failed"},
		{"held", "error", "failed"},
		{"held", "failed", "failed"},
		{"held", "pre_initiation", "pre_initiation"},
		{"held", "completed", "uploaded_for_processing"},
		{"transient_held_to_released_start", "completed", "processing"},
		{"transient_held_to_released_routing_packages", "completed", "checking_relays"},
		{"transient_held_to_released_finish", "completed", "relaying"},
		{"released", "completed", "completed"},
		{"transient_released_to_expired", "completed", "expiring"},
		{"transient_held_to_expired", "queued", "expiring"},
		{"expired", "completed", "expired"},
		{"transient_released_to_deleted", "completed", "deleting"},
		{"transient_expired_to_deleted", "completed", "deleting"},
		{"transient_held_to_deleted", "queued", "deleting"},
		{"deleted", "completed", "deleted"},
		{"transient_file_processing_needed", "completed", "uploaded_for_file_processing"},
		{"transient_file_processing", "completed", "uploaded_for_file_processing"},
		{"file_processing_failed", "completed", "file_processing_failed"},
		{"file_processing_timeout", "completed", "file_processing_timed_out"},
		{"transient_file_processing_needed_to_deleted", "completed", "deleting"},
		{"transient_file_processing_to_deleted", "completed", "deleting"},
		{"transient_file_processing_failed_to_deleted", "completed", "deleting"},
		{"transient_file_processing_timeout_to_deleted", "completed", "deleting"},
		{"held", "odd", "unknown"},
		{"odd", "completed", "unknown"},
	} {
		if got := packages.Show(test.state, test.upload); got != test.want {
			t.Errorf("%s, %s: %s, want %s", test.state, test.upload, got, test.want)
		}
	}
}

// Every pair that is shown as a status is matched by it, and no other.
func TestMatchingIsShowBackwards(t *testing.T) {
	for _, st := range states {
		for _, u := range uploads {
			shown := packages.Show(st, u)
			if shown == packages.StatusUnknown {
				t.Errorf("%s, %s is shown as unknown", st, u)
			}
			found := 0
			for _, m := range packages.Matching(shown) {
				if m.State == st && (m.Upload == "" || m.Upload == u) {
					found++
				}
			}
			if found != 1 {
				t.Errorf("%s, %s: %d matches of %s", st, u, found, shown)
			}
		}
	}
	if len(packages.Matching("odd")) != 0 {
		t.Error("something matches an odd status")
	}
	if diff := cmp.Diff(packages.Matching("failed"), packages.Matching("failed")); diff != "" {
		t.Errorf("the order changes\n%s", diff)
	}
}

func TestEveryStateIsReachedAndEnds(t *testing.T) {
	reached := map[packages.State]bool{packages.Held: true}
	for range states {
		for _, from := range states {
			for _, to := range states {
				if reached[from] && packages.MayMove(from, to) {
					reached[to] = true
				}
			}
		}
	}
	for _, st := range states {
		if !reached[st] {
			t.Errorf("%s is never reached", st)
		}
		if packages.MayMove(st, st) || packages.MayMove(packages.Deleted, st) {
			t.Errorf("a step from %s to itself, or from deleted", st)
		}
		if st.Transient() != strings.HasPrefix(string(st), "transient_") {
			t.Errorf("%s transient: %v", st, st.Transient())
		}
		if st.Downloadable() != (st == "released") {
			t.Errorf("%s downloadable: %v", st, st.Downloadable())
		}
		if to, ok := packages.Deleting(st); ok && (!packages.MayMove(st, to) || !packages.MayMove(to, packages.Deleted)) {
			t.Errorf("deleting from %s goes by %s", st, to)
		}
	}
}

func TestAdvance(t *testing.T) {
	var walk []packages.State
	st := packages.Held
	for {
		next, more := packages.Advance(st, packages.UploadCompleted, true)
		if !more {
			break
		}
		if !packages.MayMove(st, next) {
			t.Fatalf("no step from %s to %s", st, next)
		}
		walk, st = append(walk, next), next
	}
	want := []packages.State{packages.HeldToReleasedStart, packages.HeldToReleasedRouting, packages.HeldToReleasedFinish,
		packages.Released}
	if diff := cmp.Diff(want, walk); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for _, u := range uploads {
		if _, more := packages.Advance(packages.Held, u, false); more {
			t.Errorf("held, %s advances before its time", u)
		}
		if _, more := packages.Advance(packages.Held, u, true); more != (u == packages.UploadCompleted) {
			t.Errorf("held, %s: advances %v", u, more)
		}
		if packages.Uploadable(packages.Held, u) == (u == packages.UploadCompleted) ||
			packages.Uploadable(packages.Released, u) {
			t.Errorf("uploadable with %s", u)
		}
	}
}

func TestTags(t *testing.T) {
	tags := packages.Tags{PackageID: "12", PackageUUID: "u", AccountID: "3", Whole: true}
	raw, err := packages.Label{Transfer: "x", PackageID: 12, UUID: "u", Title: "T"}.TagsJSON(tags)
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := packages.TagsOf(raw); !ok || got != tags {
		t.Errorf("read back: %+v", got)
	}
	// Nodes add tags of their own.
	if got, ok := packages.TagsOf(json.RawMessage(`{"aspera":{"xfer_id":"x","faspex":{"package_id":"1"}},"other":[1]}`)); !ok ||
		got.PackageID != "1" {
		t.Errorf("with others: %+v", got)
	}
	for _, other := range []string{``, `null`, `{}`, `{"aspera":{"node":{}}}`, `{"aspera":{"faspex":{}}}`, `{"aspera":7}`,
		`broken`} {
		if got, ok := packages.TagsOf(json.RawMessage(other)); ok {
			t.Errorf("%s: %+v", other, got)
		}
	}
}
