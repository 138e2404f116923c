package nodeapi_test

import (
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"

	"faspex.io/operator/dataplane/store"
)

// A node without the files says so to everybody, and makes no folders that would be taken for those of the others.
func TestWithoutTheFilesNoFolderIsMade(t *testing.T) {
	a := start(t)
	createKey(t, a.master(t), "ak", "s", "/tenant")
	u := store.NodeUser{Name: "luke", TransferUser: "rebels", Docroot: "/rebels"}
	if err := a.store.CreateNodeUser(t.Context(), u, "pw"); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(a.dir + "/tenant"); err != nil {
		t.Fatal(err)
	}
	a.server.FilesHere = func() error { return errors.New("the files are at another machine") }
	node := a.server.Handler()
	for _, c := range []struct{ user, password, method, path, body string }{
		{nodeUser, nodePass, "POST", "/files/browse", `{"path":"/"}`},
		{nodeUser, nodePass, "POST", "/files/upload_setup", `{"transfer_requests":[{"transfer_request":{}}]}`},
		{nodeUser, nodePass, "POST", "/access_keys", `{"storage":{"type":"local","path":"/new"}}`},
		{nodeUser, nodePass, "PUT", "/access_keys/ak", `{"storage":{"type":"local","path":"/new"}}`},
		{"ak", "s", "POST", "/files/browse", `{"path":"/"}`},
		{"luke", "pw", "POST", "/files/browse", `{"path":"/"}`},
	} {
		w := served(node, c.user, c.password, c.method, c.path, c.body)
		if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "at another machine") {
			t.Errorf("%s %s by %s: %d %s", c.method, c.path, c.user, w.Code, w.Body)
		}
	}
	w := served(node, nodeUser, nodePass, http.MethodPut, "/access_keys/ak", `{"secret":"other"}`)
	if w.Code != http.StatusNoContent {
		t.Errorf("a change without a folder: %d %s", w.Code, w.Body)
	}
	made, err := os.ReadDir(a.dir)
	if err != nil || len(made) != 0 {
		t.Errorf("folders are made: %v, %v", made, err)
	}
}
