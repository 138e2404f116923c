package core

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"faspex.io/operator/faspex/policy"
	"faspex.io/operator/faspex/settings"
	"faspex.io/operator/faspex/store"
)

// viewOnly writes a thing as JSON, with some of its fields alone when it is for everybody.
func viewOnly(v any, everybody bool, fields []string) ([]byte, error) {
	raw, err := json.Marshal(v)
	if err != nil || !everybody {
		return raw, err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, err
	}
	maps.DeleteFunc(all, func(name string, _ json.RawMessage) bool { return !slices.Contains(fields, name) })
	return json.Marshal(all)
}

func listGroups[S, C, A, L any](ctx context.Context, s *Server, k groupKind[S, C, A, L],
	in *groupListInput) (*body[L], error) {
	me := actor(caller(ctx))
	of := map[int64]string{}
	if in.UserID != "" {
		id, err := number(in.UserID, "account")
		if err == nil && text(caller(ctx).ID) != in.UserID && !policy.May(me, policy.ReadUsers) {
			err = notFound("account")
		}
		if err == nil {
			of, err = s.store.Memberships(ctx, id)
		}
		if err != nil {
			return nil, err
		}
	}
	found, err := s.groupsFor(ctx, k.kind, in.Query, func(m membered) bool {
		switch {
		case in.UserID != "" && of[m.ID] == "", in.UserCanRead && !policy.ReadsGroup(me, m.thing):
			return false
		case in.UserCanManage:
			return policy.ManagesGroup(me, m.thing)
		}
		return m.known(me)
	})
	if err != nil {
		return nil, err
	}
	switch in.Sort {
	case "id":
		slices.SortFunc(found, func(a, b membered) int { return cmp.Compare(a.ID, b.ID) })
	case "submitters_instructions":
		slices.SortStableFunc(found, func(a, b membered) int { return strings.Compare(a.instructions, b.instructions) })
	}
	total := len(found)
	found = found[min(in.Offset, total):min(in.Offset+in.Limit, total)]
	figures, err := s.store.GroupFigures(ctx, k.kind)
	if err != nil {
		return nil, err
	}
	all := make([]A, len(found))
	for i, m := range found {
		if all[i], err = oneGroup(ctx, k, m, figures); err != nil {
			return nil, err
		}
	}
	return answerWith(k.list(in.list(total), all)), nil
}

func oneGroup[S, C, A, L any](ctx context.Context, k groupKind[S, C, A, L], m membered,
	figures map[int64]store.GroupFigures) (A, error) {
	var none A
	document, err := settings.ReadDocument(m.Options)
	if err != nil {
		return none, err
	}
	holds, err := settings.Over(document, k.defaults)
	if err != nil {
		return none, err
	}
	manages, f := policy.ManagesGroup(actor(caller(ctx)), m.thing), figures[m.ID]
	return k.answer(holds, GroupAnswer{
		ID: text(m.ID), Name: m.Name, UserCanManage: manages, ActiveMembersCount: f.ActiveMembers,
		UserCanReadPackages:   policy.ReadsGroup(actor(caller(ctx)), m.thing),
		ReleasedPackagesCount: f.Packages, LatestPackageTime: nullStamp(f.Latest),
	}, manages), nil
}

func groupOut[S, C, A, L any](ctx context.Context, s *Server, k groupKind[S, C, A, L], g store.Group) (*body[A], error) {
	memberships, err := s.store.Memberships(ctx, caller(ctx).ID)
	if err != nil {
		return nil, err
	}
	m, err := meet(g, memberships)
	if err != nil {
		return nil, err
	}
	figures, err := s.store.GroupFigures(ctx, k.kind)
	if err != nil {
		return nil, err
	}
	out, err := oneGroup(ctx, k, m, figures)
	return answerWith(out), err
}

// groupTagged is the answer about a group with its version.
func groupTagged[S, C, A, L any](ctx context.Context, s *Server, k groupKind[S, C, A, L],
	g store.Group) (*tagged[A], error) {
	out, err := groupOut(ctx, s, k, g)
	if err != nil {
		return nil, err
	}
	tag, err := groupTag(g)
	return answerTagged(out.Body, tag), err
}

