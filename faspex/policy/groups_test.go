package policy_test

import (
	"testing"

	"faspex.io/operator/faspex/policy"
)

// faspex-J2: who sees a workgroup and sends to it, and who sends to its members, is no one, members, its admins or anyone,
// each by itself; with no one for both a membership has no effect.
func TestWhoSendsToWorkgroups(t *testing.T) {
	user := policy.Actor{Role: policy.RoleUser, Active: true}
	stranger, member, boss := "", policy.Standard, policy.WorkgroupAdmin
	for kind, want := range map[string][3]bool{
		policy.ToNobody:  {false, false, false},
		policy.ToMembers: {false, true, true},
		policy.ToAdmins:  {false, false, true},
		policy.ToAnyone:  {true, true, true},
	} {
		for i, access := range []string{stranger, member, boss} {
			if got := policy.SendsTo(user, policy.Group{Access: access, Type: kind}); got != want[i] {
				t.Errorf("%s to %s: %v", access, kind, got)
			}
		}
	}
	for kind, want := range map[string][3]bool{
		policy.FellowsNone: {false, false, false},
		policy.FellowsOnly: {false, false, true},
		policy.FellowsAll:  {false, true, true},
	} {
		for i, access := range []string{stranger, member, boss} {
			if got := policy.SendsToMembers(policy.Group{Access: access, MemberAccess: kind}); got != want[i] {
				t.Errorf("%s to members of %s: %v", access, kind, got)
			}
		}
	}
}

// Admins of a group add users and remove those who are no admins, only with the switch;
// admins and managers of the server always.
func TestWhoChangesMembers(t *testing.T) {
	for _, inbox := range []bool{false, true} {
		boss := map[bool]string{false: policy.WorkgroupAdmin, true: policy.SharedInboxAdmin}[inbox]
		for _, test := range []struct {
			role, access string
			on           bool
			member, head bool
		}{
			{policy.RoleUser, "", true, false, false},
			{policy.RoleUser, policy.Standard, true, false, false},
			{policy.RoleUser, boss, false, false, false},
			{policy.RoleUser, boss, true, true, false},
			{policy.RoleManager, "", false, true, true},
			{policy.RoleAdmin, "", false, true, true},
		} {
			a := policy.Actor{Role: test.role, Active: true}
			g := policy.Group{Inbox: inbox, Access: test.access, ExistingUsers: test.on}
			if got := policy.CanChangeMembers(a, g, policy.Standard) == nil; got != test.member {
				t.Errorf("%+v, inbox %v: a member %v", test, inbox, got)
			}
			if got := policy.CanChangeMembers(a, g, boss) == nil; got != test.head {
				t.Errorf("%+v, inbox %v: an admin %v", test, inbox, got)
			}
		}
	}
}
