package service

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"faspex.io/operator/faspex/mail"
	"faspex.io/operator/faspex/store"
	"faspex.io/operator/faspex/webhook"
)

// callLimit ends the run of a call: the longest timeout that a webhook may have, and what is to be written then.
const callLimit = 610 * time.Second

// orderCalls orders a call of each active webhook whose filters match a package that was uploaded. Nothing of the
// package waits for them (faspex-AC6: TestWebhookHoldsNothingUp).
func (w *Worker) orderCalls(ctx context.Context, job store.Job) error {
	var e store.PackageEvent
	if err := json.Unmarshal([]byte(job.Args), &e); err != nil {
		return fmt.Errorf("%w: job has no event", mail.ErrRefused)
	}
	hooks, _, err := w.store.Webhooks(ctx, store.WebhookFilter{Active: true}, store.Page{Limit: 10_000})
	if err != nil || len(hooks) == 0 {
		return err
	}
	p, err := w.store.Package(ctx, e.PackageID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	seen, told, err := w.uploadFor(ctx, p)
	if err != nil {
		return err
	}
	body, err := told.Payload()
	if err != nil {
		return err
	}
	for _, h := range hooks {
		options, err := webhook.Read(h.Options)
		if err != nil {
			return err
		}
		if !options.Match(seen) {
			continue
		}
		if err := w.store.OrderCall(ctx, h, p, body, w.now()); err != nil {
			return err
		}
	}
	return nil
}

// uploadFor is a package as filters see it and as receivers are told of it. Private recipients count for filters, and are
// not told: they are the sender's secret.
func (w *Worker) uploadFor(ctx context.Context, p store.Package) (seen webhook.Package, told webhook.Upload, err error) {
	deliveries, err := w.store.Deliveries(ctx, p.ID)
	if err != nil {
		return seen, told, err
	}
	groups, err := w.store.PackageGroups(ctx, p.ID)
	if err != nil {
		return seen, told, err
	}
	sender := webhook.Person{Name: p.Sender.Name, Email: p.Sender.Email}
	seen = webhook.Package{Name: p.Title, Note: p.Note, Sender: sender, Made: p.CreatedAt, Bytes: p.TotalBytes, Files: p.TotalFiles}
	told = webhook.Upload{ID: p.ID, UUID: p.UUID, Directory: p.Directory, Name: p.Title, Note: p.Note, SenderID: p.Sender.ID,
		Sender: sender, Bytes: p.TotalBytes, Files: p.TotalFiles, Made: p.CreatedAt}
	for _, d := range deliveries[p.ID] {
		if !d.Direct {
			continue
		}
		seen.People = append(seen.People, webhook.Person{Name: d.Recipient.Name, Email: d.Recipient.Email})
		if !d.Private {
			told.Recipients = append(told.Recipients, d.Recipient.Name)
		}
	}
	for _, g := range groups[p.ID] {
		if !g.Private {
			told.Recipients = append(told.Recipients, g.Name)
		}
	}
	if len(p.Metadata) > 0 {
		err = json.Unmarshal(p.Metadata, &told.Metadata)
	}
	return seen, told, err
}

// callWebhook makes a call. One without an answer is made once more; whatever was answered is kept, and ends it.
func (w *Worker) callWebhook(ctx context.Context, job store.Job) error {
	id, err := store.WebhookEventOf(job)
	if err != nil {
		return fmt.Errorf("%w: %w", mail.ErrRefused, err)
	}
	begun, err := w.store.BeginCall(ctx, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && !begun { // the webhook was deleted, or the call cancelled
		return nil
	}
	if err != nil {
		return err
	}
	e, err := w.store.WebhookEvent(ctx, id)
	if err != nil {
		return err
	}
	call, failure := w.post(ctx, e)
	if failure != nil && ctx.Err() != nil {
		return failure // this process ends; another makes the call
	}
	e.RequestHeaders = nullText(call.RequestHeaders)
	e.Status = store.WebhookCompleted
	switch {
	case call.Code != 0:
		e.Code = sql.NullInt64{Int64: int64(call.Code), Valid: true}
		e.AnswerHeaders, e.Answer = nullText(call.AnswerHeaders), nullText(call.Answer)
		if call.Code >= 300 {
			e.Status, e.ErrorDesc = store.WebhookFailed, fmt.Sprintf("The webhook answered %d.", call.Code)
		}
		failure = nil
	case failure != nil:
		e.Status, e.ErrorDesc = store.WebhookRetrying, reason(failure)
		if errors.Is(failure, webhook.ErrInternal) || job.RetryCount+1 >= job.MaxAttempts {
			e.Status = store.WebhookFailed
			failure = fmt.Errorf("%w: %w", mail.ErrRefused, failure)
		}
	}
	if err := w.store.EndCall(ctx, e); err != nil {
		return err
	}
	w.log.InfoContext(ctx, "called a webhook", "webhook", e.WebhookName, "package", e.PackageID, "status", e.Status,
		"code", call.Code)
	return failure
}

func (w *Worker) post(ctx context.Context, e store.WebhookEvent) (webhook.Call, error) {
	h, err := w.store.Webhook(ctx, e.WebhookID)
	if err != nil {
		return webhook.Call{}, err
	}
	options, err := webhook.Read(h.Options)
	if err != nil {
		return webhook.Call{}, err
	}
	secret, _, err := webhook.OpenSecret(w.ring, h.Secret)
	if err != nil {
		return webhook.Call{}, err
	}
	signed, err := webhook.Sign(secret, fmt.Sprintf("event_%d", e.ID), w.now(), e.Payload)
	if err != nil {
		return webhook.Call{}, err
	}
	return w.webhooks.Post(ctx, options.URL, signed, e.Payload, time.Duration(options.ConnectionTimeout)*time.Second)
}

// reason is why there was no answer, for administrators.
func reason(err error) string {
	switch {
	case errors.Is(err, webhook.ErrInternal):
		return "The address is an internal one, which this installation does not allow for webhooks."
	case errors.Is(err, context.DeadlineExceeded):
		return "There was no answer in time."
	}
	return "There was no answer: " + err.Error()
}

func nullText(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }
