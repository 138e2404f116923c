package core

import (
	"context"
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
		Context  string   `query:"context" doc:"members: whom the caller, an admin of a workgroup, may add as a member"`
	}
	register(s, operation{method: http.MethodGet, path: v5 + "/contacts",
		id: "list-contacts", what: "contact", access: anyone,
		summary: "List whom the caller may send packages to"},
		func(ctx context.Context, in *ListInput) (*body[contactList], error) {
			reach, err := s.reachFor(ctx, in.Context)
			if err != nil {
				return nil, err
			}
			kinds := append(in.Types, in.TypesPHP...)
			types := accountTypes(kinds)
			wanted := func(kind string) bool { return len(kinds) == 0 || slices.Contains(kinds, kind) }
			groups, err := s.contactGroups(ctx, reach, in.Query, wanted)
			if err != nil {
				return nil, err
			}
			// Groups come first, and people after them.
			total := len(groups)
			out := contactList{List: in.list(total), Contacts: groups[min(in.Offset, total):min(in.Offset+in.Limit, total)]}
			if reach.Nobody || len(types) == 0 {
				return answerWith(out), nil
			}
			reached := storeReach(caller(ctx), reach)
			page := store.Page{Offset: max(in.Offset-total, 0), Limit: in.Limit - len(out.Contacts)}
			found, people, err := s.store.Accounts(ctx, store.AccountFilter{Query: in.Query, Types: types, Reach: &reached,
				Whole: reach.All && reach.WholeNames}, page)
			if err != nil {
				return nil, err
			}
			out.TotalCount += people
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

// contextMembers is the context of a search for new members.
const contextMembers = "members"

// reachFor is whom the caller finds in a search. Admins of a workgroup find every active user as a member, whatever their
// reach and however private the directory is.
func (s *Server) reachFor(ctx context.Context, searched string) (policy.Reach, error) {
	if searched == contextMembers {
		managed, err := s.groupsFor(ctx, store.Workgroup, "", func(m membered) bool {
			return policy.ManagesGroup(actor(caller(ctx)), m.thing)
		})
		if err != nil || len(managed) > 0 {
			return policy.Reach{All: true}, err
		}
	}
	return s.reachOf(ctx)
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

// storeReach is a reach as queries ask it.
func storeReach(me store.Account, r policy.Reach) store.Reach {
	return store.Reach{Owner: me.ID, People: !r.Nobody, All: r.All, Groups: r.Groups, OwnKind: r.OwnKind,
		Outside: r.Outside}
}

// addressees finds whom names of recipients mean among those whom the caller reaches, in the order of the names: an
// account, or an address that nobody within reach has, for a caller who may send outside. Nobody is made here: who is
// outside becomes a contact with the package. The zero value for everybody else, who is told like somebody who does not
// exist: nobody learns who has an account.
func (s *Server) addressees(ctx context.Context, reach policy.Reach, names []string) ([]store.NewDelivery, error) {
	out := make([]store.NewDelivery, len(names))
	trimmed := make([]string, len(names))
	for i, n := range names {
		trimmed[i] = strings.TrimSpace(n)
	}
	found, err := s.store.Addressees(ctx, storeReach(caller(ctx), reach), trimmed)
	if err != nil {
		return nil, err
	}
	var outside []string
	for i, name := range trimmed {
		if id := found[i]; id != 0 {
			out[i] = store.NewDelivery{AccountID: id}
		} else if reach.Outside && settings.IsEmail(name) && len(name) <= 255 {
			out[i] = store.NewDelivery{Address: name}
			outside = append(outside, name)
		}
	}
	if len(outside) == 0 {
		return out, nil
	}
	taken, err := s.store.LoginsOfUsers(ctx, outside)
	for i := range out {
		if taken[strings.ToLower(out[i].Address)] {
			out[i] = store.NewDelivery{}
		}
	}
	return out, err
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
