package core_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"faspex.io/operator/faspex/api"
)

// faspex-U2, faspex-U12: a host name with an underscore is refused, for a new node and for one that is changed; and no
// answer shows the password of a node.
func TestNodeHostsAndPasswords(t *testing.T) {
	in, node := install(t), startNode(t)
	body := object(t, mustJSON(t, node.change("north")))
	ask := func(method, path string, body any, want int) string {
		t.Helper()
		status, _, answer := in.call(t, in.admin, method, path, body)
		if status != want {
			t.Errorf("%s %s: %d %s", method, path, status, answer)
		}
		if strings.Contains(answer, nodePassword) || strings.Contains(answer, `"api_password":`) {
			t.Errorf("%s %s shows the password: %s", method, path, answer)
		}
		return answer
	}
	made := jsonOf[api.Node](t, ask("POST", "/api/v5/nodes", body, http.StatusCreated))
	path := "/api/v5/nodes/" + made.ID
	ask("GET", path, nil, http.StatusOK)
	ask("GET", path+"?expand=true", nil, http.StatusOK)
	ask("GET", "/api/v5/nodes?expand=true", nil, http.StatusOK)
	ask("POST", path+"/test", nil, http.StatusOK)
	ask("POST", "/api/v5/nodes/try", body, http.StatusOK)
	ask("PUT", path, map[string]any{"name": "south", "api_password": nodePassword}, http.StatusOK)

	body["name"], body["host"] = "second", "my_node.example.com"
	told := []string{ask("POST", "/api/v5/nodes", body, http.StatusBadRequest),
		ask("PUT", path, map[string]any{"host": "my_node", "api_password": nodePassword}, http.StatusBadRequest)}
	for _, answer := range told {
		if !strings.Contains(answer, "underscores") || !strings.Contains(answer, `"body.host"`) {
			t.Errorf("refused by %s", answer)
		}
	}
	if got, err := in.admin.Node(t.Context(), made.ID); err != nil || got.Host != node.host {
		t.Errorf("host %q, %v", got.Host, err)
	}
}

// faspex-U4: there is one default inbox at most, also over several nodes, and another one takes new packages alone.
func TestDefaultInboxIsOne(t *testing.T) {
	x, ctx := newExchange(t), t.Context()
	send := func(title string) api.Package {
		t.Helper()
		p, err := x.alice.CreatePackage(ctx, api.PackageCreate{Title: title, Recipients: to("bob")})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	root := func(p api.Package) string {
		t.Helper()
		spec, err := x.alice.UploadSpec(ctx, p.ID, nil)
		if err != nil {
			t.Fatal(err)
		}
		return spec.DestinationRoot
	}
	before := send("before")
	second := startNode(t)
	n, err := x.admin.CreateNode(ctx, second.change("south"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.admin.CreateSharedFolder(ctx, n.ID, api.SharedFolderChange{Name: ptr("new inbox"),
		Directory: ptr("/elsewhere"), DefaultInbox: ptr(true)}); err != nil {
		t.Fatal(err)
	}
	_, _, text := x.call(t, x.admin, "GET", "/api/v5/shared_folders", nil)
	var defaults []string
	for _, f := range jsonOf[struct {
		Folders []api.SharedFolder `json:"shared_folders"`
	}](t, text).Folders {
		if f.DefaultInbox {
			defaults = append(defaults, f.Name)
		}
	}
	if len(defaults) != 1 || defaults[0] != "new inbox" {
		t.Errorf("default inboxes: %v", defaults)
	}
	after := send("after")
	if got := root(before); !strings.HasPrefix(got, "/default/packages/"+before.PackageUUID) {
		t.Errorf("a package of before goes to %s", got)
	}
	if got := root(after); !strings.HasPrefix(got, "/elsewhere/"+after.PackageUUID) {
		t.Errorf("a new package goes to %s", got)
	}
	x.deliver(t, before.ID)
	if spec, err := x.bob.DownloadSpec(ctx, before.ID, nil); err != nil ||
		spec.SourceRoot != "/default/packages/"+before.PackageUUID {
		t.Errorf("a package of before is read from %s, %v", spec.SourceRoot, err)
	}
}

// faspex-U5: "/" of a node is its docroot, and neither browsing nor a new folder nor a storage location leaves it, also
// not by a link that lies in it.
func TestNodeIsBrowsedBeneathItsDocroot(t *testing.T) {
	in, node := install(t), startNode(t)
	outside := t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "secret.txt"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(node.dir, "link")); err != nil {
		t.Fatal(err)
	}
	node.write(t, "inside/a.txt", "12345")
	n, err := in.admin.CreateNode(t.Context(), node.change("north"))
	if err != nil {
		t.Fatal(err)
	}
	path := "/api/v5/nodes/" + n.ID
	for folder, want := range map[string]string{"/": `"path":"/inside"`, "": `"path":"/inside"`,
		"/inside": `"path":"/inside/a.txt"`, "/inside/..": "", "/..": "", "../..": "", "/link": "", "/link/": "",
		"/inside/../../" + filepath.Base(outside): ""} {
		status, _, body := in.call(t, in.admin, "POST", path+"/browse", map[string]any{"path": folder})
		if want != "" && (status != http.StatusOK || !strings.Contains(body, want)) {
			t.Errorf("browse %q: %d %s", folder, status, body)
		}
		if want == "" && status == http.StatusOK && !strings.Contains(body, `"/inside"`) ||
			strings.Contains(body, "secret.txt") {
			t.Errorf("browse %q leads out: %d %s", folder, status, body)
		}
	}
	for _, folder := range []string{"/../made", "/inside/../../made", "/link/made"} {
		if status, _, body := in.call(t, in.admin, "POST", path+"/directories",
			map[string]any{"path": folder}); status < 400 {
			t.Errorf("folder %s: %d %s", folder, status, body)
		}
		if status, _, body := in.call(t, in.admin, "POST", path+"/shared_folders",
			map[string]any{"name": folder, "directory": folder, "test": true}); status < 400 {
			t.Errorf("storage location %s: %d %s", folder, status, body)
		}
	}
	for _, made := range []string{filepath.Join(outside, "made"), filepath.Join(filepath.Dir(node.dir), "made")} {
		if _, err := os.Lstat(made); err == nil {
			t.Errorf("%s was made", made)
		}
	}
}
