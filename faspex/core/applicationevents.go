package core

import (
	"context"
	"net/http"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/store"
)

type applicationEventList struct {
	List
	ApplicationEvents []api.ApplicationEvent `json:"application_events"`
}

// registerApplicationEvents adds the reading of events. No call changes or removes one
// (TestNobodyEditsApplicationEvents).
func (s *Server) registerApplicationEvents() {
	const what = "application event"
	type ListInput struct {
		Paging
		Types    []string `query:"event_type,explode"`
		TypesPHP []string `query:"event_type[],explode"`
		From     string   `query:"created_at_start"`
		To       string   `query:"created_at_end"`
		Query    string   `query:"q" doc:"part of a user's name or e-mail address, or of the client's address"`
		Sort     string   `query:"sort" enum:"id,created_at,event_type,application,-id,-created_at,-event_type,-application" default:"-id" doc:"a minus is descending"`
	}
	register(s, operation{method: http.MethodGet, path: v5 + "/application_events", id: "list-application-events",
		what: what, access: configurers, summary: "List what people did"},
		func(ctx context.Context, in *ListInput) (*body[applicationEventList], error) {
			f := store.ApplicationEventFilter{Types: append(in.Types, in.TypesPHP...), Query: in.Query, Sort: in.Sort}
			if in.Sort != "" && in.Sort[0] == '-' {
				f.Sort, f.Descending = in.Sort[1:], true
			}
			var err error
			if in.From != "" {
				if f.From, err = parseTime(in.From); err != nil {
					return nil, err
				}
			}
			if in.To != "" {
				if f.To, err = parseTime(in.To); err != nil {
					return nil, err
				}
			}
			found, total, err := s.store.ApplicationEvents(ctx, f, in.page())
			if err != nil {
				return nil, err
			}
			out := applicationEventList{List: in.list(total), ApplicationEvents: []api.ApplicationEvent{}}
			for _, e := range found {
				out.ApplicationEvents = append(out.ApplicationEvents, applicationEventOut(e))
			}
			return answerWith(out), nil
		})
	register(s, operation{method: http.MethodGet, path: v5 + "/application_events/{id}", id: "get-application-event",
		what: what, access: configurers, summary: "Read what somebody did"},
		func(ctx context.Context, in *IDPath) (*body[api.ApplicationEvent], error) {
			id, err := number(in.ID, what)
			if err != nil {
				return nil, err
			}
			found, _, err := s.store.ApplicationEvents(ctx, store.ApplicationEventFilter{ID: id}, store.Page{Limit: 1})
			if err != nil {
				return nil, err
			}
			if len(found) == 0 {
				return nil, notFound(what)
			}
			return answerWith(applicationEventOut(found[0])), nil
		})
}

func applicationEventOut(e store.ApplicationEvent) api.ApplicationEvent {
	out := api.ApplicationEvent{
		ID: text(e.ID), CreatedAt: stamp(e.CreatedAt), EventLocation: orNull(e.Address), EventType: e.Type,
		Application: e.Application, Message: orNull(e.Message), User: []api.Account{}, Client: []api.EventClient{},
	}
	if e.Account.ID != 0 && e.Account.Status != store.AccountDeleted {
		out.User = append(out.User, accountOut(e.Account))
	}
	if e.ClientID != "" {
		out.Client = append(out.Client, api.EventClient{ClientID: e.ClientID})
	}
	return out
}
