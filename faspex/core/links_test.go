package core_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/keyring"
	"faspex.io/operator/faspex/link"
	"faspex.io/operator/faspex/store"
)

// faspex-M15: every operation of the API refuses every kind of link, but for those that the link is for.
func TestLinksLeadNowhereElse(t *testing.T) {
	x, ctx := newExchange(t), t.Context()
	ring, err := keyring.New(testSecret, "")
	if err != nil {
		t.Fatal(err)
	}
	x.configure(t, map[string]any{"allow_send_to_email_default": true})
	p, err := x.alice.CreatePackage(ctx, api.PackageCreate{Title: "x", Recipients: to("out@example.org")})
	if err != nil {
		t.Fatal(err)
	}
	x.deliver(t, p.ID)
	alice, err := x.store.AccountByLogin(ctx, "alice")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, body := x.call(t, x.alice, "PUT", "/api/v5/account/preferences", map[string]any{"public_url_enabled": true}); !strings.Contains(body, "public") {
		t.Fatal(body)
	}
	i := store.Invitation{UUID: "b7a0a3a4-0000-4000-8000-000000000001", OwnerID: alice.ID, Email: "ann@example.net", InvitedAt: time.Now()}
	if _, err := x.store.CreateInvitation(ctx, i, func(int64) store.Order { return store.Order{Kind: "none"} }); err != nil {
		t.Fatal(err)
	}
	links := map[string]link.Link{
		"download":   {Kind: link.Download, Thing: p.PackageUUID, Account: keyOf(t, p.Recipients[0].ID)},
		"invitation": {Kind: link.Invitation, Thing: i.UUID},
		"submission": {Kind: link.User, Account: alice.ID},
		"status":     {Kind: link.Status, Thing: p.PackageUUID},
	}
	serves := map[string][]string{
		"get-link":                 {"download", "invitation", "submission", "status"},
		"create-public-invitation": {"submission"}, "authenticate-upload": {"invitation"},
		"authenticate-view": {"download"}, "authenticate-download": {"download"},
		"send-mfa-code": {"invitation", "download"}, "verify-mfa-code": {"invitation", "download"},
		"create-package": {"invitation"}, "upload-transfer-spec": {"invitation"}, "upload-details": {"invitation"},
		"post-upload-details": {"invitation"},
		"get-package":         {"invitation", "download"}, "download-transfer-spec": {"download"},
		"create-download-ticket": {"download"}, "packages-files-received": {"download"},
		"packages-files-received-page": {"download"},
	}
	tried := 0
	for id, op := range operations(described(t)) {
		if op.Security == nil {
			continue // public, or not of this kind
		}
		tried++
		for name, l := range links {
			path := strings.NewReplacer("{id}", p.ID, "{group_id}", "1", "{node_id}", "1", "{shared_folder_id}", "1",
				"{type}", "inbox").Replace(op.Path)
			req, err := http.NewRequestWithContext(ctx, op.Method, x.url+"/aspera/faspex"+path, strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Passcode", l.Passcode(ring))
			status, _, body := do(t, req)
			refused := status == http.StatusForbidden && strings.Contains(body, "does not lead here")
			if id == "events" || id == "revoke-token" { // know no links at all
				refused = status == http.StatusUnauthorized
			}
			if serves := slices.Contains(serves[id], name); serves == refused || !serves && status < 400 {
				t.Errorf("%s by a link for %s: %d %s", id, name, status, body)
			}
			// Without the link, and without a login, nothing that links serve is open.
			req.Header.Del("Passcode")
			if status, _, body := do(t, req); status != http.StatusUnauthorized {
				t.Errorf("%s without anything: %d %s", id, status, body)
			}
		}
	}
	if tried < 100 {
		t.Errorf("%d operations", tried)
	}
}
