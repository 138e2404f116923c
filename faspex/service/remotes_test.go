package service_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/client"
	"faspex.io/operator/test/faspextest"
)

// far is a second node with a shared folder, from which it sends files itself.
type far struct {
	*scene
	node   *faspextest.Node
	nodeID string
	folder api.SharedFolder
}

// newFar makes a scene whose nodes move bytes, and lets Alice send files of shared folders.
func newFar(t *testing.T) *far {
	t.Helper()
	s := &scene{t: t, in: faspextest.Start(t, nil), node: faspextest.StartTransferNode(t), clock: &clock{now: time.Now()}}
	s.nodeID = s.in.Register(t, "north", s.node)
	s.alice, s.bob = s.in.User(t, "Alice", "Sender", ""), s.in.User(t, "Bob", "Recipient", "")
	s.worker = s.in.Worker(t, "worker-1", s.clock.Now)
	f := &far{scene: s, node: faspextest.StartTransferNode(t)}
	n, err := s.in.Admin.CreateNode(t.Context(), f.node.Change("far"))
	if err != nil {
		t.Fatal(err)
	}
	f.nodeID = n.ID
	if f.folder, err = s.in.Admin.CreateSharedFolder(t.Context(), n.ID, api.SharedFolderChange{Name: ptr("films"),
		Directory: ptr("/films"), ReadPermission: ptr("public")}); err != nil {
		t.Fatal(err)
	}
	f.node.Write(t, "films/a.txt", "alpha")
	f.node.Write(t, "films/season/b.mov", "beta")
	f.node.Write(t, "secret.txt", "not shared")
	f.permit("alice@example.com", map[string]any{"can_create_from_remote": true})
	return f
}

func (f *far) permit(login string, fields map[string]any) {
	f.t.Helper()
	a, err := f.in.Admin.AccountByName(f.t.Context(), login)
	if err != nil {
		f.t.Fatal(err)
	}
	f.answered(f.in.Admin, http.StatusOK, http.MethodPut, "/accounts/"+a.ID, fields)
}

// send asks for a transfer from the shared folder, and gives status and body.
func (f *far) send(c *client.Client, p api.Package, paths ...string) (int, string) {
	f.t.Helper()
	return (&post{in: f.in}).call(f.t, c, http.MethodPost, "/packages/"+p.ID+"/remote_transfer?shared_folder_id="+f.folder.ID,
		map[string]any{"paths": paths})
}

// await lets jobs run until a package has a state.
func (f *far) await(p api.Package, state string) api.Package {
	f.t.Helper()
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		f.clock.advance(2 * time.Second)
		if err := f.worker.RunOnce(f.t.Context()); err != nil {
			f.t.Fatal(err)
		}
		got := f.read(p)
		if got.State == state || got.Status == state {
			return got
		}
		if time.Now().After(end) {
			f.t.Fatalf("%s, upload %s (%s), want %s\n%s", got.State, got.UploadStatus, got.ErrorDesc, state, f.in.Log.String())
		}
	}
}

// faspex-N2, faspex-I4: content comes from a shared folder without any upload by a client, also for an account that may
// not upload; the one who began with either may not go on with the other.
func TestContentFromASharedFolder(t *testing.T) {
	f, ctx := newFar(t), t.Context()
	other := f.create(nil)
	f.permit("alice@example.com", map[string]any{"uploads_allowed": false})
	p := f.create(nil)
	if _, err := f.alice.UploadSpec(ctx, p.ID, nil); err == nil {
		t.Error("an account without uploads got a spec")
	}
	status, body := f.send(f.alice, p, "a.txt", "season")
	var told api.RemoteTransferStatus
	if err := json.Unmarshal([]byte(body), &told); err != nil || status != http.StatusCreated || told.TransferID == "" ||
		told.Status != "queued" {
		t.Fatalf("%d %s", status, body)
	}
	if status, body := f.send(f.alice, p, "a.txt"); status != http.StatusConflict {
		t.Errorf("a second transfer: %d %s", status, body)
	}
	got := f.await(p, "released")
	if got.TotalFiles != 2 || got.TotalBytes != 9 {
		t.Errorf("%d files, %d bytes", got.TotalFiles, got.TotalBytes)
	}
	for name, want := range map[string]string{"a.txt": "alpha", "season/b.mov": "beta"} {
		raw, err := os.ReadFile(filepath.Join(f.scene.node.Dir, faspextest.PackageFolder(p), name))
		if err != nil || string(raw) != want {
			t.Errorf("%s: %q, %v", name, raw, err)
		}
	}
	f.permit("alice@example.com", map[string]any{"uploads_allowed": true})
	if _, err := f.alice.UploadSpec(ctx, other.ID, nil); err != nil {
		t.Fatal(err)
	}
	if status, body := f.send(f.alice, other, "a.txt"); status != http.StatusConflict ||
		!strings.Contains(body, "content_from_computer") {
		t.Errorf("both: %d %s", status, body)
	}
	both := f.create(nil)
	if status, body := f.send(f.alice, both, "a.txt"); status != http.StatusCreated {
		t.Fatalf("%d %s", status, body)
	}
	if status, body := (&post{in: f.in}).call(t, f.alice, http.MethodPost, "/packages/"+both.ID+"/transfer_spec/upload",
		map[string]any{}); status != http.StatusConflict || !strings.Contains(body, "content_from_folder") {
		t.Errorf("an upload beside: %d %s", status, body)
	}
	f.await(both, "released")
}

