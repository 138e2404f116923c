package core

import (
	"context"
	"errors"
	"time"

	"faspex.io/operator/faspex/link"
	"faspex.io/operator/faspex/policy"
	"faspex.io/operator/faspex/settings"
	"faspex.io/operator/faspex/store"
)

// guest is who follows a link. What it opens is looked up at each call, so that what was switched off, deleted or is over
// ends at once.
type guest struct {
	link    link.Link
	purpose policy.Purpose
	// account acts: the external user whom the link was mailed to. There is none for links that lead to a form or to a
	// status alone; then it is whom calls are counted for.
	account store.Account
	// code is what is asked for beside the link.
	code codeRules
	// invitation is what SendByLink comes from, rule how the rules see it.
	invitation store.Invitation
	rule       policy.InvitationLink
	// to is who gets what is sent: a user, or group.
	to    store.Account
	group *membered
	// pkg is what ReadByLink and LookByLink are about.
	pkg store.Package
}

type guestKey struct{}

// guestOf is who makes a call by a link; nil for people who are logged in.
func guestOf(ctx context.Context) *guest {
	g, _ := ctx.Value(guestKey{}).(*guest)
	return g
}

// errNoLink means that a passcode opens nothing and never did, or that what it opened is gone.
var errNoLink = errors.New("no such link")

// guest finds what a passcode opens now. errNoLink, or a refusal that says why it opens nothing, or nothing yet.
func (s *Server) guest(ctx context.Context, passcode string) (*guest, error) {
	g, err := s.unproven(ctx, passcode)
	if err == nil && g.code.demanded && !s.now().Before(g.link.Until) {
		err = policy.ErrCodeNeeded
	}
	return g, err
}

// unproven finds what a passcode opens, for calls that ask whether a mail to its address was read. Nothing else may be
// done with it.
func (s *Server) unproven(ctx context.Context, passcode string) (*guest, error) {
	l, ok := link.Parse(s.ring, passcode)
	if !ok {
		return nil, errNoLink
	}
	rules, err := s.auth.Configuration(ctx)
	if err != nil {
		return nil, err
	}
	g := &guest{link: l, code: codeRule(rules, l.Kind)}
	switch l.Kind {
	case link.Invitation:
		err = s.openInvitation(ctx, rules, g)
	case link.User, link.Inbox:
		err = s.openSubmission(ctx, rules, g)
	case link.Download:
		err = s.openPackage(ctx, rules, g)
	case link.Status:
		g.purpose = policy.LookByLink
		if g.pkg, err = s.store.PackageByUUID(ctx, l.Thing); err == nil {
			g.account = g.pkg.Sender
		}
	default:
		err = errNoLink
	}
	if errors.Is(err, store.ErrNotFound) {
		err = errNoLink
	}
	return g, err
}

func (s *Server) openInvitation(ctx context.Context, rules settings.Configuration, g *guest) error {
	g.purpose = policy.SendByLink
	i, err := s.store.InvitationByUUID(ctx, g.link.Thing)
	if err != nil {
		return err
	}
	g.invitation = i
	g.rule = policy.InvitationLink{Public: i.Public, Used: i.Once && i.UsedAt.Valid,
		Over: i.ExpiresAt.Valid && !s.now().Before(i.ExpiresAt.Time)}
	if g.rule.Target, err = s.target(ctx, rules, g, i.OwnerID, i.GroupID); err != nil {
		return err
	}
	if err := policy.CanFollowInvitation(g.rule); err != nil {
		return err
	}
	if g.account, err = s.store.GuestOf(ctx, i); err != nil {
		return err
	}
	g.account.UploadsAllowed = true // the invitation is the permission
	return active(g.account)
}

