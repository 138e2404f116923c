package store_test

import (
	"database/sql"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/test/mariadbd"
)

// past writes a transfer with files that ended so long ago; a negative age is one that runs.
func past(t *testing.T, db *sql.DB, revision int, age time.Duration, files int) string {
	t.Helper()
	id, status, ended := uuid.NewString(), "completed", time.Now().Add(-age).UnixMicro()
	if age < 0 {
		status, ended = "running", 0
	}
	exec := func(query string, args ...any) {
		t.Helper()
		if _, err := db.Exec(query, args...); err != nil {
			t.Fatal(err)
		}
	}
	exec(`INSERT INTO transfers (id, revision, status, direction, access_key, token_user, token_kind, remote_user, cookie, tags, start_spec, started_usec, ended_usec)
		VALUES (?, ?, ?, 'send', '', 'node', 'transfer', 'xfer', '', '{}', '{}', 1, ?)`, id, revision, status, ended)
	exec(`INSERT INTO sessions (id, transfer_id, node, boot, heartbeat, status, client_address, server_address, started_usec, ended_usec)
		VALUES (?, ?, 'n1', ?, UTC_TIMESTAMP(6), ?, '', '', 1, ?)`, uuid.NewString(), id, uuid.NewString(), status, ended)
	for from := 0; from < files; from += 1000 {
		n := min(1000, files-from)
		values := make([]string, n)
		for i := range values {
			values[i] = fmt.Sprintf("('%s', UNHEX(SHA2('%d', 256)), '', 'f%d', 'completed', 1, 0, 1, 'none', '', 0, '', 1, 1)",
				id, from+i, from+i)
		}
		exec(`INSERT INTO transfer_files VALUES ` + strings.Join(values, ","))
	}
	return id
}

func TestHistoryIsPurged(t *testing.T) {
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
	const day = 24 * time.Hour
	kept := map[string]int{ // transfers that stay, with their files
		past(t, db, 10, 29*day, 3): 3, past(t, db, 11, 31*day, 3): 0, past(t, db, 12, 89*day, 2): 0,
		past(t, db, 13, -1, 4): 4,
	}
	past(t, db, 1, 91*day, 7000) // more than one sweep removes
	for i := range 150 {
		past(t, db, 100+i, 400*day, i%2)
	}
	if _, err := db.Exec("UPDATE revisions SET value = 500"); err != nil {
		t.Fatal(err)
	}
	ledger := store.Ledger{Store: s}
	g := token.Grant{TransferID: uuid.NewString(), ExpiresAt: time.Now().Add(-2 * time.Hour),
		Uses: &token.Uses{Name: "kept", Limit: 1}}
	if ok, err := ledger.Use(t.Context(), g); err != nil || !ok {
		t.Fatal(ok, err)
	}
	for _, q := range []string{
		"INSERT INTO use_counts VALUES ('forgotten', 1, 5)",
		"INSERT INTO revocations (probe, tags, direction, before_usec, expires_usec) VALUES ('', '{\"a\":1}', '', 1, 2)",
	} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Revoke(t.Context(), []byte(`{"b":1}`), ""); err != nil {
		t.Fatal(err)
	}
	_, before, err := list(t, s, 0)
	if err != nil {
		t.Fatal(err)
	}
	for range 6 { // A recorder sweeps at its start.
		r := store.NewRecorder(s, "n1", time.Now, slog.New(slog.DiscardHandler))
		store.SweepOnce(t.Context(), r)
	}
	got, _, err := list(t, s, 0)
	if err != nil {
		t.Fatal(err)
	}
	for id := range got {
		files, err := s.TransferFiles(t.Context(), id, 100)
		want, ok := kept[id]
		if err != nil || !ok || len(files) != want {
			t.Errorf("transfer %s has %d files, kept: %t, %v", id, len(files), ok, err)
		}
	}
	if len(got) != len(kept) {
		t.Errorf("%d transfers are left", len(got))
	}
	for table, want := range map[string]int{"sessions": 4, "transfer_files": 7, "token_uses": 0, "use_counts": 1,
		"revocations": 1} {
		var n int
		if err := db.QueryRow("SELECT COUNT(*) FROM " + table).Scan(&n); err != nil || n != want {
			t.Errorf("%s has %d rows, %v", table, n, err)
		}
	}
	second := g
	second.TransferID = uuid.NewString()
	if ok, err := ledger.Use(t.Context(), second); err != nil || ok {
		t.Errorf("a count is forgotten with its token: %v", err)
	}
	// An iteration token from before goes on where it was.
	r, _ := run(t, s, "n2")
	tr := transfer()
	begin(t, r, tr)
	await(t, s, tr.TransferID, "running")
	if later, _, err := list(t, s, before); err != nil || len(later) != 1 {
		t.Errorf("after token %s: %v, %v", strconv.FormatUint(before, 10), later, err)
	}
}

// list reads all transfers after a revision, and the last revision.
func list(t *testing.T, s *store.Store, after uint64) (map[string]bool, uint64, error) {
	t.Helper()
	found, err := s.Transfers(t.Context(), store.TransferFilter{AfterRevision: after, Limit: 1000})
	ids := map[string]bool{}
	for _, f := range found {
		ids[f.ID], after = true, f.Revision
	}
	return ids, after, err
}
