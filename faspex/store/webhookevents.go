package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Statuses of calls of webhooks.
const (
	WebhookQueued    = "queued"
	WebhookWorking   = "working"
	WebhookRetrying  = "retrying" // the first try got no answer, and another will be made
	WebhookCompleted = "completed"
	WebhookFailed    = "failed"
	WebhookCancelled = "cancelled"
)

// WebhookEvent is a call of a webhook for a package.
type WebhookEvent struct {
	ID, WebhookID, PackageID int64
	WebhookName, PackageName string
	Status                   string
	Payload                  json.RawMessage
	RequestHeaders           sql.NullString
	Code                     sql.NullInt64
	AnswerHeaders, Answer    sql.NullString
	ErrorDesc                string
	CreatedAt                time.Time
}

const webhookEventColumns = `e.id, e.webhook_id, e.package_id, w.name, e.package_name, e.status, e.request_payload,
	e.request_headers, e.response_code, e.response_headers, e.response_body, e.error_desc, e.created_at`

const webhookEventFrom = ` FROM webhook_events e JOIN webhooks w ON w.id = e.webhook_id`

func scanWebhookEvent(r rower) (e WebhookEvent, err error) {
	return e, r.Scan(&e.ID, &e.WebhookID, &e.PackageID, &e.WebhookName, &e.PackageName, &e.Status, (*[]byte)(&e.Payload),
		&e.RequestHeaders, &e.Code, &e.AnswerHeaders, &e.Answer, &e.ErrorDesc, &e.CreatedAt)
}

// callArgs are those of the job that makes a call.
type callArgs struct {
	Event int64 `json:"event"`
}

// WebhookEventOf reads which call a job is to make.
func WebhookEventOf(j Job) (int64, error) {
	var args callArgs
	if err := json.Unmarshal([]byte(j.Args), &args); err != nil || args.Event == 0 {
		return 0, errors.New("job has no call")
	}
	return args.Event, nil
}

// callAttempts: after a call without an answer one more is made (faspex-AC5).
const callAttempts = 2

func putCall(ctx context.Context, tx *sql.Tx, event, order int64, name string, now time.Time) error {
	args, err := json.Marshal(callArgs{event})
	if err == nil {
		_, err = insertJob(ctx, tx, Job{Method: MethodCallWebhook, Name: "Call webhook " + name, Type: "event",
			Reference: fmt.Sprintf("%d-%d", event, order), Args: string(args), MaxAttempts: callAttempts}, now)
	}
	return err
}

// OrderCall stores a call of a webhook for a package, and the job that makes it. A call that is there already stays.
func (s *Store) OrderCall(ctx context.Context, w Webhook, p Package, payload []byte, now time.Time) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `INSERT IGNORE INTO webhook_events (webhook_id, package_id, package_name, status, request_payload, created_at)
			SELECT id, ?, ?, ?, ?, ? FROM webhooks WHERE id = ?`, p.ID, p.Title, WebhookQueued, payload, now, w.ID)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		id, err := res.LastInsertId()
		if err != nil {
			return err
		}
		return putCall(ctx, tx, id, 1, w.Name, now)
	})
	if err != nil {
		return fmt.Errorf("order a call of webhook %d: %w", w.ID, err)
	}
	return nil
}

// WebhookEventFilter narrows a list of calls; zero values narrow nothing.
type WebhookEventFilter struct {
	WebhookID     int64
	Status, Query string // Query is part of the package's name
	Sort          string // id, package_name, created_at, status or webhook_name; empty is the newest first
}

var webhookEventOrders = map[string]string{
	"": `e.id DESC`, "id": `e.id`, "package_name": `e.package_name, e.id`, "created_at": `e.created_at, e.id`,
	"status": `e.status, e.id`, "webhook_name": `w.name, e.id`,
}

// WebhookEvents lists calls and counts all that match.
func (s *Store) WebhookEvents(ctx context.Context, f WebhookEventFilter, p Page) ([]WebhookEvent, int, error) {
	w := where{}
	if f.WebhookID != 0 {
		w.and(`e.webhook_id = ?`, f.WebhookID)
	}
	if f.Status != "" {
		w.and(`e.status = ?`, f.Status)
	}
	if f.Query != "" {
		w.and(`e.package_name LIKE ?`, "%"+likeEscape(f.Query)+"%")
	}
	var total int
	if err := s.db.QueryRowContext(ctx, `SELECT COUNT(*)`+webhookEventFrom+w.sql(), w.args...).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("count calls of webhooks: %w", err)
	}
	list, err := collect(ctx, s.db, scanWebhookEvent, `SELECT `+webhookEventColumns+webhookEventFrom+w.sql()+` ORDER BY `+
		webhookEventOrders[f.Sort]+` LIMIT ? OFFSET ?`, append(w.args, p.Limit, p.Offset)...)
	if err != nil {
		return nil, 0, fmt.Errorf("list calls of webhooks: %w", err)
	}
	return list, total, nil
}

