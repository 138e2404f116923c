package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"faspex.io/operator/dataplane/record"
)

// transferStatus is what a job's state is for the record of its transfer.
var transferStatus = map[JobStatus]record.Status{
	JobWaiting: record.StatusWaiting, JobRunning: record.StatusRunning, JobPaused: record.StatusPaused,
	JobComplete: record.StatusCompleted, JobCancelled: record.StatusCanceled, JobFailed: record.StatusFailed,
}

// nowUsec is the database's time in microseconds since 1970. As SQL.
const nowUsec = "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))"

// CreateTransferJob stores a job that makes a transfer, with the record of the transfer, which waits.
func (s *Store) CreateTransferJob(ctx context.Context, j Job, t record.Transfer) error {
	startSpec, err := json.Marshal(t.StartSpec)
	if err != nil {
		return fmt.Errorf("encode start spec: %w", err)
	}
	err = s.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		revision, err := nextRevision(ctx, tx)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO transfers (id, revision, status, job, direction, access_key, token_user,
			token_kind, remote_user, cookie, tags, start_spec, started_usec) VALUES (?, ?, ?, TRUE, ?, ?, ?, ?, ?, ?, ?, ?, `+
			nowUsec+`)`, j.ID, revision, record.StatusWaiting, t.Direction, t.AccessKey, clip(t.TokenUser, 255), t.TokenKind,
			clip(t.RemoteUser, 255), clip(t.Cookie, maxCookie), tagsText(t.Tags), startSpec)
		if err != nil {
			return err
		}
		return insertJob(ctx, tx, j)
	})
	if err != nil {
		return fmt.Errorf("insert transfer job: %w", err)
	}
	return nil
}

// revisionFor counts a change of the transfer that a job makes; other jobs have none.
func revisionFor(ctx context.Context, tx *sql.Tx, kind string) (int64, error) {
	if kind != JobTransfer {
		return 0, nil
	}
	return nextRevision(ctx, tx)
}

// follow has the record of a job's transfer say what the job says.
func follow(ctx context.Context, tx *sql.Tx, revision int64, j Job, end JobEnd) error {
	if j.Kind != JobTransfer {
		return nil
	}
	over := end.Status == JobComplete || end.Status == JobCancelled || end.Status == JobFailed
	_, err := tx.ExecContext(ctx, `UPDATE transfers SET revision = ?, status = ?, error_code = ?, error_desc = ?,
		ended_usec = IF(?, `+nowUsec+`, 0), cancel_requested = FALSE WHERE id = ? AND job`,
		revision, transferStatus[end.Status], end.Code, clip(end.Text, 1024), over, j.ID)
	if err != nil {
		return fmt.Errorf("record transfer of job: %w", err)
	}
	return nil
}

// ShowTransferJob has the record of a transfer say that its job runs or waits, with why the last session ended, unless
// the job is another's by now.
func (s *Store) ShowTransferJob(ctx context.Context, j Job, holder string, now JobEnd) error {
	err := s.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		revision, err := nextRevision(ctx, tx)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE transfers t JOIN jobs j ON j.id = t.id SET t.revision = ?, t.status = ?,
			t.error_code = ?, t.error_desc = ? WHERE t.id = ? AND t.job AND j.holder = ? AND j.ended_at IS NULL`,
			revision, transferStatus[now.Status], now.Code, clip(now.Text, 1024), j.ID, holder)
		return err
	})
	if err != nil {
		return fmt.Errorf("record transfer of job: %w", err)
	}
	return nil
}

// ResumeJob has a paused job go on; one that is about to pause does not. It changes nothing of others.
func (s *Store) ResumeJob(ctx context.Context, j Job) error {
	err := s.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		revision, err := revisionFor(ctx, tx, j.Kind)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE jobs SET stop_wanted = '' WHERE id = ? AND stop_wanted = ?", j.ID,
			StopPause); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, `UPDATE jobs SET status = ?, lease_until = '1970-01-02' WHERE id = ? AND status = ?
			AND ended_at IS NULL`, JobWaiting, j.ID, JobPaused)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return follow(ctx, tx, revision, j, JobEnd{Status: JobWaiting})
	})
	if err != nil {
		return fmt.Errorf("resume job: %w", err)
	}
	return nil
}

// endJobsOf ends the jobs of keys that are gone, and forgets their secrets. Who is at work on one finds out.
func endJobsOf(ctx context.Context, tx *sql.Tx, keys []AccessKey) error {
	end := JobEnd{Status: JobCancelled, Text: "its access key was deleted"}
	for _, k := range keys {
		jobs, err := openJobsOf(ctx, tx, k.ID)
		if err != nil {
			return fmt.Errorf("end jobs of access key: %w", err)
		}
		for _, j := range jobs {
			if _, err := tx.ExecContext(ctx, `UPDATE jobs SET status = ?, error_desc = ?, secrets = NULL,
				ended_at = UTC_TIMESTAMP(6) WHERE id = ?`, end.Status, end.Text, j.ID); err != nil {
				return fmt.Errorf("end jobs of access key: %w", err)
			}
			revision, err := revisionFor(ctx, tx, j.Kind)
			if err != nil {
				return err
			}
			if err := follow(ctx, tx, revision, j, end); err != nil {
				return err
			}
		}
	}
	return nil
}

func openJobsOf(ctx context.Context, tx *sql.Tx, key string) ([]Job, error) {
	rows, err := tx.QueryContext(ctx, "SELECT id, kind FROM jobs WHERE access_key_id = ? AND ended_at IS NULL FOR UPDATE", key)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var jobs []Job
	for rows.Next() {
		var j Job
		if err := rows.Scan(&j.ID, &j.Kind); err != nil {
			return nil, err
		}
		jobs = append(jobs, j)
	}
	return jobs, rows.Err()
}

// SealedSecret is the secret of a job as it is kept.
type SealedSecret struct {
	Job    string
	Sealed []byte
}

// JobSecrets are the secrets of jobs that have not ended, after a job's id, in the order of ids.
func (s *Store) JobSecrets(ctx context.Context, after string, limit int) ([]SealedSecret, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	rows, err := s.db.QueryContext(ctx, `SELECT id, secrets FROM jobs WHERE ended_at IS NULL AND secrets IS NOT NULL AND id > ?
		ORDER BY id LIMIT ?`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read secrets of jobs: %w", err)
	}
	defer rows.Close()
	var out []SealedSecret
	for rows.Next() {
		var secret SealedSecret
		if err := rows.Scan(&secret.Job, &secret.Sealed); err != nil {
			return nil, fmt.Errorf("read secrets of jobs: %w", err)
		}
		out = append(out, secret)
	}
	return out, rows.Err()
}

// ReplaceJobSecret keeps a secret as it was sealed anew, unless it has changed or the job has ended since.
func (s *Store) ReplaceJobSecret(ctx context.Context, former SealedSecret, sealed []byte) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err := s.db.ExecContext(ctx, "UPDATE jobs SET secrets = ? WHERE id = ? AND secrets = ? AND ended_at IS NULL", sealed,
		former.Job, former.Sealed)
	if err != nil {
		return fmt.Errorf("seal secret of job anew: %w", err)
	}
	return nil
}
