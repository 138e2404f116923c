package core_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/client"
	"faspex.io/operator/faspex/core"
	"faspex.io/operator/faspex/packages"
	"faspex.io/operator/faspex/policy"
	"faspex.io/operator/faspex/store"
)

// page-65 (the server's part): what accounts are told that they may do is what the API lets
// them do, for each role and switch.
func TestCapabilitiesAreWhatIsEnforced(t *testing.T) {
	x := newExchange(t)
	people := map[string]*client.Client{"admin": x.admin, "manager": x.user(t, "mona", "manager"), "user": x.alice,
		"no uploads": x.bob, "no downloads": x.carol}
	change := func(name string, c api.AccountChange) {
		a, err := x.admin.AccountByName(t.Context(), name)
		if err == nil {
			_, err = x.admin.UpdateAccount(t.Context(), a.ID, c)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	change("bob", api.AccountChange{UploadsAllowed: ptr(false)})
	change("carol", api.AccountChange{DownloadsAllowed: ptr(false)})
	x.permit(t, "alice", map[string]any{"can_create_from_remote": true})
	x.permit(t, "carol", map[string]any{"can_invite": "false"})
	downloadable := func(to string) string {
		p, err := x.david.CreatePackage(t.Context(), api.PackageCreate{Title: "x",
			Recipients: []api.RecipientName{{Name: to}}})
		if err != nil {
			t.Fatal(err)
		}
		x.deliver(t, p.ID)
		return p.ID
	}
	names := map[string]string{"admin": adminName, "manager": "mona", "user": "alice", "no uploads": "bob",
		"no downloads": "carol"}
	// Each probe is a call that needs the capability alone, for one who has it does nothing, and
	// says by 403 that it is missing.
	probes := map[policy.Capability]func(who string) (method, path string, body any){
		policy.LoggedIn: func(string) (string, string, any) { return "GET", "/api/v5/account", nil },
		policy.SendPackages: func(string) (string, string, any) {
			return "POST", "/api/v5/packages", map[string]any{"title": "x", "recipients": []any{map[string]any{"name": "david"}}}
		},
		policy.SendFromFolders: func(string) (string, string, any) {
			return "POST", "/api/v5/packages/999999/remote_transfer?shared_folder_id=1", map[string]any{"paths": []string{"x"}}
		},
		policy.ReceivePackages: func(who string) (string, string, any) {
			return "POST", "/api/v5/packages/" + downloadable(names[who]) + "/transfer_spec/download", nil
		},
		// There is no mail server: who may invite is told so.
		policy.InvitePeople: func(string) (string, string, any) {
			return "POST", "/api/v5/invitations", map[string]any{"email_address": "out@example.org"}
		},
		policy.ReadUsers:  func(string) (string, string, any) { return "GET", "/api/v5/accounts", nil },
		policy.WriteUsers: func(string) (string, string, any) { return "DELETE", "/api/v5/accounts/999999", nil },
		policy.WritePrivilegedUsers: func(string) (string, string, any) {
			return "POST", "/api/v5/accounts", map[string]any{"name": adminName, "first_name": "A", "last_name": "B", "email": "new@example.com",
				"role": "admin"}
		},
		policy.WriteNodes:   func(string) (string, string, any) { return "DELETE", "/api/v5/nodes/999999", nil },
		policy.WriteClients: func(string) (string, string, any) { return "DELETE", "/auth/oauth_clients/nobody", nil },
		policy.WriteConfiguration: func(string) (string, string, any) {
			return "PUT", "/api/v5/configuration", map[string]any{}
		},
	}
	// Those that show in what is answered, not in a refusal.
	shown := map[policy.Capability]func(c *client.Client) bool{
		policy.ReadAllPackages: func(c *client.Client) bool {
			_, _, body := x.call(t, c, "GET", "/api/v5/all/packages?q=nobodys+package", nil)
			return jsonOf[core.List](t, body).TotalCount == 1
		},
		policy.WriteAllPackages: func(c *client.Client) bool {
			p, err := x.david.CreatePackage(t.Context(), api.PackageCreate{Title: "y", Recipients: to("david")})
			if err != nil {
				t.Fatal(err)
			}
			return c.DeletePackages(t.Context(), p.ID) == nil
		},
		policy.ReadConfiguration: func(c *client.Client) bool {
			_, _, body := x.call(t, c, "GET", "/api/v5/configuration", nil)
			return jsonOf[struct {
				DefaultNode *string `json:"default_node"`
			}](t, body).DefaultNode != nil
		},
	}
	if _, err := x.david.CreatePackage(t.Context(), api.PackageCreate{Title: "nobodys package",
		Recipients: to("david")}); err != nil {
		t.Fatal(err)
	}
	for who, c := range people {
		own, err := c.Account(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, capability := range policy.All() {
			var can bool
			if see, ok := shown[capability]; ok {
				can = see(c)
			} else {
				method, path, body := probes[capability](who)
				status, _, _ := x.call(t, c, method, path, body)
				can = status != http.StatusForbidden
			}
			if told := slices.Contains(own.Capabilities, string(capability)); told != can {
				t.Errorf("%s: told %v of %s, the API says %v", who, told, capability, can)
			}
		}
	}
}

// permit sets what an administrator sets for an account.
func (in *installation) permit(t *testing.T, login string, fields map[string]any) {
	t.Helper()
	in.set(t, in.idOf(t, login), fields)
}

// folder makes a storage location that people may take files from, and gives its id.
func (x *exchange) folder(t *testing.T, name, permission string) string {
	t.Helper()
	n, err := x.admin.NodeByName(t.Context(), "north")
	if err != nil {
		t.Fatal(err)
	}
	f, err := x.admin.CreateSharedFolder(t.Context(), n.ID, api.SharedFolderChange{Name: &name, Directory: ptr("/" + name),
		ReadPermission: &permission})
	if err != nil {
		t.Fatal(err)
	}
	return f.ID
}

// countDownload has the service see a download of a package by an account.
func (x *exchange) countDownload(t *testing.T, key int64, name string) {
	t.Helper()
	a, err := x.store.AccountByLogin(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	inbox, err := x.store.DefaultInbox(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := x.store.SaveTransfer(t.Context(), store.Transfer{NodeID: inbox.NodeID,
		NodeTransferID: fmt.Sprintf("d%d-%d", key, a.ID), Direction: "receive",
		Status: "completed", PackageID: sql.NullInt64{Int64: key, Valid: true},
		AccountID: sql.NullInt64{Int64: a.ID, Valid: true}, Side: "received",
		StartedAt: sql.NullTime{Time: time.Now(), Valid: true}}); err != nil {
		t.Fatal(err)
	}
}

func jsonOf[T any](t *testing.T, text string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

// page-65 (the server's part): the actions of a package are those that the API carries out, for each
// relation to it and each of its states.
func TestActionsAreWhatIsEnforced(t *testing.T) {
	x := newExchange(t)
	people := map[string]*client.Client{"sender": x.alice, "both": x.bob, "recipient": x.carol, "stranger": x.david,
		"admin":                       x.admin,
		"recipient without downloads": x.user(t, "erin", "user"), "sender without uploads": x.user(t, "frank", "user")}
	for name, change := range map[string]api.AccountChange{"erin": {DownloadsAllowed: ptr(false)},
		"frank": {UploadsAllowed: ptr(false)}} {
		a, err := x.admin.AccountByName(t.Context(), name)
		if err == nil {
			_, err = x.admin.UpdateAccount(t.Context(), a.ID, change)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, login := range []string{"alice", "bob", "carol", "david", "erin", "frank", adminName} {
		x.permit(t, login, map[string]any{"can_create_from_remote": true})
	}
	films := x.folder(t, "films", "public")
	ids := map[string]int64{}
	for _, name := range []string{"alice", "bob", "carol", "erin", "frank"} {
		a, err := x.store.AccountByLogin(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		ids[name] = a.ID
	}
	inbox, err := x.store.DefaultInbox(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	made := 0
	// create makes a package that the person is part of as its name says.
	create := func(who, policy string, limit int64) int64 {
		sender, to := ids["alice"], []int64{ids["bob"], ids["carol"], ids["erin"]}
		switch who {
		case "both":
			sender = ids["bob"]
		case "sender without uploads":
			sender = ids["frank"]
		}
		made++
		uuid := fmt.Sprintf("00000000-0000-4000-8000-%012d", made)
		p := store.Package{UUID: uuid, Title: "t", Sender: store.Account{ID: sender}, Content: store.Content{
			SharedFolderID: inbox.ID, Directory: inbox.Directory + "/" + packages.Folder("t", uuid, 200)},
			ReleasePolicy: policy, ExpirationPolicy: "none", DownloadLimit: sql.NullInt64{Int64: limit, Valid: limit > 0}}
		var deliveries []store.NewDelivery
		for _, id := range to {
			deliveries = append(deliveries, store.NewDelivery{AccountID: id})
		}
		key, err := x.store.CreatePackage(t.Context(), p, deliveries)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	move := func(key int64, through ...packages.State) {
		for i := 1; i < len(through); i++ {
			if ok, err := x.store.Move(t.Context(), key, through[i-1], through[i]); err != nil || !ok {
				t.Fatalf("move to %s: %v, %v", through[i], ok, err)
			}
		}
	}
	complete := func(key int64) {
		if ok, err := x.store.RecordUpload(t.Context(), key,
			store.Upload{Status: packages.UploadCompleted, TotalBytes: 1, TotalFiles: 1, BytesWritten: 1}); err != nil || !ok {
			t.Fatal(ok, err)
		}
	}
	releasing := []packages.State{packages.Held, packages.HeldToReleasedStart, packages.HeldToReleasedRouting,
		packages.HeldToReleasedFinish, packages.Released}
	situations := map[string]func(who string) int64{
		"new":       func(who string) int64 { return create(who, "now", 0) },
		"new later": func(who string) int64 { return create(who, "later", 0) },
		"on its way": func(who string) int64 {
			key := create(who, "now", 0)
			if ok, err := x.store.RecordUpload(t.Context(), key,
				store.Upload{Status: packages.UploadTransferring, TotalBytes: 2, BytesWritten: 1}); err != nil || !ok {
				t.Fatal(ok, err)
			}
			return key
		},
		"waits for release": func(who string) int64 {
			key := create(who, "later", 0)
			complete(key)
			return key
		},
		"being released": func(who string) int64 {
			key := create(who, "now", 0)
			complete(key)
			move(key, releasing[:2]...)
			return key
		},
		"released": func(who string) int64 {
			key := create(who, "now", 0)
			complete(key)
			move(key, releasing...)
			return key
		},
		"limit reached": func(who string) int64 {
			key := create(who, "now", 1)
			complete(key)
			move(key, releasing...)
			x.countDownload(t, key, "bob")
			x.countDownload(t, key, "carol")
			return key
		},
		"removed from the lists": func(who string) int64 {
			key := create(who, "now", 0)
			complete(key)
			move(key, releasing...)
			if err := x.store.ArchiveSent(t.Context(), key); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"bob", "carol", "erin"} {
				if err := x.store.ArchiveDelivery(t.Context(), key, ids[name]); err != nil {
					t.Fatal(err)
				}
			}
			return key
		},
		"expired": func(who string) int64 {
			key := create(who, "now", 0)
			complete(key)
			move(key, append(releasing, packages.ReleasedToExpired, packages.Expired)...)
			return key
		},
		"deleted": func(who string) int64 {
			key := create(who, "now", 0)
			move(key, packages.Held, packages.HeldToDeleted, packages.Deleted)
			return key
		},
	}
	for situation, make := range situations {
		for who, c := range people {
			for _, action := range policy.PackageActions() {
				key := make(who)
				path := fmt.Sprintf("/api/v5/packages/%d", key)
				status, _, text := x.call(t, c, "GET", path, nil)
				if status == http.StatusNotFound {
					if got := x.attempt(t, c, action, path, films, api.Package{Sides: []string{"received"}}); got != http.StatusNotFound {
						t.Errorf("%s, %s: the package is not there, but %s answers %d", situation, who, action, got)
					}
					continue
				}
				shown := jsonOf[api.Package](t, text)
				got := x.attempt(t, c, action, path, films, shown)
				if told := slices.Contains(shown.Actions, string(action)); told != (got < 300) {
					t.Errorf("%s, %s: told %v of %s, the API answers %d", situation, who, told, action, got)
				}
			}
		}
	}
}

// attempt does what an action says, and gives the status. An answer that leaves everything
// as it was is told as a conflict.
func (x *exchange) attempt(t *testing.T, c *client.Client, action policy.Action, path, films string,
	p api.Package) int {
	t.Helper()
	status := 0
	switch action {
	case policy.Upload:
		status, _, _ = x.call(t, c, "POST", path+"/transfer_spec/upload", nil)
	case policy.UploadFromFolder:
		// The node of these tests makes no transfers: one that may be made is told as a failed one.
		status, _, _ = x.call(t, c, "POST", path+"/remote_transfer?shared_folder_id="+films, map[string]any{
			"paths": []string{"a"}})
	case policy.Download:
		status = http.StatusForbidden
		for _, side := range []string{"sent", "received"} {
			if got, _, _ := x.call(t, c, "POST", path+"/transfer_spec/download?type="+side, nil); got < 300 ||
				got == http.StatusNotFound {
				status = got
			}
		}
	case policy.DownloadFiles:
		status = http.StatusForbidden
		for _, side := range []string{"sent", "received"} {
			got, _, text := x.call(t, c, "POST", path+"/files/"+side, nil)
			if got == http.StatusNotFound && strings.Contains(text, "older") { // what may be listed was never written
				got = http.StatusOK
			}
			if got < 300 || got == http.StatusNotFound {
				status = got
			}
		}
	case policy.RemoveFromList:
		status = http.StatusConflict
		for _, side := range append(p.Sides, "received") {
			got, _, text := x.call(t, c, "POST", path+"/archive/"+side, nil)
			if got == http.StatusNotFound || got < 300 && !p.Archived && jsonOf[api.Package](t, text).Archived {
				status = got
			}
		}
	case policy.DeleteForAll:
		if !slices.Contains(p.Sides, "sent") && slices.Contains(p.Sides, "received") && c != x.admin && p.ID != "" {
			return http.StatusForbidden // for a recipient the call takes the package off the own list: TestDeletingPackages
		}
		if status, _, _ = x.call(t, c, "DELETE", path, nil); status < 300 &&
			(p.Status == "deleted" || p.Status == "deleting") {
			status = http.StatusConflict
		}
	case policy.Forward:
		status, _, _ = x.call(t, c, "POST", path+"/forward", map[string]any{"title": "f",
			"recipients": []any{map[string]any{"name": "david"}}})
	case policy.ArchiveForAll:
		status, _, _ = x.call(t, c, "POST", path+"/archive/received?archive_all=true", nil)
	case policy.Release:
		var text string
		status, _, text = x.call(t, c, "PUT", path, map[string]any{"release_policy": "now"})
		if status < 300 && p.ReleasePolicy == jsonOf[api.Package](t, text).ReleasePolicy {
			status = http.StatusConflict
		}
	case policy.ChangeRelease:
		status, _, _ = x.call(t, c, "PUT", path, map[string]any{"release_policy": "on_date",
			"release_date": "2099-01-01T00:00:00Z"})
	case policy.ChangeExpiration:
		status, _, _ = x.call(t, c, "PUT", path, map[string]any{"expiration_policy": "none"})
	default:
		t.Fatalf("no call for action %s", action)
	}
	return status
}

// page-1: who is both sender and recipient takes a package off the own list, and it stays complete for the others.
func TestRemovingFromTheListKeepsThePackage(t *testing.T) {
	x, ctx := newExchange(t), t.Context()
	p, err := x.alice.CreatePackage(ctx, api.PackageCreate{Title: "mine", Recipients: to("alice", "bob")})
	if err != nil {
		t.Fatal(err)
	}
	x.deliver(t, p.ID)
	if status, _, body := x.call(t, x.alice, "POST", "/api/v5/packages/"+p.ID+"/archive/received", nil); status != 200 {
		t.Fatalf("remove: %d %s", status, body)
	}
	for box, want := range map[string]string{"inbox": "", "inbox_history": "mine:completed", "outbox": "mine:completed"} {
		if got := titles(t, x.alice, box); got != want {
			t.Errorf("%s of alice: %q", box, got)
		}
	}
	if got := titles(t, x.bob, "inbox"); got != "mine:completed" {
		t.Errorf("inbox of bob: %q", got)
	}
	if _, err := x.bob.DownloadSpec(ctx, p.ID, nil); err != nil {
		t.Errorf("bob downloads: %v", err)
	}
}

// page-2, page-3 (the server's part): who may delete for everyone is told how many lose the package, whatever address
// led to it, also an admin who has no part in it.
func TestDeletingForEveryoneNamesHowManyLoseIt(t *testing.T) {
	x, ctx := newExchange(t), t.Context()
	p, err := x.alice.CreatePackage(ctx, api.PackageCreate{Title: "three", Recipients: to("alice", "bob"),
		PrivateRecipients: to("carol", "david")})
	if err != nil {
		t.Fatal(err)
	}
	x.deliver(t, p.ID)
	if err := x.david.DeletePackages(ctx, p.ID); err != nil {
		t.Fatal(err)
	}
	for who, test := range map[string]struct {
		c        *client.Client
		boxes    []string
		affected int
		may      bool
	}{
		"alice": {x.alice, []string{"outbox", "inbox", "all"}, 2, true},
		"admin": {x.admin, []string{"all"}, 3, true},
		"bob":   {x.bob, []string{"inbox", "inbox_history", "all"}, 0, false},
	} {
		seen, err := test.c.Package(ctx, p.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, box := range test.boxes {
			_, _, body := x.call(t, test.c, "GET", "/api/v5/"+box+"/packages", nil)
			list := jsonOf[struct{ Packages []api.Package }](t, body).Packages
			if len(list) != 1 || !slices.Equal(list[0].Actions, seen.Actions) ||
				list[0].RecipientsAffected != seen.RecipientsAffected {
				t.Errorf("%s: %s says %+v, the package itself %v, %d", who, box, list, seen.Actions, seen.RecipientsAffected)
			}
		}
		if may := slices.Contains(seen.Actions, "delete_for_everyone"); may != test.may ||
			seen.RecipientsAffected != test.affected {
			t.Errorf("%s: may %v, %d affected", who, may, seen.RecipientsAffected)
		}
	}
}
