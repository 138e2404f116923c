package core_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/client"
	"faspex.io/operator/faspex/packages"
)

// faspex-N1, faspex-N14: title and at least one recipient are needed, and a recipient who is deactivated is refused by
// name; nothing is made of what is refused.
func TestPackageNeedsATitleAndARecipient(t *testing.T) {
	x := newExchange(t)
	x.set(t, x.idOf(t, "carol"), map[string]any{"account_activated": false})
	bob := []any{map[string]any{"name": "bob"}}
	for name, test := range map[string]struct {
		body  map[string]any
		field string
		says  string
	}{
		"no title":      {map[string]any{"recipients": bob}, "body", "title"},
		"empty title":   {map[string]any{"title": "", "recipients": bob}, "body.title", ""},
		"blank title":   {map[string]any{"title": " \t ", "recipients": bob}, "body.title", ""},
		"no recipients": {map[string]any{"title": "x"}, "body", "recipients"},
		"none named":    {map[string]any{"title": "x", "recipients": []any{}}, "body.recipients", ""},
		"private alone": {map[string]any{"title": "x", "private_recipients": bob}, "body", "recipients"},
		"deactivated": {map[string]any{"title": "x", "recipients": append(bob, map[string]any{"name": "carol"})},
			"body.recipients[1].name", "carol"},
		"deactivated, private": {map[string]any{"title": "x", "recipients": bob,
			"private_recipients": []any{map[string]any{"name": "carol@example.com"}}},
			"body.private_recipients[0].name", "carol@example.com"},
	} {
		status, _, text := x.call(t, x.alice, "POST", "/api/v5/packages", test.body)
		got := jsonOf[api.Error](t, text)
		if status != http.StatusBadRequest || len(got.Errors) != 1 || got.Errors[0].Location != test.field ||
			!strings.Contains(got.Message, test.says) {
			t.Errorf("%s: %d %s", name, status, text)
		}
	}
	if got := titles(t, x.alice, "outbox"); got != "" {
		t.Errorf("made: %q", got)
	}
}

// faspex-N3: without a default inbox nothing can be sent, and the message says why and what helps.
func TestNothingIsSentWithoutADefaultInbox(t *testing.T) {
	in, node := install(t), startNode(t)
	ulf := in.user(t, "ulf", "user")
	if status, body := in.sends(t, ulf, adminName); status != http.StatusConflict ||
		!strings.Contains(body, "No storage location is the default inbox yet. An admin has to choose one.") {
		t.Errorf("no storage location: %d %s", status, body)
	}
	n, err := in.admin.CreateNode(t.Context(), node.change("north"))
	if err != nil {
		t.Fatal(err)
	}
	folder, err := in.admin.CreateSharedFolder(t.Context(), n.ID, api.SharedFolderChange{Name: ptr("inbox"),
		Directory: ptr("/a")})
	if err != nil {
		t.Fatal(err)
	}
	if status, body := in.sends(t, ulf, adminName); status != http.StatusConflict {
		t.Errorf("none chosen: %d %s", status, body)
	}
	if err := in.admin.MakeDefaultInbox(t.Context(), n.ID, folder.ID); err != nil {
		t.Fatal(err)
	}
	if status, body := in.sends(t, ulf, adminName); status != http.StatusCreated {
		t.Errorf("with a default inbox: %d %s", status, body)
	}
}

// faspex-N10: what a new package answers: held, nothing counted, and what was given.
func TestNewPackageAnswersWhatWasGiven(t *testing.T) {
	x := newExchange(t)
	status, _, text := x.call(t, x.alice, "POST", "/api/v5/packages", map[string]any{
		"title": "Plans", "note": "as agreed",
		"recipients":           []any{map[string]any{"name": "bob"}, map[string]any{"name": "carol"}},
		"private_recipients":   []any{map[string]any{"name": "david", "recipient_type": "user"}},
		"notified_on_upload":   []any{map[string]any{"name": "bob"}},
		"notified_on_download": []any{map[string]any{"name": "carol"}},
		"notified_on_receipt":  []any{map[string]any{"name": "david"}}, "metadata": map[string]any{"job": "42"},
		"release_policy": "on_date", "release_date": "2999-01-02T03:04:05Z", "download_limit": 3})
	if status != http.StatusCreated {
		t.Fatalf("%d %s", status, text)
	}
	got := object(t, text)
	for field, want := range map[string]string{
		"state": `"held"`, "upload_status": `"submitted"`, "total_bytes": "0", "total_files": "0", "title": `"Plans"`,
		"completed_download_count": "0", "active_download_count": "0", "completed_partial_download_count": "0",
		"downloaders": "[]", "active_downloaders": "[]", "archived": "false", "note": `"as agreed"`,
		"notified_on_upload": `[{"name":"bob"}]`, "notified_on_download": `[{"name":"carol"}]`,
		"notified_on_receipt": `[{"name":"david"}]`, "metadata": `{"job":"42"}`, "release_policy": `"on_date"`,
		"release_date": `"2999-01-02T03:04:05.000Z"`, "download_limit": "3", "expiration_policy": `"none"`,
		"obfuscation_enabled": "false", "ear_enabled": "false", "prevent_http_download": "false",
	} {
		if raw := mustJSON(t, got[field]); raw != want {
			t.Errorf("%s: %s, want %s", field, raw, want)
		}
	}
	p := jsonOf[api.Package](t, text)
	var to []string
	for _, r := range append(p.Recipients, p.PrivateRecipients...) {
		to = append(to, r.Name)
	}
	if strings.Join(to, " ") != "bob carol david" || len(p.PrivateRecipients) != 1 || p.Sender.Name != "alice" ||
		p.ID == "" || len(p.PackageUUID) != 36 {
		t.Errorf("%s", text)
	}
}

