package core

import (
	"context"
	"net/http"
	"slices"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/policy"
	"faspex.io/operator/faspex/settings"
	"faspex.io/operator/faspex/store"
)

type contactList struct {
	List
	Contacts []api.Contact `json:"contacts"`
}

// permissions are those of an account now.
func (s *Server) permissions(ctx context.Context, a store.Account) (policy.Permissions, error) {
	c, err := s.auth.Configuration(ctx)
	if err != nil {
		return policy.Permissions{}, err
	}
	options, err := settings.ReadAccount(a.Options)
	return policy.Effective(c, options, a.Role), err
}

func (s *Server) registerContacts() {
	type ListInput struct {
		Paging
		Types    []string `query:"type,explode" doc:"kinds of contacts; none means all"`
		TypesPHP []string `query:"type[],explode"`
		Query    string   `query:"q"`
		Context  string   `query:"context"`
	}
	register(s, operation{method: http.MethodGet, path: v5 + "/contacts",
		id: "list-contacts", what: "contact", access: anyone,
		summary: "List whom the caller may send packages to"},
		func(ctx context.Context, in *ListInput) (*body[contactList], error) {
			reach, err := s.reachOf(ctx)
			if err != nil {
				return nil, err
			}
			types := append(in.Types, in.TypesPHP...)
			wanted := func(kind string) bool { return len(types) == 0 || slices.Contains(types, kind) }
			groups, err := s.contactGroups(ctx, reach, in.Query, wanted)
			if err != nil {
				return nil, err
			}
			// Groups come first, and people after them.
			total := len(groups)
			out := contactList{List: in.list(total), Contacts: groups[min(in.Offset, total):min(in.Offset+in.Limit, total)]}
			if reach.Nobody || !wanted("user") {
				return answerWith(out), nil
			}
			f := store.AccountFilter{Query: in.Query, ActiveOnly: true, Whole: reach.All && reach.WholeNames}
			if !reach.All {
				f.Only, f.InGroups = caller(ctx).ID, reach.Groups
			}
			page := store.Page{Offset: max(in.Offset-total, 0), Limit: in.Limit - len(out.Contacts)}
			found, people, err := s.store.Accounts(ctx, f, page)
			if err != nil {
				return nil, err
			}
			out.TotalCount += people
			for _, a := range found {
				out.Contacts = append(out.Contacts, api.Contact{
					ID: text(a.ID), Name: a.Name, FirstName: a.FirstName, LastName: a.LastName, Email: a.Email,
					Type: "user", RequireEncryptionAtRest: "server",
				})
			}
			return answerWith(out), nil
		})
}

// contactGroups are the groups and lists that the caller may send to.
func (s *Server) contactGroups(ctx context.Context, reach policy.Reach, query string,
	wanted func(string) bool) ([]api.Contact, error) {
	out := []api.Contact{}
	for _, kind := range []string{store.Workgroup, store.SharedInbox} {
		if !wanted(kind) || kind == store.Workgroup && reach.Nobody {
			continue
		}
		found, err := s.groupsFor(ctx, kind, query, func(m membered) bool { return policy.SendsTo(actor(caller(ctx)), m.thing) })
		if err != nil {
			return nil, err
		}
		for _, m := range found {
			c := api.Contact{ID: text(m.ID), Name: m.Name, Type: kind, RequireEncryptionAtRest: "server",
				SubmittersInstructions: m.instructions}
			if m.thing.Inbox {
				o, err := settings.ReadSharedInbox(m.Options)
				if err != nil {
					return nil, err
				}
				c.RequireEncryptionAtRest, c.MetadataProfileID = o.RequireEncryptionAtRest, o.MetadataProfileID
			}
			out = append(out, c)
		}
	}
	if !wanted(distributionList) || reach.Nobody {
		return out, nil
	}
	lists, err := s.listsFor(ctx, query)
	for _, l := range lists {
		out = append(out, api.Contact{ID: text(l.ID), Name: l.Name, Type: distributionList, RequireEncryptionAtRest: "server"})
	}
	return out, err
}
