package store_test

import (
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faspex.io/operator/faspex/packages"
	"faspex.io/operator/faspex/store"
	"faspex.io/operator/faspex/store/storetest"
)

// world is a store with two accounts, a node and a default inbox.
type world struct {
	*store.Store
	sender, recipient, node, folder int64
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{Store: storetest.New(t)}
	ctx := t.Context()
	account := func(name string) int64 {
		t.Helper()
		id, err := w.CreateAccount(ctx, store.Account{Name: name, Email: name +
			"@example.com", Role: store.RoleUser, Type: "local_user", Status: store.AccountActive})
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	w.sender, w.recipient = account("Sender"), account("Recipient")
	var err error
	if w.node, err = w.CreateNode(ctx, store.Node{Name: "n", Host: "h", APIPort: 9092, APIUsername: "u",
		APIPassword: []byte{1},
		NodeType:    "gen4_node", StorageType: "default", Status: "queued"}); err != nil {
		t.Fatal(err)
	}
	f := store.NewSharedFolder(w.node, "inbox", "/in")
	f.DefaultInbox = true
	if w.folder, err = w.CreateSharedFolder(ctx, f); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) pack(t *testing.T, title string) int64 {
	t.Helper()
	uuid := fmt.Sprintf("%x", sha256.Sum256([]byte(title)))[:36]
	id, err := w.CreatePackage(t.Context(), store.Package{UUID: uuid, Title: title, Sender: store.Account{ID: w.sender},
		SharedFolderID: w.folder,
		Directory:      "/in/" + uuid, ReleasePolicy: "now", ExpirationPolicy: "none"},
		[]store.NewDelivery{{AccountID: w.recipient}})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestAccountByLogin(t *testing.T) {
	w := newWorld(t)
	if a, err := w.AccountByLogin(t.Context(), "sENDER"); err != nil || a.ID != w.sender {
		t.Errorf("without case: %+v, %v", a, err)
	}
	for _, login := range []string{"nobody", ""} {
		if a, err := w.AccountByLogin(t.Context(), login); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%q: %+v, %v", login, a, err)
		}
	}
}

// An account that was closed between the reading of a request and its writing must stay closed.
func TestOwnChangesUndoNoAdmins(t *testing.T) {
	w := newWorld(t)
	read, err := w.Account(t.Context(), w.sender)
	if err != nil {
		t.Fatal(err)
	}
	closed := read
	closed.Status, closed.UploadsAllowed = store.AccountInactive, false
	if err := w.UpdateAccount(t.Context(), read, closed); err != nil {
		t.Fatal(err)
	}
	read.Email = "new@example.com"
	if err := w.UpdateOwnAccount(t.Context(), read); err != nil {
		t.Fatal(err)
	}
	got, err := w.Account(t.Context(), w.sender)
	if err != nil || got.Email != read.Email || got.Status != store.AccountInactive || got.UploadsAllowed {
		t.Errorf("got %q, %q, uploads %v, %v", got.Email, got.Status, got.UploadsAllowed, err)
	}
}

func TestThingsInUseStay(t *testing.T) {
	w := newWorld(t)
	w.pack(t, "p")
	for name, del := range map[string]func() error{
		"node":   func() error { return w.DeleteNode(t.Context(), w.node) },
		"folder": func() error { return w.DeleteSharedFolder(t.Context(), w.folder) },
	} {
		if err := del(); !errors.Is(err, store.ErrInUse) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := w.DeleteNode(t.Context(), 999); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("unknown node: %v", err)
	}
}

func TestUploadNewsOfALastingPackage(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	id := w.pack(t, "p")
	record := func(st packages.UploadStatus, written int64) bool {
		t.Helper()
		ok, err := w.RecordUpload(ctx, id, store.Upload{Status: st, TotalBytes: 10, TotalFiles: 1, BytesWritten: written})
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	// The same news twice is news each time: the row is the one, whether or not it changes.
	for range 2 {
		if !record(packages.UploadTransferring, 5) {
			t.Error("news of a held package were refused")
		}
	}
	if !record(packages.UploadCompleted, 10) {
		t.Error("the end of an upload was refused")
	}
	if record(packages.UploadFailed, 0) {
		t.Error("late news undid a complete upload")
	}
	if ok, err := w.QueueUpload(ctx, id); err != nil || ok {
		t.Errorf("a complete upload was queued again: %v", err)
	}
	p, err := w.Package(ctx, id)
	if err != nil || p.UploadStatus != packages.UploadCompleted || p.BytesWritten != 10 {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestMoveIsTakenOnce(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	id := w.pack(t, "p")
	var wg sync.WaitGroup
	moved := make(chan bool, 8)
	for range cap(moved) {
		wg.Go(func() {
			ok, err := w.Move(ctx, id, packages.Held, packages.HeldToReleasedStart)
			if err != nil {
				t.Error(err)
			}
			moved <- ok
		})
	}
	wg.Wait()
	close(moved)
	n := 0
	for ok := range moved {
		if ok {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d of %d moved it", n, cap(moved))
	}
	defer func() {
		if recover() == nil {
			t.Error("a step that the state machine does not have was made")
		}
	}()
	_, _ = w.Move(ctx, id, packages.Held, packages.Released)
}

func TestBoxes(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	held, released, expired := w.pack(t, "held"), w.pack(t, "released"), w.pack(t, "expired")
	walk := func(id int64, steps ...packages.State) {
		t.Helper()
		from := packages.Held
		for _, to := range steps {
			if ok, err := w.Move(ctx, id, from, to); err != nil || !ok {
				t.Fatalf("%s to %s: %v", from, to, err)
			}
			from = to
		}
	}
	walk(released, packages.HeldToReleasedStart, packages.HeldToReleasedRouting, packages.HeldToReleasedFinish,
		packages.Released)
	walk(expired, packages.HeldToReleasedStart, packages.HeldToReleasedRouting, packages.HeldToReleasedFinish,
		packages.Released, packages.ReleasedToExpired, packages.Expired)
	for name, test := range map[string]struct {
		filter store.PackageFilter
		want   []int64
	}{
		"outbox": {store.PackageFilter{Box: store.BoxOutbox, AccountID: w.sender},
			[]int64{expired, released, held}},
		"inbox": {store.PackageFilter{Box: store.BoxInbox, AccountID: w.recipient}, []int64{released}},
		"inbox with history": {store.PackageFilter{Box: store.BoxInbox, AccountID: w.recipient, History: true},
			[]int64{expired, released}},
		"inbox of the sender": {store.PackageFilter{Box: store.BoxInbox, AccountID: w.sender, History: true}, nil},
		"all": {store.PackageFilter{Box: store.BoxAll, AccountID: w.recipient, History: true},
			[]int64{expired, released}},
		"global":       {store.PackageFilter{Box: store.BoxGlobal}, []int64{expired, released, held}},
		"pending":      {store.PackageFilter{Box: store.BoxPending, AccountID: w.sender}, nil},
		"expired":      {store.PackageFilter{Box: store.BoxGlobal, Status: packages.StatusExpired}, []int64{expired}},
		"by recipient": {store.PackageFilter{Box: store.BoxGlobal, Query: "recip"}, []int64{expired, released, held}},
	} {
		found, total, err := w.Packages(ctx, test.filter, store.Page{Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		var got []int64
		for _, p := range found {
			got = append(got, p.ID)
		}
		if diff := cmp.Diff(test.want, got); diff != "" || total != len(test.want) {
			t.Errorf("%s: total %d (-want +got)\n%s", name, total, diff)
		}
	}
	if err := w.HideDelivery(ctx, released, w.recipient, time.Now()); err != nil {
		t.Fatal(err)
	}
	if found, _, err := w.Packages(ctx, store.PackageFilter{Box: store.BoxInbox, AccountID: w.recipient},
		store.Page{Limit: 10}); err != nil || len(found) != 0 {
		t.Errorf("hidden: %v, %v", found, err)
	}
	if err := w.HideDelivery(ctx, released, w.sender, time.Now()); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("hide from one who is no recipient: %v", err)
	}
}

func TestDownloadsAreCounted(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	id := w.pack(t, "p")
	for i, tr := range []store.Transfer{
		{Status: "running", WholePackage: true}, {Status: "completed", WholePackage: true}, {Status: "completed"},
		{Status: "failed", WholePackage: true},
	} {
		tr.NodeID, tr.NodeTransferID, tr.Direction = w.node, fmt.Sprint(i), "receive"
		tr.PackageID, tr.AccountID = sql.NullInt64{Int64: id, Valid: true}, sql.NullInt64{Int64: w.recipient, Valid: true}
		for range 2 { // told twice, counted once
			if err := w.SaveTransfer(ctx, tr); err != nil {
				t.Fatal(err)
			}
		}
	}
	got, err := w.Downloads(ctx, id)
	if err != nil || len(got[id]) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	if d := got[id][0]; d.Completed != 1 || d.Partial != 1 || d.Active != 1 || d.Account.Name != "Recipient" {
		t.Errorf("%+v", d)
	}
	if all, err := w.Transfers(ctx, id, "receive"); err != nil || len(all) != 4 {
		t.Errorf("%d transfers, %v", len(all), err)
	}
	if all, err := w.Downloads(ctx); err != nil || len(all) != 0 {
		t.Errorf("of no package: %v, %v", all, err)
	}
}

func TestJobs(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	now := time.Now().UTC().Truncate(time.Millisecond)
	for _, j := range []store.Job{
		{Method: "watch", Name: "Watch", Type: "background", Persistent: true, Interval: 10 * time.Second,
			NextAvailability: now},
		{Method: "mail", Name: "Mail", Type: "email", Reference: "1", NextAvailability: now.Add(time.Minute),
			Args: `{"to":"x"}`},
	} {
		for range 2 {
			if err := w.EnsureJob(ctx, j); err != nil {
				t.Fatal(err)
			}
		}
	}
	claim := func(worker string, at time.Time) (store.Job, bool) {
		t.Helper()
		j, err := w.ClaimJob(ctx, worker, at, 30*time.Second)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			t.Fatal(err)
		}
		return j, err == nil
	}
	j, ok := claim("a", now)
	if !ok || j.Method != "watch" || j.WorkerID != "a" {
		t.Fatalf("first: %+v", j)
	}
	if other, ok := claim("b", now); ok {
		t.Errorf("claimed twice: %+v", other)
	}
	// The worker dies; after its lease another takes over, and the first one's end counts no more.
	taken, ok := claim("b", now.Add(31*time.Second))
	if !ok || taken.ID != j.ID {
		t.Fatalf("after the lease: %+v", taken)
	}
	if err := w.FinishJob(ctx, j, now, nil, 0); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("end by one who lost the lease: %v", err)
	}
	if err := w.FinishJob(ctx, taken, now.Add(32*time.Second), nil, 0); err != nil {
		t.Fatal(err)
	}
	if _, ok := claim("a", now.Add(41*time.Second)); ok {
		t.Error("a persistent job ran before its interval")
	}
	if again, ok := claim("a", now.Add(42*time.Second)); !ok || again.Method != "watch" {
		t.Errorf("after its interval: %+v", again)
	}
	mail, ok := claim("a", now.Add(61*time.Second))
	if !ok || mail.Method != "mail" || mail.Args != `{"to":"x"}` {
		t.Fatalf("mail: %+v", mail)
	}
	if err := w.FinishJob(ctx, mail, now, errors.New("no answer"), time.Second); err != nil {
		t.Fatal(err)
	}
	mail, ok = claim("a", now.Add(2*time.Second))
	if !ok || mail.RetryCount != 1 || mail.ErrorDesc != "no answer" {
		t.Fatalf("retry: %+v", mail)
	}
	if err := w.FinishJob(ctx, mail, now, errors.New("no answer"), 0); err != nil {
		t.Fatal(err)
	}
	list, total, err := w.Jobs(ctx, store.Page{Limit: 10})
	if err != nil || total != 2 || list[0].Status != store.JobFailed {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestAssertionsAreUsedOnce(t *testing.T) {
	w := newWorld(t)
	hash := sha256.Sum256([]byte("a"))
	if err := w.UseAssertion(t.Context(), hash, time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := w.UseAssertion(t.Context(), hash, time.Now()); !errors.Is(err, store.ErrConflict) {
		t.Errorf("second use: %v", err)
	}
}
