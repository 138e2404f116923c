package core

import (
	"context"
	"net/http"
	"strings"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/policy"
	"faspex.io/operator/faspex/store"
)

type memberList struct {
	List
	Members []api.Member `json:"members"`
}

// memberBatch tells which members were added and which were not, and why.
type memberBatch struct {
	Members []api.Member `json:"members"`
	batchAnswer
}

// GroupPath is the id of a group in the path.
type GroupPath struct {
	GroupID string `path:"group_id"`
}

// MemberPath names a member of a group.
type MemberPath struct {
	GroupPath
	ID string `path:"id" doc:"the account's id"`
}

type newMembers struct {
	User []newMember `json:"user" minItems:"1" maxItems:"1000"`
}

type newMember struct {
	ID     string `json:"id"`
	Access string `json:"access,omitempty" enum:"submit_only,standard,workgroup_admin,shared_inbox_admin" default:"standard"`
}

type memberChange struct {
	Access string `json:"access" enum:"submit_only,standard,workgroup_admin,shared_inbox_admin"`
}

// registerMembers adds the calls about the members of a kind of group. A member's id is that of the account.
func (s *Server) registerMembers(kind string) {
	what, id := "member", strings.ReplaceAll(kind, "_", "-")+"-member"
	path := groupPath(kind) + "/{group_id}/members"
	register(s, operation{method: http.MethodGet, path: path, id: "list-" + id + "s", what: what, access: anyone,
		summary: "List the members of a " + groupWhat(kind) + ", for its admins"},
		func(ctx context.Context, in *struct {
			GroupPath
			Paging
			Query  string `query:"q" doc:"part of a name or an e-mail address"`
			Access string `query:"access" enum:"submit_only,standard,workgroup_admin,shared_inbox_admin"`
		}) (*body[memberList], error) {
			g, err := s.group(ctx, kind, in.GroupID)
			if err == nil {
				err = policy.CanListMembers(actor(caller(ctx)), g.thing)
			}
			if err != nil {
				return nil, err
			}
			found, total, err := s.store.Members(ctx, g.ID, store.MemberFilter{Query: in.Query, Access: in.Access}, in.page())
			if err != nil {
				return nil, err
			}
			out := memberList{List: in.list(total), Members: []api.Member{}}
			for _, m := range found {
				out.Members = append(out.Members, memberOut(m))
			}
			return answerWith(out), nil
		})
	s.registerNewMembers(kind, path, id)
	one := operation{method: http.MethodPut, path: path + "/{id}", id: "update-" + id, what: what, access: anyone,
		summary: "Change what a member may do"}
	register(s, one, func(ctx context.Context, in *struct {
		MemberPath
		Body memberChange
	}) (*body[api.Member], error) {
		if err := s.setAccess(ctx, kind, in.GroupID, in.ID, in.Body.Access); err != nil {
			return nil, err
		}
		return s.memberAnswer(ctx, kind, in.GroupID, in.ID)
	})
	register(s, operation{method: http.MethodPut, path: path, id: "update-" + id + "s", what: what, access: anyone,
		status: http.StatusNoContent, batch: true, summary: "Change what several members may do"},
		func(ctx context.Context, in *struct {
			GroupPath
			IDs  string `query:"ids" required:"true"`
			Body memberChange
		}) (*batchOutput, error) {
			return s.eachMember(ctx, in.IDs, func(ctx context.Context, id string) error {
				return s.setAccess(ctx, kind, in.GroupID, id, in.Body.Access)
			})
		})
	register(s, operation{method: http.MethodDelete, path: path + "/{id}", id: "delete-" + id, what: what, access: anyone,
		summary: "Take somebody out of a " + groupWhat(kind)},
		func(ctx context.Context, in *MemberPath) (*empty, error) {
			return nil, s.removeMember(ctx, kind, in.GroupID, in.ID)
		})
	register(s, operation{method: http.MethodDelete, path: path, id: "delete-" + id + "s", what: what, access: anyone,
		status: http.StatusNoContent, batch: true, summary: "Take several people out of a " + groupWhat(kind)},
		func(ctx context.Context, in *struct {
			GroupPath
			IDs string `query:"member_ids" required:"true"`
		}) (*batchOutput, error) {
			return s.eachMember(ctx, in.IDs, func(ctx context.Context, id string) error {
				return s.removeMember(ctx, kind, in.GroupID, id)
			})
		})
}

