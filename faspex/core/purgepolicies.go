package core

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"faspex.io/operator/faspex/settings"
)

type purgePolicy struct {
	ID        string `json:"id"`
	EventType string `json:"event_type"`
	Duration  int    `json:"duration" doc:"days"`
	Active    bool   `json:"active"`
}

type purgePolicyList struct {
	List
	EventsPurgePolicies []purgePolicy `json:"events_purge_policies"`
}

// registerPurgePolicies adds how long application events are kept: a policy for each type, which the service obeys once
// an hour, and a purge on demand.
func (s *Server) registerPurgePolicies() {
	const what, path = "purge policy", v5 + "/events_purge_policies"
	type ListInput struct {
		Paging
		Types    []string `query:"event_type,explode"`
		TypesPHP []string `query:"event_type[],explode"`
	}
	type policies = settings.List[settings.PurgePolicy]
	read := func(ctx context.Context) ([]purgePolicy, error) {
		l, _, err := settings.ReadList[settings.PurgePolicy](ctx, s.store, settings.NamePurgePolicies)
		var all []purgePolicy
		for i, p := range settings.PurgePolicies(l) {
			all = append(all, purgePolicy{strconv.Itoa(i + 1), p.Type, p.Days, p.Active})
		}
		return all, err
	}
	find := func(ctx context.Context, id string) (purgePolicy, error) {
		all, err := read(ctx)
		if err != nil {
			return purgePolicy{}, err
		}
		at := slices.IndexFunc(all, func(p purgePolicy) bool { return p.ID == id })
		if at < 0 {
			return purgePolicy{}, notFound(what)
		}
		return all[at], nil
	}
	register(s, operation{method: http.MethodGet, path: path, id: "list-events-purge-policies", what: what,
		access: configurers, summary: "List how long application events are kept"},
		func(ctx context.Context, in *ListInput) (*body[purgePolicyList], error) {
			all, err := read(ctx)
			if wanted := append(in.Types, in.TypesPHP...); len(wanted) > 0 {
				all = slices.DeleteFunc(all, func(p purgePolicy) bool { return !slices.Contains(wanted, p.EventType) })
			}
			return answerWith(purgePolicyList{in.list(len(all)), cut(in.Paging, all)}), err
		})
	register(s, operation{method: http.MethodGet, path: path + "/{id}", id: "get-events-purge-policy", what: what,
		access: configurers, summary: "Read how long events of a type are kept"},
		func(ctx context.Context, in *IDPath) (*body[purgePolicy], error) {
			p, err := find(ctx, in.ID)
			return answerWith(p), err
		})
	register(s, operation{method: http.MethodPut, path: path + "/{id}", id: "update-events-purge-policy", what: what,
		access: configurers, summary: "Say how long events of a type are kept"},
		func(ctx context.Context, in *struct {
			IDPath
			Body struct {
				Duration *int  `json:"duration,omitempty" minimum:"1" maximum:"36500"`
				Active   *bool `json:"active,omitempty"`
			}
		}) (*body[purgePolicy], error) {
			var changed purgePolicy
			err := changeList(ctx, s, settings.NamePurgePolicies, func(l policies) (policies, error) {
				p, err := find(ctx, in.ID)
				if err != nil {
					return l, err
				}
				set(&p.Duration, in.Body.Duration)
				set(&p.Active, in.Body.Active)
				changed = p
				id, _ := strconv.Atoi(p.ID) // made by read
				value := settings.PurgePolicy{Type: p.EventType, Days: p.Duration, Active: p.Active}
				if l.At(id) >= 0 {
					return l.With(id, value), nil
				}
				l.Items = append(l.Items, settings.Item[settings.PurgePolicy]{ID: id, Value: value})
				return l, nil
			})
			return answerWith(changed), err
		})
	register(s, operation{method: http.MethodPost, path: v5 + "/application_events/purge_once",
		id: "purge-application-events", what: "application event", access: configurers,
		summary: "Forget events of some types that are older than so many days; the answer tells how many of each"},
		func(ctx context.Context, in *struct {
			Body struct {
				EventTypes []string `json:"event_types" minItems:"1" maxItems:"100"`
				Duration   int      `json:"duration" minimum:"1" maximum:"36500" doc:"days"`
			}
		}) (*body[map[string]int64], error) {
			out := map[string]int64{}
			for _, of := range in.Body.EventTypes {
				if !slices.Contains(settings.EventTypes(), of) {
					return nil, badField("event_types must hold types of events.", "event_types")
				}
			}
			for _, of := range in.Body.EventTypes {
				n, err := s.store.PurgeApplicationEvents(ctx, of, s.now().AddDate(0, 0, -in.Body.Duration))
				if err != nil {
					return nil, err
				}
				out[of] = n
			}
			return answerWith(out), nil
		})
}