// What leads out of a shared folder, names all of it, or comes from somebody who may not, is refused.
func TestSharedFolderIsNotLeft(t *testing.T) {
	f := newFar(t)
	p := f.create(nil)
	for _, path := range []string{"../secret.txt", "/../secret.txt", ".", "", "a/../../secret.txt"} {
		if status, body := f.send(f.alice, p, path); status != http.StatusBadRequest {
			t.Errorf("%q: %d %s", path, status, body)
		}
	}
	if status, body := f.send(f.alice, p, "a.txt", "season/a.txt"); status != http.StatusBadRequest {
		t.Errorf("two of one name: %d %s", status, body)
	}
	if status, body := f.send(f.bob, p, "a.txt"); status != http.StatusForbidden {
		t.Errorf("bob: %d %s", status, body)
	}
	f.permit("bob@example.com", map[string]any{"can_create_from_remote": true})
	if status, body := f.send(f.bob, p, "a.txt"); status != http.StatusNotFound {
		t.Errorf("bob, for a package of Alice: %d %s", status, body)
	}
	if got := f.read(p); got.UploadStatus != "submitted" {
		t.Errorf("after refusals: %s", got.UploadStatus)
	}
}

// faspex-N6: a folder is offered and read if it is public, or limited to listed users of whom the sender is one, and only
// by who may send files of shared folders. No server setting gives that (faspex-I7). faspex-U9: private ones are nobody's.
func TestWhoTakesFilesFromSharedFolders(t *testing.T) {
	f, ctx := newFar(t), t.Context()
	a, err := f.in.Admin.AccountByName(ctx, "alice@example.com")
	if err != nil {
		t.Fatal(err)
	}
	readers := "/nodes/" + f.nodeID + "/shared_folders/" + f.folder.ID + "/custom_access_users"
	for _, test := range []struct {
		permission     string
		listed, remote bool
		want           bool
	}{
		{"private", false, true, false}, {"private", true, true, false}, {"public", false, true, true},
		{"public", true, false, false}, {"limited", false, true, false}, {"limited", true, true, true},
		{"limited", true, false, false},
	} {
		name := fmt.Sprintf("%+v", test)
		if _, err := f.in.Admin.UpdateSharedFolder(ctx, f.nodeID, f.folder.ID,
			api.SharedFolderChange{ReadPermission: &test.permission}); err != nil {
			t.Fatal(err)
		}
		f.permit("alice@example.com", map[string]any{"can_create_from_remote": test.remote})
		if test.listed {
			for range 2 { // a repeated call is no error
				if status, body := (&post{in: f.in}).call(t, f.in.Admin, http.MethodPost, readers,
					map[string]any{"user_id": a.ID}); status != http.StatusCreated || !strings.Contains(body, "alice") {
					t.Fatalf("%s: add a reader: %d %s", name, status, body)
				}
			}
		} else {
			(&post{in: f.in}).call(t, f.in.Admin, http.MethodDelete, readers+"/"+a.ID, nil)
		}
		_, body := (&post{in: f.in}).call(t, f.alice, http.MethodGet, "/shared_folders", nil)
		if offered := strings.Contains(body, `"films"`); offered != test.want {
			t.Errorf("%s: offered %v: %s", name, offered, body)
		}
		status, body := (&post{in: f.in}).call(t, f.alice, http.MethodPost, "/nodes/"+f.nodeID+"/shared_folders/"+f.folder.ID+"/browse",
			map[string]any{"path": "/season"})
		if read := status == http.StatusOK && strings.Contains(body, `"b.mov"`); read != test.want {
			t.Errorf("%s: browse %d %s", name, status, body)
		}
		p := f.create(nil)
		status, body = f.send(f.alice, p, "season/b.mov")
		if taken := status == http.StatusCreated; taken != test.want || !taken && status != http.StatusForbidden {
			t.Errorf("%s: send %d %s", name, status, body)
		}
	}
	if status, body := (&post{in: f.in}).call(t, f.in.Admin, http.MethodGet, readers, nil); status != http.StatusOK ||
		!strings.Contains(body, `"total_count":1,`) {
		t.Errorf("readers: %d %s", status, body)
	}
	if status, body := (&post{in: f.in}).call(t, f.alice, http.MethodGet, readers, nil); status != http.StatusForbidden {
		t.Errorf("readers, told to Alice: %d %s", status, body)
	}
}

