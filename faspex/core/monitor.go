package core

import (
	"context"
	"net/http"
	"time"

	"faspex.io/operator/faspex/policy"
)

// jobLate is how long after its time a job counts as backlogged.
const jobLate = 2 * time.Minute

// jobHealth is how the jobs of one type stand.
type jobHealth struct {
	Total            int     `json:"total"`
	Stalled          int     `json:"stalled"`
	Backlogged       int     `json:"backlogged"`
	Processing       int     `json:"processing"`
	Failed           int     `json:"failed"`
	PendingRecords   int     `json:"pending_records"`
	MonitoringStatus string  `json:"monitoring_status" enum:"processing,stalled,backlogged"`
	OldestRecordAt   *string `json:"oldest_record_at" doc:"since when the one is due that waits longest"`
}

type jobHealthPart struct {
	Summary jobHealth `json:"summary"`
}

type monitorAnswer struct {
	Jobs struct {
		Background        jobHealthPart `json:"background"`
		TransferStats     jobHealthPart `json:"transfer_stats"`
		Email             jobHealthPart `json:"email"`
		Relay             jobHealthPart `json:"relay"`
		Event             jobHealthPart `json:"event"`
		PackageProcessing jobHealthPart `json:"package_processing"`
	} `json:"jobs"`
}

func (s *Server) registerMonitor() {
	register(s, operation{method: http.MethodGet, path: v5 + "/monitor/{type}", id: "monitor", what: "monitor",
		access: policy.ReadConfiguration, summary: "Tell how background work stands"},
		func(ctx context.Context, _ *struct {
			Type string `path:"type" enum:"jobs"`
		}) (*body[monitorAnswer], error) {
			counts, err := s.store.CountJobs(ctx, s.now(), jobLate)
			if err != nil {
				return nil, err
			}
			var out monitorAnswer
			parts := map[string]*jobHealthPart{"background": &out.Jobs.Background, "transfer_stats": &out.Jobs.TransferStats,
				"email": &out.Jobs.Email, "relay": &out.Jobs.Relay, "event": &out.Jobs.Event,
				"package_processing": &out.Jobs.PackageProcessing}
			for _, part := range parts {
				part.Summary.MonitoringStatus = "processing"
			}
			for _, c := range counts {
				part := parts[c.Type]
				if part == nil {
					continue
				}
				part.Summary = jobHealth{Total: c.Total, Stalled: c.Stalled, Backlogged: c.Backlogged, Processing: c.Processing,
					Failed: c.Failed, PendingRecords: c.Pending, MonitoringStatus: "processing"}
				part.Summary.OldestRecordAt = nullStamp(c.Oldest)
				switch {
				case c.Stalled > 0:
					part.Summary.MonitoringStatus = "stalled"
				case c.Backlogged > 0:
					part.Summary.MonitoringStatus = "backlogged"
				}
			}
			return answerWith(out), nil
		})
}
