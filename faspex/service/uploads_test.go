package service

import (
	"database/sql"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	nodeapi "faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/faspex/packages"
	"faspex.io/operator/faspex/store"
)

func TestUploadOf(t *testing.T) {
	const second = 1_000_000
	time1 := sql.NullTime{Time: time.Unix(1, 0).UTC(), Valid: true}
	time2 := sql.NullTime{Time: time.Unix(2, 0).UTC(), Valid: true}
	announced := nodeapi.Precalc{BytesExpected: 100, FilesExpected: 4}
	tests := map[string]struct {
		in   nodeapi.Transfer
		want store.Upload
	}{
		"waiting": {
			nodeapi.Transfer{Status: "waiting"},
			store.Upload{Status: packages.UploadQueued},
		},
		"running": {
			nodeapi.Transfer{Status: "running", StartTimeUsec: second, BytesWritten: 40, FilesCompleted: 1, Precalc: announced},
			store.Upload{Status: packages.UploadTransferring, TotalBytes: 100, TotalFiles: 4, BytesWritten: 40,
				StartedAt: time1},
		},
		"running, nothing announced": {
			nodeapi.Transfer{Status: "running", BytesWritten: 40, FilesCompleted: 1},
			store.Upload{Status: packages.UploadTransferring, TotalBytes: 40, TotalFiles: 1, BytesWritten: 40},
		},
		"completed": {
			nodeapi.Transfer{Status: "completed", StartTimeUsec: second, EndTimeUsec: 2 * second, BytesWritten: 100,
				FilesCompleted: 4, Precalc: announced},
			store.Upload{Status: packages.UploadCompleted, TotalBytes: 100, TotalFiles: 4, BytesWritten: 100, StartedAt: time1,
				CompletedAt: time2},
		},
		"failed": {
			nodeapi.Transfer{Status: "failed", ErrorDesc: "disk full", BytesWritten: 7, Precalc: announced},
			store.Upload{Status: packages.UploadFailed, TotalBytes: 100, TotalFiles: 4, BytesWritten: 7, ErrorDesc: "disk full"},
		},
		"failed, told by its session": {
			nodeapi.Transfer{Status: "failed", Sessions: []nodeapi.Session{{ErrorDesc: "older"}, {ErrorDesc: "link cut"}, {}}},
			store.Upload{Status: packages.UploadFailed, ErrorDesc: "link cut"},
		},
		"failed without a word": {nodeapi.Transfer{Status: "failed"},
			store.Upload{Status: packages.UploadFailed, ErrorDesc: "The transfer failed."}},
		"partial": {
			nodeapi.Transfer{Status: "partially_completed"},
			store.Upload{Status: packages.UploadFailed, ErrorDesc: "Some files were not transferred."},
		},
		"canceled": {nodeapi.Transfer{Status: "canceled"},
			store.Upload{Status: packages.UploadStopped, ErrorDesc: "The transfer was canceled."}},
		"paused": {nodeapi.Transfer{Status: "paused"}, store.Upload{Status: packages.UploadPaused}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, known := uploadOf(tc.in)
			if !known {
				t.Fatal("not known")
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	if _, known := uploadOf(nodeapi.Transfer{Status: "strange"}); known {
		t.Error("a strange status says something")
	}
}

func TestBackoff(t *testing.T) {
	for failures, want := range map[int]time.Duration{0: time.Second, 1: 2 * time.Second, 5: 32 * time.Second,
		6: time.Minute, 1000: time.Minute} {
		if got := backoff(failures); got != want {
			t.Errorf("after %d failures: %v, want %v", failures, got, want)
		}
	}
}
