package core

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/settings"
	"faspex.io/operator/faspex/store"
	"faspex.io/operator/faspex/webhook"
)

type webhookAnswer struct {
	ID string `json:"id"`
	webhook.Webhook
	ExecutionCriteria string `json:"execution_criteria"`
	Secret            string `json:"secret,omitempty" doc:"signs the calls; shown in the answer that makes it, and in no other"`
}

type webhookList struct {
	List
	Webhooks []webhookAnswer `json:"webhooks"`
}

// webhookChange is a body; what it does not name stays.
type webhookChange struct{ webhook.Webhook }

// registerWebhooks adds the calls about addresses that are told of packages that were uploaded.
func (s *Server) registerWebhooks() {
	const what, path = "webhook", v5 + "/webhooks"
	register(s, operation{method: http.MethodGet, path: path, id: "list-webhooks", what: what, access: configurers,
		summary: "List webhooks"},
		func(ctx context.Context, in *struct {
			Paging
			Query string `query:"q" doc:"part of the name or of the address"`
			Sort  string `query:"sort" enum:"id,name,url" default:"name"`
		}) (*body[webhookList], error) {
			found, total, err := s.store.Webhooks(ctx, store.WebhookFilter{Query: in.Query, Sort: in.Sort}, in.page())
			if err != nil {
				return nil, err
			}
			out := webhookList{List: in.list(total), Webhooks: make([]webhookAnswer, len(found))}
			for i, w := range found {
				if out.Webhooks[i], err = webhookOut(w); err != nil {
					return nil, err
				}
			}
			return answerWith(out), nil
		})
	register(s, operation{method: http.MethodPost, path: path, id: "create-webhook", what: what, access: configurers,
		status: http.StatusCreated, summary: "Make a webhook; the answer shows the secret that signs its calls"},
		func(ctx context.Context, in *struct {
			RawBody []byte
			Body    webhookChange
		}) (*body[webhookAnswer], error) {
			w, err := changeWebhook(store.Webhook{}, in.RawBody)
			if err != nil {
				return nil, err
			}
			secret := webhook.NewSecret()
			if w.Secret, err = webhook.SealSecret(s.ring, secret); err != nil {
				return nil, err
			}
			if w.ID, err = s.store.CreateWebhook(ctx, w); err != nil {
				return nil, nameTaken(err)
			}
			out, err := webhookOut(w)
			out.Secret = secret
			return answerWith(out), err
		})
	register(s, operation{method: http.MethodGet, path: path + "/{id}", id: "get-webhook", what: what, access: configurers,
		summary: "Read a webhook"},
		func(ctx context.Context, in *IDPath) (*body[webhookAnswer], error) {
			w, err := s.webhook(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			out, err := webhookOut(w)
			return answerWith(out), err
		})
	register(s, operation{method: http.MethodPut, path: path + "/{id}", id: "update-webhook", what: what,
		access: configurers, summary: "Change a webhook"},
		func(ctx context.Context, in *struct {
			IDPath
			RawBody []byte
			Body    webhookChange
		}) (*body[webhookAnswer], error) {
			w, err := s.webhook(ctx, in.ID)
			if err == nil {
				w, err = changeWebhook(w, in.RawBody)
			}
			if err != nil {
				return nil, err
			}
			if err := s.store.UpdateWebhook(ctx, w); err != nil {
				return nil, nameTaken(err)
			}
			out, err := webhookOut(w)
			return answerWith(out), err
		})
	register(s, operation{method: http.MethodPost, path: path + "/{id}/secret", id: "replace-webhook-secret", what: what,
		access: configurers, status: http.StatusCreated, summary: "Give a webhook another secret, which this answer alone shows"},
		func(ctx context.Context, in *IDPath) (*body[webhookAnswer], error) {
			w, err := s.webhook(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			secret := webhook.NewSecret()
			sealed, err := webhook.SealSecret(s.ring, secret)
			if err == nil {
				err = s.store.SetWebhookSecret(ctx, w.ID, nil, sealed)
			}
			if err != nil {
				return nil, err
			}
			out, err := webhookOut(w)
			out.Secret = secret
			return answerWith(out), err
		})
	register(s, operation{method: http.MethodDelete, path: path + "/{id}", id: "delete-webhook", what: what,
		access: configurers, summary: "Delete a webhook with the list of its calls"},
		func(ctx context.Context, in *IDPath) (*empty, error) {
			w, err := s.webhook(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return nil, s.store.DeleteWebhook(ctx, w.ID)
		})
}

func nameTaken(err error) error {
	if errors.Is(err, store.ErrConflict) {
		return atFields(newProblem(http.StatusConflict, "There is a webhook of that name."), "name")
	}
	return err
}

func (s *Server) webhook(ctx context.Context, id string) (store.Webhook, error) {
	n, err := number(id, "webhook")
	if err != nil {
		return store.Webhook{}, err
	}
	return s.store.Webhook(ctx, n)
}

// changeWebhook applies a request. ssl follows the address unless the request names it.
func changeWebhook(w store.Webhook, raw []byte) (store.Webhook, error) {
	named, err := settings.ReadDocument(raw)
	if err != nil {
		return w, badRequest("The body is not an object.")
	}
	options := webhook.Default()
	if w.ID != 0 {
		if options, err = webhook.Read(w.Options); err != nil {
			return w, err
		}
	}
	if err := json.Unmarshal(raw, &options); err != nil {
		return w, badRequest("The body is not a webhook.")
	}
	options.Name, options.URL = strings.TrimSpace(options.Name), strings.TrimSpace(options.URL)
	if _, said := named["ssl"]; !said {
		if u, err := url.Parse(options.URL); err == nil {
			options.SSL = u.Scheme == "https"
		}
	}
	if options.Name == "" {
		return w, badField("name is needed.", "name")
	}
	if options.URL == "" {
		return w, badField("url is needed.", "url")
	}
	if problems := options.Check(); len(problems) > 0 {
		p := newProblem(http.StatusBadRequest, problems[0].Message)
		for _, wrong := range problems {
			p.Errors = append(p.Errors, api.FieldError{Location: "body." + wrong.Field, Message: wrong.Message})
		}
		return w, p
	}
	w.Name, w.Active = options.Name, options.Active
	w.Options, err = json.Marshal(options)
	return w, err
}

func webhookOut(w store.Webhook) (webhookAnswer, error) {
	options, err := webhook.Read(w.Options)
	out := webhookAnswer{ID: text(w.ID), Webhook: options, ExecutionCriteria: "all uploaded packages"}
	if !options.All() {
		out.ExecutionCriteria = "uploaded packages that match all filters"
	}
	return out, err
}

// resealWebhooks carries the secrets of webhooks over a rotation of the installation's secret.
func (s *Server) resealWebhooks(ctx context.Context) error {
	all, _, err := s.store.Webhooks(ctx, store.WebhookFilter{}, everything)
	if err != nil {
		return err
	}
	var problems []error
	for _, w := range all {
		secret, current, err := webhook.OpenSecret(s.ring, w.Secret)
		if err == nil && !current {
			var sealed []byte
			if sealed, err = webhook.SealSecret(s.ring, secret); err == nil {
				err = s.store.SetWebhookSecret(ctx, w.ID, w.Secret, sealed)
			}
			if errors.Is(err, store.ErrNotFound) { // somebody replaced it meanwhile
				err = nil
			}
		}
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}
