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
	// Progress is what the job says of itself, as JSON.
	Progress json.RawMessage
	Error    string
	// Elapsed is from the request to the end, or to now.
	Elapsed time.Duration
}

const (
	jobColumns = "id, kind, access_key_id, owner, path, file_id, status, progress, error_desc, " +
		"TIMESTAMPDIFF(MICROSECOND, created_at, COALESCE(ended_at, UTC_TIMESTAMP(6)))"
	// ownerIsThere holds a job to its access key: nobody goes on with one whose key is gone.
	ownerIsThere = "(access_key_id = '' OR EXISTS (SELECT 1 FROM access_keys k WHERE k.id = access_key_id))"
	// keepJobs is how long it can be asked how a job ended.
	keepJobs = 7 * 24 * time.Hour
)

func scanJob(row scanner) (Job, error) {
	var j Job
	var progress []byte
	var elapsed int64
	err := row.Scan(&j.ID, &j.Kind, &j.AccessKey, &j.Owner, &j.Path, &j.FileID, &j.Status, &progress, &j.Error, &elapsed)
	j.Progress, j.Elapsed = progress, time.Duration(elapsed)*time.Microsecond
	return j, err
}

// CreateJob stores a job for any node to take.
func (s *Store) CreateJob(ctx context.Context, j Job) error {
	err := s.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO jobs (id, kind, access_key_id, owner, path, file_id, status, progress)
			VALUES (?, ?, ?, ?, ?, ?, ?, '{}')`, j.ID, j.Kind, j.AccessKey, j.Owner, j.Path, j.FileID, JobWaiting)
		return err
	})
	if err != nil {
		return fmt.Errorf("insert job: %w", err)
	}
	return nil
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

// TakeJob gives the holder a job that nobody holds, for the time of the lease; ErrNotFound if there is none.
func (s *Store) TakeJob(ctx context.Context, holder string, lease time.Duration) (j Job, err error) {
	err = s.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		j, err = scanJob(tx.QueryRowContext(ctx, "SELECT "+jobColumns+
			" FROM jobs WHERE ended_at IS NULL AND lease_until < UTC_TIMESTAMP(6) AND "+ownerIsThere+
			" ORDER BY lease_until LIMIT 1 FOR UPDATE SKIP LOCKED"))
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
// whether the job is the holder's still, and whether somebody wants it to stop.
func (s *Store) KeepJob(ctx context.Context, id, holder string, progress json.RawMessage, lease time.Duration) (held,
	stop bool, err error) {
	err = s.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE jobs SET progress = ?, lease_until = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND
			WHERE id = ? AND holder = ? AND ended_at IS NULL AND `+ownerIsThere, string(progress), lease.Microseconds(), id, holder)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if held = n > 0; err != nil || !held {
			return err
		}
		return tx.QueryRowContext(ctx, "SELECT stop_wanted <> '' FROM jobs WHERE id = ?", id).Scan(&stop)
	})
	if err != nil {
		return false, false, fmt.Errorf("keep job: %w", err)
	}
	return held, stop, nil
}

// EndJob stores how a job ended, unless it is another's by now.
func (s *Store) EndJob(ctx context.Context, id, holder string, status JobStatus, progress json.RawMessage,
	failure string) error {
	err := s.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE jobs SET status = ?, progress = ?, error_desc = ?, ended_at = UTC_TIMESTAMP(6)
			WHERE id = ? AND holder = ? AND ended_at IS NULL`, status, string(progress), clip(failure, 1024), id, holder)
		return err
	})
	if err != nil {
		return fmt.Errorf("end job: %w", err)
	}
	return nil
}

// StopJob has a job stop: one that nobody has taken at once, another within its holder's next look.
func (s *Store) StopJob(ctx context.Context, id string) error {
	err := s.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "UPDATE jobs SET stop_wanted = 'cancel' WHERE id = ? AND ended_at IS NULL",
			id); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE jobs SET status = ?, ended_at = UTC_TIMESTAMP(6)
			WHERE id = ? AND status = ? AND ended_at IS NULL`, JobCancelled, id, JobWaiting)
		return err
	})
	if err != nil {
		return fmt.Errorf("stop job: %w", err)
	}
	return nil
}
