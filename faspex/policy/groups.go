package policy

// Accesses of members of groups.
const (
	SubmitOnly       = "submit_only"
	Standard         = "standard"
	WorkgroupAdmin   = "workgroup_admin"
	SharedInboxAdmin = "shared_inbox_admin"
)

// Who sees a workgroup and sends to it, and who of its members sends to its other members: published words.
const (
	ToMembers   = "members_only"
	ToAdmins    = "moderated"
	ToAnyone    = "workgroup"
	ToNobody    = "restricted"
	FellowsAll  = "mutual"
	FellowsOnly = "workgroup_admin"   // admins of the workgroup
	FellowsNone = "restricted_access" // nobody
)

// Group is a workgroup or a shared inbox as an actor meets it.
type Group struct {
	// Inbox tells a shared inbox from a workgroup.
	Inbox bool
	// Access is the actor's as a member; empty for one who is none.
	Access string
	// Type says who sends to a workgroup, MemberAccess who sends to its members.
	Type, MemberAccess string
	// ExistingUsers and Users say what admins of the group may do with its members: add and remove them, make and delete
	// accounts.
	ExistingUsers, Users bool
	// ExternalSubmitters: admins of a shared inbox invite people without an account. MembersInvite: its members do.
	ExternalSubmitters, MembersInvite bool
}

// ManagesGroup reports whether an actor is an admin of a group: by membership, or as a manager or admin of the server.
func ManagesGroup(a Actor, g Group) bool {
	return a.Active && (g.Access == WorkgroupAdmin || g.Access == SharedInboxAdmin || May(a, WriteUsers))
}

// SendsTo reports whether an actor sees a group as a recipient and may send to it.
func SendsTo(a Actor, g Group) bool {
	if g.Inbox {
		return g.Access != "" || May(a, WriteUsers)
	}
	switch g.Type {
	case ToAnyone:
		return true
	case ToMembers:
		return g.Access != ""
	case ToAdmins:
		return ManagesGroup(a, g)
	}
	return false
}

// SendsToMembers reports whether an actor may send to the members of a workgroup.
func SendsToMembers(g Group) bool {
	switch {
	case g.Inbox || g.Access == "":
		return false
	case g.MemberAccess == FellowsAll:
		return true
	}
	return g.MemberAccess == FellowsOnly && g.Access == WorkgroupAdmin
}

// ReadsGroup reports whether an actor has the packages of a group: members who may do more than send, and its admins.
func ReadsGroup(a Actor, g Group) bool {
	return g.Access != "" && g.Access != SubmitOnly || ManagesGroup(a, g)
}

// CanChangeGroup answers why an actor may not make, change or delete groups.
func CanChangeGroup(a Actor) error {
	if !May(a, WriteConfiguration) {
		return forbidden("forbidden", "Only an admin makes, changes and deletes workgroups and shared inboxes.")
	}
	return nil
}

// CanConfigureGroup answers why an actor may not change the settings of a group; destination says that the change is of
// where its packages lie or of what its admins may do.
func CanConfigureGroup(a Actor, g Group, destination bool) error {
	switch {
	case !ManagesGroup(a, g):
		return forbidden("not_group_admin", "Only its admins can change this.")
	case destination && !May(a, WriteConfiguration):
		return forbidden("forbidden", "Only an admin of the server can change this.")
	}
	return nil
}

// CanListMembers answers why an actor may not see who is in a group.
func CanListMembers(a Actor, g Group) error {
	if !ManagesGroup(a, g) {
		return forbidden("not_group_admin", "Only its admins see who the members are.")
	}
	return nil
}

// CanChangeMembers answers why an actor may not add a member with an access, or change or remove one who has it.
func CanChangeMembers(a Actor, g Group, access string) error {
	switch {
	case May(a, WriteUsers):
		return nil
	case !ManagesGroup(a, g):
		return forbidden("not_group_admin", "Only its admins can change the members.")
	case !g.ExistingUsers:
		return forbidden("members_not_managed", "The admins of this group may not change its members.")
	case access == WorkgroupAdmin || access == SharedInboxAdmin:
		return forbidden("member_is_admin", "Only an admin or a manager of the server makes and removes admins of a group.")
	}
	return nil
}

// ValidAccess reports whether members of a kind of group can have an access.
func ValidAccess(inbox bool, access string) bool {
	if inbox {
		return access == SubmitOnly || access == Standard || access == SharedInboxAdmin
	}
	return access == Standard || access == WorkgroupAdmin
}
