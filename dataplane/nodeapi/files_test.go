package nodeapi_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"faspex.io/operator/dataplane/nodeapi/client"
)

func TestFilesByPath(t *testing.T) {
	a := start(t)
	ctx, c := t.Context(), a.master(t)
	a.write(t, "d/b.txt", "12345")
	a.write(t, "d/a ü.txt", "1")
	if err := c.CreateDirectory(ctx, "/d/new/deep"); err != nil {
		t.Fatal(err)
	}
	if err := c.CreateDirectory(ctx, "/d/new"); !client.IsConflict(err) {
		t.Errorf("second create: %v", err)
	}
	names := func(req client.BrowseRequest) string {
		t.Helper()
		req.Path = "/d"
		l, err := c.Browse(ctx, req)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, e := range l.Items {
			out = append(out, e.Basename)
		}
		return fmt.Sprintf("%s of %d", strings.Join(out, ","), l.TotalCount)
	}
	two := int64(2)
	for want, req := range map[string]client.BrowseRequest{
		"a ü.txt,b.txt,new of 3": {},
		"b.txt of 3":             {Skip: 1, Count: 1},
		" of 3":                  {Skip: 9},
		"b.txt,a ü.txt,new of 3": {Sort: "size_d"},
		"a ü.txt,b.txt of 2":     {Filters: &client.Filters{Basenames: []string{"*.txt"}}},
		"new of 1":               {Filters: &client.Filters{Types: []string{"directory"}}},
		"b.txt of 1":             {Filters: &client.Filters{SizeMin: &two}},
	} {
		equal(t, "listing", names(req), want)
	}
	_, err := c.Browse(ctx, client.BrowseRequest{Path: "/d", Sort: "color"})
	status(t, err, 400)
	_, err = c.Browse(ctx, client.BrowseRequest{Path: "/none"})
	status(t, err, 404)
	file, err := c.Browse(ctx, client.BrowseRequest{Path: "/d/b.txt"})
	if err != nil || file.Self.Type != "file" || file.Self.Size != 5 || len(file.Items) != 0 {
		t.Errorf("file = %+v, %v", file, err)
	}
	_, _, body := a.curl(t, "/files/rename", append(asNode, "-d",
		`{"paths":[{"path":"/d","source":"b.txt","destination":"c.txt"},{"path":"/d","source":"a ü.txt","destination":"c.txt"},{"path":"/d","source":"x","destination":"../y"}]}`)...)
	if codes := codesOf(body); codes != "409,400" {
		t.Errorf("rename: %s", body)
	}
	_, _, body = a.curl(t, "/files/create", append(asNode, "-d",
		`{"paths":[{"path":"/f.bin","type":"file","contents":"aGk="},{"path":"/l","type":"symbolic_link","target":{"path":"/d/c.txt"}},{"path":"/q","type":"pipe"},{"path":"/d/c.txt/x","type":"directory"}]}`)...)
	if codes := codesOf(body); codes != "400,409" {
		t.Errorf("create: %s", body)
	}
	if l, err := c.Browse(ctx, client.BrowseRequest{Path: "/l"}); err != nil || l.Self.Type != "symbolic_link" ||
		len(l.Items) != 0 {
		t.Errorf("the link: %+v, %v", l, err)
	}
	_, _, body = a.curl(t, "/files/delete", append(asNode, "-d",
		`{"paths":[{"path":"/d","recursive_delete":false},{"path":"/none"},{"path":"l"},{"path":"/d"}]}`)...)
	if codes := codesOf(body); codes != "409,404" {
		t.Errorf("delete: %s", body)
	}
	equal(t, "what is left", names0(t, c), "f.bin")
	space, err := c.Space(ctx, "/")
	if err != nil || space.BytesTotal <= 0 || space.BytesFree > space.BytesTotal || space.PercentFree > 100 {
		t.Errorf("space = %+v, %v", space, err)
	}
}

func names0(t *testing.T, c *client.Client) string {
	t.Helper()
	l, err := c.Browse(t.Context(), client.BrowseRequest{Path: "/"})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range l.Items {
		out = append(out, e.Basename)
	}
	return strings.Join(out, ",")
}

// codesOf lists the error codes of the paths of an answer.
func codesOf(body string) string {
	var codes []string
	for _, m := range regexp.MustCompile(`"code":(\d+)`).FindAllStringSubmatch(body, -1) {
		codes = append(codes, m[1])
	}
	return strings.Join(codes, ",")
}

func TestFilesByID(t *testing.T) {
	a := start(t)
	createKey(t, a.master(t), "ak", "s", "/k")
	for i := range 5 {
		a.write(t, fmt.Sprintf("k/d/f%d", i), "x")
	}
	as := []string{"-u", "ak:s"}
	type file struct{ ID, Name, Type string }
	list := func(id string, args ...string) (files []file, headers string) {
		t.Helper()
		code, headers, body := a.curl(t, "/files/"+id, append(slices.Clone(as), args...)...)
		if code != "200" || !strings.Contains(headers, "Content-Type: application/json") {
			t.Fatalf("list: %s %s", code, body)
		}
		if err := json.Unmarshal([]byte(body), &files); err != nil {
			t.Fatal(err)
		}
		return files, headers
	}
	top, _ := list("1/files")
	if len(top) != 1 || top[0].Name != "d" || top[0].Type != "folder" {
		t.Fatalf("top = %v", top)
	}
	folder := top[0].ID
	var all []string
	token := ""
	for {
		page, headers := list(folder+"/files?per_page=2"+token, "-H", "Accept-Version: 4.0")
		for _, f := range page {
			all = append(all, f.Name)
		}
		next := regexp.MustCompile(`(?i)X-Aspera-Next-Iteration-Token: (\S+)`).FindStringSubmatch(headers)
		if next == nil {
			break
		}
		token = "&iteration_token=" + next[1]
	}
	equal(t, "pages", strings.Join(all, ","), "f0,f1,f2,f3,f4")
	call := func(want, method, path, payload string) string {
		t.Helper()
		args := append(slices.Clone(as), "-X", method)
		if payload != "" {
			args = append(args, "-d", payload)
		}
		code, _, body := a.curl(t, path, args...)
		if code != want {
			t.Errorf("%s %s: %s %s", method, path, code, body)
		}
		return body
	}
	call("204", "PUT", "/files/"+folder, `{"name":"e"}`)
	if body := call("200", "GET", "/files/"+folder, ""); !strings.Contains(body, `"name":"e"`) {
		t.Errorf("an id is lost by a rename: %s", body)
	}
	body := call("200", "POST", "/files/"+folder+"/files", `{"name":"sub","type":"folder"}`)
	var sub file
	if err := json.Unmarshal([]byte(body), &sub); err != nil || sub.ID == "" {
		t.Fatalf("created = %s", body)
	}
	call("409", "POST", "/files/"+folder+"/files", `{"name":"sub","type":"folder"}`)
	call("400", "POST", "/files/"+folder+"/files", `{"name":"../x","type":"folder"}`)
	call("204", "DELETE", "/files/"+folder, "")
	call("404", "GET", "/files/"+sub.ID, "")
	call("403", "DELETE", "/files/1", "")
	call("404", "GET", "/files/xyz", "")
	if code, _, _ := a.curl(t, "/files/1", asNode...); code != "403" {
		t.Errorf("file ids of the node user: %s", code)
	}
}
