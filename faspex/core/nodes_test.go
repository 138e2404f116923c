package core_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"faspex.io/operator/faspex/api"
)

// stranger is a server of somebody else, which counts who gives it a password.
type stranger struct {
	host  string
	port  int
	given atomic.Int64
}

func startStranger(t *testing.T) *stranger {
	t.Helper()
	s := &stranger{}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, _, ok := r.BasicAuth(); ok {
			s.given.Add(1)
		}
		http.Error(w, "SECRET of another server", http.StatusTeapot)
	}))
	t.Cleanup(web.Close)
	host, port, err := net.SplitHostPort(web.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if s.port, err = strconv.Atoi(port); err != nil {
		t.Fatal(err)
	}
	s.host = host
	return s
}

func TestNodePasswordStaysWithItsHost(t *testing.T) {
	in, n, other, ctx := install(t), startNode(t), startStranger(t), t.Context()
	made, err := in.admin.CreateNode(ctx, n.change("north"))
	if err != nil {
		t.Fatal(err)
	}
	_, otherCA := rsaKey(t)
	for name, change := range map[string]api.NodeChange{
		"everything": {Host: &other.host, APIPort: &other.port, UseSSL: ptr(false), VerifySSL: ptr(false)},
		"everything tested": {Host: &other.host, APIPort: &other.port, UseSSL: ptr(false), VerifySSL: ptr(false),
			Test: ptr(true)},
		"host":              {Host: ptr("localhost")},
		"port":              {APIPort: &other.port},
		"no TLS":            {UseSSL: ptr(false)},
		"no verification":   {VerifySSL: ptr(false)},
		"no certificate":    {PublicKey: ptr("")},
		"other certificate": {PublicKey: &otherCA},
		"with a user name":  {APIUsername: ptr("other"), Host: ptr("localhost")},
		"with all the rest": {Name: ptr("south"), NodeType: ptr("gen4_cluster"), ConnectionTimeout: ptr(3),
			APIPort: &other.port},
	} {
		if _, err := in.admin.UpdateNode(ctx, made.ID, change); err == nil ||
			!strings.Contains(err.Error(), ": 400: api_password is needed again") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if tested, err := in.admin.TestNode(ctx, made.ID); err != nil || tested.Status != "completed" {
		t.Errorf("after refused changes: %s %s, %v", tested.Status, tested.StatusMessage, err)
	}
	if got := other.given.Load(); got != 0 {
		t.Errorf("another server was given the password %d times", got)
	}

	// What stays as it is may be sent along, and the password opens every change.
	same := n.change("north")
	same.APIPassword, same.PublicKey = nil, ptr("\n"+n.ca+"\n")
	if _, err := in.admin.UpdateNode(ctx, made.ID, same); err != nil {
		t.Errorf("no change: %v", err)
	}
	if _, err := in.admin.UpdateNode(ctx, made.ID, api.NodeChange{VerifySSL: ptr(false),
		APIPassword: ptr(nodePassword)}); err != nil {
		t.Errorf("with the password: %v", err)
	}
	if tested, err := in.admin.TestNode(ctx, made.ID); err != nil || tested.Status != "completed" {
		t.Errorf("after the change: %s %s, %v", tested.Status, tested.StatusMessage, err)
	}
}

func TestNodeTestTellsClassesOfErrors(t *testing.T) {
	in, other, ctx := install(t), startStranger(t), t.Context()
	change := (&transferNode{host: other.host, port: other.port}).change("north")
	change.UseSSL, change.VerifySSL, change.PublicKey = ptr(false), ptr(false), nil
	made, err := in.admin.CreateNode(ctx, change)
	if err != nil {
		t.Fatal(err)
	}
	if tested, err := in.admin.TestNode(ctx, made.ID); err != nil ||
		tested.StatusMessage != "What answers there is not a node." {
		t.Errorf("test: %q, %v", tested.StatusMessage, err)
	}
	change.Name, change.Test = ptr("south"), ptr(true)
	if _, err := in.admin.CreateNode(ctx, change); err == nil ||
		!strings.HasSuffix(err.Error(), ": 400: What answers there is not a node.") {
		t.Errorf("create with test: %v", err)
	}
	_, err = in.admin.CreateSharedFolder(ctx, made.ID,
		api.SharedFolderChange{Name: ptr("f"), Directory: ptr("/f"), Test: ptr(true)})
	if err == nil ||
		!strings.HasSuffix(err.Error(), ": 400: The directory cannot be listed. What answers there is not a node.") {
		t.Errorf("folder with test: %v", err)
	}
}

// faspex-U13: a node shows how much of its storage is free, used and there in all, and says why when it cannot be asked.
func TestNodeTellsItsSpace(t *testing.T) {
	in, node := install(t), startNode(t)
	made, err := in.admin.CreateNode(t.Context(), node.change("north"))
	if err != nil {
		t.Fatal(err)
	}
	read := func() (n api.Node) {
		_, _, body := in.call(t, in.admin, "GET", "/api/v5/nodes/"+made.ID+"?expand=true", nil)
		return jsonOf[api.Node](t, body)
	}
	var disk syscall.Statfs_t
	if err := syscall.Statfs(node.dir, &disk); err != nil {
		t.Fatal(err)
	}
	if n := read(); n.StorageTotal == nil || *n.StorageTotal != int64(disk.Blocks)*disk.Bsize || *n.StorageFree <= 0 ||
		*n.StorageFree+*n.StorageUsed != *n.StorageTotal || n.StorageError != "" {
		t.Errorf("%+v", n)
	}
	if _, err := in.admin.UpdateNode(t.Context(), made.ID, api.NodeChange{APIPassword: ptr("wrong")}); err != nil {
		t.Fatal(err)
	}
	if n := read(); n.StorageTotal != nil || n.StorageError != "The node refused the user name or the password." {
		t.Errorf("%+v", n)
	}
}
