package store_test

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

// node-85: the usage of a key is the sum of the bytes of its sessions, while they run, when they have ended, and when
// nothing else is kept of them.
func TestUsageOutlivesHistory(t *testing.T) {
	s, ctx := open(t), t.Context()
	r, stop := run(t, s, "n1")
	sent := func(key string, d transferspec.Direction, bytes int64, ends bool) {
		t.Helper()
		tr := transfer()
		tr.TransferID, tr.SessionID, tr.AccessKey, tr.Direction = uuid.NewString(), uuid.NewString(), key, d
		rec := begin(t, r, tr)
		rec.Progress(record.Progress{BytesTransferred: bytes})
		if ends {
			rec.Finish(record.Outcome{Status: record.StatusFailed, Code: 15})
			<-rec.Written()
		}
	}
	wait := func(when string, want store.KeyUsage) {
		t.Helper()
		var got store.KeyUsage
		for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			var err error
			if got, err = s.Usage(ctx, "ak"); err != nil {
				t.Fatal(err)
			}
			if got == want {
				return
			}
		}
		t.Fatalf("%s: %+v, want %+v", when, got, want)
	}
	sent("ak", transferspec.Send, 1_000, true)
	sent("ak", transferspec.Receive, 20, true)
	sent("rival", transferspec.Send, 7, true)
	wait("ended", store.KeyUsage{In: 1_000, Out: 20})
	sent("ak", transferspec.Send, 300, false)
	wait("one runs", store.KeyUsage{In: 1_300, Out: 20})
	stop()
	old := store.NewRecorder(s, "n1", func() time.Time { return time.Now().Add(10 * 24 * time.Hour) },
		slog.New(slog.DiscardHandler))
	old.Keep(store.History{Transfers: time.Hour, Files: time.Hour})
	store.SweepOnce(ctx, old)
	left, _, err := list(t, s, 0)
	if err != nil || len(left) > 1 {
		t.Fatalf("%d transfers are left: %v", len(left), err)
	}
	wait("purged", store.KeyUsage{In: 1_300, Out: 20})
}

// node-81: what is drawn of a window are the rates that were recorded in it, of both directions.
func TestRatesAreRecorded(t *testing.T) {
	s := open(t)
	clock := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	began := clock
	r := store.NewRecorder(s, "n1", func() time.Time { return clock }, slog.New(slog.DiscardHandler))
	up, down := transfer(), transfer()
	up.TransferID, up.SessionID, up.Direction = uuid.NewString(), uuid.NewString(), transferspec.Send
	down.TransferID, down.SessionID, down.Direction = uuid.NewString(), uuid.NewString(), transferspec.Receive
	recs := []record.Recording{begin(t, r, up), begin(t, r, down)}
	for i := range int64(7) {
		clock = clock.Add(5 * time.Second)
		recs[0].Progress(record.Progress{BytesTransferred: (i + 1) * 5_000_000})
		recs[1].Progress(record.Progress{BytesTransferred: (i + 1) * 500})
		if err := store.FlushOnce(context.WithoutCancel(t.Context()), r); err != nil {
			t.Fatal(err)
		}
	}
	look := func(from, to time.Duration) map[string][]store.RatePoint {
		t.Helper()
		rates, err := s.Rates(t.Context(), store.TransferFilter{}, began.Add(from), began.Add(to))
		if err != nil {
			t.Fatal(err)
		}
		out := map[string][]store.RatePoint{}
		for _, each := range rates {
			out[each.TransferID] = each.Points
			if each.In != (each.TransferID != down.TransferID) {
				t.Errorf("the direction of %+v", each)
			}
		}
		return out
	}
	got := look(0, time.Minute)
	at := began.Unix()
	for id, kbps := range map[string]int64{up.TransferID: 8_000, down.TransferID: 0} {
		want := []store.RatePoint{{Sec: at + 10, Kbps: kbps}, {Sec: at + 20, Kbps: kbps}, {Sec: at + 30, Kbps: kbps}}
		if len(got[id]) != 3 || got[id][0] != want[0] || got[id][1] != want[1] || got[id][2] != want[2] {
			t.Errorf("%+v, want %+v", got[id], want)
		}
	}
	// A session of a second has a rate too: its bytes over the ten seconds that it is in.
	short := transfer()
	rec := begin(t, r, short)
	clock = clock.Add(time.Second)
	rec.Progress(record.Progress{BytesTransferred: 1_000_000})
	rec.Finish(record.Outcome{Status: record.StatusCompleted})
	if err := store.FlushOnce(context.WithoutCancel(t.Context()), r); err != nil {
		t.Fatal(err)
	}
	shorts := look(0, time.Minute)[short.TransferID]
	if len(shorts) != 1 || shorts[0] != (store.RatePoint{Sec: at + 40, Kbps: 800}) {
		t.Errorf("a short session: %+v", shorts)
	}
	if got := look(10*time.Second, 20*time.Second); len(got[up.TransferID]) != 1 {
		t.Errorf("a window of one point: %+v", got)
	}
	if got := look(-2*time.Hour, time.Hour); len(got[up.TransferID]) != 1 || got[up.TransferID][0].Kbps != 8_000 {
		t.Errorf("a long window: %+v", got)
	}
}
