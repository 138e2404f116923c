package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faspex.io/operator/test/mariadbd"
)

// idsOf are the ids of what is in a folder of "ak", by name.
func (n *testNode) idsOf(t *testing.T, folder string) map[string]string {
	t.Helper()
	var found []struct{ ID, Name string }
	n.call(t, "ak", "s", "GET", "/files/"+folder+"/files", "", &found)
	ids := map[string]string{}
	for _, f := range found {
		ids[f.Name] = f.ID
	}
	return ids
}

// node-47: ids are the same at all nodes and after both restart, and end at both when the file goes through any door.
func TestFileIDsAreTheSameAtAllNodes(t *testing.T) {
	db := mariadbd.Start(t).Database(t)
	one, other := startNodeOf(t, "n1", db), newNode(t, "n2", db)
	other.cfg.StorageRoot = one.cfg.StorageRoot
	other.start(t)
	one.sharedKey(t)
	makeKey(t, one.client(t, "ak", "s"), "below", "/d", `{}`)
	k := filepath.Join(one.cfg.StorageRoot, "default/k")
	if out, err := hsts(t, db, "pw", "user", "add", "luke", "--transfer-user", "t", "--docroot", "/default/k"); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	doors := map[string]func(name, id string){
		"by id":          func(_, id string) { one.call(t, "ak", "s", "DELETE", "/files/"+id, "", nil) },
		"by id, sub key": func(_, id string) { other.call(t, "below", "s", "DELETE", "/files/"+id, "", nil) },
		"by path": func(name, _ string) {
			one.call(t, "ak", "s", "POST", "/files/delete", fmt.Sprintf(`{"paths":[{"path":"/d/%s"}]}`, name), nil)
		},
		"node user": func(name, _ string) {
			other.call(t, "node", nodePassword, "POST", "/files/delete",
				fmt.Sprintf(`{"paths":[{"path":"/default/k/d/%s"}]}`, name), nil)
		},
		"node user with a docroot": func(name, _ string) {
			one.call(t, "luke", "pw", "POST", "/files/delete", fmt.Sprintf(`{"paths":[{"path":"/d/%s"}]}`, name), nil)
		},
		"file system": func(name, _ string) {
			if err := os.RemoveAll(filepath.Join(k, "d", name)); err != nil {
				t.Fatal(err)
			}
		},
	}
	for name := range doors {
		write(t, filepath.Join(k, "d", name, "f"), "x")
	}
	d := one.idsOf(t, "1")["d"]
	ids := one.idsOf(t, d)
	below := map[string]string{}
	for name := range doors {
		below[name] = one.idsOf(t, ids[name])["f"]
	}
	same := func(what string, n *testNode) {
		t.Helper()
		if diff := cmp.Diff(ids, n.idsOf(t, d)); diff != "" {
			t.Errorf("%s (-want +got): %s", what, diff)
		}
	}
	same("the other node", other)
	for _, n := range []*testNode{one, other} {
		if err := n.stop(); err != nil {
			t.Fatal(err)
		}
	}
	one.start(t)
	other.start(t)
	same("after a restart", one)
	same("after a restart, the other node", other)
	for name, remove := range doors {
		if code := one.call(t, "ak", "s", "GET", "/files/"+below[name], "", nil); code != 200 {
			t.Errorf("%s, before: %d", name, code)
		}
		remove(name, ids[name])
		for _, n := range []*testNode{one, other} {
			for _, id := range []string{ids[name], below[name]} {
				if code := n.call(t, "ak", "s", "GET", "/files/"+id, "", nil); code != 404 {
					t.Errorf("%s: %d", name, code)
				}
			}
		}
	}
}
