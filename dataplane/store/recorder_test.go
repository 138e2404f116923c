package store_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"faspex.io/operator/dataplane/record"
	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/transferspec"
)

var quiet = slog.New(slog.DiscardHandler)

func transfer() record.Transfer {
	return record.Transfer{
		TransferID: uuid.NewString(), SessionID: uuid.NewString(), Direction: transferspec.Send, AccessKey: "ak",
		TokenUser: "node",
		TokenKind: "transfer", RemoteUser: "xfer", ClientAddr: "192.0.2.1", ServerAddr: "192.0.2.2", Cookie: "cookie-1",
		Tags:      []byte(`{"aspera":{"faspex":{"package_id":"p1"}}}`),
		StartSpec: record.StartSpec{SourcePaths: []string{"a", "ü b"}, DestinationPath: "/default/p1", Cipher: "aes-256-gcm"},
	}
}

// run starts a recorder; stop ends it and waits until it has written everything.
func run(t *testing.T, s *store.Store, node string) (r *store.NodeRecorder, stop func()) {
	t.Helper()
	r = store.NewRecorder(s, node, time.Now, quiet)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() { defer close(done); r.Run(ctx) }()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(stop)
	return r, stop
}

func begin(t *testing.T, r *store.NodeRecorder, tr record.Transfer) record.Recording {
	t.Helper()
	rec, err := r.Begin(t.Context(), tr)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// await reads the transfer until it has the status; a minute is there to end a test that would hang.
func await(t *testing.T, s *store.Store, id string, want record.Status) store.TransferRecord {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		got, err := s.Transfer(t.Context(), id)
		if err == nil && got.Status == want {
			return got
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("transfer never became %s", want)
	return store.TransferRecord{}
}

func TestTransferFromBeginToEnd(t *testing.T) {
	s := open(t)
	r, stop := run(t, s, "n1")
	tr := transfer()
	rec := begin(t, r, tr)
	got := await(t, s, tr.TransferID, record.StatusRunning)
	if got.Cookie != tr.Cookie || string(got.Tags) != string(tr.Tags) || got.AccessKey != "ak" || got.Direction != "send" {
		t.Errorf("transfer = %+v", got)
	}
	if diff := cmp.Diff(tr.StartSpec, got.StartSpec); diff != "" {
		t.Error(diff)
	}
	if r.Active() != 1 {
		t.Errorf("active = %d", r.Active())
	}
	progress := record.Progress{BytesExpected: 30, FilesExpected: 2, BytesTransferred: 30, BytesWritten: 30,
		FilesCompleted: 1, FilesFailed: 1,
		TargetRateKbps: 1000, AvgRateKbps: 900}
	rec.Progress(progress)
	at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
	rec.File(record.FileResult{Path: "/default/p1/ü b", Size: 20, BytesWritten: 20, Status: record.StatusCompleted,
		ChecksumType: "sha-256", Checksum: "ab", StartedAt: at, EndedAt: at})
	rec.File(record.FileResult{Path: "/default/p1/a", Size: 10, Status: record.StatusFailed, ErrorCode: 24,
		ErrorDesc: "no space left"})
	rec.Finish(record.Outcome{Status: record.StatusFailed, Code: 24, Description: "no space left"})
	rec.Finish(record.Outcome{Status: record.StatusCompleted})
	stop()
	got, err := s.Transfer(t.Context(), tr.TransferID)
	if err != nil {
		t.Fatal(err)
	}
	if got.Status != record.StatusFailed || got.ErrorCode != 24 || got.ErrorDesc != "no space left" ||
		got.EndedUsec < got.StartedUsec {
		t.Errorf("end = %+v", got)
	}
	if len(got.Sessions) != 1 || got.Sessions[0].Node != "n1" || got.Sessions[0].ClientAddr != "192.0.2.1" {
		t.Fatalf("sessions = %+v", got.Sessions)
	}
	if diff := cmp.Diff(progress, got.Sessions[0].Progress); diff != "" {
		t.Error(diff)
	}
	files, err := s.TransferFiles(t.Context(), tr.TransferID, 10)
	if err != nil || len(files) != 2 {
		t.Fatalf("files = %v, %v", files, err)
	}
	if files[0].Path != "/default/p1/a" || files[1].Checksum != "ab" || !files[1].StartedAt.Equal(at) ||
		files[1].SessionID != tr.SessionID {
		t.Errorf("files = %+v", files)
	}
}

func TestRetriesAreOneTransferAndChangesComeOnceInOrder(t *testing.T) {
	s := open(t)
	r, _ := run(t, s, "n1")
	first, second := transfer(), transfer()
	second.AccessKey, second.Cookie = "other", "100%_"
	a, b := begin(t, r, first), begin(t, r, second)
	await(t, s, first.TransferID, record.StatusRunning)
	await(t, s, second.TransferID, record.StatusRunning)
	list := func(f store.TransferFilter) (ids []string, last uint64) {
		t.Helper()
		f.Limit = 10
		found, err := s.Transfers(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		for _, tr := range found {
			ids, last = append(ids, tr.ID), tr.Revision
		}
		return ids, last
	}
	ids, last := list(store.TransferFilter{})
	if len(ids) != 2 {
		t.Fatalf("transfers = %v", ids)
	}
	a.Progress(record.Progress{BytesTransferred: 5})
	a.Finish(record.Outcome{Status: record.StatusFailed, Code: 15, Description: "connection lost"})
	await(t, s, first.TransferID, record.StatusFailed)
	ids, last = list(store.TransferFilter{AfterRevision: last})
	if diff := cmp.Diff([]string{first.TransferID}, ids); diff != "" {
		t.Errorf("after the failure: %s", diff)
	}
	retry := first
	retry.SessionID = uuid.NewString()
	again := begin(t, r, retry)
	got := await(t, s, first.TransferID, record.StatusRunning)
	if len(got.Sessions) != 2 || got.ErrorCode != 0 || got.EndedUsec != 0 {
		t.Errorf("retry = %+v", got)
	}
	again.Finish(record.Outcome{Status: record.StatusCompleted})
	await(t, s, first.TransferID, record.StatusCompleted)
	if ids, _ = list(store.TransferFilter{AfterRevision: last}); len(ids) != 1 {
		t.Errorf("after the retry: %v", ids)
	}
	for name, f := range map[string]store.TransferFilter{
		"active":     {ActiveOnly: true},
		"access key": {AccessKey: "other"},
		"cookie":     {Text: "0%_"},
	} {
		if ids, _ := list(f); len(ids) != 1 || ids[0] != second.TransferID {
			t.Errorf("%s: %v", name, ids)
		}
	}
	if ids, _ := list(store.TransferFilter{Direction: transferspec.Receive}); len(ids) != 0 {
		t.Errorf("receive: %v", ids)
	}
	b.Finish(record.Outcome{Status: record.StatusCompleted})
}

func TestCancelAndRateReachTheNodeThatRunsTheTransfer(t *testing.T) {
	s := open(t)
	r, _ := run(t, s, "n1")
	tr := transfer()
	rec := begin(t, r, tr)
	await(t, s, tr.TransferID, record.StatusRunning)
	if err := s.SetRate(t.Context(), tr.TransferID, record.RateChange{TargetKbps: 5000}); err != nil {
		t.Fatal(err)
	}
	if rate := <-rec.RateChanges(); rate.TargetKbps != 5000 {
		t.Errorf("rate = %+v", rate)
	}
	if err := s.CancelTransfer(t.Context(), tr.TransferID); err != nil {
		t.Fatal(err)
	}
	<-rec.Canceled()
	rec.Finish(record.Outcome{Status: record.StatusCanceled})
	await(t, s, tr.TransferID, record.StatusCanceled)
	if err := s.CancelTransfer(t.Context(), tr.TransferID); err != nil {
		t.Errorf("cancel of what has ended: %v", err)
	}
	tr.SessionID = uuid.NewString()
	again := begin(t, r, tr)
	await(t, s, tr.TransferID, record.StatusRunning)
	again.Finish(record.Outcome{Status: record.StatusCompleted})
	await(t, s, tr.TransferID, record.StatusCompleted)
	select {
	case <-again.Canceled():
		t.Error("a retry is canceled by the former cancel")
	default:
	}
	if err := s.CancelTransfer(t.Context(), uuid.NewString()); err == nil {
		t.Error("cancel of an unknown transfer succeeds")
	}
}

func TestRestartFailsWhatRanBefore(t *testing.T) {
	s := open(t)
	crashed, stop := run(t, s, "n1")
	tr, other := transfer(), transfer()
	begin(t, crashed, tr)
	neighbour, _ := run(t, s, "n2")
	rec := begin(t, neighbour, other)
	await(t, s, tr.TransferID, record.StatusRunning)
	await(t, s, other.TransferID, record.StatusRunning)
	stop()
	run(t, s, "n1")
	got := await(t, s, tr.TransferID, record.StatusFailed)
	if got.ErrorDesc != "node restarted" || got.ErrorCode != 15 || got.Sessions[0].Status != record.StatusFailed {
		t.Errorf("transfer = %+v", got)
	}
	if got, err := s.Transfer(t.Context(), other.TransferID); err != nil || got.Status != record.StatusRunning {
		t.Errorf("transfer of the other node: %s, %v", got.Status, err)
	}
	rec.Finish(record.Outcome{Status: record.StatusCompleted})
}

func TestRetryOnAnotherNodeOutlivesTheLostSession(t *testing.T) {
	s := open(t)
	crashed, stop := run(t, s, "n1")
	tr := transfer()
	begin(t, crashed, tr)
	await(t, s, tr.TransferID, record.StatusRunning)
	stop()
	second, stopSecond := run(t, s, "n2")
	tr.SessionID = uuid.NewString()
	rec := begin(t, second, tr)
	rec.Finish(record.Outcome{Status: record.StatusCompleted})
	stopSecond()
	if got, err := s.Transfer(t.Context(), tr.TransferID); err != nil || got.Status != record.StatusRunning {
		t.Errorf("while the first session may still run: %s, %v", got.Status, err)
	}
	run(t, s, "n1")
	got := await(t, s, tr.TransferID, record.StatusCompleted)
	if got.ErrorDesc != "" || got.Sessions[0].ErrorDesc != "node restarted" {
		t.Errorf("transfer = %+v", got)
	}
}

func TestManyNodesAndSessionsAtOnce(t *testing.T) {
	s := open(t)
	const nodes, transfers = 3, 15
	shared := make([]string, transfers)
	for i := range shared {
		shared[i] = uuid.NewString()
	}
	var wg sync.WaitGroup
	for i := range nodes {
		r, _ := run(t, s, fmt.Sprintf("n%d", i))
		for _, id := range shared {
			wg.Go(func() {
				tr := transfer()
				tr.TransferID = id
				rec := begin(t, r, tr)
				for n := range 50 {
					rec.Progress(record.Progress{BytesTransferred: int64(n)})
					rec.File(record.FileResult{Path: fmt.Sprintf("/f%d", n), Status: record.StatusCompleted})
				}
				if err := s.CancelTransfer(t.Context(), id); err != nil && !errors.Is(err, store.ErrNotFound) {
					t.Error(err)
				}
				rec.Finish(record.Outcome{Status: record.StatusCompleted})
			})
		}
	}
	wg.Wait()
	for _, id := range shared {
		for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
			got, err := s.Transfer(t.Context(), id)
			if err == nil && got.Status == record.StatusCompleted && len(got.Sessions) == nodes {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("transfer %s: %+v, %v", id, got, err)
			}
		}
	}
	all, err := s.Transfers(t.Context(), store.TransferFilter{Limit: 100})
	if err != nil || len(all) != transfers {
		t.Errorf("%d transfers, %v", len(all), err)
	}
}

func TestNothingAClientSendsBlocksTheRecord(t *testing.T) {
	s := open(t)
	r, _ := run(t, s, "n1")
	hostile, honest := transfer(), transfer()
	bad := "\xff\xfe" + strings.Repeat("😀", 70_000)
	hostile.Cookie, hostile.Tags, hostile.TokenUser, hostile.RemoteUser = bad, []byte("{\xff"), bad, bad
	hostile.StartSpec.DestinationPath = bad
	first, second := begin(t, r, hostile), begin(t, r, honest)
	first.File(record.FileResult{Path: "/" + bad, Status: record.StatusFailed, ErrorDesc: bad})
	first.Finish(record.Outcome{Status: record.StatusFailed, Description: bad})
	second.Finish(record.Outcome{Status: record.StatusCompleted})
	await(t, s, honest.TransferID, record.StatusCompleted)
	await(t, s, hostile.TransferID, record.StatusFailed)

	// One that the database can't take at all does not hold up the others.
	impossible, after := transfer(), transfer()
	impossible.TransferID = strings.Repeat("x", 64)
	begin(t, r, impossible).Finish(record.Outcome{Status: record.StatusCompleted})
	begin(t, r, after).Finish(record.Outcome{Status: record.StatusCompleted})
	await(t, s, after.TransferID, record.StatusCompleted)
}
