package core

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"faspex.io/operator/faspex/policy"
	"faspex.io/operator/faspex/settings"
	"faspex.io/operator/faspex/store"
)

// GroupAnswer is what is told of every group. It is exported so that the description has its fields.
type GroupAnswer struct {
	ID                    string  `json:"id"`
	Name                  string  `json:"name"`
	UserCanManage         bool    `json:"user_can_manage"`
	UserCanReadPackages   bool    `json:"user_can_read_packages" doc:"whether the caller sees its packages"`
	ActiveMembersCount    int     `json:"active_members_count"`
	ReleasedPackagesCount int     `json:"released_packages_count"`
	LatestPackageTime     *string `json:"latest_package_time"`
}

type workgroup struct {
	GroupAnswer
	settings.Workgroup
	everybody bool
}

type sharedInbox struct {
	GroupAnswer
	settings.SharedInbox
	everybody bool
}

// What everybody is told of a group; the rest is for those who manage it.
var (
	everybodySeesOfWorkgroups = []string{"id", "name", "submitters_instructions", "user_can_manage",
		"user_can_read_packages", "metadata_profile_id"}
	everybodySeesOfInboxes = append([]string{"allow_public_url", "require_encryption_at_rest"},
		everybodySeesOfWorkgroups...)
)

// MarshalJSON writes the view.
func (w workgroup) MarshalJSON() ([]byte, error) {
	type plain workgroup
	return viewOnly(plain(w), w.everybody, everybodySeesOfWorkgroups)
}

// MarshalJSON writes the view.
func (i sharedInbox) MarshalJSON() ([]byte, error) {
	type plain sharedInbox
	return viewOnly(plain(i), i.everybody, everybodySeesOfInboxes)
}

type workgroupChange struct {
	Name string `json:"name" minLength:"1" maxLength:"255"`
	settings.Workgroup
}

type sharedInboxChange struct {
	Name string `json:"name" minLength:"1" maxLength:"255"`
	settings.SharedInbox
}

type workgroupList struct {
	List
	Workgroups []workgroup `json:"workgroups"`
}

type sharedInboxList struct {
	List
	SharedInboxes []sharedInbox `json:"shared_inboxes"`
}

// groupKind is what differs between workgroups and shared inboxes: S their settings, C their change, A their answer and L
// a list of those.
type groupKind[S, C, A, L any] struct {
	kind, path, what string
	defaults         S
	common           func(S) settings.Group
	answer           func(S, GroupAnswer, bool) A
	list             func(List, []A) L
}

func (s *Server) registerGroups() {
	registerGroupKind(s, groupKind[settings.Workgroup, workgroupChange, workgroup, workgroupList]{
		kind: store.Workgroup, path: v5 + "/workgroups", what: "workgroup", defaults: settings.DefaultWorkgroup(),
		common: func(w settings.Workgroup) settings.Group { return w.Group },
		answer: func(w settings.Workgroup, a GroupAnswer, all bool) workgroup { return workgroup{a, w, !all} },
		list:   func(l List, all []workgroup) workgroupList { return workgroupList{l, all} },
	})
	registerGroupKind(s, groupKind[settings.SharedInbox, sharedInboxChange, sharedInbox, sharedInboxList]{
		kind: store.SharedInbox, path: v5 + "/shared_inboxes", what: "shared inbox",
		defaults: settings.DefaultSharedInbox(),
		common:   func(i settings.SharedInbox) settings.Group { return i.Group },
		answer:   func(i settings.SharedInbox, a GroupAnswer, all bool) sharedInbox { return sharedInbox{a, i, !all} },
		list:     func(l List, all []sharedInbox) sharedInboxList { return sharedInboxList{l, all} },
	})
	for _, kind := range []string{store.Workgroup, store.SharedInbox} {
		s.registerMembers(kind)
		s.registerGroupPackages(kind)
	}
}

// groupPath is where the calls of a kind of group are.
func groupPath(kind string) string {
	return v5 + map[string]string{store.Workgroup: "/workgroups", store.SharedInbox: "/shared_inboxes"}[kind]
}

func groupWhat(kind string) string { return strings.ReplaceAll(kind, "_", " ") }

type groupListInput struct {
	Paging
	All           bool   `query:"all" doc:"every group, for those who manage all of them; else those that the caller belongs to, sends to or manages"`
	UserID        string `query:"user_id" doc:"only groups that this account belongs to"`
	Query         string `query:"q" doc:"part of the name"`
	UserCanManage bool   `query:"user_can_manage" doc:"only groups that the caller manages"`
	UserCanRead   bool   `query:"user_can_read_packages" doc:"only groups whose packages the caller sees"`
	Sort          string `query:"sort" enum:"id,name,submitters_instructions" default:"name"`
}

type groupInput[C any] struct {
	RawBody []byte
	Body    C
}

type groupChangeInput[C any] struct {
	IDPath
	IfMatch
	RawBody []byte
	Body    C
}

