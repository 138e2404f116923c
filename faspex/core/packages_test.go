package core_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"database/sql"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/client"
	"faspex.io/operator/faspex/packages"
	"faspex.io/operator/faspex/store"
	"faspex.io/operator/faspex/store/storetest"
)

// exchange is an installation with a node, a default inbox, and people.
type exchange struct {
	*installation
	node                     *transferNode
	alice, bob, carol, david *client.Client
}

func newExchange(t *testing.T) *exchange {
	t.Helper()
	return exchangeOn(t, storetest.New(t))
}

// exchangeOn is newExchange on a store whose schema is made.
func exchangeOn(t *testing.T, s *store.Store) *exchange {
	t.Helper()
	x := &exchange{installation: installOn(t, s), node: startNode(t)}
	x.configure(t, map[string]any{"allow_user_specified_delete_after_download": true})
	n, err := x.admin.CreateNode(t.Context(), x.node.change("north"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.admin.CreateSharedFolder(t.Context(), n.ID,
		api.SharedFolderChange{Name: ptr("inbox"), Directory: ptr("/default/packages"),
			DefaultInbox: ptr(true)}); err != nil {
		t.Fatal(err)
	}
	x.alice, x.bob, x.carol, x.david = x.user(t, "alice", "user"), x.user(t, "bob", "user"), x.user(t, "carol", "user"),
		x.user(t, "david", "user")
	return x
}

func to(names ...string) []api.RecipientName {
	var out []api.RecipientName
	for _, n := range names {
		out = append(out, api.RecipientName{Name: n})
	}
	return out
}

// deliver does what the service does once the node reports the end of the upload.
func (x *exchange) deliver(t *testing.T, id string) {
	t.Helper()
	key := keyOf(t, id)
	now := time.Now()
	if ok, err := x.store.RecordUpload(t.Context(), key,
		store.Upload{Status: packages.UploadCompleted, TotalBytes: 10, TotalFiles: 2, BytesWritten: 10,
			StartedAt:   sql.NullTime{Time: now.Add(-2 * time.Second), Valid: true},
			CompletedAt: sql.NullTime{Time: now, Valid: true}}); err != nil || !ok {
		t.Fatalf("record upload: %v, %v", ok, err)
	}
	for {
		p, err := x.store.Package(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		next, more := packages.Advance(p.State, p.UploadStatus, true)
		if !more {
			return
		}
		if _, err := x.store.Move(t.Context(), key, p.State, next); err != nil {
			t.Fatal(err)
		}
	}
}

func keyOf(t *testing.T, id string) int64 {
	t.Helper()
	var key int64
	if err := json.Unmarshal([]byte(id), &key); err != nil {
		t.Fatal(err)
	}
	return key
}

// contentOf is where the content of a package lies on its node.
func contentOf(p api.Package) string {
	return "/default/packages/" + packages.Folder(p.Title, p.PackageUUID, 200)
}

func titles(t *testing.T, c *client.Client, box string) string {
	t.Helper()
	list, err := c.Packages(t.Context(), box)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, p := range list {
		out = append(out, p.Title+":"+p.Status)
	}
	return strings.Join(out, " ")
}

func TestPackageFromSenderToRecipient(t *testing.T) {
	x, ctx := newExchange(t), t.Context()
	p, err := x.alice.CreatePackage(ctx, api.PackageCreate{Title: "Plans", Note: "as agreed",
		Recipients: to("bob", "BOB@example.com"), PrivateRecipients: to("carol"),
		Metadata: map[string]json.RawMessage{"job": json.RawMessage(`"42"`)}})
	if err != nil {
		t.Fatal(err)
	}
	if p.State != "held" || p.UploadStatus != "submitted" || p.Status != "starting" || len(p.Recipients) != 1 ||
		len(p.PrivateRecipients) != 1 ||
		p.Recipients[0].RecipientType != "user" || p.Sender.Name != "alice" || string(p.Metadata["job"]) != `"42"` {
		t.Errorf("created: %+v", p)
	}
	if got := titles(t, x.bob, "inbox"); got != "" {
		t.Errorf("bob sees %q before the upload", got)
	}
	if _, err := x.bob.Package(ctx, p.ID); !client.IsNotFound(err) {
		t.Errorf("bob reads a held package: %v", err)
	}

	spec, err := x.alice.UploadSpec(ctx, p.ID, []string{"/home/alice/a.txt"})
	if err != nil {
		t.Fatal(err)
	}
	if spec.Direction != "send" || spec.DestinationRoot != contentOf(p) ||
		spec.Token == "" || spec.Authentication != "token" ||
		spec.RemoteHost != "192.0.2.7" || spec.RemoteUser != "xfer" || !spec.CreateDir || len(spec.Paths) != 0 ||
		spec.Cookie == "" {
		t.Errorf("upload spec: %+v", spec)
	}
	tags, ok := packages.TagsOf(spec.Tags)
	if !ok || tags.PackageID != p.ID || tags.PackageUUID != p.PackageUUID || !tags.Whole {
		t.Errorf("tags %s", spec.Tags)
	}
	if d, err := x.alice.UploadDetails(ctx, p.ID); err != nil || d.UploadStatus != "queued" ||
		d.PercentageComplete != "0" {
		t.Errorf("upload details: %+v, %v", d, err)
	}
	if got := titles(t, x.alice, "outbox"); got != "Plans:uploading" {
		t.Errorf("outbox %q", got)
	}
	if _, err := x.bob.UploadSpec(ctx, p.ID, nil); !client.IsNotFound(err) {
		t.Errorf("bob uploads: %v", err)
	}
	if _, err := x.bob.DownloadSpec(ctx, p.ID, nil); !client.IsNotFound(err) {
		t.Errorf("bob downloads what is not released: %v", err)
	}

	x.deliver(t, p.ID)
	x.node.write(t, contentOf(p)+"/a.txt", "12345")
	x.node.write(t, contentOf(p)+"/dir/b ü.txt", "67890")
	if d, err := x.alice.UploadDetails(ctx, p.ID); err != nil || d.UploadStatus != "completed" ||
		d.PercentageComplete != "100" || d.BytesTotal != "10" || d.TimeElapsed != "2" {
		t.Errorf("upload details: %+v, %v", d, err)
	}
	if _, err := x.alice.UploadSpec(ctx, p.ID, nil); !client.IsConflict(err) {
		t.Errorf("upload of a released package: %v", err)
	}
	for name, c := range map[string]*client.Client{"bob": x.bob, "carol": x.carol} {
		if got := titles(t, c, "inbox"); got != "Plans:completed" {
			t.Errorf("inbox of %s: %q", name, got)
		}
	}
	seen, err := x.bob.Package(ctx, p.ID)
	if err != nil || len(seen.Recipients) != 1 || len(seen.PrivateRecipients) != 0 || seen.TotalBytes != 10 ||
		seen.DownloadAvailability != "full" {
		t.Errorf("bob's view: %+v, %v", seen, err)
	}

	spec, err = x.bob.DownloadSpec(ctx, p.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	if spec.Direction != "receive" || spec.SourceRoot != contentOf(p) || len(spec.Paths) != 1 ||
		spec.Paths[0].Source != "." || spec.Token == "" {
		t.Errorf("download spec: %+v", spec)
	}
	if spec, err = x.bob.DownloadSpec(ctx, p.ID, []string{"/dir/b ü.txt"}); err != nil || len(spec.Paths) != 1 ||
		spec.Paths[0].Source != "dir/b ü.txt" {
		t.Errorf("download spec of one file: %+v, %v", spec.Paths, err)
	}
	if tags, _ := packages.TagsOf(spec.Tags); tags.Whole {
		t.Error("a download of one file counts as whole")
	}
	for _, bad := range []string{"../x", "a/../../b", ""} {
		if _, err := x.bob.DownloadSpec(ctx, p.ID, []string{bad}); err == nil || !strings.Contains(err.Error(), "400") {
			t.Errorf("path %q: %v", bad, err)
		}
	}
	if _, err := x.alice.DownloadSentSpec(ctx, p.ID, nil); err != nil {
		t.Errorf("the sender downloads: %v", err)
	}
	if _, err := x.bob.DownloadSentSpec(ctx, p.ID, nil); err == nil {
		t.Error("a recipient downloads as the sender")
	}
	if _, err := x.admin.Package(ctx, p.ID); err != nil {
		t.Errorf("an admin reads it: %v", err)
	}
	// An admin lists, opens and downloads every package.
	if _, err := x.admin.DownloadSentSpec(ctx, p.ID, nil); err != nil {
		t.Errorf("an admin downloads it: %v", err)
	}
	for name, try := range map[string]func() error{
		"read":     func() error { _, err := x.david.Package(ctx, p.ID); return err },
		"download": func() error { _, err := x.david.DownloadSpec(ctx, p.ID, nil); return err },
		"progress": func() error { _, err := x.david.UploadDetails(ctx, p.ID); return err },
		"delete":   func() error { return x.david.DeletePackages(ctx, p.ID) },
	} {
		if err := try(); !client.IsNotFound(err) {
			t.Errorf("%s by a stranger: %v", name, err)
		}
	}
	if got := titles(t, x.david, "all"); got != "" {
		t.Errorf("a stranger lists %q", got)
	}
}

func TestFilesOfAPackage(t *testing.T) {
	x, ctx := newExchange(t), t.Context()
	p, err := x.alice.CreatePackage(ctx, api.PackageCreate{Title: "Files", Recipients: to("bob")})
	if err != nil {
		t.Fatal(err)
	}
	x.deliver(t, p.ID)
	for _, name := range []string{"a.txt", "b.txt", "dir/c.txt"} {
		x.node.write(t, contentOf(p)+"/"+name, "12345")
	}
	path := "/api/v5/packages/" + p.ID + "/files/received"
	status, header, body := x.call(t, x.bob, "POST", path+
		"/page?per_page=2", map[string]any{"path": "/", "filters": map[string]any{"basenames": []string{}}})
	if status != 200 || header.Get("X-Aspera-Next-Iteration-Token") != "2" ||
		!strings.Contains(body, `{"path":"/a.txt","basename":"a.txt","type":"file","size":"5"`) {
		t.Errorf("first page: %d %q %s", status, header.Get("X-Aspera-Next-Iteration-Token"), body)
	}
	status, header, body = x.call(t, x.bob, "POST", path+"/page?per_page=2&iteration_token=2", map[string]any{"path": "/"})
	if status != 200 || header.Get("X-Aspera-Next-Iteration-Token") != "" || !strings.Contains(body, `"basename":"dir"`) {
		t.Errorf("last page: %d %q %s", status, header.Get("X-Aspera-Next-Iteration-Token"), body)
	}
	if status, _, body = x.call(t, x.bob, "POST", path, map[string]any{"path": "/dir"}); status != 200 ||
		!strings.Contains(body, `"path":"/dir/c.txt"`) || strings.Contains(body, p.PackageUUID) {
		t.Errorf("folder: %d %s", status, body)
	}
	for bad, want := range map[string]int{"/..": 400, "/a/../../b": 400, "/none": 404} {
		if status, _, body = x.call(t, x.bob, "POST", path, map[string]any{"path": bad}); status != want {
			t.Errorf("path %q: %d %s", bad, status, body)
		}
	}
	if status, _, _ = x.call(t, x.david, "POST", path, map[string]any{"path": "/"}); status != 404 {
		t.Errorf("stranger: %d", status)
	}
}

// faspex-Q9: several packages are deleted by ids in the body (client.DeletePackages) and by ids in the query.
func TestDeletingPackages(t *testing.T) {
	x, ctx := newExchange(t), t.Context()
	var made []api.Package
	for _, title := range []string{"one", "two", "three"} {
		p, err := x.alice.CreatePackage(ctx, api.PackageCreate{Title: title, Recipients: to("bob", "carol")})
		if err != nil {
			t.Fatal(err)
		}
		x.deliver(t, p.ID)
		made = append(made, p)
	}
	if err := x.bob.DeletePackages(ctx, made[0].ID); err != nil {
		t.Fatal(err)
	}
	if bob, carol := titles(t, x.bob, "inbox"), titles(t, x.carol, "inbox"); bob != "three:completed two:completed" ||
		carol != "three:completed two:completed one:completed" {
		t.Errorf("after bob's deletion: bob %q, carol %q", bob, carol)
	}
	if _, err := x.bob.DownloadSpec(ctx, made[0].ID, nil); !client.IsNotFound(err) {
		t.Errorf("bob downloads what he deleted: %v", err)
	}
	// One that cannot be deleted keeps the others.
	if err := x.alice.DeletePackages(ctx, made[0].ID, "999"); !client.IsNotFound(err) {
		t.Errorf("with an unknown id: %v", err)
	}
	expiring := keyOf(t, made[2].ID)
	if moved, err := x.store.Move(ctx, expiring, packages.Released, packages.ReleasedToExpired); err != nil || !moved {
		t.Fatal(moved, err)
	}
	if err := x.alice.DeletePackages(ctx, made[0].ID, made[2].ID); !client.IsConflict(err) {
		t.Errorf("with one that is being processed: %v", err)
	}
	if got := titles(t, x.alice, "outbox"); got != "three:expiring two:completed one:completed" {
		t.Errorf("outbox %q", got)
	}
	if moved, err := x.store.Move(ctx, expiring, packages.ReleasedToExpired, packages.Expired); err != nil || !moved {
		t.Fatal(moved, err)
	}
	if status, _, body := x.call(t, x.alice, "DELETE", "/api/v5/packages?ids="+made[0].ID+","+
		made[1].ID, nil); status != http.StatusNoContent || body != "" {
		t.Errorf("ids in the query: %d %s", status, body)
	}
	if status, _, _ := x.call(t, x.alice, "DELETE", "/api/v5/packages/"+made[2].ID, nil); status != http.StatusNoContent {
		t.Errorf("one: %d", status)
	}
	if got := titles(t, x.alice, "outbox"); got != "three:deleting two:deleting one:deleting" {
		t.Errorf("outbox %q", got)
	}
	if got := titles(t, x.carol, "inbox"); got != "" {
		t.Errorf("carol still sees %q", got)
	}
	if p, err := x.store.Package(ctx, keyOf(t, made[0].ID)); err != nil || p.State != packages.ReleasedToDeleted {
		t.Errorf("state %s, %v", p.State, err)
	}
}

// faspex-P2, faspex-P4: a held package is in the sender's pending box, where a date is set or it is released by hand;
// after the release its policy stays.
func TestChangingWhenAPackageIsReleased(t *testing.T) {
	x, ctx := newExchange(t), t.Context()
	p, err := x.alice.CreatePackage(ctx, api.PackageCreate{Title: "later", Recipients: to("bob"), ReleasePolicy: "later"})
	if err != nil {
		t.Fatal(err)
	}
	if got := titles(t, x.alice, "pending"); got != "later:starting" {
		t.Errorf("pending %q", got)
	}
	path := "/api/v5/packages/" + p.ID
	for _, test := range []struct {
		by     *client.Client
		body   map[string]any
		status int
		want   string
	}{
		{x.alice, map[string]any{"release_policy": "on_date"}, 400, "needs release_date"},
		{x.alice, map[string]any{"release_policy": "on_date", "release_date": "2030-01-02T03:04:05Z"}, 200,
			`"release_date":"2030-01-02T03:04:05.000Z"`},
		{x.alice, map[string]any{"expiration_policy": "delete_after_all_download"}, 200, `"release_policy":"on_date"`},
		{x.alice, map[string]any{"release_policy": "now"}, 200, `"expiration_policy":"delete_after_all_download"`},
		{x.bob, map[string]any{"release_policy": "now"}, 404, ""},
	} {
		if status, _, body := x.call(t, test.by, "PUT", path, test.body); status != test.status ||
			!strings.Contains(body, test.want) {
			t.Errorf("%v: %d %s", test.body, status, body)
		}
	}
	if got := titles(t, x.alice, "pending"); got != "" {
		t.Errorf("pending %q", got)
	}
	x.deliver(t, p.ID)
	for _, late := range []map[string]any{{"release_policy": "later"}, {"release_date": "2999-01-01"},
		{"release_policy": "on_date", "release_date": "2999-01-01"}} {
		if status, _, body := x.call(t, x.alice, "PUT", path, late); status != 409 {
			t.Errorf("released, %v: %d %s", late, status, body)
		}
	}
	if status, _, body := x.call(t, x.bob, "PUT", path, map[string]any{"expiration_policy": "none"}); status != 403 {
		t.Errorf("by a recipient: %d %s", status, body)
	}
}

// faspex-Q3: hiding takes a package off the list for good, for whoever hid it alone, and the history keeps it.
func TestArchiving(t *testing.T) {
	x, ctx := newExchange(t), t.Context()
	p, err := x.alice.CreatePackage(ctx, api.PackageCreate{Title: "old", Recipients: to("bob", "carol")})
	if err != nil {
		t.Fatal(err)
	}
	x.deliver(t, p.ID)
	path := "/api/v5/packages/" + p.ID + "/archive/"
	if status, _, body := x.call(t, x.bob, "POST", path+"sent", nil); status != 403 {
		t.Errorf("sent by a recipient: %d %s", status, body)
	}
	if status, _, body := x.call(t, x.alice, "POST", path+"received", nil); status != 403 {
		t.Errorf("received by the sender: %d %s", status, body)
	}
	for side, who := range map[string]*client.Client{"sent": x.alice, "received": x.bob} {
		if status, _, body := x.call(t, who, "POST", path+side, nil); status != 200 ||
			!strings.Contains(body, `"archived":true`) {
			t.Errorf("%s: %d %s", side, status, body)
		}
	}
	for box, want := range map[string]string{"outbox": "", "outbox_history": "old:completed"} {
		if got := titles(t, x.alice, box); got != want {
			t.Errorf("%s: %q", box, got)
		}
	}
	for box, want := range map[string]string{"inbox": "", "inbox_all": "", "inbox_history": "old:completed",
		"inbox_all_history": "old:completed"} {
		if got := titles(t, x.bob, box); got != want {
			t.Errorf("%s: %q", box, got)
		}
	}
	if got := titles(t, x.carol, "inbox"); got != "old:completed" {
		t.Errorf("carol's inbox: %q", got)
	}
}

func TestListsArePagedAndFiltered(t *testing.T) {
	x, ctx := newExchange(t), t.Context()
	for _, title := range []string{"red", "green", "blue_1", "blue%2"} {
		if _, err := x.alice.CreatePackage(ctx, api.PackageCreate{Title: title, Recipients: to("bob")}); err != nil {
			t.Fatal(err)
		}
	}
	for query, want := range map[string]string{
		"?limit=1&offset=1":        `"total_count":4,"offset":1,"limit":1,"packages":[{"id":"3"`,
		"?q=blue_":                 `"total_count":1,"offset":0,"limit":1000,"packages":[{"id":"3"`,
		"?q=%25":                   `"total_count":1,"offset":0,"limit":1000,"packages":[{"id":"4"`,
		"?status=completed":        `"total_count":0,"offset":0,"limit":1000,"packages":[]`,
		"?status=starting&limit=2": `"total_count":4,"offset":0,"limit":2,`,
		"?created_time=2999-01-01": `"total_count":0,`,
		"?changed_since_date=2000-01-01T00:00:00Z": `"total_count":4,`,
		"?offset=9": `"total_count":4,"offset":9,"limit":1000,"packages":[]`,
	} {
		if status, _, body := x.call(t, x.alice, "GET", "/api/v5/outbox/packages"+query, nil); status != 200 ||
			!strings.Contains(body, want) {
			t.Errorf("%s: %d %s", query, status, body)
		}
	}
	for query, want := range map[string]int{"?limit=0": 400, "?limit=1001": 400, "?status=odd": 400,
		"?created_time=soon": 400} {
		if status, _, body := x.call(t, x.alice, "GET", "/api/v5/outbox/packages"+query, nil); status != want {
			t.Errorf("%s: %d %s", query, status, body)
		}
	}
	if _, _, body := x.call(t, x.bob, "GET", "/api/v5/packages", nil); !strings.Contains(body, `"total_count":0`) {
		t.Errorf("packages of bob: %s", body)
	}
	if _, _, body := x.call(t, x.admin, "GET", "/api/v5/all/packages/", nil); !strings.Contains(body, `"total_count":4`) {
		t.Errorf("packages of an admin, with a slash: %s", body)
	}
}

func TestPackagesThatAreRefused(t *testing.T) {
	x, ctx := newExchange(t), t.Context()
	for name, c := range map[string]api.PackageCreate{
		"unknown recipient": {Title: "x", Recipients: to("nobody")},
		"blank title":       {Title: "  ", Recipients: to("bob")},
		"workgroup":         {Title: "x", Recipients: []api.RecipientName{{Name: "w", RecipientType: "workgroup"}}},
		"release date":      {Title: "x", Recipients: to("bob"), ReleasePolicy: "on_date"},
		"release date text": {Title: "x", Recipients: to("bob"), ReleasePolicy: "on_date", ReleaseDate: ptr("tomorrow")},
		"expiration":        {Title: "x", Recipients: to("bob"), ExpirationPolicy: "delete_after_expiration_date"},
		"policy":            {Title: "x", Recipients: to("bob"), ExpirationPolicy: "whenever"},
	} {
		if _, err := x.alice.CreatePackage(ctx, c); err == nil || !strings.Contains(err.Error(), ": 400:") {
			t.Errorf("%s: %v", name, err)
		}
	}
	bob, err := x.admin.AccountByName(ctx, "bob")
	if err != nil {
		t.Fatal(err)
	}
	if status, _, body := x.call(t, x.admin, "PUT", "/api/v5/accounts/"+
		bob.ID, api.AccountChange{UploadsAllowed: ptr(false)}); status != 200 {
		t.Fatalf("forbid uploads: %d %s", status, body)
	}
	if _, err := x.bob.CreatePackage(ctx, api.PackageCreate{Title: "x", Recipients: to("alice")}); err == nil ||
		!strings.Contains(err.Error(), ": 403:") {
		t.Errorf("upload forbidden: %v", err)
	}
	bare := install(t)
	if _, err := bare.admin.CreatePackage(ctx, api.PackageCreate{Title: "x",
		Recipients: to(adminName)}); !client.IsConflict(err) {
		t.Errorf("no default inbox: %v", err)
	}
}

func TestNodeThatDoesNotAnswer(t *testing.T) {
	x, ctx := newExchange(t), t.Context()
	p, err := x.alice.CreatePackage(ctx, api.PackageCreate{Title: "x", Recipients: to("bob")})
	if err != nil {
		t.Fatal(err)
	}
	n, err := x.admin.NodeByName(ctx, "north")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.admin.UpdateNode(ctx, n.ID, api.NodeChange{APIPassword: ptr("wrong")}); err != nil {
		t.Fatal(err)
	}
	if _, err := x.alice.UploadSpec(ctx, p.ID, nil); err == nil ||
		!strings.Contains(err.Error(), ": 502: The transfer node refused.") {
		t.Errorf("wrong password: %v", err)
	}
	if _, err := x.admin.UpdateNode(ctx, n.ID, api.NodeChange{APIPort: ptr(1), APIPassword: ptr("wrong")}); err != nil {
		t.Fatal(err)
	}
	if _, err := x.alice.UploadSpec(ctx, p.ID, nil); err == nil ||
		!strings.Contains(err.Error(), ": 502: The transfer node does not answer.") {
		t.Errorf("closed port: %v", err)
	}
	if d, err := x.alice.UploadDetails(ctx, p.ID); err != nil || d.UploadStatus != "submitted" {
		t.Errorf("upload status %q, %v", d.UploadStatus, err)
	}
}
