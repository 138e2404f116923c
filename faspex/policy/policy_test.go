package policy_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faspex.io/operator/faspex/packages"
	"faspex.io/operator/faspex/policy"
)

func TestCapabilitiesByRole(t *testing.T) {
	everyone := []policy.Capability{"account.own", "package.send", "package.send_from_folder", "package.download",
		"invitation.send"}
	for role, want := range map[string][]policy.Capability{
		"user":    everyone,
		"manager": append(everyone[:5:5], "admin.users.read", "admin.users.write"),
		"admin":   policy.All(),
		"":        everyone,
	} {
		got := policy.Capabilities(policy.Actor{Role: role, Active: true, Uploads: true, Downloads: true,
			Remote: true, Invites: true})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", role, diff)
		}
	}
	if got := policy.Capabilities(policy.Actor{Role: "admin", Uploads: true, Downloads: true}); len(got) != 0 {
		t.Errorf("an admin who is not active: %v", got)
	}
	if policy.May(policy.Actor{Role: "admin", Active: true}, "made.up") {
		t.Error("an admin has a capability that does not exist")
	}
}

// page-36 (the server's part): each reason why something cannot be downloaded is told by a
// code and a sentence of its own.
func TestCanTellsWhy(t *testing.T) {
	user := policy.Actor{Role: "user", Active: true, Uploads: true, Downloads: true}
	released := policy.Package{State: packages.Released, UploadStatus: packages.UploadCompleted, Received: true}
	with := func(p policy.Package, change func(*policy.Package)) policy.Package { change(&p); return p }
	for name, test := range map[string]struct {
		actor policy.Actor
		of    policy.Package
		code  string
		kind  policy.Kind
	}{
		"no right": {policy.Actor{Role: "user", Active: true}, released, "downloads_not_allowed", policy.Forbidden},
		"not a reader": {user, with(released, func(p *policy.Package) { p.Received = false }), "not_recipient",
			policy.Forbidden},
		"limit": {user, with(released, func(p *policy.Package) { p.DownloadLimit, p.Downloads = 2, 2 }),
			"download_limit", policy.Forbidden},
		"expired": {user, with(released, func(p *policy.Package) { p.State = packages.Expired }), "package_expired",
			policy.NotNow},
		"deleted": {user, with(released, func(p *policy.Package) { p.State = packages.ReleasedToDeleted }),
			"package_deleted", policy.NotNow},
		"no files": {user, policy.Package{State: packages.Held, UploadStatus: packages.UploadSubmitted, Sent: true},
			"content_missing", policy.NotNow},
		"not whole yet": {user, policy.Package{State: packages.Held, UploadStatus: packages.UploadTransferring, Sent: true},
			"content_unavailable", policy.NotNow},
	} {
		var why *policy.Refusal
		if err := policy.Can(test.actor, policy.Download, test.of); !errors.As(err, &why) || why.Code != test.code ||
			why.Kind != test.kind || why.Reason == "" {
			t.Errorf("%s: %+v", name, why)
		}
	}
	// One who sent it to themselves has the sender's way when the recipient's is used up.
	both := with(released, func(p *policy.Package) { p.Sent, p.DownloadLimit, p.Downloads = true, 1, 1 })
	if err := policy.Can(user, policy.Download, both); err != nil {
		t.Errorf("sender and recipient: %v", err)
	}
	if err := policy.CanDownloadByHTTP(policy.Package{PreventHTTP: true}); err == nil {
		t.Error("prevented HTTP download is allowed")
	}
}
