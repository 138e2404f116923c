package core_test

import (
	"bytes"
	"context"
	"encoding/pem"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"faspex.io/operator/dataplane/nodeapi"
	"faspex.io/operator/dataplane/storage"
	nodestore "faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/client"
	"faspex.io/operator/faspex/core"
	"faspex.io/operator/faspex/keyring"
	"faspex.io/operator/faspex/mail"
	"faspex.io/operator/faspex/nodes"
	"faspex.io/operator/test/mariadbd"
)

const (
	nodeUser     = "node-user"
	nodePassword = "node secret"
)

// transferNode is a real Node API server with TLS, a database and a folder.
type transferNode struct {
	host string
	port int
	ca   string
	dir  string
}

func startNode(t *testing.T) *transferNode {
	t.Helper()
	s, err := nodestore.New(mariadbd.Start(t).Database(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	n := &transferNode{dir: t.TempDir()}
	root, err := storage.Open(n.dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	keys, err := token.NewKeyring(token.Keys{Active: "k1",
		ByID: map[string][]byte{"k1": bytes.Repeat([]byte{7}, token.KeySize)}})
	if err != nil {
		t.Fatal(err)
	}
	server := nodeapi.New(nodeapi.Config{
		Store: s, Storage: root, Keys: keys,
		NodeUser: func() nodeapi.Credentials { return nodeapi.Credentials{Username: nodeUser, Password: nodePassword} },
		Transfer: nodeapi.TransferSettings{
			Door:    nodeapi.Door{Host: "192.0.2.7", SSHPort: 33001, UDPPort: 33001},
			User:    "xfer",
			Ciphers: []string{"aes-256-gcm"}, RatePolicy: "fair",
		},
		NodeID: "n1", ClusterID: "c1", Version: "9.9", Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Metrics: prometheus.NewRegistry(),
	})
	web := httptest.NewTLSServer(server.Handler())
	t.Cleanup(web.Close)
	u, err := url.Parse(web.URL)
	if err != nil {
		t.Fatal(err)
	}
	host, port, err := net.SplitHostPort(u.Host)
	if err != nil {
		t.Fatal(err)
	}
	if n.port, err = strconv.Atoi(port); err != nil {
		t.Fatal(err)
	}
	n.host = host
	n.ca = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw}))
	return n
}

// change is the body that registers the node.
func (n *transferNode) change(name string) api.NodeChange {
	return api.NodeChange{Name: &name, Host: &n.host, APIPort: &n.port, APIUsername: ptr(nodeUser),
		APIPassword: ptr(nodePassword),
		UseSSL:      ptr(true), VerifySSL: ptr(true), PublicKey: &n.ca, NodeType: ptr("gen4_node")}
}

