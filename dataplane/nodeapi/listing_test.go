package nodeapi_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/dataplane/nodeapi/client"
)

// call makes a call with curl and reads a good answer into out.
func (a *api) call(t *testing.T, user, path string, out any, args ...string) (code, headers string) {
	t.Helper()
	code, headers, body := a.curl(t, path, append([]string{"-u", user}, args...)...)
	if code == "200" && out != nil {
		if err := json.Unmarshal([]byte(body), out); err != nil {
			t.Fatalf("%s: %v: %s", path, err, body)
		}
	}
	return code, headers
}

const asNodeUser = nodeUser + ":" + nodePass

// node-62: each filter of the published list selects what it says, and what is no filter is refused.
func TestFiltersSelectWhatTheySay(t *testing.T) {
	a := start(t)
	createKey(t, a.master(t), "ak", "s", "/k")
	for name, size := range map[string]int{"a.txt": 1, "B.TXT": 20, "c.bin": 300, "[d].txt": 4, "e*f": 5} {
		a.write(t, "k/"+name, strings.Repeat("x", size))
	}
	old := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, name := range []string{"a.txt", "c.bin"} {
		if err := os.Chtimes(filepath.Join(a.dir, "k", name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(a.dir, "k/dir"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("a.txt", filepath.Join(a.dir, "k/link")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(a.dir, "k/\xff\xfe"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		"":                                       "B.TXT,[d].txt,a.txt,c.bin,dir,e*f,link",
		"name=a.txt":                             "a.txt",
		"name=[d].txt":                           "[d].txt",
		"name=e*f":                               "e*f",
		"name=none":                              "",
		"name_glob=*.txt":                        "[d].txt,a.txt",
		"name_iglob=*.tXt":                       "B.TXT,[d].txt,a.txt",
		"type=file&name_glob=[a-c]*":             "a.txt,c.bin",
		"type=folder":                            "dir",
		"type=link":                              "link",
		"type=file&min_size=5":                   "B.TXT,c.bin,e*f",
		"type=file&max_size=4":                   "[d].txt,a.txt",
		"type=file&min_size=4&max_size=20":       "B.TXT,[d].txt,e*f",
		"max_modified_time=2021-01-01T00:00:00Z": "a.txt,c.bin",
		"type=file&min_modified_time=2021-01-01T00:00:00Z": "B.TXT,[d].txt,e*f",
		"type=file&sort=size":                              "a.txt,[d].txt,e*f,B.TXT,c.bin",
		"type=file&sort=size_d":                            "c.bin,B.TXT,e*f,[d].txt,a.txt",
		"type=file&sort=modified_time&per_page=2":          "a.txt,c.bin",
		"type=file&sort=name_d&per_page=2&page=2":          "a.txt,[d].txt",
		"per_page=3&page=3":                                "link",
		"per_page=3&page=9":                                "",
	} {
		for _, version := range []string{"", "4.0"} {
			v4Refuses := version != "" && (strings.Contains(query, "sort=") || strings.Contains("&"+query, "&page="))
			var entries []struct{ Name string }
			code, _ := a.call(t, "ak:s", "/files/1/files?"+query, &entries, "-g", "-H", "Accept-Version: "+version)
			var names []string
			for _, e := range entries {
				names = append(names, e.Name)
			}
			switch {
			case v4Refuses && code != "400":
				t.Errorf("%s is taken with version 4.0: %s", query, code)
			case !v4Refuses && (code != "200" || strings.Join(names, ",") != want):
				t.Errorf("%s %q: %s %s, want %s", query, version, code, strings.Join(names, ","), want)
			}
		}
	}
	for _, query := range []string{
		"type=pipe", "type=directory", "min_size=-1", "max_size=big", "min_modified_time=yesterday", "sort=color",
		"per_page=0", "page=x", "name_glob=[",
		"name=a&name_glob=b", "iteration_token=%3F", "target_id=5",
	} {
		for _, version := range []string{"", "4.0"} {
			if code, _ := a.call(t, "ak:s", "/files/1/files?"+query, nil, "-g", "-H", "Accept-Version: "+
				version); code != "400" {
				t.Errorf("%s: %s", query, code)
			}
		}
	}
	for body, want := range map[string]string{
		`{"path":"/k","filters":{"basenames":["*.txt"]},"case_sensitive":false}`:     "B.TXT,[d].txt,a.txt",
		`{"path":"/k","filters":{"paths":["/k/[a-c]*"]}}`:                            "a.txt,c.bin",
		`{"path":"/k","filters":{"types":["symbolic_link","directory"]}}`:            "dir,link",
		`{"path":"/k","filters":{"mtime_max":"2021-01-01T00:00:00Z"},"sort":"size"}`: "a.txt,c.bin",
	} {
		var found client.Listing
		code, _ := a.call(t, asNodeUser, "/files/browse", &found, "-d", body)
		var names []string
		for _, e := range found.Items {
			names = append(names, e.Basename)
		}
		if code != "200" || strings.Join(names, ",") != want || found.TotalCount != len(names) {
			t.Errorf("%s: %s %v", body, code, names)
		}
	}
	for _, body := range []string{
		`{"path":"/k","filters":{"basenames":["["]}}`, `{"path":"/k","filters":{"types":["pipe"]}}`,
		`{"path":"/k","filters":{"size_min":"x"}}`,
		`{"path":"/k","filters":{"mtime_min":"now"}}`, `{"path":"/k","skip":-1}`,
	} {
		if code, _ := a.call(t, asNodeUser, "/files/browse", nil, "-d", body); code != "400" {
			t.Errorf("%s: %s", body, code)
		}
	}
}

// node-59: contents by path and by id, with ranges, and a size beyond which transfers are named.
func TestContents(t *testing.T) {
	a := start(t)
	createKey(t, a.master(t), "ak", "s", "/k")
	a.write(t, "k/a b+c ü.txt", "0123456789")
	a.write(t, "k/sub/f.html", "<script>")
	var entries []struct{ ID, Name string }
	a.call(t, "ak:s", "/files/1/files", &entries)
	for path, user := range map[string]string{
		"/files/%2Fk%2Fa+b%2Bc+%C3%BC.txt/contents":     asNodeUser,
		"/files/%2Fk%2Fa%20b%2Bc%20%C3%BC.txt/contents": asNodeUser,
		"/files/%2Fa%20b+c%20%C3%BC.txt/contents":       "ak:s",
		"/files/" + entries[0].ID + "/content":          "ak:s",
	} {
		code, headers, body := a.curl(t, path, "-u", user)
		if code != "200" || body != "0123456789" || !strings.Contains(headers, "Content-Length: 10") ||
			!strings.Contains(headers, "Content-Disposition: attachment; filename") ||
			!strings.Contains(headers, "Accept-Ranges: bytes") {
			t.Errorf("%s: %s %s\n%s", path, code, body, headers)
		}
		code, headers, body = a.curl(t, path, "-u", user, "-r", "3-5")
		if code != "206" || body != "345" || !strings.Contains(headers, "Content-Range: bytes 3-5/10") {
			t.Errorf("%s, a range: %s %s\n%s", path, code, body, headers)
		}
		if code, _, _ := a.curl(t, path, "-u", user, "-r", "20-"); code != "416" {
			t.Errorf("%s, a range behind the end: %s", path, code)
		}
	}
	if _, headers, _ := a.curl(t, "/files/%2Fsub%2Ff.html/contents", "-u", "ak:s"); !strings.Contains(headers,
		"Content-Type: application/octet-stream") ||
		!strings.Contains(headers, "X-Content-Type-Options: nosniff") {
		t.Errorf("a page of somebody's: %s", headers)
	}
	big := filepath.Join(a.dir, "k/big")
	if err := os.WriteFile(big, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(big, 16<<20+1); err != nil {
		t.Fatal(err)
	}
	code, _, body := a.curl(t, "/files/%2Fbig/contents", "-u", "ak:s")
	if code != "413" || !strings.Contains(body, "16777217 bytes") || !strings.Contains(body, "by a transfer") {
		t.Errorf("a big file: %s %s", code, body)
	}
	for path, want := range map[string]string{
		"/files/%2Fk/contents": "404", "/files/%2Fsub/contents": "409", "/files/%2F..%2F..%2Fetc%2Fpasswd/contents": "404",
		"/files/1/content":        "409",
		"/files/%2Fa%00/contents": "400", "/files/999/content": "404",
	} {
		if code, _, body := a.curl(t, path, "-u", "ak:s"); code != want {
			t.Errorf("%s: %s %s", path, code, body)
		}
	}
}

// node-60: what a search finds, counts and leaves out.
func TestSearch(t *testing.T) {
	a := start(t)
	createKey(t, a.master(t), "ak", "s", "/k")
	for name, size := range map[string]int{"top.txt": 1, "d/one.txt": 20, "d/e/two.txt": 300, "d/e/f/three.bin": 4,
		"x/four.TXT": 5} {
		a.write(t, "k/"+name, strings.Repeat("x", size))
	}
	old := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	if err := os.Chtimes(filepath.Join(a.dir, "k/d/one.txt"), old, old); err != nil {
		t.Fatal(err)
	}
	a.write(t, "other/secret.txt", "x")
	for link, text := range map[string]string{"out": "../other", "loop": ".", "d/in.txt": "one.txt"} {
		if err := os.Symlink(text, filepath.Join(a.dir, "k", link)); err != nil {
			t.Fatal(err)
		}
	}
	for body, want := range map[string]string{
		`{"path":"/","filters":{"basenames":["*.txt"],"types":["file"]}}`:                        "/d/e/two.txt,/d/one.txt,/top.txt of 3",
		`{"path":"/","filters":{"basenames":["*.txt"],"types":["file"]},"case_sensitive":false}`: "/d/e/two.txt,/d/one.txt,/top.txt,/x/four.TXT of 4",
		`{"path":"/d","filters":{"types":["file"]}}`:                                             "/d/e/f/three.bin,/d/e/two.txt,/d/one.txt of 3",
		`{"path":"/","filters":{"types":["directory"]}}`:                                         "/d,/d/e,/d/e/f,/x of 4",
		`{"path":"/","filters":{"size_min":5,"types":["file"]},"sort":"size_d"}`:                 "/d/e/two.txt,/d/one.txt,/x/four.TXT of 3",
		`{"path":"/","filters":{"types":["file"]},"skip":1,"count":2}`:                           "/d/e/two.txt,/d/one.txt of 5",
		`{"path":"/","filters":{"types":["file"]},"depth_max":1}`:                                "/top.txt of 1",
		`{"path":"/","filters":{"types":["file"]},"depth_min":3}`:                                "/d/e/f/three.bin,/d/e/two.txt of 2",
		`{"path":"/","filters":{"types":["file"]},"depth_min":2,"depth_max":2}`:                  "/d/one.txt,/x/four.TXT of 2",
		`{"path":"/","filters":{"mtime_max":"2021-01-01T00:00:00Z"}}`:                            "/d/one.txt of 1",
		`{"path":"/","filters":{"types":["symbolic_link"]}}`:                                     "/d/in.txt,/loop,/out of 3",
		`{"path":"/","filters":{"paths":["/d/*/*.txt"]}}`:                                        "/d/e/two.txt of 1",
		`{"path":"/","filters":{"basenames":["secret.txt"]}}`:                                    " of 0",
	} {
		var found client.SearchResult
		code, _ := a.call(t, "ak:s", "/files/search", &found, "-d", body)
		var paths []string
		for _, e := range found.Items {
			paths = append(paths, e.Path)
		}
		if got := fmt.Sprintf("%s of %d", strings.Join(paths, ","), found.TotalCount); code != "200" || got != want ||
			!found.Complete || found.ItemCount != len(paths) {
			t.Errorf("%s: %s %s, want %s, %+v", body, code, got, want, found.Parameters)
		}
	}
	for body, want := range map[string]string{
		`{"path":"/none"}`: "404", `{"path":"/out"}`: "403", `{"path":"/top.txt"}`: "409",
		`{"path":"/","depth_min":3,"depth_max":2}`: "400", `{"path":"/","sort":"x"}`: "400",
	} {
		if code, _ := a.call(t, "ak:s", "/files/search", nil, "-d", body); code != want {
			t.Errorf("%s: %s", body, code)
		}
	}
	a.limitVisits(3)
	var found client.SearchResult
	if code, _ := a.call(t, "ak:s", "/files/search", &found, "-d", `{"path":"/"}`); code != "200" || found.Complete ||
		found.Visited != 3 || found.VisitLimit != 3 || found.TotalCount != 3 {
		t.Errorf("a search that would visit too much: %s %+v", code, found)
	}
	var usage client.Usage
	if code, _ := a.call(t, "ak:s", "/files/du", &usage, "-d", `{"path":"/"}`); code != "200" {
		t.Errorf("du: %s", code)
	}
	equal(t, "usage", usage, client.Usage{Path: "/", TotalSize: 330, FileCount: 5, DirCount: 4, LinkCount: 3})
}

// node-65: a link is shown with what it leads to, unless that is outside of the caller's folder.
func TestLinksShowTheirTargets(t *testing.T) {
	a := start(t)
	createKey(t, a.master(t), "ak", "s", "/k")
	a.write(t, "k/d/mine.txt", "12345")
	a.write(t, "other/theirs.txt", "x")
	if err := os.MkdirAll(filepath.Join(a.dir, "k/links"), 0o755); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"file": "/d/mine.txt file 5", "folder": "/d directory 0", "sibling": "/links/file symbolic_link", "gone": "",
		"out": "", "out of it": "", "absolute": "",
		"over the top": "", "through": "", "self": "/links/self symbolic_link", "root": "/ directory 0", "back in": "",
	}
	for name, text := range map[string]string{
		"file": "../d/mine.txt", "folder": "../d", "sibling": "file", "gone": "../none", "out": "../../other",
		"out of it": "../../other/theirs.txt",
		"absolute":  filepath.Join(a.dir, "k/d/mine.txt"), "over the top": "../../../../../etc/passwd",
		"through": "folder/mine.txt", "self": "self", "root": "..",
		"back in": "../../k/d/mine.txt",
	} {
		if err := os.Symlink(text, filepath.Join(a.dir, "k/links", name)); err != nil {
			t.Fatal(err)
		}
	}
	shown := func(e client.Entry) string {
		switch {
		case e.Target == nil:
			return ""
		case e.Target.Type == "symbolic_link":
			return e.Target.Path + " " + e.Target.Type
		}
		return fmt.Sprint(e.Target.Path, " ", e.Target.Type, " ", e.Target.Size)
	}
	var all client.Listing
	a.call(t, "ak:s", "/files/browse", &all, "-d", `{"path":"/links"}`)
	got := map[string]string{}
	for _, e := range all.Items {
		got[e.Basename] = shown(e)
		var one client.Listing
		body, _ := json.Marshal(client.BrowseRequest{Path: e.Path})
		a.call(t, "ak:s", "/files/browse", &one, "-d", string(body))
		equal(t, "by itself", shown(one.Self), shown(e))
	}
	equal(t, "targets", got, want)
}

// Paths of calls reach nothing outside of the caller's folder. Transfers and links that change are in test/confine.
func TestHostilePathsReachNothing(t *testing.T) {
	a := start(t)
	createKey(t, a.master(t), "ak", "s", "/k")
	a.write(t, "k/mine.txt", "mine")
	a.write(t, "secret.txt", "s3cret")
	a.write(t, "kk/secret.txt", "s3cret")
	for link, text := range map[string]string{"up": "..", "abs": a.dir, "file": "../secret.txt"} {
		if err := os.Symlink(text, filepath.Join(a.dir, "k", link)); err != nil {
			t.Fatal(err)
		}
	}
	before := namesIn(t, a.dir)
	hostile := []string{
		"/../secret.txt", "../secret.txt", "/./../../secret.txt", "/k/../../secret.txt", "//secret.txt", "/up/secret.txt",
		"/up/kk/secret.txt", "/abs/secret.txt", "/file", "/file/",
		"/mine.txt/../../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", `/..\\secret.txt`, "/up/../secret.txt", "/" +
			strings.Repeat("../", 100) + "secret.txt", "/.../secret.txt",
		"/" + strings.Repeat("a/", 3000) + "x", "/" + strings.Repeat("x", 300), "/secret.txt.", "/secret.txt ",
		"/MINE.TXT/../secret.txt", "/a\u0000b", a.dir + "/secret.txt", "/etc/passwd",
		"/../kk/secret.txt", "/proc/self/root" + a.dir + "/secret.txt", ".faspex-storage", "/up/.faspex-storage",
	}
	for _, p := range hostile {
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		q := string(text)
		for _, call := range [][2]string{
			{"/files/browse", `{"path":` + q + `}`}, {"/files/page", `{"path":` + q + `}`},
			{"/files/search", `{"path":` + q + `}`}, {"/files/du", `{"path":` + q + `}`},
			{"/files/info", `{"paths":[{"path":` + q + `}]}`}, {"/space", `{"paths":[{"path":` + q + `}]}`},
			{"/files/delete", `{"paths":[{"path":` + q + `}]}`},
			{"/files/rename", `{"paths":[{"path":` + q + `,"source":"secret.txt","destination":"x"},{"path":"/","source":` + q +
				`,"destination":"y"},{"path":"/","source":"mine.txt","destination":` + q + `}]}`},
		} {
			code, _, body := a.curl(t, call[0], "-u", "ak:s", "-d", call[1])
			if strings.Contains(body, "s3cret") || strings.Contains(body, `"size":6`) || code == "500" || code == "503" {
				t.Errorf("%s of %s: %s %s", call[0], p, code, body)
			}
		}
		path := "/files/" + strings.NewReplacer("%", "%25", "/", "%2F", " ", "%20", "\x00", "%00", `\`, "%5C").Replace(p) +
			"/contents"
		if code, _, body := a.curl(t, path, "-u", "ak:s", "--path-as-is"); strings.Contains(body, "s3cret") ||
			code == "200" && body != "mine" {
			t.Errorf("contents of %s: %s %s", p, code, body)
		}
	}
	after := namesIn(t, a.dir)
	equal(t, "what is outside", after, before)
}

// namesIn are the names in a folder and the texts of its files, but not those in k.
func namesIn(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err != nil || p == filepath.Join(dir, "k") {
			return filepath.SkipDir
		}
		if d.Type().IsRegular() {
			text, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			p += "=" + string(text)
		}
		names = append(names, p)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names
}
