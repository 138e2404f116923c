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
			types := append(in.Types, in.TypesPHP...)
			out := contactList{List: in.list(0), Contacts: []api.Contact{}}
			if len(types) > 0 && !slices.Contains(types, "user") {
				return answerWith(out), nil // accounts are the only contacts yet
			}
			p, err := s.permissions(ctx, caller(ctx))
			if err != nil {
				return nil, err
			}
			reach := p.Reaches()
			if reach.Nobody {
				return answerWith(out), nil
			}
			f := store.AccountFilter{Query: in.Query, ActiveOnly: true, Whole: reach.All && reach.WholeNames}
			if !reach.All {
				f.Only = caller(ctx).ID
			}
			found, total, err := s.store.Accounts(ctx, f, in.page())
			if err != nil {
				return nil, err
			}
			out.TotalCount = total
			for _, a := range found {
				out.Contacts = append(out.Contacts, api.Contact{
					ID: text(a.ID), Name: a.Name, FirstName: a.FirstName, LastName: a.LastName, Email: a.Email,
					Type: "user", RequireEncryptionAtRest: "server",
				})
			}
			return answerWith(out), nil
		})
}
