package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// JobStatus is how far a job is, in the words of the Node API.
type JobStatus string

// The states of jobs.
const (
	JobWaiting   JobStatus = "waiting"
	JobRunning   JobStatus = "running"
	JobComplete  JobStatus = "complete"
	JobCancelled JobStatus = "cancelled"
	JobFailed    JobStatus = "error"
	// JobPaused is a transfer that goes on when somebody says so.
	JobPaused JobStatus = "paused"
)

// JobTransfer is the kind of jobs that make a transfer, whose record has the id of the job.
const JobTransfer = "transfer"

// What somebody may want of a job that runs.
const (
	StopCancel = "cancel"
	StopPause  = "pause"
)

// Job is work that goes on after the call that asked for it, on whichever node.
type Job struct {
	ID, Kind string
	// AccessKey and Owner are who asked for it; AccessKey is empty for node users.
	AccessKey, Owner string
	// Path is beneath the storage root, FileID that of what is there; 0 if the job needs none.
	Path   string
	FileID uint64
	Status JobStatus
	// Request is what was asked for, as JSON, without what is secret of it. That is in Secrets, sealed, until the job has
	// ended.
	Request json.RawMessage
	Secrets []byte
	// Progress is what the job says of itself, as JSON.
	Progress json.RawMessage
	Error    string
	// Elapsed is from the request to the end, or to now.
	Elapsed time.Duration
}

const (
	jobColumns = "id, kind, access_key_id, owner, path, file_id, status, request, secrets, progress, error_desc, " +
		"TIMESTAMPDIFF(MICROSECOND, created_at, COALESCE(ended_at, UTC_TIMESTAMP(6)))"
	// ownerIsThere holds a job to its access key: nobody goes on with one whose key is gone.
	ownerIsThere = "(access_key_id = '' OR EXISTS (SELECT 1 FROM access_keys k WHERE k.id = access_key_id))"
	// keepJobs is how long it can be asked how a job ended.
	keepJobs = 7 * 24 * time.Hour
)

func scanJob(row scanner) (Job, error) {
	var j Job
	var progress, request []byte
	var elapsed int64
	err := row.Scan(&j.ID, &j.Kind, &j.AccessKey, &j.Owner, &j.Path, &j.FileID, &j.Status, &request, &j.Secrets, &progress,
		&j.Error, &elapsed)
	j.Request, j.Progress, j.Elapsed = request, progress, time.Duration(elapsed)*time.Microsecond
	return j, err
}

// CreateJob stores a job for any node to take.
func (s *Store) CreateJob(ctx context.Context, j Job) error {
	err := s.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error { return insertJob(ctx, tx, j) })
	if err != nil {
		return fmt.Errorf("insert job: %w", err)
	}
	return nil
}

