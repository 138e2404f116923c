package fileaccess_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faspex.io/operator/dataplane/fileaccess"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/test/mariadbd"
)

// node is one node of those that share a database and a folder.
type node struct {
	*fileaccess.Files
	store *store.Store
	root  *storage.Root
	dir   string
}

func nodes(t *testing.T) (one, other *node) {
	t.Helper()
	db, dir := mariadbd.Start(t).Database(t), t.TempDir()
	var made [2]*node
	for i := range made {
		s, err := store.New(db)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		if err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		root, err := storage.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { root.Close() })
		made[i] = &node{fileaccess.New(s, root), s, root, dir}
	}
	return made[0], made[1]
}

func (n *node) write(t *testing.T, p string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(n.dir, path.Dir(p)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(n.dir, p), []byte(p), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (n *node) id(t *testing.T, p string) string {
	t.Helper()
	id, err := n.ID(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(id)
}

// names checks where ids lead, as seen from a folder; "" is nowhere.
func (n *node) leads(t *testing.T, what, folder string, want map[string]string) {
	t.Helper()
	got := map[string]string{}
	for id := range want {
		p, err := n.Path(t.Context(), folder, id)
		if err != nil && !errors.Is(err, token.ErrFileNotFound) {
			t.Fatal(err)
		}
		got[id] = p
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got): %s", what, diff)
	}
}

func (n *node) rename(t *testing.T, from, to string) {
	t.Helper()
	if err := n.Rename(t.Context(), from, to, func() error { return n.root.Rename(from, to) }); err != nil {
		t.Fatal(err)
	}
}

// behind renames a file without the node.
func (n *node) behind(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(filepath.Join(n.dir, from), filepath.Join(n.dir, to)); err != nil {
		t.Fatal(err)
	}
}

// list looks at all entries of a folder, as a listing does.
func (n *node) list(t *testing.T, folder string) map[string]string {
	t.Helper()
	listed, err := n.root.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var entries []fileaccess.Entry
	for _, e := range listed {
		_, identity, err := n.root.Identify(path.Join(folder, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, fileaccess.Entry{Name: e.Name(), Identity: identity})
	}
	ids, err := n.IDs(t.Context(), folder, entries)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for i, e := range entries {
		out[e.Name] = fmt.Sprint(ids[i])
	}
	return out
}

// An id of a folder names it after it was renamed, whoever did, and with it the ids of what is beneath.
func TestIDsFollowRenames(t *testing.T) {
	one, other := nodes(t)
	one.write(t, "/k/a/deep/f")
	folder, file := one.id(t, "/k/a"), one.id(t, "/k/a/deep/f")
	if got := other.id(t, "/k/a/deep/f"); got != file {
		t.Errorf("the other node says %s, not %s", got, file)
	}
	one.rename(t, "/k/a", "/k/b")
	want := map[string]string{folder: "/k/b", file: "/k/b/deep/f"}
	one.leads(t, "after a rename", "/", want)
	other.leads(t, "at the other node", "/", want)
	other.leads(t, "for a key", "/k", map[string]string{folder: "/b", file: "/b/deep/f", "1": "/"})
	other.leads(t, "for a key of another folder", "/k/b/deep", map[string]string{folder: "", file: "/f"})
	other.leads(t, "what is no id", "/", map[string]string{"": "", "x": "", "-1": "", "01": "", "999": "",
		"18446744073709551616": ""})
	// The name that it had is another's now.
	one.write(t, "/k/a/deep/f")
	if again := one.id(t, "/k/a"); again == folder {
		t.Error("another folder gets the id")
	}
	one.leads(t, "after another took the name", "/", want)
}

func TestIDsFollowRenamesOfOthers(t *testing.T) {
	one, other := nodes(t)
	one.write(t, "/d/a/f")
	one.write(t, "/d/b/g")
	a, b, f := one.id(t, "/d/a"), one.id(t, "/d/b"), one.id(t, "/d/a/f")
	// Exchanged behind the back of the nodes.
	one.behind(t, "/d/a", "/d/t")
	one.behind(t, "/d/b", "/d/a")
	one.behind(t, "/d/t", "/d/b")
	one.leads(t, "nobody has looked yet", "/", map[string]string{f: "/d/b/f"})
	one.leads(t, "nobody has listed yet", "/", map[string]string{a: "/d/b", b: "/d/a"})
	if diff := cmp.Diff(map[string]string{"a": b, "b": a}, other.list(t, "/d")); diff != "" {
		t.Error(diff)
	}
	one.leads(t, "after a look", "/", map[string]string{a: "/d/b", b: "/d/a", f: "/d/b/f"})
	one.behind(t, "/d/b", "/c")
	other.list(t, "/")
	one.leads(t, "in another folder", "/", map[string]string{a: "/c", f: "/c/f"})
	// A second name of a file is no rename.
	if err := os.Link(filepath.Join(one.dir, "c/f"), filepath.Join(one.dir, "second")); err != nil {
		t.Fatal(err)
	}
	if got := one.list(t, "/")["second"]; got == f {
		t.Error("a second name gets the id of the first")
	}
	one.leads(t, "the first name", "/", map[string]string{f: "/c/f"})
}

// A storage that does not say when files were made tells no renames of others; those of the node are known to it.
func TestIDsFollowRenamesWithoutBirthTimes(t *testing.T) {
	one, other := nodes(t)
	fileaccess.WithoutBirthTimes(one.Files)
	fileaccess.WithoutBirthTimes(other.Files)
	one.write(t, "/k/a/f")
	one.write(t, "/k/taken/g")
	folder, file, taken := one.id(t, "/k/a"), one.id(t, "/k/a/f"), one.id(t, "/k/taken")
	one.rename(t, "/k/a", "/k/b")
	other.leads(t, "after a rename", "/", map[string]string{folder: "/k/b", file: "/k/b/f"})
	one.behind(t, "/k/taken", "/k/away")
	other.rename(t, "/k/b", "/k/taken")
	one.leads(t, "in the place of another", "/", map[string]string{folder: "/k/taken", file: "/k/taken/f", taken: ""})
}

// node-43: two folders that three renames exchange take their ids along, and what was permitted on them.
func TestIDsFollowAnExchange(t *testing.T) {
	one, other := nodes(t)
	one.write(t, "/a/f")
	one.write(t, "/b/g")
	a, b, f := one.id(t, "/a"), one.id(t, "/b"), one.id(t, "/a/f")
	one.key(t, "ak", "/")
	one.permit(t, a, "user", "luke", token.LevelRead)
	one.permit(t, b, "user", "luke", token.LevelDelete)
	one.rename(t, "/a", "/t")
	other.rename(t, "/b", "/a")
	one.rename(t, "/t", "/b")
	other.leads(t, "exchanged", "/", map[string]string{a: "/b", b: "/a", f: "/b/f"})
	for p, want := range map[string]token.Level{"/b/f": token.LevelRead, "/a/g": token.LevelDelete} {
		levels, err := other.Levels(t.Context(), fileaccess.User{AccessKey: "ak", Folder: "/", ID: "luke"}, p)
		if err != nil || len(levels) != 1 || !levels[want] {
			t.Errorf("%s: %v, %v, want %s", p, levels, err, want)
		}
	}
	if diff := cmp.Diff(map[string]string{"a": b, "b": a}, one.list(t, "/")); diff != "" {
		t.Error(diff)
	}
}

// node-44: what takes the place of a file has another id, and nothing of what was permitted on the file.
func TestIDsAreNotThoseOfWhatCameBefore(t *testing.T) {
	one, other := nodes(t)
	one.write(t, "/d/f")
	one.write(t, "/d/new")
	f, n := one.id(t, "/d/f"), one.id(t, "/d/new")
	one.key(t, "ak", "/d")
	one.permit(t, f, "user", "luke", token.LevelRead)
	permits := func() token.Levels {
		t.Helper()
		levels, err := other.Levels(t.Context(), fileaccess.User{AccessKey: "ak", Folder: "/d", ID: "luke"}, "/f")
		if err != nil {
			t.Fatal(err)
		}
		return levels
	}
	if !permits()[token.LevelRead] {
		t.Error("the permission does not hold")
	}
	one.behind(t, "/d/new", "/d/f")
	if got := permits(); len(got) != 0 {
		t.Errorf("what took the place is permitted %v", got)
	}
	one.leads(t, "whoever has it", "/", map[string]string{f: ""})
	if got := other.id(t, "/d/f"); got != n {
		t.Errorf("the file that took the place has id %s, it had %s", got, n)
	}
	one.leads(t, "after a look", "/", map[string]string{f: "", n: "/d/f"})
	for range 20 { // A number of the file system comes again soon.
		if err := os.Remove(filepath.Join(one.dir, "d/f")); err != nil {
			t.Fatal(err)
		}
		one.write(t, "/d/f")
		if got := one.id(t, "/d/f"); got == n {
			t.Fatal("a new file gets the id of the one before")
		}
	}
	if err := os.Remove(filepath.Join(one.dir, "d/f")); err != nil {
		t.Fatal(err)
	}
	one.write(t, "/d/f/now a folder")
	one.leads(t, "a folder of the name", "/", map[string]string{n: ""})
}

// Ids are the same everywhere and after a restart, and end with the file.
func TestIDsAreTheSameEverywhere(t *testing.T) {
	one, other := nodes(t)
	for i := range 2500 {
		one.write(t, fmt.Sprintf("/many/%d", i))
	}
	var wg sync.WaitGroup
	seen := make([]map[string]string, 4)
	for i := range seen {
		wg.Go(func() { seen[i] = []*node{one, other}[i%2].list(t, "/many") })
	}
	wg.Wait()
	for _, s := range seen[1:] {
		if diff := cmp.Diff(seen[0], s); diff != "" {
			t.Fatalf("two callers see different ids: %s", diff)
		}
	}
	again := &node{fileaccess.New(one.store, one.root), one.store, one.root, one.dir}
	if diff := cmp.Diff(seen[0], again.list(t, "/many")); diff != "" {
		t.Errorf("after a restart: %s", diff)
	}
	p := "/many/7"
	if err := one.Remove(t.Context(), p, func() error { return one.root.Remove(p) }); err != nil {
		t.Fatal(err)
	}
	other.leads(t, "after a removal", "/", map[string]string{seen[0]["7"]: ""})
	one.write(t, p)
	if one.id(t, p) == seen[0]["7"] {
		t.Error("an id comes again")
	}
}

func (n *node) key(t *testing.T, id, folder string) {
	t.Helper()
	if err := n.store.CreateAccessKey(t.Context(), store.AccessKey{ID: id, StoragePath: folder}, "right"); err != nil {
		t.Fatal(err)
	}
}

func (n *node) permit(t *testing.T, fileID, kind, who string, levels ...token.Level) uint64 {
	t.Helper()
	var id uint64
	if _, err := fmt.Sscan(fileID, &id); err != nil {
		t.Fatal(err)
	}
	p, err := n.store.CreatePermission(t.Context(), store.Permission{AccessKey: "ak", FileID: id, AccessType: kind,
		AccessID: who, Levels: levels})
	if err != nil {
		t.Fatal(err)
	}
	return p.ID
}

// Permissions hold for what is beneath and nothing beside, for users and groups together, and follow the file.
func TestLevels(t *testing.T) {
	one, other := nodes(t)
	one.write(t, "/k/team/sub/f")
	one.write(t, "/k/teams/f")
	one.write(t, "/k/else/f")
	one.key(t, "ak", "/k")
	one.key(t, "other", "/k")
	team, sub := one.id(t, "/k/team"), one.id(t, "/k/team/sub")
	one.permit(t, team, "user", "luke", token.LevelList)
	one.permit(t, sub, "group", "g1", token.LevelRead)
	one.permit(t, sub, "user", "Luke", token.LevelDelete)
	check := func(what string, u fileaccess.User, want map[string]string) {
		t.Helper()
		got := map[string]string{}
		for p := range want {
			levels, err := other.Levels(t.Context(), u, p)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range token.AllLevels() {
				if levels[l] {
					got[p] += string(l) + " "
				}
			}
			if len(levels) == 0 {
				got[p] = ""
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got): %s", what, diff)
		}
	}
	luke := fileaccess.User{AccessKey: "ak", Folder: "/k", ID: "luke", Groups: []string{"g1", "g2"}}
	check("luke of g1", luke, map[string]string{
		"/": "", "/team": "list ", "/team/new": "list ", "/team/sub": "list read ", "/team/sub/f": "list read ",
		"/team/sub/no/such": "list read ",
		"/teams":            "", "/teams/f": "", "/else/f": "", "/team/../else": "", "/../k/team": "", "/none": "",
	})
	alone := luke
	alone.Groups = nil
	check("luke without groups", alone, map[string]string{"/team/sub": "list ", "/team": "list "})
	elsewhere := luke
	elsewhere.AccessKey = "other"
	check("luke of another key", elsewhere, map[string]string{"/team": "", "/team/sub": ""})
	one.rename(t, "/k/team/sub", "/k/else/moved")
	check("after a rename", luke, map[string]string{"/team": "list ", "/else": "", "/else/moved/f": "read ",
		"/team/sub": "list "})
	one.behind(t, "/k/teams", "/k/team2")
	one.behind(t, "/k/team", "/k/away")
	one.behind(t, "/k/team2", "/k/team")
	check("after another took the name", luke, map[string]string{"/team": "", "/team/f": "", "/away": "list "})
}

func TestBasicTokensAreThrottled(t *testing.T) {
	one, _ := nodes(t)
	one.key(t, "ak", "/")
	v := &token.Verifier{AccessKeys: fileaccess.Keys{Store: one.store, Files: one.Files},
		Ledger: store.Ledger{Store: one.store}, Now: time.Now}
	try := func(secret string) error {
		text := "Basic " + base64.StdEncoding.EncodeToString([]byte("ak:"+secret))
		_, err := v.Authorize(t.Context(), token.Request{Token: text, Direction: token.Send, User: "xfer", Addr: "192.0.2.1",
			Destination: "/"})
		return err
	}
	for i := range 20 {
		if err := try(fmt.Sprint("wrong", i)); !errors.Is(err, token.ErrBadCredentials) {
			t.Fatalf("try %d: %v", i, err)
		}
	}
	if err := try("right"); !errors.Is(err, token.ErrThrottled) || !token.IsRefusal(err) {
		t.Errorf("session after too many tries: %v", err)
	}
}