// faspex-I5: to a user without the permission to download packages arrive, and neither a package nor a file of it can
// be downloaded.
func TestDownloadsOffLeavesTheInbox(t *testing.T) {
	x := newExchange(t)
	p, err := x.alice.CreatePackage(t.Context(), api.PackageCreate{Title: "for bob", Recipients: to("bob", "carol")})
	if err != nil {
		t.Fatal(err)
	}
	x.set(t, x.idOf(t, "bob"), map[string]any{"downloads_allowed": false})
	x.deliver(t, p.ID)
	x.node.write(t, "default/packages/"+p.PackageUUID+"/a.txt", "12345")
	if got := titles(t, x.bob, "inbox"); got != "for bob:completed" {
		t.Errorf("inbox: %q", got)
	}
	path := "/api/v5/packages/" + p.ID
	if status, _, body := x.call(t, x.bob, "POST", path+"/files/received", map[string]any{"path": "/"}); status != 200 ||
		!strings.Contains(body, "a.txt") {
		t.Errorf("files: %d %s", status, body)
	}
	for name, body := range map[string]any{"package": nil, "file": map[string]any{"paths": []any{"a.txt"}}} {
		for call, want := range map[string]int{"/transfer_spec/download": 200,
			"/transfer_spec/download?transfer_type=http_gateway": 200, "/download_ticket": 201} {
			if status, _, answer := x.call(t, x.bob, "POST", path+call, body); status != http.StatusForbidden ||
				!strings.Contains(answer, "downloads_not_allowed") {
				t.Errorf("%s of the %s: %d %s", call, name, status, answer)
			}
			if status, _, answer := x.call(t, x.carol, "POST", path+call, body); status != want {
				t.Errorf("another recipient, %s of the %s: %d %s", call, name, status, answer)
			}
		}
	}
}

// faspex-O10: a package in work is neither deleted nor changed by a second action at the same time.
func TestPackageInWorkIsLeftAlone(t *testing.T) {
	x := newExchange(t)
	for _, walk := range [][]packages.State{
		{packages.Held, packages.HeldToReleasedStart},
		{packages.Held, packages.HeldToReleasedStart, packages.HeldToReleasedRouting},
		{packages.Held, packages.HeldToReleasedStart, packages.HeldToReleasedRouting, packages.HeldToReleasedFinish},
		{packages.Held, packages.HeldToReleasedStart, packages.HeldToReleasedRouting, packages.HeldToReleasedFinish,
			packages.Released, packages.ReleasedToExpired},
	} {
		p, err := x.alice.CreatePackage(t.Context(), api.PackageCreate{Title: "x", Recipients: to("bob")})
		if err != nil {
			t.Fatal(err)
		}
		key, state := keyOf(t, p.ID), walk[len(walk)-1]
		for i := 1; i < len(walk); i++ {
			if ok, err := x.store.Move(t.Context(), key, walk[i-1], walk[i]); err != nil || !ok {
				t.Fatalf("move to %s: %v, %v", walk[i], ok, err)
			}
		}
		before, err := x.store.Package(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		for who, c := range map[string]*client.Client{"sender": x.alice, "admin": x.admin} {
			for name, try := range map[string]func() int{
				"delete": func() int {
					status, _, _ := x.call(t, c, "DELETE", "/api/v5/packages/"+p.ID, nil)
					return status
				},
				"delete several": func() int {
					status, _, _ := x.call(t, c, "DELETE", "/api/v5/packages?ids="+p.ID, nil)
					return status
				},
				"change": func() int {
					status, _, _ := x.call(t, c, "PUT", "/api/v5/packages/"+p.ID,
						map[string]any{"release_policy": "later", "expiration_policy": "delete_after_any_download"})
					return status
				},
				"change the expiration": func() int {
					status, _, _ := x.call(t, c, "PUT", "/api/v5/packages/"+p.ID,
						map[string]any{"expiration_policy": "delete_after_any_download"})
					return status
				},
			} {
				if got := try(); got != http.StatusConflict {
					t.Errorf("%s, %s by the %s: %d", state, name, who, got)
				}
			}
		}
		if after, err := x.store.Package(t.Context(), key); err != nil || after.State != state ||
			after.ReleasePolicy != before.ReleasePolicy || after.ExpirationPolicy != before.ExpirationPolicy {
			t.Errorf("%s: now %s, %s, %s, %v", state, after.State, after.ReleasePolicy, after.ExpirationPolicy, err)
		}
	}
}

// faspex-AA10: each transfer spec says that there is no fall-back to HTTP.
func TestSpecsHaveNoHTTPFallback(t *testing.T) {
	x := newExchange(t)
	p, err := x.alice.CreatePackage(t.Context(), api.PackageCreate{Title: "x", Recipients: to("bob")})
	if err != nil {
		t.Fatal(err)
	}
	check := func(c *client.Client, call string) {
		t.Helper()
		status, _, body := x.call(t, c, "POST", "/api/v5/packages/"+p.ID+"/transfer_spec/"+call, nil)
		var spec map[string]json.RawMessage
		if err := json.Unmarshal([]byte(body), &spec); err != nil || status != 200 ||
			string(spec["http_fallback"]) != "false" {
			t.Errorf("%s: %d, http_fallback %s, %v", call, status, spec["http_fallback"], err)
		}
	}
	check(x.alice, "upload")
	x.deliver(t, p.ID)
	check(x.bob, "download")
	check(x.bob, "download?type=received&transfer_type=http_gateway")
	check(x.alice, "download?type=sent")
}
