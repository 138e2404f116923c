package service_test

import (
	"testing"

	"faspex.io/operator/dataplane/record"
)

// faspex-O5: an upload that was paused or stopped is shown as paused, not as failed, and may be taken up again.
func TestPausedUploadHasNotFailed(t *testing.T) {
	s := newScene(t)
	for status, upload := range map[record.Status]string{record.StatusPaused: "paused", record.StatusCanceled: "stopped"} {
		p := s.create(nil)
		session := s.beginUpload(p)
		session.Progress(4, 10, 2)
		session.AwaitProgress(t, 4)
		s.run()
		s.want(p, "held", "transferring")
		session.End(t, record.Outcome{Status: status})
		s.run()
		if got := s.want(p, "held", upload); got.Status != "paused" {
			t.Errorf("%s is shown as %s", upload, got.Status)
		}
		s.upload(p)
		s.run()
		s.want(p, "released", "completed")
	}
}
