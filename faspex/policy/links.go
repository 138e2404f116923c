package policy

import (
	"slices"

	"faspex.io/operator/faspex/settings"
)

// Purpose is what somebody who follows a link may do, and nothing else (faspex-M15). An operation names the purposes that
// it serves; without any it is for people who are logged in.
type Purpose string

// The purposes.
const (
	// SendByLink is to send one package after another to whom the link is for, and to see what becomes of those.
	SendByLink Purpose = "send"
	// ReadByLink is to see and download the package that the link is for.
	ReadByLink Purpose = "download"
	// AskByLink is to ask for a link to send by, which is mailed.
	AskByLink Purpose = "ask"
	// LookByLink is to see how a package fares.
	LookByLink Purpose = "status"
)

// Serves reports whether an operation that serves some purposes is open to one.
func Serves(served []Purpose, p Purpose) bool { return slices.Contains(served, p) }

// Target is whom links to send lead to: a user, or a shared inbox.
type Target struct {
	// Active: the user may log in, or the inbox exists.
	Active bool
	// Invites and PublicURL are what the server and the user's account, or the inbox, permit.
	Invites, PublicURL bool
	// Enabled: the user has switched the own submission link on. An inbox has no such switch of its own.
	Enabled bool
}

// InvitationLink is an invitation as one who follows its link meets it. Over: it has ended by its time. Used: it was for
// one package, which is whole.
type InvitationLink struct {
	Target
	// Public: it was asked for by a submission link.
	Public     bool
	Over, Used bool
}

var (
	errLinkOff  = forbidden("link_withdrawn", "This link was withdrawn. Ask whoever gave it to you for another one.")
	errLinkOver = forbidden("link_expired", "This link has expired. Ask whoever gave it to you for another one.")
	errLinkUsed = forbidden("link_used", "This link was for one package, which was sent. Ask for another one.")
)

// ErrCodeNeeded says that a link opens something to those alone who read the mails to its address.
var ErrCodeNeeded = forbidden("mfa_required", "A code by mail is needed to open this link.")

// CanFollowInvitation answers why an invitation opens nothing. What was switched off since ends links that were mailed
// before (faspex-M10). One that a package has used up is followed still, for uploads that had begun (faspex-M6).
func CanFollowInvitation(i InvitationLink) error {
	switch {
	case !i.Active, i.Public && (!i.PublicURL || !i.Enabled), !i.Public && !i.Invites:
		return errLinkOff
	case i.Over && !i.Used:
		return errLinkOver
	}
	return nil
}

// CanSendByInvitation answers why no package is begun with an invitation.
func CanSendByInvitation(i InvitationLink) error {
	if err := CanFollowInvitation(i); err != nil {
		return err
	}
	switch {
	case i.Used:
		return errLinkUsed
	case i.Over:
		return errLinkOver
	}
	return nil
}

// CanFollowSubmission answers why a submission link opens nothing.
func CanFollowSubmission(t Target) error {
	if !t.Active || !t.PublicURL || !t.Enabled {
		return errLinkOff
	}
	return nil
}

// DownloadLink is a link to a package as its recipient meets it.
type DownloadLink struct {
	// Received: the recipient has the package, is without an account, and was not removed.
	Received bool
	// NeedsAccount: people without an account have to register first (faspex-M17).
	NeedsAccount bool
	// Over: its days have passed, or it was downloaded as a whole and that ends it.
	Over bool
}

// CanFollowDownload answers why a link to a package opens nothing.
func CanFollowDownload(d DownloadLink) error {
	switch {
	case !d.Received:
		return errLinkOff
	case d.NeedsAccount:
		return forbidden("registration_required",
			"Register with the address that this mail was sent to, and log in, to open the package.")
	case d.Over:
		return errLinkOver
	}
	return nil
}

// CanInvite answers why an actor may not invite people without an account to send to the own account.
func CanInvite(p Permissions) error {
	if !p.Invite {
		return forbidden("invitations_not_allowed", "You may not invite people without an account.")
	}
	return nil
}

// CanInviteTo answers why an actor may not invite people without an account to send to a shared inbox: its admins with the
// switch for it, its members where it lets them (faspex-K7), and admins and managers of the server always.
func CanInviteTo(a Actor, g Group) error {
	switch {
	case !g.Inbox:
		return forbidden("forbidden", "Only shared inboxes have invitations.")
	case May(a, WriteUsers), ManagesGroup(a, g) && g.ExternalSubmitters, g.Access != "" && a.Active && g.MembersInvite:
		return nil
	}
	return forbidden("invitations_not_allowed", "You may not invite people without an account to this shared inbox.")
}

// InboxTarget is a shared inbox as links to it meet it.
func InboxTarget(server settings.Configuration, o settings.SharedInbox, alive bool) Target {
	return Target{Active: alive, Enabled: true,
		Invites:   server.InvitationsAllowed && (o.AdminCanManageExternalSubmitters || o.UsersCanInviteExternalSubmitters),
		PublicURL: server.PublicURLAllowed && either(o.AllowPublicURL, server.PublicURLAllowedDefault)}
}

// CanSwitchInboxLink answers why an admin of a shared inbox may not say whether it has a submission link: only where the
// server lets them (faspex-K15). Admins of the server may.
func CanSwitchInboxLink(a Actor, serverLets bool) error {
	if serverLets || May(a, WriteConfiguration) {
		return nil
	}
	return forbidden("submission_link_not_managed",
		"Admins of shared inboxes may not switch submission links on or off here.")
}
