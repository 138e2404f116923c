package core_test

import (
	"testing"

	"faspex.io/operator/faspex/api"
)

// faspex-AA4: "always" protects every upload, "optional" offers it, "never" hides and refuses it. faspex-K18: a shared inbox
// requires, offers or forbids it if the server lets it. faspex-AA5: the upload spec of a protected package says encrypt, its
// download spec decrypt, and there is no field for the password.
func TestEncryptionAtRest(t *testing.T) {
	x := newExchange(t)
	inbox := x.group(t, "/shared_inboxes", map[string]any{"name": "Scans"}, "alice:submit_only", "bob:standard")
	set := func(server, ofInbox string, override bool) {
		t.Helper()
		x.configure(t, map[string]any{"require_encryption_at_rest": server, "shared_inbox_can_override_ear": override})
		x.answered(t, x.admin, 200, "PUT", "/shared_inboxes/"+inbox, map[string]any{"require_encryption_at_rest": ofInbox})
	}
	for _, test := range []struct {
		server, inbox string
		override      bool
		told          string
		person, box   map[bool]string // by what the sender chose: refused, encrypt or plain
	}{
		{"false", "server", false, "none", map[bool]string{false: "plain", true: "refused"}, map[bool]string{false: "plain", true: "refused"}},
		{"optional", "true", false, "optional", map[bool]string{false: "plain", true: "encrypt"}, map[bool]string{false: "plain", true: "encrypt"}},
		{"true", "server", false, "required", map[bool]string{false: "encrypt", true: "encrypt"}, map[bool]string{false: "encrypt", true: "encrypt"}},
		{"false", "true", true, "none", map[bool]string{false: "plain", true: "refused"}, map[bool]string{false: "encrypt", true: "encrypt"}},
		{"true", "false", true, "required", map[bool]string{false: "encrypt", true: "encrypt"}, map[bool]string{false: "plain", true: "refused"}},
		{"false", "optional", true, "none", map[bool]string{false: "plain", true: "refused"}, map[bool]string{false: "plain", true: "encrypt"}},
	} {
		set(test.server, test.inbox, test.override)
		if got := x.answered(t, x.alice, 200, "GET", "/account", nil)["encryption_at_rest"]; got != test.told {
			t.Errorf("%+v: told %v", test, got)
		}
		for name, want := range map[string]map[bool]string{"bob": test.person, "Scans": test.box} {
			to := toGroup(map[string]string{"bob": "user", "Scans": "shared_inbox"}[name], name)
			for _, chosen := range []bool{false, true} {
				got := "refused"
				p, err := x.alice.CreatePackage(t.Context(), api.PackageCreate{Title: "x", Recipients: to, EARenabled: chosen})
				if err == nil {
					spec, err := x.alice.UploadSpec(t.Context(), p.ID, nil)
					if err != nil {
						t.Fatal(err)
					}
					if got = "plain"; spec.ContentProtection != "" || p.EARenabled {
						got = spec.ContentProtection
					}
				}
				if got != want[chosen] {
					t.Errorf("%s, %s, %v: to %s, chosen %v: %s (%v)", test.server, test.inbox, test.override, name, chosen, got, err)
				}
			}
		}
	}
	x.configure(t, map[string]any{"require_encryption_at_rest": "true"})
	p := x.sendPackage(t, x.alice, api.PackageCreate{Title: "Secret", Recipients: to("bob")})
	spec, err := x.bob.DownloadSpec(t.Context(), p.ID, nil)
	if err != nil || spec.ContentProtection != "decrypt" {
		t.Errorf("download: %q, %v", spec.ContentProtection, err)
	}
}