func registerGroupKind[S, C, A, L any](s *Server, k groupKind[S, C, A, L]) {
	id := strings.ReplaceAll(k.kind, "_", "-")
	plural := strings.TrimPrefix(k.path, v5+"/")
	register(s, operation{method: http.MethodGet, path: k.path, id: "list-" + strings.ReplaceAll(plural, "_", "-"),
		what: k.what, access: anyone, summary: "List the groups that the caller belongs to, sends to or manages"},
		func(ctx context.Context, in *groupListInput) (*body[L], error) { return listGroups(ctx, s, k, in) })
	register(s, operation{method: http.MethodPost, path: k.path, id: "create-" + id, what: k.what,
		access: configurers, status: http.StatusCreated, summary: "Make a " + k.what},
		func(ctx context.Context, in *groupInput[C]) (*body[A], error) {
			before := store.Group{Kind: k.kind, Options: json.RawMessage(`{}`)}
			after, err := changeGroup(ctx, s, k, before, in.RawBody)
			if err != nil {
				return nil, err
			}
			if after.Name == "" {
				return nil, badField("name is needed.", "name")
			}
			if after.ID, err = s.store.CreateGroup(ctx, after); err != nil {
				return nil, err
			}
			return groupOut(ctx, s, k, after)
		})
	register(s, operation{method: http.MethodGet, path: k.path + "/{id}", id: "get-" + id, what: k.what, access: anyone,
		summary: "Read a " + k.what}, func(ctx context.Context, in *IDPath) (*tagged[A], error) {
		g, err := s.group(ctx, k.kind, in.ID)
		if err != nil {
			return nil, err
		}
		return groupTagged(ctx, s, k, g.Group)
	})
	register(s, operation{method: http.MethodPut, path: k.path + "/{id}", id: "update-" + id, what: k.what, access: anyone,
		summary: "Change a " + k.what + ": its admins all but the name, what its admins may do, and where its packages lie"},
		func(ctx context.Context, in *groupChangeInput[C]) (*tagged[A], error) {
			after, _, err := change(in.IfMatch, stored[store.Group]{
				what: k.what,
				read: func() (store.Group, error) {
					g, err := s.group(ctx, k.kind, in.ID)
					return g.Group, err
				},
				tag:   groupTag,
				write: func(before, after store.Group) error { return s.store.UpdateGroup(ctx, before, after) },
			}, func(g store.Group) (store.Group, error) { return changeGroup(ctx, s, k, g, in.RawBody) })
			if err != nil {
				return nil, err
			}
			return groupTagged(ctx, s, k, after)
		})
	remove := func(ctx context.Context, id string) error {
		n, err := number(id, k.what)
		if err != nil {
			return err
		}
		return s.store.DeleteGroup(ctx, k.kind, n)
	}
	register(s, operation{method: http.MethodDelete, path: k.path + "/{id}", id: "delete-" + id, what: k.what,
		access: configurers, summary: "Delete a " + k.what + "; packages keep its name"},
		func(ctx context.Context, in *IDPath) (*empty, error) { return nil, remove(ctx, in.ID) })
	register(s, operation{method: http.MethodDelete, path: k.path, id: "delete-" + strings.ReplaceAll(plural, "_", "-"),
		what: k.what, access: configurers, status: http.StatusNoContent, batch: true, summary: "Delete several groups"},
		func(ctx context.Context, in *struct {
			IDs string `query:"ids" required:"true"`
		}) (*batchOutput, error) {
			all, err := ids(in.IDs, nil)
			if err != nil {
				return nil, err
			}
			return s.batch(ctx, k.what, all, remove), nil
		})
}

// membered is a group as the caller meets it.
type membered struct {
	store.Group
	thing        policy.Group
	instructions string // for those who send to it
}

// meet makes of a group what the rules see, for one with memberships.
func meet(g store.Group, memberships map[int64]string) (membered, error) {
	m := membered{Group: g, thing: policy.Group{Inbox: g.Kind == store.SharedInbox, Access: memberships[g.ID]}}
	if m.thing.Inbox {
		o, err := settings.ReadSharedInbox(g.Options)
		m.thing.ExistingUsers, m.thing.Users = o.AdminCanManageExistingUsers, o.AdminCanManageUsers
		m.thing.ExternalSubmitters, m.thing.MembersInvite = o.AdminCanManageExternalSubmitters, o.UsersCanInviteExternalSubmitters
		m.instructions = o.SubmittersInstructions
		return m, err
	}
	o, err := settings.ReadWorkgroup(g.Options)
	m.thing.Type, m.thing.MemberAccess = o.WorkgroupType, o.MemberAccess
	m.instructions = o.SubmittersInstructions
	m.thing.ExistingUsers, m.thing.Users = o.AdminCanManageExistingUsers, o.AdminCanManageUsers
	return m, err
}

// known reports whether an actor learns of a group at all.
func (m membered) known(a policy.Actor) bool {
	return m.thing.Access != "" || policy.ManagesGroup(a, m.thing) || policy.SendsTo(a, m.thing)
}

// group reads a group for the caller; for strangers it does not exist.
func (s *Server) group(ctx context.Context, kind, id string) (membered, error) {
	n, err := number(id, groupWhat(kind))
	if err != nil {
		return membered{}, err
	}
	g, err := s.store.Group(ctx, kind, n)
	if err != nil {
		return membered{}, err
	}
	memberships, err := s.store.Memberships(ctx, caller(ctx).ID)
	if err != nil {
		return membered{}, err
	}
	m, err := meet(g, memberships)
	if err == nil && !m.known(actor(caller(ctx))) {
		err = notFound(groupWhat(kind))
	}
	return m, err
}

// groupsFor lists the groups of a kind of which keep says yes.
func (s *Server) groupsFor(ctx context.Context, kind, query string, keep func(membered) bool) ([]membered, error) {
	found, err := s.store.Groups(ctx, kind, query)
	if err != nil {
		return nil, err
	}
	memberships, err := s.store.Memberships(ctx, caller(ctx).ID)
	if err != nil {
		return nil, err
	}
	var out []membered
	for _, g := range found {
		m, err := meet(g, memberships)
		if err != nil {
			return nil, err
		}
		if keep(m) {
			out = append(out, m)
		}
	}
	return out, nil
}
