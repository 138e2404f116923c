package mariadbd_test

import (
	"testing"

	"faspex.io/operator/test/mariadbd"
)

func TestServerAnswersAndDatabasesAreApart(t *testing.T) {
	server := mariadbd.Start(t)
	if again := mariadbd.Start(t); again != server {
		t.Fatal("a second Start launched a second server")
	}
	first, second := mariadbd.Open(t, server.Database(t)), mariadbd.Open(t, server.Database(t))
	if _, err := first.Exec("CREATE TABLE t (name VARCHAR(10) CHARACTER SET utf8mb4)"); err != nil {
		t.Fatal(err)
	}
	if _, err := first.Exec("INSERT INTO t VALUES (?)", "grün"); err != nil {
		t.Fatal(err)
	}
	var name string
	if err := first.QueryRow("SELECT name FROM t").Scan(&name); err != nil || name != "grün" {
		t.Fatalf("name = %q, %v; want grün", name, err)
	}
	if err := second.QueryRow("SELECT name FROM t").Scan(&name); err == nil {
		t.Fatal("the second database sees the first one's table")
	}
}
