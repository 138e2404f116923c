package nodeapi_test

import (
	"fmt"
	"testing"
	"time"

	"faspex.io/operator/dataplane/nodeapi/client"
)

// node-80: a page of the list of transfers reads about as many rows as it has, whichever page it is, however the list is
// narrowed, and however many transfers there are; what has the uuid of a package is found without a look at others.
func TestPageOfTransfersReadsItsOwnRows(t *testing.T) {
	a := start(t)
	createKey(t, a.master(t), "ak", "s", "/k")
	db := database(t)
	use(t, db)
	const all = 20_000
	began := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, q := range []string{
		`INSERT INTO transfers (id, revision, status, direction, access_key, token_user, token_kind, remote_user, cookie, tags, start_spec, started_usec, ended_usec)
			SELECT UUID(), seq, 'completed', IF(seq % 2, 'send', 'receive'), IF(seq % 4, '', 'ak'), IF(seq % 3, 'node', 'other'), 'transfer', 'xfer', '',
			CONCAT('{"aspera":{"faspex":{"metadata":{"_pkg_uuid":"00000000-0000-4000-8000-', LPAD(seq DIV 2, 12, '0'), '"}}}}'), '{}', ` +
			fmt.Sprint(began.UnixMicro()) + ` + seq * 1000000, 1 FROM seq_1_to_` + fmt.Sprint(all),
		`INSERT INTO sessions (id, transfer_id, node, boot, heartbeat, status, client_address, server_address, started_usec)
			SELECT UUID(), id, 'n1', '', NOW(), 'completed', '', '', started_usec FROM transfers`,
		"UPDATE revisions SET value = 100000", "ANALYZE TABLE transfers, sessions",
	} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	for query, rows := range map[string]int{
		"": 100, "count=500": 500, "iteration_token=19000&count=300": 300, "direction=send": 100,
		"tag=00000000-0000-4000-8000-000000005000": 2, "active_only=true": 0, "access_key=ak": 100,
		"after_time=" + began.Add((all-50)*time.Second).Format(time.RFC3339): 50,
		"iteration_token=19990": 10,
	} {
		list := func() {
			var got []client.Transfer
			if code, _ := a.call(t, asNodeUser, "/ops/transfers?"+query, &got); code != "200" || len(got) != rows {
				t.Fatalf("%s: %s, %d transfers", query, code, len(got))
			}
		}
		list()
		if is := cost(t, db, list); is["rows read"] > 8*rows+60 || is["statements"] > 6 {
			t.Errorf("%q of %d rows costs %v", query, rows, is)
		}
	}
	list := func() { a.call(t, "ak:s", "/ops/transfers?iteration_token=15000", nil) }
	list()
	if is := cost(t, db, list); is["rows read"] > 900 {
		t.Errorf("an access key's page costs %v", is)
	}
	// A text that is in no package's place is found where it is.
	if _, err := db.Exec("UPDATE transfers SET cookie = 'of 7f3c2d1e-0000-4000-8000-00000000abcd' WHERE revision = 17"); err != nil {
		t.Fatal(err)
	}
	var got []client.Transfer
	if a.call(t, asNodeUser, "/ops/transfers?tag=7f3c2d1e-0000-4000-8000-00000000abcd", &got); len(got) != 1 {
		t.Errorf("in the cookie: %d", len(got))
	}
}