// registerNewMembers adds the call that adds members. For workgroups it tells of each, for shared inboxes of the first,
// as it is published.
func (s *Server) registerNewMembers(kind, path, id string) {
	type input struct {
		GroupPath
		Body newMembers
	}
	op := operation{method: http.MethodPost, path: path, id: "add-" + id + "s", what: "member", access: anyone,
		status: http.StatusCreated, summary: "Add members to a " + groupWhat(kind)}
	if kind == store.SharedInbox {
		register(s, op, func(ctx context.Context, in *input) (*body[api.Member], error) {
			for _, u := range in.Body.User {
				if err := s.addMember(ctx, kind, in.GroupID, u); err != nil {
					return nil, err
				}
			}
			return s.memberAnswer(ctx, kind, in.GroupID, in.Body.User[0].ID)
		})
		return
	}
	register(s, op, func(ctx context.Context, in *input) (*body[memberBatch], error) {
		out := memberBatch{Members: []api.Member{}, batchAnswer: batchAnswer{Errors: []batchError{},
			Details: batchDetails{Failed: []string{}, Succeeded: []string{}}}}
		for _, u := range in.Body.User {
			err := s.addMember(ctx, kind, in.GroupID, u)
			var added *body[api.Member]
			if err == nil {
				added, err = s.memberAnswer(ctx, kind, in.GroupID, u.ID)
			}
			if err != nil && len(in.Body.User) == 1 {
				return nil, err
			}
			if err != nil {
				p := s.answer(ctx, "member", err).(*problem)
				out.Errors = append(out.Errors, batchError{u.ID, p.Code, p.Message})
				out.Details.Failed = append(out.Details.Failed, u.ID)
				continue
			}
			out.Members = append(out.Members, added.Body)
			out.Details.Succeeded = append(out.Details.Succeeded, u.ID)
		}
		return answerWith(out), nil
	})
}

func (s *Server) eachMember(ctx context.Context, list string,
	do func(context.Context, string) error) (*batchOutput, error) {
	all, err := ids(list, nil)
	if err != nil {
		return nil, err
	}
	return s.batch(ctx, "member", all, do), nil
}

// member reads a group and one of its members.
func (s *Server) member(ctx context.Context, kind, group, id string) (membered, store.Member, error) {
	g, err := s.group(ctx, kind, group)
	if err != nil {
		return g, store.Member{}, err
	}
	n, err := number(id, "member")
	if err != nil {
		return g, store.Member{}, err
	}
	if err := policy.CanListMembers(actor(caller(ctx)), g.thing); err != nil {
		return g, store.Member{}, err
	}
	found, _, err := s.store.Members(ctx, g.ID, store.MemberFilter{Account: n}, store.Page{Limit: 1})
	if err == nil && len(found) == 0 {
		err = notFound("member")
	}
	if err != nil {
		return g, store.Member{}, err
	}
	return g, found[0], nil
}

func (s *Server) addMember(ctx context.Context, kind, group string, u newMember) error {
	g, err := s.group(ctx, kind, group)
	if err != nil {
		return err
	}
	access := orDefault(u.Access, policy.Standard)
	if err := policy.CanChangeMembers(actor(caller(ctx)), g.thing, access); err != nil {
		return err
	}
	if !policy.ValidAccess(g.thing.Inbox, access) {
		return badField("Members of a "+groupWhat(kind)+" have no such access.", "user.access")
	}
	id, err := number(u.ID, "account")
	if err != nil {
		return err
	}
	a, err := s.store.Account(ctx, id)
	if err != nil {
		return err
	}
	if a.Type == "external_user" {
		return badField("External users can't be members.", "user.id")
	}
	return s.store.AddMember(ctx, g.ID, id, access)
}

func (s *Server) setAccess(ctx context.Context, kind, group, id, access string) error {
	g, m, err := s.member(ctx, kind, group, id)
	if err != nil {
		return err
	}
	for _, of := range []string{m.Access, access} {
		if err := policy.CanChangeMembers(actor(caller(ctx)), g.thing, of); err != nil {
			return err
		}
	}
	if !policy.ValidAccess(g.thing.Inbox, access) {
		return badField("Members of a "+groupWhat(kind)+" have no such access.", "access")
	}
	return s.store.SetAccess(ctx, g.ID, m.Account.ID, access)
}

func (s *Server) removeMember(ctx context.Context, kind, group, id string) error {
	g, m, err := s.member(ctx, kind, group, id)
	if err != nil {
		return err
	}
	if err := policy.CanChangeMembers(actor(caller(ctx)), g.thing, m.Access); err != nil {
		return err
	}
	return s.store.RemoveMember(ctx, g.ID, m.Account.ID)
}

func (s *Server) memberAnswer(ctx context.Context, kind, group, id string) (*body[api.Member], error) {
	_, m, err := s.member(ctx, kind, group, id)
	if err != nil {
		return nil, err
	}
	return answerWith(memberOut(m)), nil
}

func memberOut(m store.Member) api.Member {
	a := m.Account
	return api.Member{
		ID: text(a.ID), UserID: text(a.ID), Type: "user", Name: a.Name, FirstName: a.FirstName, LastName: a.LastName,
		Email: a.Email, MemberSince: stamp(m.Since), Expiration: "never", Status: a.Status, Access: m.Access,
		IsWorkgroupAdmin: m.Access == policy.WorkgroupAdmin,
	}
}
