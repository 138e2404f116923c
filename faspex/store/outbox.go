package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"
)

// OutboxRow is something that a change of state has to set off.
type OutboxRow struct {
	ID      int64
	Kind    string
	Payload json.RawMessage
}

// Order is what is put into the outbox: a kind, and what whoever carries it out has to know, as JSON. It holds no secret.
type Order struct {
	Kind    string
	Payload any
}

// PutOrder puts an order into the outbox by itself. What goes with a change of state is put there in its transaction.
func (s *Store) PutOrder(ctx context.Context, o Order) error {
	if err := s.inTx(ctx, func(tx *sql.Tx) error { return putOrders(ctx, tx, []Order{o}) }); err != nil {
		return fmt.Errorf("put %s into the outbox: %w", o.Kind, err)
	}
	return nil
}

func putOrders(ctx context.Context, tx *sql.Tx, orders []Order) error {
	for _, o := range orders {
		payload, err := json.Marshal(o.Payload)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO outbox (kind, payload) VALUES (?, ?)`, o.Kind, payload); err != nil {
			return err
		}
	}
	return nil
}

// Dispatch turns rows of the outbox into jobs, at most limit rows, and gives how many rows there were. Rows and jobs
// change in one transaction, so a row becomes its jobs once, wherever the dispatcher stops. Several may dispatch at
// once.
func (s *Store) Dispatch(ctx context.Context, now time.Time, limit int,
	jobsOf func(OutboxRow) []Job) (n int, err error) {
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		rows, err := collect(ctx, tx, func(r rower) (OutboxRow, error) {
			var o OutboxRow
			err := r.Scan(&o.ID, &o.Kind, (*[]byte)(&o.Payload))
			return o, err
		}, `SELECT id, kind, payload FROM outbox ORDER BY id LIMIT ? FOR UPDATE SKIP LOCKED`, limit)
		if err != nil {
			return err
		}
		n = len(rows)
		for _, row := range rows {
			for i, j := range jobsOf(row) {
				j.Reference = fmt.Sprintf("%d-%d", row.ID, i)
				if _, err := insertJob(ctx, tx, j, now); err != nil {
					return err
				}
			}
			if _, err := tx.ExecContext(ctx, `DELETE FROM outbox WHERE id = ?`, row.ID); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("dispatch outbox: %w", err)
	}
	return n, nil
}

// CreateJob stores a job that runs once, and gives its id.
func (s *Store) CreateJob(ctx context.Context, j Job, now time.Time) (id int64, err error) {
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		id, err = insertJob(ctx, tx, j, now)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("create job %s: %w", j.Method, classify(err))
	}
	return id, nil
}

func insertJob(ctx context.Context, tx *sql.Tx, j Job, now time.Time) (int64, error) {
	args := j.Args
	if args == "" {
		args = "{}"
	}
	res, err := tx.ExecContext(ctx, `INSERT INTO jobs (method_name, job_name, job_type, reference_uuid, persistent, serialized_args, scheduled_interval,
		next_availability, error_desc, max_attempts) VALUES (?, ?, ?, ?, FALSE, ?, 0, ?, '', ?)`,
		j.Method, j.Name, j.Type, j.Reference, args, now, j.MaxAttempts)
	if err != nil {
		return 0, err
	}
	return res.LastInsertId()
}

// Job reads one job.
func (s *Store) Job(ctx context.Context, id int64) (Job, error) {
	j, err := scanJob(s.db.QueryRowContext(ctx, `SELECT `+jobColumns+` FROM jobs WHERE id = ?`, id))
	if err != nil {
		return j, fmt.Errorf("read job %d: %w", id, classify(err))
	}
	return j, nil
}

// TellOfJob keeps what a run has to tell.
func (s *Store) TellOfJob(ctx context.Context, id int64, data any) error {
	raw, err := json.Marshal(data)
	if err == nil {
		_, err = s.db.ExecContext(ctx, `UPDATE jobs SET data = ? WHERE id = ?`, raw, id)
	}
	if err != nil {
		return fmt.Errorf("keep what job %d tells: %w", id, err)
	}
	return nil
}

// RetryJob queues a failed job again, with all its attempts. ErrNotFound when it has not failed.
func (s *Store) RetryJob(ctx context.Context, id int64, now time.Time) error {
	res, err := s.db.ExecContext(ctx,
		`UPDATE jobs SET status = 'queued', retry_count = 0, next_availability = ?, error_desc = '' WHERE id = ? AND status = 'failed'`,
		now, id)
	if err != nil {
		return fmt.Errorf("retry job %d: %w", id, err)
	}
	return oneRow(res, "retry job", id)
}

// RemoveJob deletes a job that runs once and does not run now. ErrInUse for another, ErrNotFound when there is none.
func (s *Store) RemoveJob(ctx context.Context, id int64) error {
	if _, err := s.Job(ctx, id); err != nil {
		return err
	}
	res, err := s.db.ExecContext(ctx, `DELETE FROM jobs WHERE id = ? AND NOT persistent AND status <> 'working'`, id)
	var n int64
	if err == nil {
		n, err = res.RowsAffected()
	}
	if err == nil && n == 0 {
		err = ErrInUse
	}
	if err != nil {
		return fmt.Errorf("remove job %d: %w", id, err)
	}
	return nil
}

// PurgeJobs forgets jobs that ran once: those that were completed before a time, and those that failed before another.
func (s *Store) PurgeJobs(ctx context.Context, completed, failed time.Time) error {
	if _, err := s.db.ExecContext(ctx, `DELETE FROM jobs WHERE NOT persistent AND ((status = 'completed' AND updated_at < ?)
		OR (status = 'failed' AND updated_at < ?))`, completed, failed); err != nil {
		return fmt.Errorf("purge jobs: %w", err)
	}
	return nil
}

// JobFilter narrows a list of jobs; zero values narrow nothing.
type JobFilter struct {
	Type, Status, Query string
	// Occurrence is recurring or one_time.
	Occurrence string
}

// ListJobs lists jobs, newest first, and counts all that match.
func (s *Store) ListJobs(ctx context.Context, f JobFilter, p Page) ([]Job, int, error) {
	w := where{}
	if f.Type != "" {
		w.and(`job_type = ?`, f.Type)
	}
	if f.Status != "" {
		w.and(`status = ?`, f.Status)
	}
	if f.Query != "" {
		like := "%" + likeEscape(f.Query) + "%"
		w.and(`(job_name LIKE ? OR method_name LIKE ?)`, like, like)
	}
	switch f.Occurrence {
	case "recurring":
		w.and(`persistent`)
	case "one_time":
		w.and(`NOT persistent`)
	}
	var total int
	if err := s.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM jobs`+w.sql(), w.args...).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("count jobs: %w", err)
	}
	list, err := collect(ctx, s.db, scanJob, `SELECT `+jobColumns+` FROM jobs`+w.sql()+` ORDER BY id DESC LIMIT ? OFFSET ?`,
		append(w.args, p.Limit, p.Offset)...)
	if err != nil {
		return nil, 0, fmt.Errorf("list jobs: %w", err)
	}
	return list, total, nil
}
