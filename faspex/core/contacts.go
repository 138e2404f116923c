package core

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

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
	return policy.Effective(c, options, a.Role, a.Type == store.TypeSelfRegistered), err
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
			out := contactList{List: in.list(0), Contacts: []api.Contact{}}
			types := accountTypes(append(in.Types, in.TypesPHP...))
			if len(types) == 0 {
				return answerWith(out), nil
			}
			p, err := s.permissions(ctx, caller(ctx))
			if err != nil {
				return nil, err
			}
			reach := p.Reaches()
			if reach.Nobody {
				return answerWith(out), nil
			}
			within := reachOf(caller(ctx), reach)
			found, total, err := s.store.Accounts(ctx, store.AccountFilter{Query: in.Query, Types: types, Reach: &within,
				Whole: reach.All && reach.WholeNames}, in.page())
			if err != nil {
				return nil, err
			}
			out.TotalCount = total
			for _, a := range found {
				out.Contacts = append(out.Contacts, api.Contact{
					ID: text(a.ID), Name: a.Name, FirstName: a.FirstName, LastName: a.LastName, Email: a.Email,
					Type: contactType(a), RequireEncryptionAtRest: "server",
				})
			}
			return answerWith(out), nil
		})
	register(s, operation{method: http.MethodDelete, path: v5 + "/contacts",
		id: "delete-contacts", what: "contact", access: anyone, status: http.StatusNoContent, batch: true,
		summary: "Remove people from the caller's contacts"},
		func(ctx context.Context, in *struct {
			IDs string `query:"ids" required:"true"`
		}) (*batchOutput, error) {
			all, err := ids(in.IDs, nil)
			if err != nil {
				return nil, err
			}
			return s.batch(ctx, "contact", all, func(ctx context.Context, id string) error {
				n, err := number(id, "contact")
				if err != nil {
					return err
				}
				return s.store.RemoveContact(ctx, caller(ctx).ID, n)
			}), nil
		})
}

// accountTypes are the types of accounts that kinds of contacts are; all without a kind.
func accountTypes(kinds []string) []string {
	var types []string
	if len(kinds) == 0 || slices.Contains(kinds, "user") {
		types = append(types, store.TypeLocal, store.TypeSAML, store.TypeSelfRegistered)
	}
	if len(kinds) == 0 || slices.Contains(kinds, store.TypeExternal) {
		types = append(types, store.TypeExternal)
	}
	return types
}

// contactType is the kind of contact that an account is.
func contactType(a store.Account) string {
	if a.Type == store.TypeExternal {
		return store.TypeExternal
	}
	return "user"
}

// reachOf is a reach as queries ask it.
func reachOf(me store.Account, r policy.Reach) store.Reach {
	return store.Reach{Owner: me.ID, People: !r.Nobody, All: r.All, OwnKind: r.OwnKind, Outside: r.Outside}
}

// addressee finds whom a name of a recipient means among those whom the caller reaches. An address that nobody here has
// becomes an external contact of the caller, who may send outside. store.ErrNotFound for everybody else, who is told
// like somebody who does not exist: nobody learns who has an account.
func (s *Server) addressee(ctx context.Context, reach policy.Reach, name string) (store.Account, error) {
	name = strings.TrimSpace(name)
	a, err := s.store.Addressee(ctx, reachOf(caller(ctx), reach), name)
	if !errors.Is(err, store.ErrNotFound) || !reach.Outside || !settings.IsEmail(name) || len(name) > 255 {
		return a, err
	}
	a, err = s.store.PutExternal(ctx, caller(ctx).ID, name)
	if errors.Is(err, store.ErrConflict) && !errors.Is(err, store.ErrLoginTaken) {
		a, err = s.store.PutExternal(ctx, caller(ctx).ID, name) // somebody else sent to the address at the same moment
	}
	if errors.Is(err, store.ErrConflict) {
		err = store.ErrNotFound
	}
	return a, err
}
