package core

import (
	"log/slog"
	"testing"

	"faspex.io/operator/faspex/store"
	"faspex.io/operator/faspex/store/storetest"
)

// A transaction that began earlier and ends later has smaller ids than one that is seen already.
func TestEventsThatAppearLate(t *testing.T) {
	admin, restricted := storetest.Configs(t)
	if _, _, err := store.Migrate(t.Context(), admin); err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(restricted)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const note = `INSERT INTO events (account_id, kind, thing_id) VALUES (1, 'package', ?)`
	slow, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = slow.Rollback() }() // of no effect after the commit
	h := newEventHub(store.New(db), slog.New(slog.DiscardHandler))
	defer h.stop()
	sub, err := h.subscribe(t.Context(), 1, false, -1)
	if err != nil {
		t.Fatal(err)
	}
	sub.take()
	if _, err := slow.ExecContext(t.Context(), note, 7); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), note, 8); err != nil {
		t.Fatal(err)
	}
	heard := func() (of []int64) {
		t.Helper()
		if err := h.look(); err != nil {
			t.Fatal(err)
		}
		for _, e := range sub.take() {
			of = append(of, e.of)
		}
		return of
	}
	// The reader looks by itself as well, so what it heard may wait already.
	if got := heard(); len(got) != 1 || got[0] != 8 {
		t.Errorf("first %v", got)
	}
	if err := slow.Commit(); err != nil {
		t.Fatal(err)
	}
	if got := heard(); len(got) != 1 || got[0] != 7 {
		t.Errorf("late %v", got)
	}
	if got := heard(); len(got) != 0 {
		t.Errorf("again %v", got)
	}
}

func TestSubscriberHearsOfEachThingOnce(t *testing.T) {
	s := &subscriber{wake: make(chan struct{}, 1)}
	for id := range int64(5) {
		s.put(told{id, "package", 3})
	}
	s.put(told{9, "transfer", 3})
	if got := s.take(); len(got) != 2 || got[0].id != 4 || got[1].kind != "transfer" {
		t.Errorf("%+v", got)
	}
	for id := range int64(missedTooMany + 1) {
		s.put(told{id, "package", id + 1})
	}
	if got := s.take(); len(got) != 1 || got[0].kind != "reset" {
		t.Errorf("%d wait, the first %+v", len(got), got[0])
	}
}
