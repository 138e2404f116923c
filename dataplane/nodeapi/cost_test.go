package nodeapi_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"faspex.io/operator/test/mariadbd"
)

// database is a connection that counts what the server does for others.
func database(t *testing.T) *sql.DB {
	t.Helper()
	connector, err := mysql.NewConnector(mariadbd.Start(t).RootConfig())
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1) // So that USE holds.
	t.Cleanup(func() { db.Close() })
	return db
}

// cost is what the database did during fn: its statements, the rows it read by index or one after another, and the rows
// it changed. Looking at the counters is not counted.
func cost(t *testing.T, db *sql.DB, fn func()) map[string]int {
	t.Helper()
	count := func() map[string]int {
		rows, err := db.Query("SHOW GLOBAL STATUS WHERE Variable_name LIKE 'Handler_read%' OR Variable_name IN " +
			"('Handler_update', 'Handler_write', 'Handler_delete', 'Com_select', 'Com_insert', 'Com_update', 'Com_delete')")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		all := map[string]int{}
		for rows.Next() {
			var name string
			var n int
			if err := rows.Scan(&name, &n); err != nil {
				t.Fatal(err)
			}
			all[name] = n
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return all
	}
	before := count()
	same := count()
	fn()
	after := count()
	out := map[string]int{}
	for name, n := range after {
		n -= same[name] + (same[name] - before[name])
		switch {
		case strings.HasPrefix(name, "Com_"):
			out["statements"] += n
		case strings.HasPrefix(name, "Handler_read"):
			out["rows read"] += n
		default:
			out["rows changed"] += n
		}
	}
	return out
}

// use has the connection use the database of the node that was started last.
func use(t *testing.T, db *sql.DB) {
	t.Helper()
	var schema string
	if err := db.QueryRow(`SELECT table_schema FROM information_schema.tables WHERE table_name = 'permissions'
		ORDER BY create_time DESC LIMIT 1`).Scan(&schema); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("USE `" + schema + "`"); err != nil {
		t.Fatal(err)
	}
}

// node-58: 10,000 grants on a key cost a listing no statement and no look-up more.
func TestListingCostsTheSameWithManyGrants(t *testing.T) {
	a := shared(t)
	for i := range 50 {
		a.write(t, fmt.Sprintf("k/team/deep/er/%d", i), "x")
	}
	team := a.id(t, "1", "team")
	deep := a.id(t, a.id(t, team, "deep"), "er")
	a.permit(t, "user", "luke", team, "list")
	luke := bearerOf(t, "user:all", "luke", "g1", "g2")
	listings := map[string]func(){
		"by path": func() {
			if code, body := a.as(t, luke, "POST", "/files/browse", `{"path":"/team/deep/er"}`); code != "200" {
				t.Fatalf("%s %s", code, body)
			}
		},
		"by id": func() {
			if code, body := a.as(t, luke, "GET", "/files/"+deep+"/files", ""); code != "200" {
				t.Fatalf("%s %s", code, body)
			}
		},
	}
	db := database(t)
	before := map[string]map[string]int{}
	for name, list := range listings {
		list() // What it costs the first time, giving ids, is another matter.
		before[name] = cost(t, db, list)
	}
	// In all ways that many can be: of others on the same folders, of the user and its groups elsewhere, of others elsewhere.
	use(t, db)
	const insert = "INSERT INTO permissions (access_key_id, file_id, access_type, access_id, access_levels, tags, created_by, updated_by) " +
		"SELECT 'ak', %s, '%s', %s, 'list', '', 'x', 'x' FROM seq_1_to_%d"
	for _, values := range [][]any{
		{"1", "user", "CONCAT('other', seq)", 5000}, {deep, "group", "CONCAT('other', seq)", 2000},
		{"1000000 + seq", "user", "'luke'", 2000}, {"2000000 + seq", "group", "'g1'", 500},
		{"3000000 + seq", "user", "CONCAT('other', seq)", 500},
	} {
		if _, err := db.Exec(fmt.Sprintf(insert, values...)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Exec("ANALYZE TABLE permissions"); err != nil {
		t.Fatal(err)
	}
	for name, list := range listings {
		list()
		is, was := cost(t, db, list), before[name]
		if is["statements"] != was["statements"] || is["rows changed"] != 0 || is["rows read"] > was["rows read"]+20 {
			t.Errorf("%s: %v, with 10,000 grants %v", name, was, is)
		}
		if was["statements"] > 15 {
			t.Errorf("%s takes %d statements", name, was["statements"])
		}
	}
}

// node-46: the rename of a folder with 1,000,000 entries beneath changes what one without any does, and all ids stay
// good. Counted is what the database does, which does not depend on the machine.
func TestRenameCostsTheSameWhateverLiesBeneath(t *testing.T) {
	a := shared(t)
	a.write(t, "k/small/f", "x")
	a.write(t, "k/big/sub/f", "x")
	small, big := a.id(t, "1", "small"), a.id(t, "1", "big")
	sub := a.id(t, big, "sub")
	file := a.id(t, sub, "f")
	db := database(t)
	use(t, db)
	if _, err := db.Exec("INSERT INTO objects (parent, name, inode, born_nsec) SELECT IF(seq % 2, ?, ?), CONCAT('n', seq), seq, 1 "+
		"FROM seq_1_to_1000000", big, sub); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("ANALYZE TABLE objects"); err != nil {
		t.Fatal(err)
	}
	doors := map[string]func(id, from, to string){
		"by id": func(id, _, to string) {
			if code, _, body := a.curl(t, "/files/"+id, "-u", "ak:s", "-X", "PUT", "-d", `{"name":"`+to+`"}`); code != "204" {
				t.Fatalf("%s %s", code, body)
			}
		},
		"by path": func(_, from, to string) {
			code, _, body := a.curl(t, "/files/rename", append(asNode, "-d",
				`{"paths":[{"path":"/k","source":"`+from+`","destination":"`+to+`"}]}`)...)
			if code != "200" || strings.Contains(body, "error") {
				t.Fatalf("%s %s", code, body)
			}
		},
	}
	was, is := "small", "big"
	for name, rename := range doors {
		one := cost(t, db, func() { rename(small, was, was+"1") })
		many := cost(t, db, func() { rename(big, is, is+"1") })
		was, is = was+"1", is+"1"
		if many["rows changed"] != one["rows changed"] || many["statements"] != one["statements"] ||
			many["rows read"] > one["rows read"]+10 || many["rows changed"] > 4 {
			t.Errorf("%s: %v with nothing beneath, %v with 1,000,000 rows", name, one, many)
		}
		for id, want := range map[string]string{big: "/" + is, sub: "/" + is + "/sub", file: "/" + is + "/sub/f"} {
			var entry struct{ Path string }
			if code, _ := a.call(t, "ak:s", "/files/"+id, &entry); code != "200" || entry.Path != want {
				t.Errorf("%s: %s is %s %s, want %s", name, id, code, entry.Path, want)
			}
		}
	}
	var kept int
	if err := db.QueryRow("SELECT COUNT(*) FROM objects WHERE parent IN (?, ?)", big, sub).Scan(&kept); err != nil ||
		kept != 1_000_002 {
		t.Errorf("%d rows are beneath, %v", kept, err)
	}
}
