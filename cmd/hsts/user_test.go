package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/test/mariadbd"
)

// node-16: users are managed on a cluster that runs, and every node honours a change; the password is no argument.
func TestUsersAreManagedOnAllNodes(t *testing.T) {
	db := mariadbd.Start(t).Database(t)
	one, other := startNodeOf(t, "n1", db), startNodeOf(t, "n2", db)
	ok := func(stdin string, args ...string) string {
		t.Helper()
		out, err := hsts(t, db, stdin, append([]string{"user"}, args...)...)
		if err != nil {
			t.Fatalf("%v: %v %s", args, err, out)
		}
		return out
	}
	file := filepath.Join(t.TempDir(), "password")
	write(t, file, "from-a-file\n")
	ok("from stdin\n", "add", "luke", "--transfer-user", "rebels", "--docroot", "/default/rebels")
	ok("", "add", "leia", "--transfer-user", "rebels", "--docroot", "/default/rebels", "--password-file", file)
	ok("x", "add", "vader", "--transfer-user", "empire", "--restriction", "file:////default/empire/*")
	list := ok("", "list")
	for _, want := range []string{"leia   rebels", `"/default/rebels"`, `"file:////default/empire/*"`} {
		if !strings.Contains(list, want) {
			t.Errorf("list has no %s:\n%s", want, list)
		}
	}
	both := func(user, password string, want int) {
		t.Helper()
		for _, n := range []*testNode{one, other} {
			if code, _ := n.answerTo(t, user, password); code != want {
				t.Errorf("%s with %s: %d, want %d", user, password, code, want)
			}
		}
	}
	both("luke", "from stdin", 200)
	both("leia", "from-a-file", 200)
	both("luke", "wrong", 401)
	ok("another\n", "modify", "luke", "--password-file", "-")
	both("luke", "another", 200)
	both("luke", "from stdin", 401)
	ok("", "delete", "luke")
	both("luke", "another", 401)
	if _, err := one.client(t, "node", nodePassword).CreateAccessKey(t.Context(),
		client.AccessKey{ID: "taken", Secret: "s", Storage: localFolder("/default/t")}); err != nil {
		t.Fatal(err)
	}
	for what, args := range map[string][]string{
		"a second user of the name": {"add", "leia", "--transfer-user", "rebels", "--docroot", "/default/rebels"},
		"an access key's name":      {"add", "taken", "--transfer-user", "rebels", "--docroot", "/default/rebels"},
		"another docroot":           {"add", "han", "--transfer-user", "rebels", "--docroot", "/default/other"},
		"docroot and restriction": {"add", "han", "--transfer-user", "x", "--docroot", "/d", "--restriction",
			"file:////d/*"},
		"neither":                 {"add", "han", "--transfer-user", "x"},
		"no transfer user":        {"add", "han", "--docroot", "/d"},
		"a relative docroot":      {"add", "han", "--transfer-user", "x", "--docroot", "d"},
		"a restriction of a kind": {"add", "han", "--transfer-user", "x", "--restriction", "s3://b/*"},
		"a name with a colon":     {"add", "h:n", "--transfer-user", "x", "--docroot", "/d"},
		"nobody":                  {"delete", "nobody"},
		"nobody to modify":        {"modify", "nobody", "--docroot", "/d"},
	} {
		if out, err := hsts(t, db, "secret\n", append([]string{"user"}, args...)...); err == nil {
			t.Errorf("%s is taken: %s", what, out)
		}
	}
	if out, err := hsts(t, db, "\n", "user", "add", "han", "--transfer-user", "x", "--docroot", "/d"); err == nil ||
		!strings.Contains(err.Error(), "password is empty") {
		t.Errorf("an empty password: %v %s", err, out)
	}
	// A key can't be made with a user's name, or nobody could tell which of them logs in.
	if _, err := one.client(t, "node", nodePassword).CreateAccessKey(t.Context(),
		client.AccessKey{ID: "leia", Storage: localFolder("/default/t")}); !client.IsConflict(err) {
		t.Errorf("a key with the name of a user: %v", err)
	}
}

