package main

import (
	"strings"
	"testing"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/test/mariadbd"
)

// Access keys are listed, renewed and deleted on a cluster that runs, and every node honours a change.
func TestKeysAreManagedOnAllNodes(t *testing.T) {
	db := mariadbd.Start(t).Database(t)
	one, other := startNodeOf(t, "n1", db), startNodeOf(t, "n2", db)
	key := func(stdin string, args ...string) (string, error) {
		t.Helper()
		return hsts(t, db, stdin, append([]string{"key"}, args...)...)
	}
	both := func(id, secret string, want int) {
		t.Helper()
		for _, n := range []*testNode{one, other} {
			if code, _ := n.answerTo(t, id, secret); code != want {
				t.Errorf("%s with %s: %d, want %d", id, secret, code, want)
			}
		}
	}
	for _, k := range []struct{ maker, password, id, folder string }{
		{"node", nodePassword, "team", "/default"}, {"team", "first", "child", "/inner"},
	} {
		if _, err := one.client(t, k.maker, k.password).CreateAccessKey(t.Context(),
			client.AccessKey{ID: k.id, Secret: "first", Storage: localFolder(k.folder)}); err != nil {
			t.Fatal(err)
		}
	}
	list, err := key("", "list")
	if err != nil || !strings.Contains(list, `"/default/inner"`) || !strings.Contains(list, "node user") ||
		strings.Contains(list, "first") {
		t.Errorf("list: %v\n%s", err, list)
	}
	if out, err := key("second\n", "secret", "team"); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	both("team", "first", 401)
	both("team", "second", 200)
	if out, err := key("", "delete", "team"); err == nil || !strings.Contains(out+err.Error(), "--with-keys-below") {
		t.Errorf("a key with keys below: %v %s", err, out)
	}
	if out, err := key("", "delete", "team", "--with-keys-below"); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	both("team", "second", 401)
	both("child", "first", 401)
	for what, args := range map[string][]string{"no secret": {"secret", "team"}, "nobody": {"delete", "nobody"}} {
		if out, err := key("\n", args...); err == nil {
			t.Errorf("%s is taken: %s", what, out)
		}
	}
}
