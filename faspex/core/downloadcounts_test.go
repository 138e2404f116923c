package core_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/store"
)

// faspex-R7: the sender is told full, partial and running downloads apart, and who made them; recipients are not told.
func TestDownloadCountsOfEachPerson(t *testing.T) {
	x := newExchange(t)
	p, err := x.alice.CreatePackage(t.Context(), api.PackageCreate{Title: "x", Recipients: to("bob", "carol", "david")})
	if err != nil {
		t.Fatal(err)
	}
	x.deliver(t, p.ID)
	inbox, err := x.store.DefaultInbox(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, d := range []struct {
		who, status string
		whole       bool
	}{
		{"bob", "completed", true}, {"bob", "completed", true}, {"bob", "completed", false}, {"bob", "failed", true},
		{"carol", "completed", true}, {"carol", "running", true}, {"david", "running", false}, {"david", "completed", false},
	} {
		a, err := x.store.AccountByLogin(t.Context(), d.who)
		if err != nil {
			t.Fatal(err)
		}
		if err := x.store.SaveTransfer(t.Context(), store.Transfer{NodeID: inbox.NodeID, NodeTransferID: fmt.Sprint(i),
			Direction: "receive", Status: d.status, WholePackage: d.whole, Side: "received",
			PackageID: sql.NullInt64{Int64: keyOf(t, p.ID), Valid: true}, AccountID: sql.NullInt64{Int64: a.ID, Valid: true},
			StartedAt: sql.NullTime{Time: time.Now(), Valid: true}}); err != nil {
			t.Fatal(err)
		}
	}
	read := func(path string) api.Package {
		t.Helper()
		list, _ := x.list(t, x.alice, path)
		if len(list.Packages) != 1 {
			t.Fatalf("%s: %+v", path, list)
		}
		return list.Packages[0]
	}
	one, err := x.alice.Package(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]api.Package{"list": read("outbox/packages"), "package": one} {
		var full, running []string
		for _, d := range got.Downloaders {
			full = append(full, fmt.Sprintf("%s:%d", d.Name, d.Count))
		}
		for _, d := range got.ActiveDownloaders {
			running = append(running, d.Name)
		}
		if got.CompletedDownloadCount != 3 || got.CompletedPartialDownloadCount != 2 || got.ActiveDownloadCount != 2 ||
			strings.Join(full, " ") != "bob:2 carol:1" || strings.Join(running, " ") != "carol david" {
			t.Errorf("%s: full %d by %v, partial %d, running %d by %v", name, got.CompletedDownloadCount, full,
				got.CompletedPartialDownloadCount, got.ActiveDownloadCount, running)
		}
	}
	seen, err := x.bob.Package(t.Context(), p.ID)
	if err != nil || seen.CompletedDownloadCount != 0 || len(seen.Downloaders) != 0 || len(seen.ActiveDownloaders) != 0 {
		t.Errorf("a recipient is told %+v, %v", seen, err)
	}
}