// faspex-N8: a node that is down makes the package Failed with a reason, the folder's node as well as the inbox's, and a
// node that gives up later does too. The sender may try again.
func TestRemotePackageFailsWithAReason(t *testing.T) {
	f := newFar(t)
	missing := f.create(nil)
	if status, body := f.send(f.alice, missing, "nothing.txt"); status != http.StatusCreated {
		t.Fatalf("%d %s", status, body)
	}
	got := f.await(missing, "failed")
	if got.ErrorDesc == "" {
		t.Error("a file that is not there: failed without a reason")
	}
	if status, body := f.send(f.alice, missing, "a.txt"); status != http.StatusCreated {
		t.Fatalf("again: %d %s", status, body)
	}
	f.await(missing, "released")

	f.node.Stop()
	p := f.create(nil)
	status, body := f.send(f.alice, p, "a.txt")
	if status != http.StatusCreated || !strings.Contains(body, `"status":"failed"`) {
		t.Errorf("the folder's node is down: %d %s", status, body)
	}
	if got := f.read(p); got.Status != "failed" || !strings.Contains(got.ErrorDesc, "far") {
		t.Errorf("the folder's node is down: %s, %q", got.Status, got.ErrorDesc)
	}
	f.scene.node.Stop()
	p = f.create(nil)
	f.send(f.alice, p, "a.txt")
	if got := f.read(p); got.Status != "failed" || !strings.Contains(got.ErrorDesc, "inbox") {
		t.Errorf("the inbox's node is down: %s, %q", got.Status, got.ErrorDesc)
	}
}

// faspex-N7: with masked names the files of a shared folder get names that tell nothing, and more than 10,000 are refused.
func TestMaskedRemoteSource(t *testing.T) {
	f := newFar(t)
	p := f.create(func(c *api.PackageCreate) { c.ObfuscationEnabled = true })
	if status, body := f.send(f.alice, p, "season", "a.txt"); status != http.StatusCreated {
		t.Fatalf("%d %s", status, body)
	}
	f.await(p, "released")
	var shape []string
	top := filepath.Join(f.scene.node.Dir, faspextest.PackageFolder(p))
	random := regexp.MustCompile(`^[a-z2-7]{26}$`)
	if err := filepath.Walk(top, func(path string, info os.FileInfo, err error) error {
		if err != nil || path == top {
			return err
		}
		ext := filepath.Ext(path)
		if !random.MatchString(strings.TrimSuffix(filepath.Base(path), ext)) {
			t.Errorf("not masked: %s", path)
		}
		shape = append(shape, fmt.Sprint(info.IsDir(), ext))
		return nil
	}); err != nil || len(shape) != 3 {
		t.Errorf("%v, %v", shape, err)
	}
	for i := range 10_001 {
		if err := os.WriteFile(filepath.Join(f.node.Dir, "films", "season", fmt.Sprintf("f%05d", i)), nil,
			0o600); err != nil {
			t.Fatal(err)
		}
	}
	p = f.create(func(c *api.PackageCreate) { c.ObfuscationEnabled = true })
	if status, body := f.send(f.alice, p, "season"); status != http.StatusBadRequest || !strings.Contains(body, "10000") {
		t.Errorf("10,002 files: %d %s", status, body)
	}
	if got := f.read(p); got.UploadStatus != "submitted" {
		t.Errorf("after the refusal: %s", got.UploadStatus)
	}
}

// faspex-W14: data of shared folders counts for a quota like data from a computer; what is forwarded does not, for nothing
// is sent.
func TestRemoteSourcesCountAndForwardsDoNot(t *testing.T) {
	f := newFar(t)
	f.node.Write(t, "films/c.mov", strings.Repeat("x", 1_000_000))
	f.permit("alice@example.com", map[string]any{"forwarding_allowed": true})
	f.permit("bob@example.com", map[string]any{"can_create_from_remote": true})
	p, err := f.bob.CreatePackage(t.Context(), api.PackageCreate{Title: "From Bob", Recipients: named("alice@example.com")})
	if err != nil {
		t.Fatal(err)
	}
	if status, body := f.send(f.bob, p, "c.mov"); status != http.StatusCreated {
		t.Fatalf("%d %s", status, body)
	}
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		f.clock.advance(2 * time.Second)
		if err := f.worker.RunOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, err := f.bob.Package(t.Context(), p.ID); err != nil || got.State == "released" {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the package is not released")
		}
	}
	f.configure(map[string]any{"sender_quota_option": "enable", "sender_quota_limit_mb": 1})
	f.forward(f.alice, p, map[string]any{"recipients": named("bob@example.com")})
	own := f.create(nil) // the forward did not count
	if status, body := f.send(f.alice, own, "c.mov"); status != http.StatusCreated {
		t.Fatalf("%d %s", status, body)
	}
	f.await(own, "released")
	refused := f.answered(f.alice, http.StatusForbidden, http.MethodPost, "/packages", map[string]any{"title": "x",
		"recipients": []any{map[string]any{"name": "bob@example.com"}}})
	if refused["code"] != "quota_exceeded" {
		t.Errorf("%v", refused)
	}
}