func insertJob(ctx context.Context, tx *sql.Tx, j Job) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO jobs (id, kind, access_key_id, owner, path, file_id, status, request, secrets,
		progress) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '{}')`, j.ID, j.Kind, j.AccessKey, j.Owner, j.Path, j.FileID, JobWaiting,
		jsonOrEmpty(j.Request), j.Secrets)
	return err
}

// Job reads a job; ErrNotFound if there is none.
func (s *Store) Job(ctx context.Context, id string) (Job, error) {
	if !isASCII(id) {
		return Job{}, fmt.Errorf("job: %w", ErrNotFound)
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	j, err := scanJob(s.db.QueryRowContext(ctx, "SELECT "+jobColumns+" FROM jobs WHERE id = ?", id))
	if errors.Is(err, sql.ErrNoRows) {
		return Job{}, fmt.Errorf("job: %w", ErrNotFound)
	}
	if err != nil {
		return Job{}, fmt.Errorf("read job: %w", err)
	}
	return j, nil
}

// TakeJob gives the holder a job of some kinds that nobody holds, for the time of the lease; ErrNotFound if there is
// none.
func (s *Store) TakeJob(ctx context.Context, holder string, lease time.Duration, kinds ...string) (j Job, err error) {
	args := []any{JobPaused}
	for _, kind := range kinds {
		args = append(args, kind)
	}
	err = s.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		j, err = scanJob(tx.QueryRowContext(ctx, "SELECT "+jobColumns+
			" FROM jobs WHERE ended_at IS NULL AND lease_until < UTC_TIMESTAMP(6) AND status <> ? AND kind IN ("+
			repeat("?", len(kinds))+") AND "+ownerIsThere+
			" ORDER BY lease_until LIMIT 1 FOR UPDATE SKIP LOCKED", args...))
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("job: %w", ErrNotFound)
		}
		if err != nil {
			return fmt.Errorf("take job: %w", err)
		}
		_, err = tx.ExecContext(ctx, `UPDATE jobs SET holder = ?, status = ?, lease_until = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND
			WHERE id = ?`, holder, JobRunning, lease.Microseconds(), j.ID)
		return err
	})
	return j, err
}

// KeepJob renews the lease of a job and stores its progress; without a lease, another may take it at once. It reports
// whether the job is the holder's still, and what somebody wants of it: nothing, StopCancel or StopPause.
func (s *Store) KeepJob(ctx context.Context, id, holder string, progress json.RawMessage, lease time.Duration) (held bool,
	stop string, err error) {
	err = s.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE jobs SET progress = ?, lease_until = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND
			WHERE id = ? AND holder = ? AND ended_at IS NULL AND status <> ? AND `+ownerIsThere, string(progress),
			lease.Microseconds(), id, holder, JobPaused)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if held = n > 0; err != nil || !held {
			return err
		}
		return tx.QueryRowContext(ctx, "SELECT stop_wanted FROM jobs WHERE id = ?", id).Scan(&stop)
	})
	if err != nil {
		return false, "", fmt.Errorf("keep job: %w", err)
	}
	return held, stop, nil
}

// JobEnd is how a job ended, or was paused. Code is that of a transfer.
type JobEnd struct {
	Status   JobStatus
	Progress json.RawMessage
	Code     int
	Text     string
}

// EndJob stores how a job ended, or that it is paused, unless it is another's by now. The secrets of what has ended go.
func (s *Store) EndJob(ctx context.Context, j Job, holder string, end JobEnd) error {
	err := s.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		revision, err := revisionFor(ctx, tx, j.Kind)
		if err != nil {
			return err
		}
		paused := end.Status == JobPaused
		res, err := tx.ExecContext(ctx, `UPDATE jobs SET status = ?, progress = ?, error_desc = ?, stop_wanted = '',
			ended_at = IF(?, NULL, UTC_TIMESTAMP(6)), secrets = IF(?, secrets, NULL)
			WHERE id = ? AND holder = ? AND ended_at IS NULL`,
			end.Status, string(end.Progress), clip(end.Text, 1024), paused, paused, j.ID, holder)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return follow(ctx, tx, revision, j, end)
	})
	if err != nil {
		return fmt.Errorf("end job: %w", err)
	}
	return nil
}

// StopJob has a job stop, or be paused: one that nobody has taken, or that is paused, at once, another within its
// holder's next look.
func (s *Store) StopJob(ctx context.Context, j Job, how string) error {
	end := JobEnd{Status: JobCancelled}
	if how == StopPause {
		end.Status = JobPaused
	}
	err := s.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		revision, err := revisionFor(ctx, tx, j.Kind)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE jobs SET stop_wanted = ? WHERE id = ? AND ended_at IS NULL", how,
			j.ID); err != nil {
			return err
		}
		paused := how == StopPause
		res, err := tx.ExecContext(ctx, `UPDATE jobs SET status = ?, stop_wanted = '', ended_at = IF(?, NULL, UTC_TIMESTAMP(6)),
			secrets = IF(?, secrets, NULL) WHERE id = ? AND status IN (?, ?) AND ended_at IS NULL`, end.Status, paused, paused, j.ID,
			JobWaiting, JobPaused)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return follow(ctx, tx, revision, j, end)
	})
	if err != nil {
		return fmt.Errorf("stop job: %w", err)
	}
	return nil
}