// ownFields are those of a group that only admins of the server change: what its admins may do, who sends to it, and
// where its packages lie.
var ownFields = []string{
	"name", "admin_can_manage_existing_users", "admin_can_manage_users", "admin_can_manage_ad_group",
	"admin_can_manage_external_submitters", "inbox_type", "inbox_destination_share_id", "upload_directly_to_custom_inbox",
	"enable_relay", "member_access", "workgroup_type",
}

// changeGroup applies a request to a group, for one who may make it.
func changeGroup[S, C, A, L any](ctx context.Context, s *Server, k groupKind[S, C, A, L], before store.Group,
	raw []byte) (store.Group, error) {
	wanted, err := settings.ReadDocument(raw)
	if err != nil {
		return before, badRequest("The body is not an object.")
	}
	if before.ID != 0 {
		if err := s.mayConfigure(ctx, before, wanted); err != nil {
			return before, err
		}
	}
	document, err := settings.ReadDocument(before.Options)
	if err != nil {
		return before, err
	}
	if document, err = document.Merge(wanted, k.defaults); err != nil {
		return before, err
	}
	holds, err := settings.Over(document, k.defaults)
	if err != nil {
		return before, err
	}
	common := k.common(holds)
	if err := refuseSettings(common.Check(), wanted); err != nil {
		return before, err
	}
	if common.InboxType == "custom" {
		id, err := number(common.InboxDestinationShareID, "storage location")
		if err == nil {
			_, err = s.store.SharedFolder(ctx, id)
		}
		if err != nil {
			return before, badField("There is no such storage location.", "inbox_destination_share_id")
		}
	}
	after := before
	if name, named := wanted["name"]; named {
		if err := json.Unmarshal(name, &after.Name); err != nil {
			return before, badField("name must be text.", "name")
		}
		if after.Name = strings.TrimSpace(after.Name); after.Name == "" {
			return before, badField("name must not be blank.", "name")
		}
	}
	after.Options, err = json.Marshal(document)
	return after, err
}

func (s *Server) mayConfigure(ctx context.Context, g store.Group, wanted settings.Document) error {
	memberships, err := s.store.Memberships(ctx, caller(ctx).ID)
	if err != nil {
		return err
	}
	m, err := meet(g, memberships)
	if err != nil {
		return err
	}
	if _, named := wanted["allow_public_url"]; named {
		rules, err := s.auth.Configuration(ctx)
		if err == nil {
			err = policy.CanSwitchInboxLink(actor(caller(ctx)), rules.SharedInboxCanOverridePublicURL)
		}
		if err != nil {
			return err
		}
	}
	own := slices.ContainsFunc(ownFields, func(field string) bool { _, named := wanted[field]; return named })
	return policy.CanConfigureGroup(actor(caller(ctx)), m.thing, own)
}

// registerGroupPackages adds the mailbox of a kind of group.
func (s *Server) registerGroupPackages(kind string) {
	register(s, operation{method: http.MethodGet, path: groupPath(kind) + "/{id}/packages",
		id: "list-" + strings.ReplaceAll(kind, "_", "-") + "-packages", what: groupWhat(kind), access: anyone,
		summary: "List the packages of a " + groupWhat(kind)},
		func(ctx context.Context, in *struct {
			IDPath
			PackageFilter
			ViewHistory bool `query:"view_history" doc:"archived and expired packages, too"`
		}) (*body[packageList], error) {
			g, err := s.group(ctx, kind, in.ID)
			if err != nil {
				return nil, err
			}
			if !policy.ReadsGroup(actor(caller(ctx)), g.thing) {
				return nil, forbidden("You may send to this " + groupWhat(kind) + ", and not see its packages.")
			}
			return s.listPackages(ctx, &in.PackageFilter, store.PackageFilter{Box: store.BoxGroup, GroupID: g.ID,
				History: in.ViewHistory}, "")
		})
}
