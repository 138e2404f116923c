package policy_test

import (
	"testing"

	"faspex.io/operator/faspex/policy"
	"faspex.io/operator/faspex/settings"
)

// A three-valued setting that says default follows every later change of the server's; yes and no do not. What the server
// must allow first is off without it.
func TestEffectivePermissions(t *testing.T) {
	for _, server := range []bool{false, true} {
		c := settings.DefaultConfiguration()
		c.UsersCanSendToAllFaspexUsers, c.PrivateUserDir, c.UsersCanSendNormalPackages = server, server, server
		c.CanSeeGlobalDistributionListsDefault, c.InvitationsAllowed, c.InvitationsAllowedByDefault = server, server, server
		for value, want := range map[string]bool{settings.Yes: true, settings.No: false, settings.Default: server} {
			a := settings.DefaultAccount()
			a.CanSendToAllFaspexUsers, a.HideUserDir, a.CanSendNormalPackages = value, value, value
			a.CanSeeGlobalDistributionLists, a.CanInvite = value, value
			p := policy.Effective(c, a, policy.RoleUser, false)
			if p.SendToAll != want || p.PrivateDirectory != want || p.NormalPackages != want || p.GlobalLists != want {
				t.Errorf("server %v, account %s: %+v", server, value, p)
			}
			if p.Invite != (server && want) {
				t.Errorf("server %v, account %s: invites %v", server, value, p.Invite)
			}
		}
	}
	staff := policy.Effective(settings.DefaultConfiguration(), settings.DefaultAccount(), policy.RoleManager, true)
	if !staff.SendToAll || staff.PrivateDirectory || staff.OwnKind != nil {
		t.Errorf("a manager: %+v", staff)
	}
}

func TestReach(t *testing.T) {
	for name, test := range map[string]struct {
		permissions          policy.Permissions
		nobody, all, outside bool
	}{
		"by default":    {policy.Permissions{NormalPackages: true}, false, false, false},
		"send to all":   {policy.Permissions{NormalPackages: true, SendToAll: true}, false, true, false},
		"outside":       {policy.Permissions{NormalPackages: true, SendToExternal: true}, false, false, true},
		"no one at all": {policy.Permissions{SendToAll: true, SendToExternal: true}, true, false, false},
	} {
		if r := test.permissions.Reaches(); r.Nobody != test.nobody || r.All != test.all || r.Outside != test.outside {
			t.Errorf("%s: %+v", name, r)
		}
	}
}