// node-15 and node-18: users of one transfer user see one docroot, users of others see
// others, in calls and in transfers.
func TestUsersSeeTheirDocroot(t *testing.T) {
	db := mariadbd.Start(t).Database(t)
	n := startNodeOf(t, "n1", db)
	for user, as := range map[string]string{"luke": "rebels", "leia": "rebels", "vader": "empire"} {
		if out, err := hsts(t, db, "pw", "user", "add", user, "--transfer-user", as, "--docroot", "/default/"+
			as); err != nil {
			t.Fatalf("%v %s", err, out)
		}
	}
	write(t, filepath.Join(n.cfg.StorageRoot, "default/rebels/plan.txt"), "plan")
	write(t, filepath.Join(n.cfg.StorageRoot, "default/empire/star.txt"), "star")
	symlink(t, "../empire", filepath.Join(n.cfg.StorageRoot, "default/rebels/link"))
	for user, want := range map[string]string{"luke": "/link,/plan.txt", "leia": "/link,/plan.txt", "vader": "/star.txt"} {
		var found client.Listing
		n.call(t, user, "pw", "POST", "/files/browse", `{"path":"/"}`, &found)
		var paths []string
		for _, e := range found.Items {
			paths = append(paths, e.Path)
			if e.Target != nil {
				t.Errorf("%s sees where %s leads", user, e.Path)
			}
		}
		if strings.Join(paths, ",") != want {
			t.Errorf("%s sees %v, want %s", user, paths, want)
		}
	}
	local := filepath.Join(t.TempDir(), "new.txt")
	write(t, local, "new")
	var specs []transferspec.Spec
	for _, user := range []string{"luke", "vader"} {
		spec, err := n.client(t, user, "pw").UploadSetup(t.Context(),
			client.TransferRequest{DestinationRoot: "/../../default/in", Paths: []transferspec.Path{{Source: local}}})
		if err != nil {
			t.Fatal(err)
		}
		if out := run(t, spec); out != "" {
			t.Errorf("upload of %s: %s", user, out)
		}
		awaitStatus(t, n.client(t, user, "pw"), idOf(t, spec), client.StatusCompleted)
		specs = append(specs, spec)
	}
	for _, as := range []string{"rebels", "empire"} {
		if _, err := os.Stat(filepath.Join(n.cfg.StorageRoot, "default", as, "default/in/new.txt")); err != nil {
			t.Error(err)
		}
	}
	for _, source := range []string{"/../empire/star.txt", "/link/star.txt", "star.txt"} {
		spec, err := n.client(t, "luke", "pw").DownloadSetup(t.Context(),
			client.TransferRequest{Paths: []transferspec.Path{{Source: source}}})
		if err != nil {
			continue
		}
		to := t.TempDir()
		spec.DestinationRoot = to
		_ = run(t, spec)
		if got := files(t, to); len(got) != 0 {
			t.Errorf("luke downloads %s: %v", source, got)
		}
	}
	// Transfers of others and what is for the node user alone.
	for i, user := range []string{"luke", "vader"} {
		c := n.client(t, user, "pw")
		list, _, err := c.Transfers(t.Context(), client.TransferQuery{})
		if err != nil || len(list) != 1 || list[0].ID != idOf(t, specs[i]) {
			t.Errorf("%s sees %d transfers, %v", user, len(list), err)
		}
		if _, err := c.Transfer(t.Context(), idOf(t, specs[1-i])); !client.IsNotFound(err) {
			t.Errorf("%s reads another's transfer: %v", user, err)
		}
		if err := c.Revoke(t.Context(), client.Revocation{Tags: []byte(`{"a":1}`)}); err == nil {
			t.Errorf("%s withdraws tokens", user)
		}
		if _, err := c.UploadSetup(t.Context(), client.TransferRequest{DestinationRoot: "/",
			Tags: []byte(`{"aspera":{"faspex":{"x":1}}}`)}); err == nil {
			t.Errorf("%s gives tags of Faspex", user)
		}
	}
}

// node-19 and node-20: keys are made by users with a restriction, within it.
func TestUsersMakeKeysWithinTheirRestriction(t *testing.T) {
	db := mariadbd.Start(t).Database(t)
	n := startNodeOf(t, "n1", db)
	for user, flag := range map[string]string{"luke": "--docroot=/default/rebels",
		"admin": "--restriction=file:////data/*"} {
		if out, err := hsts(t, db, "pw", "user", "add", user, "--transfer-user", "of-"+user, flag); err != nil {
			t.Fatalf("%v %s", err, out)
		}
	}
	write(t, filepath.Join(n.cfg.StorageRoot, "data/there"), "x")
	write(t, filepath.Join(n.cfg.StorageRoot, "other/secret"), "secret")
	symlink(t, "../other", filepath.Join(n.cfg.StorageRoot, "data/link"))
	_, err := n.client(t, "luke", "pw").CreateAccessKey(t.Context(), client.AccessKey{ID: "l", Storage: localFolder("/x")})
	if err == nil || !strings.Contains(err.Error(), "docroot") || !strings.Contains(err.Error(), "restriction") {
		t.Errorf("a key of a user with a docroot: %v", err)
	}
	admin := n.client(t, "admin", "pw")
	makeKey(t, admin, "good", "/data/a", `{}`)
	makeKey(t, n.client(t, "node", nodePassword), "others", "/other", `{}`)
	for _, folder := range []string{"/other", "/data/../other", "/", "/data", "/database", "/data/link", "/data/link/x"} {
		if _, err := admin.CreateAccessKey(t.Context(), client.AccessKey{ID: "bad",
			Storage: localFolder(folder)}); err == nil {
			t.Errorf("a key for %s is made", folder)
		}
	}
	if list, err := admin.AccessKeys(t.Context()); err != nil || len(list) != 1 || list[0].ID != "good" {
		t.Errorf("keys of the user: %+v, %v", list, err)
	}
	if err := admin.DeleteAccessKey(t.Context(), "others"); !client.IsNotFound(err) {
		t.Errorf("another's key: %v", err)
	}
	for path, want := range map[string]bool{"/data/a": true, "/other": false, "/other/secret": false,
		"/data/../other": false, "/data/link/secret": false} {
		if _, err := admin.Browse(t.Context(), client.BrowseRequest{Path: path}); (err == nil) != want {
			t.Errorf("browse of %s: %v", path, err)
		}
	}
	for _, source := range []string{"/other/secret", "/data/../other/secret"} {
		if _, err := admin.DownloadSetup(t.Context(),
			client.TransferRequest{Paths: []transferspec.Path{{Source: source}}}); err == nil {
			t.Errorf("a token for %s", source)
		}
	}
}
