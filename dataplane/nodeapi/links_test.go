package nodeapi_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"faspex.io/operator/dataplane/nodeapi/client"
)

// linked is a key "a" whose folder holds links to what it may not see.
func linked(t *testing.T) *api {
	t.Helper()
	a := start(t)
	a.write(t, "tenants/b/theirs.txt", "x")
	a.write(t, "tenants/a/d/mine.txt", "x")
	createKey(t, a.master(t), "a", "s", "/tenants/a")
	for name, text := range map[string]string{"out": "../b", "d/out": "../../b", "file": "../b/theirs.txt", "gone": "../c",
		"in": "d", "top": "/", "self": "self"} {
		if err := os.Symlink(text, filepath.Join(a.dir, "tenants/a", name)); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

func TestBrowseDescribesLinks(t *testing.T) {
	a := linked(t)
	key := a.client(t, "a", "s")
	for _, p := range []string{"/out", "/d/out", "/file", "/gone", "/in", "/top", "/self"} {
		l, err := key.Browse(t.Context(), client.BrowseRequest{Path: p})
		if err != nil || l.Self.Type != "symbolic_link" || l.Self.Path != p || len(l.Items) != 0 {
			t.Errorf("%s: %+v, %v", p, l, err)
		}
	}
	// What is behind a link can't be told from what is not there.
	there, missing := map[string]string{}, map[string]string{}
	for _, link := range []string{"/out", "/d/out", "/in"} {
		for name, into := range map[string]map[string]string{"theirs.txt": there, "not-there": missing} {
			_, err := key.Browse(t.Context(), client.BrowseRequest{Path: link + "/" + name})
			status(t, err, 403)
			into[link] = err.Error()
		}
	}
	equal(t, "words of what is there and of what is not", there, missing)
}

func TestFileCallsFollowNoLink(t *testing.T) {
	a := linked(t)
	asKey := []string{"-u", "a:s"}
	for name, call := range map[string][2]string{
		"create": {"/files/create",
			`{"paths":[{"path":"/out/new","type":"directory"},{"path":"/out/d/e/f","type":"directory"},{"path":"/in/new","type":"file","contents":""}]}`},
		"create a link": {"/files/create",
			`{"paths":[{"path":"/top/l","type":"symbolic_link","target":{"path":"/d"}},{"path":"/out/l","type":"symbolic_link","target":{"path":"/d"}}]}`},
		"delete": {"/files/delete", `{"paths":[{"path":"/out/theirs.txt"},{"path":"/in/mine.txt"}]}`},
		"rename": {"/files/rename",
			`{"paths":[{"path":"/out","source":"theirs.txt","destination":"t"},{"path":"/in","source":"mine.txt","destination":"t"}]}`},
		"info": {"/files/info", `{"paths":[{"path":"/out/theirs.txt"},{"path":"/out/not-there"}]}`},
	} {
		_, _, body := a.curl(t, call[0], append(asKey, "-d", call[1])...)
		var out struct {
			Paths []struct{ Error *client.ErrorBody }
		}
		if err := json.Unmarshal([]byte(body), &out); err != nil {
			t.Fatalf("%s: %s", name, body)
		}
		for _, p := range out.Paths {
			if p.Error == nil || p.Error.Code != 403 {
				t.Errorf("%s: %s", name, body)
			}
		}
	}
	for _, p := range []string{"/out", "/out/theirs.txt", "/in"} {
		if code, _, body := a.curl(t, "/space", append(asKey, "-d", `{"paths":[{"path":"`+p+`"}]}`)...); code != "403" {
			t.Errorf("space of %s: %s %s", p, code, body)
		}
	}
	for _, p := range []string{"/out", "/d/out", "/in", "/out/sub"} {
		if _, err := a.client(t, "a", "s").CreateAccessKey(t.Context(),
			client.AccessKey{ID: "child", Storage: &client.Storage{Type: "local", Path: p}}); err == nil {
			t.Errorf("a key for %s", p)
		}
	}
	for p, want := range map[string]string{"tenants/b/theirs.txt": "x", "tenants/a/d/mine.txt": "x"} {
		if text, err := os.ReadFile(filepath.Join(a.dir, p)); string(text) != want {
			t.Errorf("%s: %q, %v", p, text, err)
		}
	}
	if entries, err := os.ReadDir(filepath.Join(a.dir, "tenants/b")); err != nil || len(entries) != 1 {
		t.Errorf("the other folder holds %v, %v", entries, err)
	}
}

func TestFileIDsOfLinksOpenNothing(t *testing.T) {
	a := linked(t)
	asKey := []string{"-u", "a:s"}
	_, _, body := a.curl(t, "/files/1/files", asKey...)
	var entries []struct{ ID, Name, Type string }
	if err := json.Unmarshal([]byte(body), &entries); err != nil || len(entries) != 7 {
		t.Fatalf("%v: %s", err, body)
	}
	for _, e := range entries {
		if e.Type != "link" {
			continue
		}
		want := "403"
		if e.Name == "self" {
			want = "409" // A circle is no secret.
		}
		if code, _, body := a.curl(t, "/files/"+e.ID+"/files", asKey...); code != want || strings.Contains(body, "theirs") {
			t.Errorf("listing of %s: %s %s", e.Name, code, body)
		}
		if code, _, body := a.curl(t, "/files/"+e.ID+"/files",
			append(asKey, "-d", `{"name":"n","type":"folder"}`)...); code != want {
			t.Errorf("folder in %s: %s %s", e.Name, code, body)
		}
		if code, _, body := a.curl(t, "/files/"+e.ID, asKey...); code != "200" || !strings.Contains(body, `"type":"link"`) {
			t.Errorf("%s: %s %s", e.Name, code, body)
		}
	}
}

func TestLinksMadeByCallsStayInTheFolder(t *testing.T) {
	a := start(t)
	createKey(t, a.master(t), "a", "s", "/tenants/a")
	for _, target := range []string{"/", "/etc/passwd", "../../b", "/../..", "d/../../.."} {
		a.curl(t, "/files/create", "-u", "a:s", "-d",
			`{"paths":[{"path":"/x/y","type":"directory"},{"path":"/x/y/l","type":"symbolic_link","target":{"path":"`+target+
				`"}}]}`)
		link := filepath.Join(a.dir, "tenants/a/x/y/l")
		text, err := os.Readlink(link)
		if err != nil {
			t.Fatal(err)
		}
		if to := filepath.Join(filepath.Dir(link), text); filepath.IsAbs(text) || to != filepath.Join(a.dir, "tenants/a") &&
			!strings.HasPrefix(to, filepath.Join(a.dir, "tenants/a")+"/") {
			t.Errorf("target %s became %s", target, text)
		}
		if err := os.Remove(link); err != nil {
			t.Fatal(err)
		}
	}
}
