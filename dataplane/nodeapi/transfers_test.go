package nodeapi_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/record"
	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/transferspec"
)

// recorder records as a transfer server does.
func (a *api) recorder(t *testing.T) *store.NodeRecorder {
	t.Helper()
	r := store.NewRecorder(a.store, "n1", time.Now, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() { defer close(done); r.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return r
}

func awaitTransfer(t *testing.T, c *client.Client, id, status string) client.Transfer {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		got, err := c.Transfer(t.Context(), id)
		if err == nil && got.Status == status {
			return got
		}
		if err != nil && !client.IsNotFound(err) {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("transfer never became %s", status)
	return client.Transfer{}
}

func TestTransfersAreToldAndCanceled(t *testing.T) {
	a := start(t)
	ctx, c, r := t.Context(), a.master(t), a.recorder(t)
	createKey(t, c, "ak", "s", "/k")
	key := a.client(t, "ak", "s")
	tr := record.Transfer{
		TransferID: uuid.NewString(), SessionID: uuid.NewString(), Direction: transferspec.Send, TokenUser: nodeUser,
		TokenKind:  "transfer",
		RemoteUser: "xfer", ClientAddr: "192.0.2.9", Cookie: "faspex:p1",
		Tags:      []byte(`{"aspera":{"faspex":{"package_id":"p1"}}}`),
		StartSpec: record.StartSpec{SourcePaths: []string{"a"}, DestinationPath: "/default/p1", Cipher: "aes-256-gcm"},
	}
	rec, err := r.Begin(ctx, tr)
	if err != nil {
		t.Fatal(err)
	}
	mine := tr
	mine.TransferID, mine.SessionID, mine.AccessKey = uuid.NewString(), uuid.NewString(), "ak"
	other, err := r.Begin(ctx, mine)
	if err != nil {
		t.Fatal(err)
	}
	got := awaitTransfer(t, c, tr.TransferID, client.StatusRunning)
	if got.StartSpec.Direction != "send" || got.StartSpec.Cookie != "faspex:p1" ||
		string(got.StartSpec.Tags) != string(tr.Tags) ||
		got.StartSpec.DestinationPath != "/default/p1" || got.StartSpec.RemoteUser != "xfer" || len(got.Sessions) != 1 {
		t.Errorf("transfer = %+v", got)
	}
	awaitTransfer(t, key, mine.TransferID, client.StatusRunning)
	if _, err := key.Transfer(ctx, tr.TransferID); !client.IsNotFound(err) {
		t.Errorf("an access key sees a transfer of the node user: %v", err)
	}
	if err := key.CancelTransfer(ctx, tr.TransferID); !client.IsNotFound(err) {
		t.Errorf("an access key cancels a transfer of the node user: %v", err)
	}
	list, next, err := c.Transfers(ctx, client.TransferQuery{})
	if err != nil || len(list) != 2 || next == "" {
		t.Fatalf("list = %v, %q, %v", list, next, err)
	}
	if list, _, err := key.Transfers(ctx, client.TransferQuery{AccessKey: "other"}); err != nil || len(list) != 1 ||
		list[0].ID != mine.TransferID {
		t.Errorf("list of the key = %v, %v", list, err)
	}
	if list, same, err := c.Transfers(ctx, client.TransferQuery{IterationToken: next}); err != nil || len(list) != 0 ||
		same != next {
		t.Errorf("nothing new: %v, %q, %v", list, same, err)
	}
	least := int64(1)
	for field, change := range map[string]client.TransferChange{
		"min_rate_kbps": {TargetRateKbps: 700, MinRateKbps: &least},
		"rate_policy":   {TargetRateKbps: 700, RatePolicy: "fixed"},
	} { // Its client sends.
		err := c.ChangeTransfer(ctx, tr.TransferID, change)
		if status(t, err, 409); !strings.Contains(fmt.Sprint(err), field) {
			t.Errorf("%s is refused with %v", field, err)
		}
	}
	if err := c.ChangeTransfer(ctx, tr.TransferID, client.TransferChange{TargetRateKbps: 900_000}); err != nil {
		t.Fatal(err)
	}
	if rate := <-rec.RateChanges(); rate.TargetKbps != 500_000 {
		t.Errorf("rate = %+v, beyond the node's limit", rate)
	}
	if code, _, body := a.curl(t, "/ops/transfers/"+tr.TransferID, append(asNode, "-X", "CANCEL")...); code != "204" ||
		body != "" {
		t.Errorf("cancel: %s %q", code, body)
	}
	<-rec.Canceled()
	rec.Progress(record.Progress{BytesExpected: 100, FilesExpected: 2, BytesTransferred: 60, BytesWritten: 60,
		FilesCompleted: 1})
	rec.File(record.FileResult{Path: "/default/p1/a", Size: 60, Status: record.StatusCompleted, ChecksumType: "sha-256",
		Checksum: "ab"})
	rec.Finish(record.Outcome{Status: record.StatusCanceled, Code: 26, Description: "canceled"})
	got = awaitTransfer(t, c, tr.TransferID, client.StatusCanceled)
	if got.BytesTransferred != 60 || got.FilesCompleted != 1 || got.Precalc.BytesExpected != 100 || len(got.Files) != 1 ||
		got.Files[0].Checksum != "ab" {
		t.Errorf("ended = %+v", got)
	}
	list, later, err := c.Transfers(ctx, client.TransferQuery{IterationToken: next})
	if err != nil || len(list) != 1 || list[0].Status != client.StatusCanceled || later == next {
		t.Errorf("news = %v, %v", list, err)
	}
	if list, _, err := c.Transfers(ctx, client.TransferQuery{ActiveOnly: true}); err != nil || len(list) != 1 {
		t.Errorf("active = %v, %v", list, err)
	}
	if _, _, err := c.Transfers(ctx, client.TransferQuery{IterationToken: "x"}); err == nil ||
		!strings.Contains(err.Error(), "iteration_token") {
		t.Errorf("bad token: %v", err)
	}
	other.Finish(record.Outcome{Status: record.StatusCompleted})
}
