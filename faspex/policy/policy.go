// Package policy decides who may do what. It is pure: callers tell it who acts and what the thing is, and it answers
// yes or why not. What people are shown (Capabilities, Actions) comes from the same rules as what is enforced (May,
// Can), so the two cannot differ. It knows neither the database nor the wire.
package policy

import "slices"

// Roles of accounts.
const (
	RoleAdmin   = "admin"
	RoleManager = "manager"
	RoleUser    = "user"
)

// Actor is an account that acts.
type Actor struct {
	Role   string
	Active bool
	// Uploads and Downloads are the account's switches.
	Uploads, Downloads bool
	// Forwards: the account may forward packages.
	Forwards bool
	// Remote: the account may send files of storage locations.
	Remote bool
	// Invites: the server and the account let people without an account be invited. It is known where the settings are.
	Invites bool
	// Operator says that the account acts through the API client of the operator.
	Operator bool
}

// Capability is something an account may do, whatever the thing.
type Capability string

// Capabilities, by the names that clients are told.
const (
	// LoggedIn is what everyone has who is logged in: the own account, the own packages, contacts.
	LoggedIn        Capability = "account.own"
	SendPackages    Capability = "package.send"
	ReceivePackages Capability = "package.download"
	// SendFromFolders is to send files that lie in a storage location. Only an account's own switch gives it (faspex-I7).
	SendFromFolders Capability = "package.send_from_folder"
	// InvitePeople is to let people without an account send packages to the own account.
	InvitePeople Capability = "invitation.send"
	// ReadUsers and WriteUsers are about accounts of users; those of managers and admins need WritePrivilegedUsers.
	ReadUsers            Capability = "admin.users.read"
	WriteUsers           Capability = "admin.users.write"
	WritePrivilegedUsers Capability = "admin.privileged_users.write"
	ReadAllPackages      Capability = "admin.packages.read"
	WriteAllPackages     Capability = "admin.packages.write"
	WriteNodes           Capability = "admin.nodes.write"
	WriteClients         Capability = "admin.clients.write"
	ReadConfiguration    Capability = "admin.configuration.read"
	WriteConfiguration   Capability = "admin.configuration.write"
	// ClaimConfiguration is the operator's alone: to decide about settings in the place of people.
	ClaimConfiguration Capability = "admin.configuration.claim"
)

// All lists every capability that an account can have by itself; ClaimConfiguration comes by the client.
func All() []Capability {
	return []Capability{
		LoggedIn, SendPackages, SendFromFolders, ReceivePackages, InvitePeople, ReadUsers, WriteUsers, WritePrivilegedUsers,
		ReadAllPackages, WriteAllPackages, WriteNodes, WriteClients, ReadConfiguration,
		WriteConfiguration,
	}
}

// May reports whether an actor has a capability.
func May(a Actor, c Capability) bool {
	if !a.Active {
		return false
	}
	switch c {
	case LoggedIn:
		return true
	case SendPackages:
		return a.Uploads
	case SendFromFolders:
		return a.Remote
	case ReceivePackages:
		return a.Downloads
	case InvitePeople:
		return a.Invites
	case ReadUsers, WriteUsers:
		return a.Role == RoleAdmin || a.Role == RoleManager
	case ClaimConfiguration:
		return a.Role == RoleAdmin && a.Operator
	}
	return a.Role == RoleAdmin && slices.Contains(All(), c)
}

// Capabilities lists what an actor may do.
func Capabilities(a Actor) []Capability {
	return slices.DeleteFunc(All(), func(c Capability) bool { return !May(a, c) })
}

// Refusal is why something may not be done.
type Refusal struct {
	// Kind tells whether the actor may not, or the thing is not in a state for it.
	Kind Kind
	// Code is a word for programs.
	Code string
	// Reason is a sentence for people.
	Reason string
}

func (r *Refusal) Error() string { return r.Reason }

// Kind of a refusal.
type Kind int

// Kinds of refusals.
const (
	// Forbidden: this actor may not.
	Forbidden Kind = iota
	// NotNow: the thing is in no state for it.
	NotNow
)

func forbidden(code, reason string) error { return &Refusal{Forbidden, code, reason} }

func notNow(code, reason string) error { return &Refusal{NotNow, code, reason} }
