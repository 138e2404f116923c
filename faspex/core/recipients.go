package core

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/policy"
	"faspex.io/operator/faspex/store"
)

// maxRecipients bounds what lists make of a request.
const maxRecipients = 10_000

// addressees gathers the recipients of a package, each once. Who is named in two ways is a public recipient when one of
// them is public.
type addressees struct {
	server *Server
	reach  policy.Reach
	to     []store.NewDelivery
	groups []membered
	seen   map[store.NewDelivery]int // where somebody is in to, without Private
	inbox  bool                      // one of them is a shared inbox
	others bool                      // one of them is none
	people []namedPerson             // to be looked up, all at once
	// unknown is what to tell of names that are nobody's. Who is not within reach is told like who does not exist:
	// nobody learns who has an account.
	unknown []api.FieldError
}

// recipients finds whom a package is for.
func (s *Server) recipients(ctx context.Context, c api.PackageCreate) (*addressees, error) {
	reach, err := s.reachOf(ctx)
	if err != nil {
		return nil, err
	}
	a := &addressees{server: s, reach: reach, seen: map[store.NewDelivery]int{}}
	for _, list := range []struct {
		names   []api.RecipientName
		field   string
		private bool
	}{{c.Recipients, "recipients", false}, {c.PrivateRecipients, "private_recipients", true}} {
		for i, r := range list.names {
			if err := a.add(ctx, r, fmt.Sprintf("%s[%d].name", list.field, i), list.private); err != nil {
				return nil, err
			}
		}
	}
	if err := a.lookUp(ctx); err != nil {
		return nil, err
	}
	if a.inbox && (a.others || len(a.to) != 1) {
		return nil, badField("A package goes to one shared inbox alone, or to none.", "recipients")
	}
	switch {
	case len(a.unknown) > 0:
		return nil, nobody(a.unknown)
	case len(a.to) == 0:
		return nil, badField("There is nobody left to send to.", "recipients")
	case len(a.to) > maxRecipients:
		return nil, badField(fmt.Sprintf("A package goes to %d recipients at most.", maxRecipients), "recipients")
	}
	return a, nil
}

func (a *addressees) add(ctx context.Context, r api.RecipientName, field string, private bool) error {
	a.others = a.others || r.RecipientType != store.SharedInbox
	name := strings.TrimSpace(r.Name)
	switch r.RecipientType {
	case "", "user", "external_user":
		if a.reach.Nobody {
			return errInboxesOnly()
		}
		a.people = append(a.people, namedPerson{name: name, field: field, private: private})
		return nil
	case store.Workgroup, store.SharedInbox:
		if r.RecipientType == store.Workgroup && a.reach.Nobody {
			return errInboxesOnly()
		}
		return a.group(ctx, r.RecipientType, name, field, private)
	case distributionList:
		if a.reach.Nobody {
			return errInboxesOnly()
		}
		return a.list(ctx, name, field, private)
	}
	return badField(fmt.Sprintf("Packages to a %s are not possible here.", r.RecipientType), field)
}

func errInboxesOnly() error {
	p := newProblem(http.StatusForbidden, "You may send to shared inboxes only.")
	p.Code = "normal_packages_not_allowed"
	return p
}

func (a *addressees) miss(field, name string) {
	a.unknown = append(a.unknown, api.FieldError{
		Location: "body." + field, Message: fmt.Sprintf("Nobody here is named %q.", name),
	})
}

// namedPerson is somebody by login or e-mail address, where the request names them. One that may be missing is passed
// over when nobody within reach is called so.
type namedPerson struct {
	name, field          string
	private, mayBeAbsent bool
}

// lookUp adds the people that were named, of whom there may be thousands, in a few queries.
func (a *addressees) lookUp(ctx context.Context) error {
	names := make([]string, len(a.people))
	for i, p := range a.people {
		names[i] = p.name
	}
	found, err := a.server.addressees(ctx, a.reach, names)
	if err != nil {
		return err
	}
	for i, p := range a.people {
		switch who := found[i]; {
		case who != store.NewDelivery{}:
			a.put(who, p.private)
		case !p.mayBeAbsent:
			a.miss(p.field, p.name)
		}
	}
	return nil
}

func (a *addressees) group(ctx context.Context, kind, name, field string, private bool) error {
	g, err := a.server.store.GroupByName(ctx, kind, name)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	var m membered
	if err == nil {
		memberships, err := a.server.store.Memberships(ctx, caller(ctx).ID)
		if err != nil {
			return err
		}
		if m, err = meet(g, memberships); err != nil {
			return err
		}
	}
	if err != nil || !policy.SendsTo(actor(caller(ctx)), m.thing) {
		a.miss(field, name)
		return nil
	}
	a.inbox = a.inbox || m.thing.Inbox
	if a.put(store.NewDelivery{GroupID: g.ID}, private) {
		a.groups = append(a.groups, m)
	}
	return nil
}

const distributionList = "distribution_list"

// list adds everybody of a distribution list. One who can't be sent to refuses the package, unless the server passes
// over such.
func (a *addressees) list(ctx context.Context, name, field string, private bool) error {
	lists, err := a.server.listsFor(ctx, "")
	if err != nil {
		return err
	}
	rules, err := a.server.auth.Configuration(ctx)
	if err != nil {
		return err
	}
	// An own list comes before one for everybody of the same name.
	slices.SortStableFunc(lists, func(x, y store.DistributionList) int { return cmp.Compare(y.OwnerID, x.OwnerID) })
	at := slices.IndexFunc(lists, func(l store.DistributionList) bool { return strings.EqualFold(l.Name, name) })
	if at < 0 {
		a.miss(field, name)
		return nil
	}
	for _, c := range lists[at].Contacts {
		a.people = append(a.people, namedPerson{c.Name, field, private, rules.IgnoreInvalidRecipients})
	}
	return nil
}

// put adds a recipient unless it is one already.
func (a *addressees) put(who store.NewDelivery, private bool) (added bool) {
	key := who
	key.Address = strings.ToLower(who.Address)
	if at, known := a.seen[key]; known {
		a.to[at].Private = a.to[at].Private && private
		return false
	}
	a.seen[key] = len(a.to)
	who.Private = private
	a.to = append(a.to, who)
	return true
}

// reachOf is whom the caller reaches, by the account's permissions and by workgroups.
func (s *Server) reachOf(ctx context.Context) (policy.Reach, error) {
	permissions, err := s.permissions(ctx, caller(ctx))
	if err != nil {
		return policy.Reach{}, err
	}
	reach := permissions.Reaches()
	if reach.Nobody || reach.All {
		return reach, nil
	}
	fellows, err := s.groupsFor(ctx, store.Workgroup, "", func(m membered) bool { return policy.SendsToMembers(m.thing) })
	for _, m := range fellows {
		reach.Groups = append(reach.Groups, m.ID)
	}
	return reach, err
}

// nobody tells of each recipient that is not known, so that a sender of many corrects them at once.
func nobody(unknown []api.FieldError) error {
	p := newProblem(http.StatusBadRequest, unknown[0].Message)
	if more := len(unknown) - 1; more > 0 {
		p.Message = fmt.Sprintf("%s %d more names are not known.", p.Message, more)
	}
	p.Errors = slices.Clone(unknown)
	return p
}
