package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
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

// node-42: an id names its folder after a rename through whichever door, and no other folder ever; so does that of a file
// while a transfer gives it its name.
func TestFileIDsFollowRenamesThroughEveryDoor(t *testing.T) {
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
	write(t, filepath.Join(k, "d/n0/deep/f"), "x")
	d := one.idsOf(t, "1")["d"]
	folder := one.idsOf(t, d)["n0"]
	deep := one.idsOf(t, folder)["deep"]
	file := one.idsOf(t, deep)["f"]
	had := map[string]bool{folder: true, deep: true, file: true}
	byPath := func(n *testNode, user, password, folder string) func(from, to string) {
		return func(from, to string) {
			n.call(t, user, password, "POST", "/files/rename",
				fmt.Sprintf(`{"paths":[{"path":%q,"source":%q,"destination":%q}]}`, folder, from, to), nil)
		}
	}
	doors := []struct {
		name   string
		rename func(from, to string)
	}{
		{"by id", func(_, to string) {
			one.call(t, "ak", "s", "PUT", "/files/"+folder, fmt.Sprintf(`{"name":%q}`, to), nil)
		}},
		{"by id of a sub key", func(_, to string) {
			other.call(t, "below", "s", "PUT", "/files/"+folder, fmt.Sprintf(`{"name":%q}`, to), nil)
		}},
		{"by path", byPath(one, "ak", "s", "/d")},
		{"by path of a sub key", byPath(other, "below", "s", "/")},
		{"node user", byPath(other, "node", nodePassword, "/default/k/d")},
		{"node user with a docroot", byPath(one, "luke", "pw", "/d")},
	}
	for i, door := range doors {
		from, to := fmt.Sprint("n", i), fmt.Sprint("n", i+1)
		door.rename(from, to)
		for _, n := range []*testNode{one, other} {
			for id, want := range map[string]string{folder: "/d/" + to, deep: "/d/" + to + "/deep", file: "/d/" + to + "/deep/f"} {
				var is struct{ Path string }
				if code := n.call(t, "ak", "s", "GET", "/files/"+id, "", &is); code != 200 || is.Path != want {
					t.Errorf("%s, at %s: %d %s, want %s", door.name, n.env.NodeName, code, is.Path, want)
				}
			}
		}
		write(t, filepath.Join(k, "d", from, "deep/f"), "another")
		again := other.idsOf(t, d)[from]
		if had[again] || again == "" {
			t.Errorf("%s: the folder that took the name has id %q of another", door.name, again)
		}
		had[again] = true
	}
	// A file that is being written has an id under its unfinished name.
	source := filepath.Join(t.TempDir(), "big")
	write(t, source, string(make([]byte, 2<<20)))
	spec := one.keySpec("ak", "send", source, "/up")
	spec.TargetRateKbps, spec.RatePolicy = 8000, "fixed"
	running := command(t, spec)
	if err := running.Start(); err != nil {
		t.Fatal(err)
	}
	var unfinished string
	eventually(t, "an unfinished file", func() (any, bool) {
		up := one.idsOf(t, "1")["up"]
		if up == "" {
			return nil, false
		}
		for name, id := range one.idsOf(t, up) {
			if strings.HasSuffix(name, ".partial") { // Beside it lies a journal, which goes.
				unfinished = id
			}
		}
		return nil, unfinished != ""
	})
	if err := running.Wait(); err != nil {
		t.Fatal(err)
	}
	var is struct{ Path string }
	if code := other.call(t, "ak", "s", "GET", "/files/"+unfinished, "", &is); code != 200 || is.Path != "/up/big" {
		t.Errorf("after a transfer gave the file its name: %d %s", code, is.Path)
	}
	if got := other.idsOf(t, one.idsOf(t, "1")["up"])["big"]; got != unfinished {
		t.Errorf("the file of the transfer has id %s, it had %s", got, unfinished)
	}
}
