package main

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"faspex.io/operator/test/mariadbd"
)

// hsts runs a command of the program with a database in its environment.
func hsts(t *testing.T, db *mysql.Config, stdin string, args ...string) (string, error) {
	t.Helper()
	host, port, err := net.SplitHostPort(db.Addr)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"HSTS_DB_HOST": host, "HSTS_DB_PORT": port, "HSTS_DB_DATABASE": db.DBName, "HSTS_DB_USERNAME": db.User,
		"HSTS_DB_PASSWORD": db.Passwd,
	} {
		t.Setenv(name, value)
	}
	var out bytes.Buffer
	cmd := root()
	cmd.SetArgs(args)
	cmd.SetIn(strings.NewReader(stdin))
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	err = cmd.ExecuteContext(t.Context())
	return out.String(), err
}

// answerTo is the status and the wait that the Node API answers to credentials.
func (n *testNode) answerTo(t *testing.T, user, password string) (code int, retryAfter string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, n.url+"/info", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(user, password)
	response, err := n.http(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode, response.Header.Get("Retry-After")
}

// node-26: who fails too often is refused by all nodes, with the time to wait, until the ban is over or lifted.
func TestFailedLoginsBanOnAllNodes(t *testing.T) {
	db := mariadbd.Start(t).Database(t)
	one, other := newNode(t, "n1", db), newNode(t, "n2", db)
	for _, n := range []*testNode{one, other} {
		n.cfg.Logins.Failures, n.cfg.Logins.AddressFailures = 5, 8
		n.start(t)
	}
	// Here the client is known, there it is not.
	if code, _ := other.answerTo(t, "node", nodePassword); code != http.StatusOK {
		t.Fatalf("first login: %d", code)
	}
	for i := range 5 {
		if code, _ := one.answerTo(t, "node", fmt.Sprint("wrong", i)); code != http.StatusUnauthorized {
			t.Fatalf("try %d: %d", i, code)
		}
	}
	refused := func(n *testNode, user, password string) {
		t.Helper()
		eventually(t, "refusal", func() (any, bool) {
			code, wait := n.answerTo(t, user, password)
			seconds, err := strconv.Atoi(wait)
			return fmt.Sprint(code, " ", wait), code == http.StatusTooManyRequests && err == nil && seconds > 0 && seconds <= 900
		})
	}
	refused(one, "node", nodePassword)
	refused(other, "node", nodePassword)
	out, err := hsts(t, db, "", "bans", "list")
	if err != nil || !strings.Contains(out, "account  node") || !strings.Contains(out, "client   node     127.0.0.1  5") {
		t.Fatalf("list: %v\n%s", err, out)
	}
	for range 5 { // Right credentials make no ban longer.
		refused(other, "node", nodePassword)
	}
	if again, err := hsts(t, db, "", "bans", "list"); err != nil || again != out {
		t.Errorf("the ban changes: %v\n%s", err, again)
	}
	if out, err := hsts(t, db, "", "bans", "lift"); err == nil {
		t.Errorf("lift of nothing in particular: %s", out)
	}
	if out, err := hsts(t, db, "", "bans", "lift", "--account", "node"); err != nil || out != "2 lifted\n" {
		t.Errorf("lift: %v %s", err, out)
	}
	for _, n := range []*testNode{one, other} {
		eventually(t, "end of the ban", func() (any, bool) {
			code, _ := n.answerTo(t, "node", nodePassword)
			return code, code == http.StatusOK
		})
	}
	if _, err := hsts(t, db, "", "bans", "lift", "--account", "node"); err == nil {
		t.Error("a ban that is not there is lifted")
	}
	for _, n := range []*testNode{one, other} {
		if strings.Contains(n.log.String(), nodePassword) {
			t.Error("the log holds a password")
		}
	}
}

// node-26: an address on the list of safe ones is never refused.
func TestSafeAddressesAreNeverRefused(t *testing.T) {
	t.Parallel()
	n := newNode(t, "n1", mariadbd.Start(t).Database(t))
	n.cfg.Logins.Failures, n.cfg.Logins.AddressFailures, n.cfg.Logins.Safe = 2, 3, []string{"127.0.0.0/8", "::1"}
	n.start(t)
	for i := range 10 {
		if code, _ := n.answerTo(t, "node", "wrong"); code != http.StatusUnauthorized {
			t.Errorf("try %d: %d", i, code)
		}
	}
	if code, _ := n.answerTo(t, "node", nodePassword); code != http.StatusOK {
		t.Errorf("the right password: %d", code)
	}
}
