package service_test

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/client"
	"faspex.io/operator/faspex/service"
	"faspex.io/operator/test/faspextest"
)

// clock stands still until it is moved on.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// scene is a Faspex with one node, a sender and a recipient, and a worker whose time the test moves.
type scene struct {
	t       *testing.T
	in      *faspextest.Instance
	node    *faspextest.Node
	alice   *client.Client
	bob     *client.Client
	worker  *service.Worker
	clock   *clock
	nodeID  string
	created int
	seen    int // revocations of the node that told gave before
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{t: t, in: faspextest.Start(t, nil), node: faspextest.StartNode(t), clock: &clock{now: time.Now()}}
	s.nodeID = s.in.Register(t, "north", s.node)
	if err := s.in.Admin.Configure(t.Context(), map[string]any{"allow_user_specified_delete_after_download": true}); err != nil {
		t.Fatal(err)
	}
	s.alice, s.bob = s.in.User(t, "Alice", "Sender", ""), s.in.User(t, "Bob", "Recipient", "")
	s.worker = s.in.Worker(t, "worker-1", s.clock.Now)
	return s
}

// run lets every job run three times, in whatever order they are due: news of a transfer, the release it makes possible,
// and the mail of that are three jobs. More time passes each time than any interval or pause.
func (s *scene) run() {
	s.t.Helper()
	for range 3 {
		s.clock.advance(80 * time.Second)
		if err := s.worker.RunOnce(s.t.Context()); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *scene) create(change func(*api.PackageCreate)) api.Package {
	s.t.Helper()
	s.created++
	body := api.PackageCreate{Title: fmt.Sprintf("Package %d", s.created),
		Recipients: []api.RecipientName{{Name: "bob@example.com"}}}
	if change != nil {
		change(&body)
	}
	p, err := s.alice.CreatePackage(s.t.Context(), body)
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

func (s *scene) beginUpload(p api.Package) *faspextest.Session {
	s.t.Helper()
	spec, err := s.alice.UploadSpec(s.t.Context(), p.ID, []string{"files"})
	if err != nil {
		s.t.Fatal(err)
	}
	return s.node.Begin(s.t, spec)
}

// upload sends a package of two files, ten bytes in all.
func (s *scene) upload(p api.Package) {
	s.t.Helper()
	session := s.beginUpload(p)
	s.node.Write(s.t, filepath.Join(faspextest.PackageFolder(p), "a.txt"), "1234567")
	s.node.Write(s.t, filepath.Join(faspextest.PackageFolder(p), "folder", "b.txt"), "890")
	session.Progress(10, 10, 2)
	session.Finish(s.t, "")
}

func (s *scene) download(p api.Package, reason string) {
	s.t.Helper()
	spec, err := s.bob.DownloadSpec(s.t.Context(), p.ID, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	session := s.node.Begin(s.t, spec)
	session.Progress(10, 10, 2)
	session.Finish(s.t, reason)
}

func (s *scene) read(p api.Package) api.Package {
	s.t.Helper()
	got, err := s.alice.Package(s.t.Context(), p.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	return got
}

func (s *scene) want(p api.Package, state, upload string) api.Package {
	s.t.Helper()
	got := s.read(p)
	if got.State != state || got.UploadStatus != upload {
		s.t.Fatalf("state %s, upload %s; want %s, %s\n%s", got.State, got.UploadStatus, state, upload, s.in.Log.String())
	}
	return got
}

func (s *scene) filesLeft(p api.Package) bool {
	s.t.Helper()
	left, err := filepath.Glob(filepath.Join(s.node.Dir, "packages", "*"+p.PackageUUID+"*"))
	if err != nil {
		s.t.Fatal(err)
	}
	return len(left) > 0
}

// Before a package is released its upload is sealed: the node is told to refuse its tokens, and a package with a session
// that still runs waits. A node that does not take the seal keeps the package from its recipients.
func TestUploadIsSealedBeforeTheRelease(t *testing.T) {
	s := newScene(t)
	p := s.create(nil)
	s.upload(p)
	s.node.AnswerRevocations(http.StatusServiceUnavailable)
	s.run()
	s.want(p, "transient_held_to_released_start", "completed")
	if inbox, err := s.bob.Packages(t.Context(), "inbox"); err != nil || len(inbox) != 0 {
		t.Errorf("inbox before the seal: %d, %v", len(inbox), err)
	}
	s.node.AnswerRevocations(http.StatusNoContent)
	s.run()
	s.want(p, "released", "completed")
	s.wantTold("release", "send", "package_uuid", p.PackageUUID)
}

func TestUploadIsFollowedToTheRelease(t *testing.T) {
	s := newScene(t)
	p := s.create(nil)
	s.run()
	s.want(p, "held", "submitted")

	session := s.beginUpload(p)
	s.want(p, "held", "queued")
	s.run()
	s.want(p, "held", "transferring")
	session.Progress(4, 10, 2)
	session.AwaitProgress(t, 4)
	s.run()
	details, err := s.alice.UploadDetails(t.Context(), p.ID)
	if err != nil || details.BytesWritten != "4" || details.BytesTotal != "10" ||
		!strings.HasPrefix(details.PercentageComplete, "40") {
		t.Errorf("details: %+v, %v", details, err)
	}
	// faspex-Q2: it is on its way to the recipient.
	if inbox, err := s.bob.Packages(t.Context(), "inbox"); err != nil || len(inbox) != 1 ||
		inbox[0].DownloadAvailability != "partial" {
		t.Errorf("inbox during the upload: %+v, %v", inbox, err)
	}

	s.node.Write(t, filepath.Join(faspextest.PackageFolder(p), "a.txt"), "1234567")
	s.node.Write(t, filepath.Join(faspextest.PackageFolder(p), "folder", "b.txt"), "890")
	session.Finish(t, "")
	s.run()
	got := s.want(p, "released", "completed")
	if got.TotalBytes != 10 || got.TotalFiles != 2 || got.ReleaseDate == nil || got.Status != "completed" {
		t.Errorf("released: %d bytes, %d files, date %v, status %s", got.TotalBytes, got.TotalFiles, got.ReleaseDate,
			got.Status)
	}
	inbox, err := s.bob.Packages(t.Context(), "inbox")
	if err != nil || len(inbox) != 1 || inbox[0].ID != p.ID {
		t.Errorf("inbox after the release: %+v, %v", inbox, err)
	}
	for _, step := range []string{"transient_held_to_released_start", "transient_held_to_released_routing_packages",
		"transient_held_to_released_finish", "released"} {
		if n := strings.Count(s.in.Log.String(), `"to":"`+step+`"`); n != 1 {
			t.Errorf("%d moves to %s", n, step)
		}
	}
	s.download(p, "")
	s.run()
	if got := s.read(p); got.CompletedDownloadCount != 1 {
		t.Errorf("%d downloads", got.CompletedDownloadCount)
	}
}

// faspex-O6: a failed upload shows the message of its node.
func TestFailedUploadIsRetried(t *testing.T) {
	s := newScene(t)
	p := s.create(nil)
	session := s.beginUpload(p)
	session.Progress(4, 10, 2)
	session.Finish(t, "the connection was cut")
	s.run()
	if got := s.want(p, "held", "failed"); got.ErrorDesc != "the connection was cut" || got.Status != "failed" {
		t.Errorf("error %q, status %s", got.ErrorDesc, got.Status)
	}
	retry := s.beginUpload(p)
	if got := s.want(p, "held", "queued"); got.ErrorDesc != "" {
		t.Errorf("error %q of the first attempt stays", got.ErrorDesc)
	}
	s.run()
	s.want(p, "held", "transferring")
	s.node.Write(t, filepath.Join(faspextest.PackageFolder(p), "a.txt"), "1234567890")
	retry.Progress(6, 6, 1)
	retry.Finish(t, "")
	s.run()
	if got := s.want(p, "released", "completed"); got.TotalBytes != 10 || got.TotalFiles != 1 {
		t.Errorf("%d bytes, %d files; want what lies on the node", got.TotalBytes, got.TotalFiles)
	}
}

func TestReleasePolicies(t *testing.T) {
	s := newScene(t)
	date := s.clock.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	onDate := s.create(func(b *api.PackageCreate) { b.ReleasePolicy, b.ReleaseDate = "on_date", &date })
	later := s.create(func(b *api.PackageCreate) { b.ReleasePolicy = "later" })
	s.upload(onDate)
	s.upload(later)
	s.run()
	s.want(onDate, "held", "completed")
	s.want(later, "held", "completed")
	s.clock.advance(time.Hour)
	s.run()
	s.want(onDate, "released", "completed")
	s.want(later, "held", "completed")
}

// faspex-O9: expired means that the files are gone, by date and after downloads; the record stays.
func TestExpiryRemovesTheFiles(t *testing.T) {
	s := newScene(t)
	date := s.clock.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	byDate := s.create(func(b *api.PackageCreate) {
		b.ExpirationPolicy, b.ExpirationDate = "delete_after_expiration_date", &date
	})
	byDownload := s.create(func(b *api.PackageCreate) { b.ExpirationPolicy = "delete_after_any_download" })
	never := s.create(nil)
	for _, p := range []api.Package{byDate, byDownload, never} {
		s.upload(p)
	}
	s.run()
	for _, p := range []api.Package{byDate, byDownload, never} {
		s.want(p, "released", "completed")
	}
	s.download(byDownload, "cut")
	s.run()
	s.want(byDownload, "released", "completed")
	s.download(byDownload, "")
	s.run()
	s.run()
	s.want(byDownload, "expired", "completed")
	if s.filesLeft(byDownload) {
		t.Error("the files of an expired package are left")
	}
	s.want(byDate, "released", "completed")
	s.clock.advance(time.Hour)
	s.run()
	s.run()
	s.want(byDate, "expired", "completed")
	if s.filesLeft(byDate) || !s.filesLeft(never) {
		t.Errorf("files left: of the expired one %v, of the other %v", s.filesLeft(byDate), s.filesLeft(never))
	}
	if _, err := s.bob.DownloadSpec(t.Context(), byDate.ID, nil); err == nil {
		t.Error("an expired package can be downloaded")
	}
}

func TestDeletionWaitsForItsNode(t *testing.T) {
	s := newScene(t)
	p, q := s.create(nil), s.create(nil)
	s.upload(p)
	s.run()
	s.want(p, "released", "completed")
	running := s.beginUpload(q)
	for _, id := range []string{p.ID, q.ID} {
		if err := s.alice.DeletePackages(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	s.run()
	s.want(p, "deleted", "completed")
	if got := s.read(q); got.State != "deleted" {
		t.Errorf("state %s", got.State)
	}
	if s.filesLeft(p) || s.filesLeft(q) {
		t.Error("files are left")
	}
	if !running.Canceled() {
		t.Error("the upload goes on")
	}
}

func TestNodeThatIsDownHoldsNobodyUp(t *testing.T) {
	s := newScene(t)
	stuck := s.create(nil)
	s.upload(stuck)
	s.node.Stop()
	second := faspextest.StartNode(t)
	secondID := s.in.Register(t, "south", second)
	s.node = second
	p := s.create(nil)
	s.upload(p)
	s.run()
	s.want(p, "released", "completed")
	s.want(stuck, "held", "queued")
	down, err := s.in.Admin.Node(t.Context(), s.nodeID)
	if err != nil || down.Status != "failed" {
		t.Errorf("the node that is down: %s, %v", down.Status, err)
	}
	up, err := s.in.Admin.Node(t.Context(), secondID)
	if err != nil || up.Status != "completed" {
		t.Errorf("the other node: %s, %v", up.Status, err)
	}
	if strings.Contains(s.in.Log.String(), "Node-Secret-1") {
		t.Error("the log holds a node's password")
	}
}

func TestChangedNodeIsReachedAnew(t *testing.T) {
	s := newScene(t)
	status := func(password, want string) {
		t.Helper()
		if _, err := s.in.Admin.UpdateNode(t.Context(), s.nodeID, api.NodeChange{APIPassword: &password}); err != nil {
			t.Fatal(err)
		}
		s.run()
		if node, err := s.in.Admin.Node(t.Context(), s.nodeID); err != nil || node.Status != want {
			t.Errorf("status %s, want %s (%v)", node.Status, want, err)
		}
	}
	s.run()
	status("wrong", "failed")
	status(*s.node.Change("").APIPassword, "completed")
}

func TestNewsThatWereLostAreAskedFor(t *testing.T) {
	s := newScene(t)
	p := s.create(nil)
	s.upload(p)
	// As if the news had been read by someone who did not store them.
	var id int64
	if _, err := fmt.Sscan(s.nodeID, &id); err != nil {
		t.Fatal(err)
	}
	if err := s.in.Store.SetTransfersCursor(t.Context(), id, "1000000"); err != nil {
		t.Fatal(err)
	}
	s.run()
	s.run()
	s.want(p, "released", "completed")
}

func TestReplicasShareTheWork(t *testing.T) {
	s := newScene(t)
	const count = 12
	var all []api.Package
	for range count {
		p := s.create(nil)
		s.upload(p)
		all = append(all, p)
	}
	ctx, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for _, name := range []string{"worker-a", "worker-b", "worker-c"} {
		w := s.in.Worker(t, name, nil)
		group.Go(func() { w.Run(ctx) })
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		inbox, err := s.bob.Packages(t.Context(), "inbox")
		if err != nil {
			t.Fatal(err)
		}
		if len(inbox) == count {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d packages were released\n%s", len(inbox), count, s.in.Log.String())
		}
	}
	stop()
	group.Wait()
	for _, p := range all {
		s.want(p, "released", "completed")
		if n := strings.Count(s.in.Log.String(),
			fmt.Sprintf(`"package":%s,"from":"transient_held_to_released_finish","to":"released"`, p.ID)); n != 1 {
			t.Errorf("package %s was released %d times", p.ID, n)
		}
	}
}

// faspex-S9: a package whose end comes while it waits for its release expires, and its recipients never have it.
func TestPendingPackageExpires(t *testing.T) {
	s := newScene(t)
	end := s.clock.Now().Add(24 * time.Hour).UTC().Format(time.RFC3339)
	p := s.create(func(b *api.PackageCreate) {
		b.ReleasePolicy, b.ExpirationPolicy, b.ExpirationDate = "later", "delete_after_expiration_date", &end
	})
	s.upload(p)
	s.run()
	s.want(p, "held", "completed")
	s.clock.advance(25 * time.Hour)
	s.run()
	s.want(p, "expired", "completed")
	if s.filesLeft(p) {
		t.Error("the files are still there")
	}
	for _, box := range []string{"inbox", "inbox_history"} {
		if list, err := s.bob.Packages(t.Context(), box); err != nil || len(list) != 0 {
			t.Errorf("%s: %d, %v", box, len(list), err)
		}
	}
}