func (s *Server) openSubmission(ctx context.Context, rules settings.Configuration, g *guest) error {
	g.purpose = policy.AskByLink
	owner, group := g.link.Account, int64(0)
	if g.link.Kind == link.Inbox {
		owner, group = 0, g.link.Account
	}
	t, err := s.target(ctx, rules, g, owner, group)
	if err != nil {
		return err
	}
	g.account = store.Account{ID: -g.link.Account}
	return policy.CanFollowSubmission(t)
}

// target finds whom a link to send leads to, and what they permit.
func (s *Server) target(ctx context.Context, rules settings.Configuration, g *guest,
	owner, group int64) (policy.Target, error) {
	if group != 0 {
		found, err := s.store.Group(ctx, store.SharedInbox, group)
		if err != nil {
			return policy.Target{}, err
		}
		m, err := meet(found, nil)
		if err != nil {
			return policy.Target{}, err
		}
		o, err := settings.ReadSharedInbox(found.Options)
		g.group = &m
		return policy.InboxTarget(rules, o, !found.Deleted), err
	}
	a, err := s.store.Account(ctx, owner)
	if err != nil {
		return policy.Target{}, err
	}
	g.to = a
	permissions, err := s.permissions(ctx, a)
	if err != nil {
		return policy.Target{}, err
	}
	p, err := preferencesOf(a)
	return policy.Target{Active: a.Status == store.AccountActive, Invites: permissions.Invite,
		PublicURL: permissions.PublicURL, Enabled: p.PublicURLEnabled}, err
}

func (s *Server) openPackage(ctx context.Context, rules settings.Configuration, g *guest) error {
	g.purpose = policy.ReadByLink
	var err error
	if g.pkg, err = s.store.PackageByUUID(ctx, g.link.Thing); err != nil {
		return err
	}
	if g.account, err = s.store.Account(ctx, g.link.Account); err != nil {
		return err
	}
	v, err := s.viewFor(ctx, g.account, g.pkg.ID)
	var p *problem
	if err != nil && !errors.As(err, &p) {
		return err
	}
	d := policy.DownloadLink{Received: err == nil && v.thing.Received && g.account.Type == store.TypeExternal &&
		active(g.account) == nil, NeedsAccount: rules.RequireExternalUsersRegistration}
	if end := linkEnd(rules, g.pkg); !end.IsZero() && !s.now().Before(end) {
		d.Over = true
	}
	if rules.PackageLinkExpiresAfterFullDownload && d.Received && !d.Over {
		downloads, err := s.store.Downloads(ctx, g.pkg.ID)
		if err != nil {
			return err
		}
		for _, one := range downloads[g.pkg.ID] {
			d.Over = d.Over || one.Account.ID == g.account.ID && one.Completed > 0
		}
	}
	return policy.CanFollowDownload(d)
}

// linkEnd is when links to a package end; zero for never.
func linkEnd(rules settings.Configuration, p store.Package) time.Time {
	if !rules.PackageLinkExpires || !p.ReleasedAt.Valid {
		return time.Time{}
	}
	return p.ReleasedAt.Time.AddDate(0, 0, rules.PackageLinkValidDays)
}

func active(a store.Account) error {
	if a.Status != store.AccountActive {
		return errNoLink
	}
	return nil
}

// sees reports whether a package is one that the link leads to.
func (g *guest) sees(p *store.Package) bool {
	switch g.purpose {
	case policy.SendByLink:
		return p.InvitationID == g.invitation.ID
	case policy.ReadByLink:
		return p.ID == g.pkg.ID
	}
	return false
}

// guestAddressees are whom a package of a guest is for: whom the link is for, whatever the request says.
func (s *Server) guestAddressees(g *guest) *addressees {
	a := &addressees{server: s, seen: map[store.NewDelivery]int{}}
	if g.group != nil {
		a.put(store.NewDelivery{GroupID: g.group.ID}, false)
		a.groups, a.inbox = []membered{*g.group}, true
		return a
	}
	a.others = true
	a.put(store.NewDelivery{AccountID: g.to.ID}, false)
	return a
}
