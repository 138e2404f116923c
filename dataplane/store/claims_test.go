package store_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"faspex.io/operator/dataplane/record"
	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/test/mariadbd"
)

// TestClaimsOfNodes: what one session may take while another has something, and what ends a claim.
func TestClaimsOfNodes(t *testing.T) {
	cfg := mariadbd.Start(t).Database(t)
	s, err := store.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	db := mariadbd.Open(t, cfg)
	r, _ := run(t, s, "n1")
	claims, ctx := store.Claims{Store: s}, t.Context()
	session := func(transferID string) (record.Claim, record.Recording) {
		t.Helper()
		tr := transfer()
		tr.TransferID = transferID
		rec := begin(t, r, tr)
		for { // The session is recorded, whatever its transfer is.
			got, err := s.Transfer(ctx, transferID)
			if err == nil && slices.ContainsFunc(got.Sessions, func(r store.SessionRecord) bool { return r.ID == tr.SessionID }) {
				break
			}
			if t.Context().Err() != nil || err != nil && !errors.Is(err, store.ErrNotFound) {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Millisecond)
		}
		return record.Claim{SessionID: tr.SessionID, TransferID: transferID}, rec
	}
	at := func(c record.Claim, path, part string) record.Claim { c.Path, c.Part = path, part; return c }
	want := func(what string, c record.Claim, want error) {
		t.Helper()
		if got := claims.Claim(ctx, c); !errors.Is(got, want) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	one, oneRecording := session(uuid.NewString())
	other, _ := session(uuid.NewString())
	want("the first", at(one, "/a", ""), nil)
	want("what one has", at(one, "/a", ""), nil)
	want("another's", at(other, "/a", ""), record.ErrClaimed)
	want("a part of another's", at(other, "/a", "1-2"), record.ErrClaimed)
	want("another file", at(other, "/b", ""), nil)
	want("a part", at(one, "/c", "1-2"), nil)
	want("the other part", at(other, "/c", "2-2"), nil)
	want("the same part", at(other, "/c", "1-2"), record.ErrClaimed)
	want("a part of another division", at(other, "/c", "1-3"), record.ErrClaimed)

	if err := claims.Release(ctx, at(one, "/a", "")); err != nil {
		t.Fatal(err)
	}
	want("a file that was given up", at(other, "/a", ""), nil)

	// A session that ended has nothing, and one that is not heard of has nothing for long.
	want("more", at(one, "/d", ""), nil)
	oneRecording.Finish(record.Outcome{Status: record.StatusFailed, Code: 15})
	<-oneRecording.Written()
	want("after the end", at(other, "/d", ""), nil)
	third, _ := session(uuid.NewString())
	if _, err := db.Exec("INSERT INTO file_claims SELECT path_hash, ?, part, division, ?, UTC_TIMESTAMP(6) - INTERVAL 1 HOUR FROM file_claims LIMIT 1",
		uuid.NewString(), uuid.NewString()); err != nil {
		t.Fatal(err)
	}
	want("of a session that was never heard of", at(third, "/e", ""), nil)

	// A later session of a transfer ends the one before it, and gets the file then.
	first, firstRecording := session(uuid.NewString())
	want("begun", at(first, "/f", ""), nil)
	again, _ := session(first.TransferID)
	want("begun again", at(again, "/f", ""), record.ErrClaimPassing)
	want("the earlier one", at(first, "/f", ""), record.ErrReplaced)
	select {
	case <-firstRecording.Canceled():
	case <-time.After(time.Minute):
		t.Fatal("the earlier session is not told to end")
	}
	firstRecording.Finish(record.Outcome{Status: record.StatusFailed, Code: 15})
	<-firstRecording.Written()
	want("when that has ended", at(again, "/f", ""), nil)
	await(t, s, first.TransferID, "running")
}

// Of many sessions that claim a file at once one gets it.
func TestOneOfManyClaimsAFile(t *testing.T) {
	s := open(t)
	claims := store.Claims{Store: s}
	for range 5 {
		file := "/" + uuid.NewString()
		errs := make([]error, 8)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() {
				errs[i] = claims.Claim(t.Context(), record.Claim{Path: file, SessionID: uuid.NewString(), TransferID: uuid.NewString()})
			})
		}
		wg.Wait()
		got := 0
		for _, err := range errs {
			switch {
			case err == nil:
				got++
			case !errors.Is(err, record.ErrClaimed):
				t.Errorf("a claim: %v", err)
			}
		}
		if got != 1 {
			t.Fatalf("%d of %d have the file: %v", got, len(errs), errs)
		}
	}
}
