package policy

import "faspex.io/operator/faspex/settings"

// Permissions are what an account may do by the server's settings and its own.
type Permissions struct {
	SendToAll         bool // to every active user
	NormalPackages    bool // to people; else to shared inboxes alone
	PrivateDirectory  bool // people are found by their whole name or address alone
	SendToExternal    bool
	Invite            bool
	PublicURL         bool
	GlobalLists       bool
	DeleteAfterChosen bool // the sender's choice of an expiration policy counts
	Forward           bool
	Remote            bool
	// OwnKind: see Reach.
	OwnKind *bool
}

// Effective gives the permissions of an account: its own word where it has one, the server's where it says default. A
// setting that the server must have on first is off without it.
func Effective(server settings.Configuration, a settings.AccountOptions, role string, registered bool) Permissions {
	var ownKind *bool
	if registered && role == RoleUser {
		ownKind = &server.SelfRegisteredUsersCanSendToEachOther
	}
	staff := role == RoleAdmin || role == RoleManager
	return Permissions{
		SendToAll:        staff || either(a.CanSendToAllFaspexUsers, server.UsersCanSendToAllFaspexUsers),
		NormalPackages:   either(a.CanSendNormalPackages, server.UsersCanSendNormalPackages),
		PrivateDirectory: !staff && either(a.HideUserDir, server.PrivateUserDir),
		SendToExternal:   server.AllowSendToEmail && either(a.CanSendToExternalEmail, server.AllowSendToEmailDefault),
		Invite:           server.InvitationsAllowed && either(a.CanInvite, server.InvitationsAllowedByDefault),
		PublicURL:        server.PublicURLAllowed && either(a.CanHavePublicURL, server.PublicURLAllowedDefault),
		GlobalLists:      either(a.CanSeeGlobalDistributionLists, server.CanSeeGlobalDistributionListsDefault),
		DeleteAfterChosen: either(a.AllowUserSpecifiedDeleteAfterDownload,
			server.AllowUserSpecifiedDeleteAfterDownload),
		Forward: a.ForwardingAllowed, Remote: a.CanCreateFromRemote,
		OwnKind: ownKind,
	}
}

// either is a three-valued setting: the account's word, or the server's.
func either(account string, server bool) bool {
	switch account {
	case settings.Yes:
		return true
	case settings.No:
		return false
	}
	return server
}

// Reach is whom somebody can send to: what the search of contacts lists and what sending accepts come from it, so what
// is not found cannot be sent to (TestSearchAndSendingAgree).
type Reach struct {
	// Nobody: no person is reached, only shared inboxes.
	Nobody bool
	// All active users are reached; else the account itself, its contacts and the members of Groups.
	All bool
	// Groups are the workgroups whose members are reached.
	Groups []int64
	// OwnKind says of one who registered whether the others who did are reached, whatever else is reached; nil for those
	// who did not register (faspex-H9).
	OwnKind *bool
	// Outside: external contacts are reached, and addresses that nobody here has.
	Outside bool
	// WholeNames: people are found by their whole login, name or address alone.
	WholeNames bool
}

// Reaches is the reach of an account with permissions.
func (p Permissions) Reaches() Reach {
	return Reach{Nobody: !p.NormalPackages, All: p.NormalPackages && p.SendToAll, WholeNames: p.PrivateDirectory,
		OwnKind: p.OwnKind, Outside: p.NormalPackages && p.SendToExternal}
}

// ChoosesPolicy reports whether the sender's choice of an expiration policy counts. An end by date is everybody's to
// choose; what happens after downloads needs the permission.
func (p Permissions) ChoosesPolicy(policy string) bool {
	return p.DeleteAfterChosen || policy == "delete_after_expiration_date"
}