func (n *transferNode) write(t *testing.T, path, text string) {
	t.Helper()
	full := filepath.Join(n.dir, path)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestNodes(t *testing.T) {
	in, node, ctx := install(t), startNode(t), t.Context()
	made, err := in.admin.CreateNode(ctx, node.change("north"))
	if err != nil {
		t.Fatal(err)
	}
	want := api.Node{ID: made.ID, Name: "north", Host: node.host, APIPort: node.port, APIUsername: nodeUser, UseSSL: true,
		VerifySSL: true,
		PublicKey: &node.ca, NodeType: "gen4_node", StorageType: "default", ConnectionTimeout: 30, Status: "queued"}
	if diff := cmp.Diff(want, made); diff != "" {
		t.Errorf("created (-want +got)\n%s", diff)
	}
	if _, err := in.admin.CreateNode(ctx, node.change("NORTH")); !client.IsConflict(err) {
		t.Errorf("same name: %v", err)
	}
	if tested, err := in.admin.TestNode(ctx, made.ID); err != nil || tested.Status != "completed" {
		t.Errorf("test: %s %s, %v", tested.Status, tested.StatusMessage, err)
	}
	// A change of something else keeps the sealed password, also under a new user name.
	if _, err := in.admin.UpdateNode(ctx, made.ID, api.NodeChange{Name: ptr("south"),
		ConnectionTimeout: ptr(5)}); err != nil {
		t.Fatal(err)
	}
	if found, err := in.admin.NodeByName(ctx, "south"); err != nil || found.ID != made.ID || found.ConnectionTimeout != 5 {
		t.Errorf("by name: %+v, %v", found, err)
	}
	if tested, err := in.admin.TestNode(ctx, made.ID); err != nil || tested.Status != "completed" {
		t.Errorf("test after change: %s %s, %v", tested.Status, tested.StatusMessage, err)
	}
	if _, err := in.admin.UpdateNode(ctx, made.ID, api.NodeChange{APIPassword: ptr("wrong")}); err != nil {
		t.Fatal(err)
	}
	if tested, err := in.admin.TestNode(ctx, made.ID); err != nil || tested.Status != "failed" ||
		tested.StatusMessage != "The node refused the user name or the password." {
		t.Errorf("test with a wrong password: %s %q, %v", tested.Status, tested.StatusMessage, err)
	}
	untrusted := node.change("untrusted")
	untrusted.PublicKey, untrusted.Test = ptr(""), ptr(true)
	if _, err := in.admin.CreateNode(ctx, untrusted); err == nil || !strings.Contains(err.Error(), "400") {
		t.Errorf("unknown certificate with test: %v", err)
	}
	if err := in.admin.DeleteNode(ctx, made.ID); err != nil {
		t.Errorf("delete: %v", err)
	}
	if _, err := in.admin.Node(ctx, made.ID); !client.IsNotFound(err) {
		t.Errorf("deleted: %v", err)
	}
	for _, secret := range []string{nodePassword, "wrong"} {
		if strings.Contains(in.log.String(), `"`+secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

func TestPasswordsOutliveTheSecret(t *testing.T) {
	in, node := install(t), startNode(t)
	made, err := in.admin.CreateNode(t.Context(), node.change("north"))
	if err != nil {
		t.Fatal(err)
	}
	id := keyOf(t, made.ID)
	before, err := in.store.Node(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if status, _, body := in.call(t, in.admin, "POST", "/api/v5/configuration/smtp", map[string]any{
		"auth_type": "login", "server_address": "mail.example.com", "server_port": 587, "domain": "", "from_user": "Faspex",
		"from_email": "faspex@example.com", "tls_enabled": true, "packages_recipient_from": "faspex", "username": "faspex",
		"default_time_zone_offset": "0", "password": "mail-Pass-1"}); status != http.StatusCreated {
		t.Fatalf("set the mail server: %d %s", status, body)
	}
	ring, err := keyring.New("the next secret of the tests", testSecret)
	if err != nil {
		t.Fatal(err)
	}
	rotated, err := core.New(in.store, ring, core.Config{ExternalURL: externalURL})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); rotated.Upkeep(ctx) }()
	after := before
	for bytes.Equal(after.APIPassword, before.APIPassword) {
		if after, err = in.store.Node(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	var server mail.Stored
	for current := false; !current; time.Sleep(10 * time.Millisecond) {
		if server, _, err = mail.ReadServer(t.Context(), in.store); err == nil {
			_, current, err = server.Password(ring)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	stop()
	<-done
	last, err := keyring.New("the next secret of the tests", "")
	if err != nil {
		t.Fatal(err)
	}
	if password, err := nodes.NewDialer(last).Password(after); err != nil || password != nodePassword {
		t.Errorf("without the old secret: %v", err)
	}
	if password, _, err := server.Password(last); err != nil || password != "mail-Pass-1" {
		t.Errorf("of the mail server, without the old secret: %v", err)
	}
}

func TestNodesThatAreRefused(t *testing.T) {
	in := install(t)
	node := &transferNode{host: "node.example.com", port: 9092}
	for name, spoil := range map[string]func(*api.NodeChange){
		"no password":      func(c *api.NodeChange) { c.APIPassword = nil },
		"no name":          func(c *api.NodeChange) { c.Name = nil },
		"no use_ssl":       func(c *api.NodeChange) { c.UseSSL = nil },
		"underscore":       func(c *api.NodeChange) { c.Host = ptr("my_node") },
		"path in the host": func(c *api.NodeChange) { c.Host = ptr("a/b") },
		"port":             func(c *api.NodeChange) { c.APIPort = ptr(70000) },
		"type":             func(c *api.NodeChange) { c.NodeType = ptr("gen5") },
		"certificate":      func(c *api.NodeChange) { c.PublicKey = ptr("not PEM") },
	} {
		c := node.change("n")
		c.PublicKey = nil
		spoil(&c)
		if _, err := in.admin.CreateNode(t.Context(), c); err == nil || !strings.Contains(err.Error(), ": 400:") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSharedFolders(t *testing.T) {
	in, ctx := install(t), t.Context()
	node := startNode(t)
	n, err := in.admin.CreateNode(ctx, node.change("north"))
	if err != nil {
		t.Fatal(err)
	}
	first, err := in.admin.CreateSharedFolder(ctx, n.ID,
		api.SharedFolderChange{Name: ptr("first"), Directory: ptr("default/packages/"), DefaultInbox: ptr(true)})
	if err != nil {
		t.Fatal(err)
	}
	if first.Directory != "/default/packages" || !first.DefaultInbox || first.NodeID != n.ID ||
		first.ReadPermission != "private" {
		t.Errorf("created: %+v", first)
	}
	second, err := in.admin.CreateSharedFolder(ctx, n.ID,
		api.SharedFolderChange{Name: ptr("second"), Directory: ptr("/other"), ReadPermission: ptr("public")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := in.admin.CreateSharedFolder(ctx, n.ID,
		api.SharedFolderChange{Name: ptr("second"), Directory: ptr("/x")}); !client.IsConflict(err) {
		t.Errorf("same name: %v", err)
	}
	if err := in.admin.MakeDefaultInbox(ctx, n.ID, second.ID); err != nil {
		t.Fatal(err)
	}
	folders, err := in.admin.SharedFolders(ctx, n.ID)
	if err != nil || len(folders) != 2 || folders[0].DefaultInbox || !folders[1].DefaultInbox {
		t.Errorf("after the change of default: %+v, %v", folders, err)
	}
	for _, bad := range []string{"../etc", "/a/../../b"} {
		if _, err := in.admin.CreateSharedFolder(ctx, n.ID,
			api.SharedFolderChange{Name: ptr("bad"), Directory: &bad}); err == nil {
			t.Errorf("directory %q was accepted", bad)
		}
	}
	if _, err := in.admin.CreateSharedFolder(ctx, n.ID,
		api.SharedFolderChange{Name: ptr("none"), Directory: ptr("/not-there"), Test: ptr(true)}); err == nil {
		t.Error("a directory that is not there passed its test")
	}
	if err := in.admin.DeleteNode(ctx, n.ID); !client.IsConflict(err) {
		t.Errorf("delete a node with folders: %v", err)
	}
	// A user who may send files of shared folders sees what is public, and not where it lies.
	user := in.user(t, "ulf", "user")
	in.permit(t, "ulf", map[string]any{"can_create_from_remote": true})
	if _, _, body := in.call(t, user, "GET", "/api/v5/shared_folders", nil); !strings.Contains(body, `"total_count":1,`) ||
		!strings.Contains(body, `"second"`) || strings.Contains(body, "/other") {
		t.Errorf("folders of a user: %s", body)
	}
	if _, _, body := in.call(t, in.admin, "GET", "/api/v5/nodes?expand=true", nil); !strings.Contains(body,
		`"default_node":{"id":"`+n.ID) || !strings.Contains(body, `"directory":"/other"`) {
		t.Errorf("expanded nodes: %s", body)
	}
	for _, f := range []api.SharedFolder{first, second} {
		if err := in.admin.DeleteSharedFolder(ctx, n.ID, f.ID); err != nil {
			t.Error(err)
		}
	}
	if _, err := in.admin.SharedFolder(ctx, n.ID, first.ID); !client.IsNotFound(err) {
		t.Errorf("deleted: %v", err)
	}
	node.write(t, "top/file.txt", "12345")
	if status, _, body := in.call(t, in.admin, "POST", "/api/v5/nodes/"+n.ID+
		"/browse", map[string]any{"path": "/top"}); status != 200 ||
		!strings.Contains(body, `"path":"/top/file.txt","basename":"file.txt","type":"file","size":"5"`) {
		t.Errorf("browse: %d %s", status, body)
	}
}
