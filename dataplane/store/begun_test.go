package store_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"faspex.io/operator/dataplane/record"
	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/test/mariadbd"
)

// Who was cut off resumes with the token that began the transfer; what is complete,
// canceled or long over does not go on.
func TestLedgerBegun(t *testing.T) {
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
	r, stop := run(t, s, "n1")
	defer stop()
	ledger := store.Ledger{Store: s}
	for name, c := range map[string]struct {
		outcome *record.Outcome
		change  string
		old     time.Duration
		want    bool
	}{
		"running": {want: true},
		"cut": {outcome: &record.Outcome{Status: record.StatusFailed, Code: 16, Description: "connection lost"},
			want: true},
		"complete":    {outcome: &record.Outcome{Status: record.StatusCompleted}},
		"canceled":    {outcome: &record.Outcome{Status: record.StatusCanceled}},
		"to be ended": {change: "UPDATE transfers SET cancel_requested = TRUE WHERE id = ?"},
		"cut long ago": {outcome: &record.Outcome{Status: record.StatusFailed},
			change: "UPDATE transfers SET ended_usec = ended_usec - 3700000000 WHERE id = ?"},
		"an old token":  {old: token.MaxLife + time.Minute},
		"not that long": {old: token.MaxLife - time.Minute, want: true},
	} {
		tr := transfer()
		tr.TransferID, tr.SessionID = uuid.NewString(), uuid.NewString()
		g := issuedNow(t, s, token.Send, `{}`)
		g.TransferID, g.IssuedUsec = tr.TransferID, g.IssuedUsec-c.old.Microseconds()
		rec := begin(t, r, tr)
		want := record.StatusRunning
		if c.outcome != nil {
			rec.Finish(*c.outcome)
			want = c.outcome.Status
		}
		await(t, s, tr.TransferID, want)
		if c.change != "" {
			if _, err := db.ExecContext(t.Context(), c.change, tr.TransferID); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := ledger.Begun(t.Context(), g); err != nil || got != c.want {
			t.Errorf("%s: %t, %v; want %t", name, got, err, c.want)
		}
	}
	if got, err := ledger.Begun(t.Context(), issuedNow(t, s, token.Send, `{}`)); err != nil || got {
		t.Errorf("a transfer that never began: %t, %v", got, err)
	}
}
