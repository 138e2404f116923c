package core

import (
	"context"
	"net/http"
	"strings"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/policy"
	"faspex.io/operator/faspex/store"
)

type distributionLists struct {
	List
	Lists []api.DistributionList `json:"distribution_lists"`
}

// ListContactPath names somebody on a list.
type ListContactPath struct {
	ListID string `path:"list_id"`
	ID     string `path:"id"`
}

func (s *Server) registerDistributionLists() {
	const what, path = "distribution list", v5 + "/account/distribution_lists"
	register(s, operation{method: http.MethodGet, path: path, id: "list-distribution-lists", what: what, access: anyone,
		summary: "List the caller's lists and those for everybody"},
		func(ctx context.Context, in *struct {
			Paging
			Type  string `query:"type" enum:"global,personal"`
			Query string `query:"q" doc:"part of the name"`
		}) (*body[distributionLists], error) {
			found, err := s.listsFor(ctx, in.Query)
			if err != nil {
				return nil, err
			}
			reach, err := s.reachOf(ctx)
			if err != nil {
				return nil, err
			}
			out := distributionLists{Lists: []api.DistributionList{}}
			for _, l := range found {
				if in.Type == "" || in.Type == listType(l) {
					out.Lists = append(out.Lists, listOut(l, reach))
				}
			}
			out.List = in.list(len(out.Lists))
			out.Lists = out.Lists[min(in.Offset, out.TotalCount):min(in.Offset+in.Limit, out.TotalCount)]
			return answerWith(out), nil
		})
	register(s, operation{method: http.MethodPost, path: path, id: "create-distribution-list", what: what, access: anyone,
		status: http.StatusCreated, summary: "Make a list"},
		func(ctx context.Context, in *struct{ Body api.DistributionListChange }) (*body[api.DistributionList], error) {
			l := store.DistributionList{OwnerID: caller(ctx).ID}
			if in.Body.Type == "global" {
				l.OwnerID = 0
			}
			if in.Body.Name == nil {
				return nil, badField("name is needed.", "name")
			}
			l, err := changedList(ctx, l, in.Body)
			if err != nil {
				return nil, err
			}
			if l.ID, err = s.store.CreateDistributionList(ctx, l); err != nil {
				return nil, err
			}
			return s.listAnswer(ctx, text(l.ID))
		})
	register(s, operation{method: http.MethodGet, path: path + "/{id}", id: "get-distribution-list", what: what,
		access: anyone, summary: "Read a list"},
		func(ctx context.Context, in *IDPath) (*body[api.DistributionList], error) {
			return s.listAnswer(ctx, in.ID)
		})
	register(s, operation{method: http.MethodPut, path: path + "/{id}", id: "update-distribution-list", what: what,
		access: anyone, summary: "Change a list; contacts replace those that it has"},
		func(ctx context.Context, in *struct {
			IDPath
			Body api.DistributionListChange
		}) (*body[api.DistributionList], error) {
			l, err := s.ownList(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			if l, err = changedList(ctx, l, in.Body); err != nil {
				return nil, err
			}
			if in.Body.Contacts == nil {
				l.Contacts = nil
			}
			if err := s.store.UpdateDistributionList(ctx, l); err != nil {
				return nil, err
			}
			return s.listAnswer(ctx, in.ID)
		})
	s.registerListDeletion(what, path)
	s.registerListFiles(what, path)
}

func (s *Server) registerListDeletion(what, path string) {
	remove := func(ctx context.Context, id string) error {
		l, err := s.ownList(ctx, id)
		if err != nil {
			return err
		}
		return s.store.DeleteDistributionList(ctx, l.ID)
	}
	register(s, operation{method: http.MethodDelete, path: path + "/{id}", id: "delete-distribution-list", what: what,
		access: anyone, summary: "Delete a list"},
		func(ctx context.Context, in *IDPath) (*empty, error) { return nil, remove(ctx, in.ID) })
	register(s, operation{method: http.MethodDelete, path: path, id: "delete-distribution-lists", what: what,
		access: anyone, status: http.StatusNoContent, summary: "Delete several lists"},
		func(ctx context.Context, in *struct {
			IDs  string `query:"ids"`
			Body *api.IDs
		}) (*empty, error) {
			all, err := ids(in.IDs, in.Body)
			if err != nil {
				return nil, err
			}
			for _, id := range all { // the published answer knows success or failure alone
				if _, err := s.ownList(ctx, id); err != nil {
					return nil, err
				}
			}
			for _, id := range all {
				if err := remove(ctx, id); err != nil {
					return nil, err
				}
			}
			return nil, nil
		})
	takeOff := func(ctx context.Context, list string, ids ...string) error {
		l, err := s.ownList(ctx, list)
		if err != nil {
			return err
		}
		for _, id := range ids {
			n, err := number(id, "contact")
			if err != nil {
				return err
			}
			if err := s.store.DeleteContact(ctx, l.ID, n); err != nil {
				return err
			}
		}
		return nil
	}
	register(s, operation{method: http.MethodDelete, path: path + "/{list_id}/contacts/{id}", id: "delete-list-contact",
		what: "contact", access: anyone, summary: "Take somebody off a list"},
		func(ctx context.Context, in *ListContactPath) (*empty, error) {
			return nil, takeOff(ctx, in.ListID, in.ID)
		})
	register(s, operation{method: http.MethodDelete, path: path + "/{id}/contacts", id: "delete-list-contacts",
		what: "contact", access: anyone, status: http.StatusNoContent, summary: "Take several people off a list"},
		func(ctx context.Context, in *struct {
			IDPath
			IDs string `query:"ids"`
		}) (*empty, error) {
			all, err := ids(in.IDs, nil)
			if err != nil {
				return nil, err
			}
			return nil, takeOff(ctx, in.ID, all...)
		})
}

// listsFor lists the lists that the caller sees.
func (s *Server) listsFor(ctx context.Context, query string) ([]store.DistributionList, error) {
	p, err := s.permissions(ctx, caller(ctx))
	if err != nil {
		return nil, err
	}
	found, err := s.store.DistributionLists(ctx, query, 0, caller(ctx).ID)
	if err != nil {
		return nil, err
	}
	var out []store.DistributionList
	for _, l := range found {
		if policy.SeesList(actor(caller(ctx)), p, listThing(ctx, l)) {
			out = append(out, l)
		}
	}
	return out, nil
}

func listThing(ctx context.Context, l store.DistributionList) policy.List {
	return policy.List{Global: l.OwnerID == 0, Own: l.OwnerID == caller(ctx).ID}
}

// list reads a list that the caller sees.
func (s *Server) list(ctx context.Context, id string) (store.DistributionList, error) {
	n, err := number(id, "distribution list")
	if err != nil {
		return store.DistributionList{}, err
	}
	l, err := s.store.DistributionList(ctx, n)
	if err != nil {
		return l, err
	}
	p, err := s.permissions(ctx, caller(ctx))
	if err == nil && !policy.SeesList(actor(caller(ctx)), p, listThing(ctx, l)) {
		err = notFound("distribution list")
	}
	return l, err
}

// ownList reads a list that the caller may change.
func (s *Server) ownList(ctx context.Context, id string) (store.DistributionList, error) {
	l, err := s.list(ctx, id)
	if err == nil {
		err = policy.CanChangeList(actor(caller(ctx)), listThing(ctx, l))
	}
	return l, err
}

// changedList applies a request. Whom it names is not checked until a package is sent to them.
func changedList(ctx context.Context, l store.DistributionList, c api.DistributionListChange) (store.DistributionList,
	error) {
	if err := policy.CanChangeList(actor(caller(ctx)), listThing(ctx, l)); err != nil {
		return l, err
	}
	if c.Name != nil {
		if l.Name = strings.TrimSpace(*c.Name); l.Name == "" {
			return l, badField("name must not be blank.", "name")
		}
	}
	l.Contacts = []store.ListContact{}
	for _, n := range c.Contacts {
		l.Contacts = append(l.Contacts, store.ListContact{Name: strings.TrimSpace(n.Name)})
	}
	return l, nil
}

func (s *Server) listAnswer(ctx context.Context, id string) (*body[api.DistributionList], error) {
	l, err := s.list(ctx, id)
	if err != nil {
		return nil, err
	}
	reach, err := s.reachOf(ctx)
	return answerWith(listOut(l, reach)), err
}

func listType(l store.DistributionList) string {
	if l.OwnerID == 0 {
		return "global"
	}
	return "personal"
}

// listOut tells of those on a list no more than the list itself says. Who has an account is told to one who finds
// everybody in the search of contacts anyway: for others a list is no way to learn it.
func listOut(l store.DistributionList, reach policy.Reach) api.DistributionList {
	out := api.DistributionList{ID: text(l.ID), Type: listType(l), Name: l.Name, Contacts: []api.ListContact{}}
	for _, c := range l.Contacts {
		one := api.ListContact{ID: text(c.ID), Name: c.Name, FirstName: c.Label, Email: c.Name, Type: "external_user"}
		known := c.Account.ID != 0 && c.Account.Type != "external_user"
		if known && reach.All && !reach.WholeNames || !strings.Contains(c.Name, "@") {
			one.Type = "user"
		}
		out.Contacts = append(out.Contacts, one)
	}
	return out
}