// WebhookEvent reads one call.
func (s *Store) WebhookEvent(ctx context.Context, id int64) (WebhookEvent, error) {
	e, err := scanWebhookEvent(s.db.QueryRowContext(ctx, `SELECT `+webhookEventColumns+webhookEventFrom+` WHERE e.id = ?`, id))
	if err != nil {
		return e, fmt.Errorf("read call %d of a webhook: %w", id, classify(err))
	}
	return e, nil
}

// BeginCall marks a call as being made; false for one that was cancelled or made.
func (s *Store) BeginCall(ctx context.Context, id int64) (bool, error) {
	res, err := s.db.ExecContext(ctx, `UPDATE webhook_events SET status = 'working', error_desc = '', response_code = NULL,
		response_headers = NULL, response_body = NULL WHERE id = ? AND status IN ('queued', 'working', 'retrying', 'failed')`, id)
	var n int64
	if err == nil {
		n, err = res.RowsAffected()
	}
	if err != nil {
		return false, fmt.Errorf("begin call %d of a webhook: %w", id, err)
	}
	if n > 0 {
		return true, nil
	}
	e, err := s.WebhookEvent(ctx, id) // a row that is as it should be counts for none
	return err == nil && e.Status == WebhookWorking, err
}

// EndCall writes how a call went.
func (s *Store) EndCall(ctx context.Context, e WebhookEvent) error {
	_, err := s.db.ExecContext(ctx, `UPDATE webhook_events SET status = ?, request_headers = ?, response_code = ?,
		response_headers = ?, response_body = ?, error_desc = ? WHERE id = ? AND status = 'working'`, e.Status, e.RequestHeaders,
		e.Code, e.AnswerHeaders, e.Answer, strings.ToValidUTF8(e.ErrorDesc[:min(len(e.ErrorDesc), 1024)], ""), e.ID)
	if err != nil {
		return fmt.Errorf("write how call %d of a webhook went: %w", e.ID, err)
	}
	return nil
}

// CancelCall keeps a call from being made. ErrNotFound when it is made now or was made.
func (s *Store) CancelCall(ctx context.Context, id int64) error {
	res, err := s.db.ExecContext(ctx, `UPDATE webhook_events SET status = 'cancelled' WHERE id = ?
		AND status IN ('queued', 'retrying')`, id)
	if err != nil {
		return fmt.Errorf("cancel call %d of a webhook: %w", id, err)
	}
	return oneRow(res, "cancel call of a webhook", id)
}

// RetryCall orders a call anew that failed or was cancelled. ErrNotFound for another.
func (s *Store) RetryCall(ctx context.Context, e WebhookEvent, now time.Time) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE webhook_events SET status = 'queued', orders = orders + 1, error_desc = ''
			WHERE id = ? AND status IN ('failed', 'cancelled')`, e.ID)
		if err == nil {
			err = oneRow(res, "retry call of a webhook", e.ID)
		}
		var order int64
		if err == nil {
			err = tx.QueryRowContext(ctx, `SELECT orders FROM webhook_events WHERE id = ?`, e.ID).Scan(&order)
		}
		if err != nil {
			return err
		}
		return putCall(ctx, tx, e.ID, order, e.WebhookName, now)
	})
	if err != nil {
		return fmt.Errorf("retry call %d of a webhook: %w", e.ID, err)
	}
	return nil
}

// HoldJob lengthens the lease of a job that a worker holds.
func (s *Store) HoldJob(ctx context.Context, j Job, until time.Time) error {
	res, err := s.db.ExecContext(ctx, `UPDATE jobs SET claimed_until = ? WHERE id = ? AND worker_id = ? AND status = 'working'`,
		until, j.ID, j.WorkerID)
	if err != nil {
		return fmt.Errorf("hold job %s: %w", j.Method, err)
	}
	return oneRow(res, "hold job", j.ID)
}
