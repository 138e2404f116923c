package core

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"faspex.io/operator/faspex/store"
)

// webhookEvent is a call of a webhook. RequestPayload is what was sent, with the published keys.
type webhookEvent struct {
	ID              string          `json:"id"`
	PackageName     string          `json:"package_name"`
	CreatedAt       string          `json:"created_at"`
	Status          string          `json:"status" enum:"queued,working,failed,completed,retrying,cancelled"`
	RequestHeaders  *string         `json:"request_headers"`
	RequestPayload  json.RawMessage `json:"request_payload"`
	ResponseCode    *int            `json:"response_code"`
	ResponseHeaders *string         `json:"response_headers"`
	ResponseBody    *string         `json:"response_body"`
	ErrorDesc       string          `json:"error_desc" doc:"why there was no answer, or none that was wanted"`
	WebhookID       string          `json:"webhook_id"`
	WebhookName     string          `json:"webhook_name"`
}

type webhookEventList struct {
	List
	Events []webhookEvent `json:"events"`
}

// WebhookPath is the id of a webhook in the path.
type WebhookPath struct {
	WebhookID string `path:"webhook_id"`
}

// WebhookEventPath names a call of a webhook.
type WebhookEventPath struct {
	WebhookPath
	ID string `path:"id"`
}

// WebhookEventQuery narrows a list of calls of webhooks.
type WebhookEventQuery struct {
	Paging
	Query  string `query:"q" doc:"part of the package's name"`
	Status string `query:"status" enum:"queued,working,failed,completed,retrying,cancelled"`
	Sort   string `query:"sort" enum:"id,package_name,created_at,status,webhook_name" doc:"the newest first by default"`
}

// registerWebhookEvents adds the calls about what webhooks did.
func (s *Server) registerWebhookEvents() {
	const what, path = "webhook event", v5 + "/webhooks/{webhook_id}/events"
	register(s, operation{method: http.MethodGet, path: path, id: "list-webhook-events", what: what, access: configurers,
		summary: "List the calls of a webhook, with requests and answers"},
		func(ctx context.Context, in *struct {
			WebhookPath
			WebhookEventQuery
		}) (*body[webhookEventList], error) {
			w, err := s.webhook(ctx, in.WebhookID)
			if err != nil {
				return nil, err
			}
			return s.listWebhookEvents(ctx, in.WebhookEventQuery, w.ID)
		})
	register(s, operation{method: http.MethodGet, path: v5 + "/all_webhooks_events", id: "list-all-webhook-events", what: what,
		access: configurers, summary: "List the calls of all webhooks, with requests and answers"},
		func(ctx context.Context, in *struct {
			WebhookEventQuery
			WebhookID string `query:"webhook_id"`
		}) (*body[webhookEventList], error) {
			var id int64
			if in.WebhookID != "" {
				w, err := s.webhook(ctx, in.WebhookID)
				if err != nil {
					return nil, err
				}
				id = w.ID
			}
			return s.listWebhookEvents(ctx, in.WebhookEventQuery, id)
		})
	register(s, operation{method: http.MethodGet, path: path + "/{id}", id: "get-webhook-event", what: what,
		access: configurers, summary: "Read a call of a webhook"},
		func(ctx context.Context, in *WebhookEventPath) (*body[webhookEvent], error) {
			e, err := s.webhookEvent(ctx, *in)
			return answerWith(webhookEventOut(e)), err
		})
	register(s, operation{method: http.MethodPut, path: path + "/{id}", id: "update-webhook-event", what: what,
		access: configurers, summary: "Cancel a call that was not made yet"},
		func(ctx context.Context, in *struct {
			WebhookEventPath
			Body struct {
				Status string `json:"status" enum:"cancelled"`
			}
		}) (*body[webhookEvent], error) {
			e, err := s.webhookEvent(ctx, in.WebhookEventPath)
			if err != nil {
				return nil, err
			}
			if err := s.store.CancelCall(ctx, e.ID); errors.Is(err, store.ErrNotFound) {
				return nil, conflict("The call is being made, or is over.")
			} else if err != nil {
				return nil, err
			}
			e, err = s.store.WebhookEvent(ctx, e.ID)
			return answerWith(webhookEventOut(e)), err
		})
	register(s, operation{method: http.MethodPost, path: path + "/{id}/retry", id: "retry-webhook-event", what: what,
		access: configurers, status: http.StatusNoContent, summary: "Make a call anew that failed or was cancelled"},
		func(ctx context.Context, in *WebhookEventPath) (*empty, error) {
			e, err := s.webhookEvent(ctx, *in)
			if err != nil {
				return nil, err
			}
			if err = s.store.RetryCall(ctx, e, s.now()); errors.Is(err, store.ErrNotFound) {
				err = conflict("The call has not failed.")
			}
			return nil, err
		})
}

func (s *Server) listWebhookEvents(ctx context.Context, in WebhookEventQuery, id int64) (*body[webhookEventList], error) {
	found, total, err := s.store.WebhookEvents(ctx, store.WebhookEventFilter{WebhookID: id, Status: in.Status, Query: in.Query,
		Sort: in.Sort}, in.page())
	if err != nil {
		return nil, err
	}
	out := webhookEventList{List: in.list(total), Events: make([]webhookEvent, len(found))}
	for i, e := range found {
		out.Events[i] = webhookEventOut(e)
	}
	return answerWith(out), nil
}

// webhookEvent reads a call that must be of the webhook in the path.
func (s *Server) webhookEvent(ctx context.Context, p WebhookEventPath) (store.WebhookEvent, error) {
	id, err := number(p.ID, "webhook event")
	if err != nil {
		return store.WebhookEvent{}, err
	}
	e, err := s.store.WebhookEvent(ctx, id)
	if err == nil && text(e.WebhookID) != p.WebhookID {
		err = notFound("webhook event")
	}
	return e, err
}

func webhookEventOut(e store.WebhookEvent) webhookEvent {
	out := webhookEvent{ID: text(e.ID), PackageName: e.PackageName, CreatedAt: stamp(e.CreatedAt), Status: e.Status,
		RequestPayload: e.Payload, ErrorDesc: e.ErrorDesc, WebhookID: text(e.WebhookID), WebhookName: e.WebhookName}
	if e.RequestHeaders.Valid {
		out.RequestHeaders = &e.RequestHeaders.String
	}
	if e.Code.Valid {
		out.ResponseCode = ptr(int(e.Code.Int64))
	}
	if e.AnswerHeaders.Valid {
		out.ResponseHeaders = &e.AnswerHeaders.String
	}
	if e.Answer.Valid {
		out.ResponseBody = &e.Answer.String
	}
	return out
}
