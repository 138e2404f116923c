package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Job statuses.
const (
	JobQueued    = "queued"
	JobWorking   = "working"
	JobFailed    = "failed"
	JobCompleted = "completed"
)

// Methods of jobs that run once, which core makes and the service runs.
const (
	MethodSendMail = "send_mail"
	MethodTestMail = "test_email_settings"
)

// Job is one piece of background work, told apart by method and reference.
type Job struct {
	ID               int64
	Method           string
	Name             string
	Type             string // background, package_processing, transfer_stats, ...
	Reference        string // what it works on; empty for a job about everything
	Persistent       bool   // queued again after each run
	Status           string
	Args             string        // JSON
	Interval         time.Duration // between two runs of a persistent job
	RetryCount       int
	NextAvailability time.Time
	// MaxAttempts is after how many failures a job that runs once fails for good; 0 for no bound.
	MaxAttempts int
	Data        []byte // what a run has to tell, JSON; nil for nothing
	WorkerID    string
	ErrorCode   string
	ErrorDesc   string
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

const jobColumns = `id, method_name, job_name, job_type, reference_uuid, persistent, status, serialized_args, scheduled_interval, retry_count,
	next_availability, worker_id, error_code, error_desc, created_at, updated_at, max_attempts, data`

func scanJob(r rower) (Job, error) {
	var j Job
	var seconds int64
	err := r.Scan(&j.ID, &j.Method, &j.Name, &j.Type, &j.Reference, &j.Persistent, &j.Status, &j.Args, &seconds,
		&j.RetryCount,
		&j.NextAvailability, &j.WorkerID, &j.ErrorCode, &j.ErrorDesc, &j.CreatedAt, &j.UpdatedAt, &j.MaxAttempts, &j.Data)
	j.Interval = time.Duration(seconds) * time.Second
	return j, err
}

// EnsureJob stores a job unless one of the same method and reference exists; a persistent one takes the new interval.
func (s *Store) EnsureJob(ctx context.Context, j Job) error {
	args := j.Args
	if args == "" {
		args = "{}"
	}
	_, err := s.db.ExecContext(ctx, `INSERT INTO jobs (method_name, job_name, job_type, reference_uuid, persistent, serialized_args, scheduled_interval,
		next_availability, error_desc) VALUES (?, ?, ?, ?, ?, ?, ?, ?, '') ON DUPLICATE KEY UPDATE scheduled_interval = VALUES(scheduled_interval)`,
		j.Method, j.Name, j.Type, j.Reference, j.Persistent, args, int64(j.Interval/time.Second), j.NextAvailability)
	if err != nil {
		return fmt.Errorf("store job %s: %w", j.Method, err)
	}
	return nil
}

// ClaimJob takes one due job for a worker until now+lease; ErrNotFound when none is due. A job whose worker let
// its lease run out is due again.
func (s *Store) ClaimJob(ctx context.Context, worker string, now time.Time, lease time.Duration) (Job, error) {
	var j Job
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		var err error
		j, err = scanJob(tx.QueryRowContext(ctx, `SELECT `+jobColumns+` FROM jobs
			WHERE (status = 'queued' AND next_availability <= ?) OR (status = 'working' AND claimed_until < ?)
			ORDER BY next_availability LIMIT 1 FOR UPDATE SKIP LOCKED`, now, now))
		if err != nil {
			return err
		}
		j.Status, j.WorkerID = JobWorking, worker
		_, err = tx.ExecContext(ctx, `UPDATE jobs SET status = 'working', worker_id = ?, claimed_until = ? WHERE id = ?`,
			worker, now.Add(lease), j.ID)
		return err
	})
	if err != nil {
		return Job{}, fmt.Errorf("claim job: %w", classify(err))
	}
	return j, nil
}

// FinishJob ends a run by the worker that holds the job: a persistent job is queued for now+Interval, another is
// completed or, with failure not nil, queued for retry. retry is the wait after a failure; zero gives up (failed).
// ErrNotFound when the lease was lost.
func (s *Store) FinishJob(ctx context.Context, j Job, now time.Time, failure error, retry time.Duration) error {
	status, next, retries, desc := JobCompleted, now, 0, ""
	switch {
	case failure != nil && retry > 0:
		status, next, retries, desc = JobQueued, now.Add(retry), j.RetryCount+1, failure.Error()
	case failure != nil && !j.Persistent:
		status, retries, desc = JobFailed, j.RetryCount, failure.Error()
	case failure != nil:
		status, next, retries, desc = JobQueued, now.Add(j.Interval), j.RetryCount+1, failure.Error()
	case j.Persistent:
		status, next = JobQueued, now.Add(j.Interval)
	}
	res, err := s.db.ExecContext(ctx, `UPDATE jobs SET status = ?, next_availability = ?, retry_count = ?, error_desc = ?, worker_id = '', claimed_until = NULL
		WHERE id = ? AND worker_id = ? AND status = 'working'`, status, next, retries, desc, j.ID, j.WorkerID)
	if err != nil {
		return fmt.Errorf("finish job %s: %w", j.Method, err)
	}
	return oneRow(res, "finish job", j.ID)
}

// Jobs lists jobs by method and counts all.
func (s *Store) Jobs(ctx context.Context, p Page) ([]Job, int, error) {
	var total int
	if err := s.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM jobs`).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("count jobs: %w", err)
	}
	list, err := collect(ctx, s.db, scanJob, `SELECT `+jobColumns+
		` FROM jobs ORDER BY method_name, id LIMIT ? OFFSET ?`, p.Limit, p.Offset)
	if err != nil {
		return nil, 0, fmt.Errorf("list jobs: %w", err)
	}
	return list, total, nil
}
