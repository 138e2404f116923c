package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/test/mariadbd"
)

// mountSecret lays files as the kubelet mounts a Secret: a new version appears at once, and names lead to it by links.
func mountSecret(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	versions, err := filepath.Glob(filepath.Join(dir, "..v*"))
	if err != nil {
		t.Fatal(err)
	}
	version := "..v" + strconv.Itoa(len(versions))
	if err := os.MkdirAll(filepath.Join(dir, version), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		write(t, filepath.Join(dir, version, name), text)
	}
	symlink(t, version, filepath.Join(dir, "..next"))
	if err := os.Rename(filepath.Join(dir, "..next"), filepath.Join(dir, "..data")); err != nil {
		t.Fatal(err)
	}
	for name := range files {
		if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
			symlink(t, "..data/"+name, filepath.Join(dir, name))
		}
	}
	there, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range there {
		if _, wanted := files[e.Name()]; !wanted && !strings.HasPrefix(e.Name(), "..") {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// node-17: a Secret with three node users, changed while the cluster runs, does what the command line does; what it
// manages the command line refuses to change, and says who manages it.
func TestUsersOfASecret(t *testing.T) {
	db := mariadbd.Start(t).Database(t)
	one, other := newNode(t, "n1", db), newNode(t, "n2", db)
	const manager = "Secret files/team-users"
	secret := func(files map[string]string) {
		t.Helper()
		for _, n := range []*testNode{one, other} {
			mountSecret(t, n.cfg.NodeUsers.Folder, files)
		}
	}
	for _, n := range []*testNode{one, other} {
		n.cfg.NodeUsers.Folder, n.cfg.NodeUsers.ManagedBy = filepath.Join(t.TempDir(), "node-users"), manager
	}
	luke := "password: \"one: #1\"\ntransferUser: rebels\ndocroot: /default/rebels\n"
	vader := "password: dark\ntransferUser: empire\nrestrictions: ['file:////default/empire/*']\n"
	secret(map[string]string{"luke": luke, "leia": strings.Replace(luke, "one: #1", "two", 1), "vader": vader})
	one.start(t)
	other.start(t)
	answers := func(user, password string, want int) {
		t.Helper()
		for _, n := range []*testNode{one, other} {
			eventually(t, user+" with "+password, func() (any, bool) {
				code, _ := n.answerTo(t, user, password)
				return code, code == want
			})
		}
	}
	answers("luke", "one: #1", 200)
	answers("leia", "two", 200)
	answers("vader", "dark", 200)
	write(t, filepath.Join(one.cfg.StorageRoot, "default/rebels/plan.txt"), "plan")
	if list, err := one.client(t, "leia", "two").Browse(t.Context(), client.BrowseRequest{Path: "/"}); err != nil ||
		len(list.Items) != 1 || list.Items[0].Path != "/plan.txt" {
		t.Errorf("leia sees %+v, %v", list.Items, err)
	}

	if out, err := hsts(t, db, "pw", "user", "add", "han", "--transfer-user", "rebels", "--docroot",
		"/default/rebels"); err != nil {
		t.Fatalf("a user beside those of the Secret: %v %s", err, out)
	}
	out, err := hsts(t, db, "", "user", "list")
	if err != nil || strings.Count(out, manager) != 3 || !strings.Contains(out, "hsts user") {
		t.Errorf("list: %v\n%s", err, out)
	}
	for what, args := range map[string][]string{
		"a password":           {"modify", "luke", "--password-file", "-"},
		"a docroot":            {"modify", "luke", "--docroot", "/default/other"},
		"a managed docroot":    {"modify", "han", "--docroot", "/default/other"},
		"the end":              {"delete", "leia"},
		"a second of the name": {"add", "leia", "--transfer-user", "x", "--docroot", "/default/x"},
	} {
		if out, err := hsts(t, db, "changed\n", append([]string{"user"}, args...)...); err == nil ||
			!strings.Contains(err.Error(), manager) {
			t.Errorf("%s: %v %s", what, err, out)
		}
	}
	answers("luke", "one: #1", 200)

	// One file is bad: its user stays. Another is changed, a third one is gone.
	secret(map[string]string{"luke": strings.Replace(luke, "one: #1", "changed", 1), "vader": "password: [", "bäd": "x"})
	answers("luke", "changed", 200)
	answers("luke", "one: #1", 401)
	answers("leia", "two", 401)
	answers("vader", "dark", 200)
	// A user of the command line becomes the Secret's, and goes with it; those of the command line stay.
	if out, err := hsts(t, db, "pw", "user", "add", "lando", "--transfer-user", "x", "--docroot",
		"/default/x"); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	secret(map[string]string{"han": luke})
	answers("han", "one: #1", 200)
	answers("luke", "changed", 401)
	secret(map[string]string{})
	answers("han", "one: #1", 401)
	answers("lando", "pw", 200)
	for _, n := range []*testNode{one, other} {
		for _, secret := range []string{"one: #1", "dark", "password: ["} {
			if strings.Contains(n.log.String(), secret) {
				t.Errorf("the log of %s holds %q", n.env.NodeName, secret)
			}
		}
	}
}
