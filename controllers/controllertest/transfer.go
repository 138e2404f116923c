package controllertest

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"

	"faspex.io/operator/dataplane/record"
	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/transferspec"
)

// RunTransfer has a transfer run on a machine, as hsts there writes it down, until end is called or the test ends.
func (f *Field) RunTransfer(t *testing.T, machine string) (end func()) {
	t.Helper()
	recorder := store.NewRecorder(f.NodeAPI.Store, machine, time.Now, slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() {
		defer close(done)
		recorder.Run(ctx)
	}()
	t.Cleanup(func() {
		stop()
		<-done
	})
	recording, err := recorder.Begin(ctx, record.Transfer{
		TransferID: uuid.NewString(), SessionID: uuid.NewString(), Direction: transferspec.Receive, TokenKind: "transfer",
	})
	if err != nil {
		t.Fatal(err)
	}
	return func() { recording.Finish(record.Outcome{Status: record.StatusCompleted}) }
}
