package controllertest

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/certificate"
	desired "faspex.io/operator/controllers/desired/transfernode"
	"faspex.io/operator/dataplane/buckets"
	"faspex.io/operator/dataplane/nodeapi"
	"faspex.io/operator/dataplane/objectstore"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/test/fuse"
)

// NodeAPI is the real server of a node, once it runs.
type NodeAPI struct {
	// Dir is the folder that holds the files.
	Dir string
	// Store is the node's database, opened with the credentials the controller made.
	Store *store.Store

	// fuse, if there is one, counts calls that change something.
	fuse *fuse.Fuse

	mu    sync.Mutex
	url   string
	user  nodeapi.Credentials
	calls int

	connections int
	authorities *x509.CertPool
}

// answer remembers how a call went.
type answer struct {
	http.ResponseWriter
	status int
}

func (a *answer) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

// changed tells whether a call has changed something: some of those that read are sent with POST.
func (a *answer) changed(r *http.Request) bool {
	reads := []string{"/files/browse", "/files/search", "/space"}
	return r.Method != http.MethodGet && r.Method != http.MethodHead && !slices.Contains(reads, r.URL.Path) && a.status < 300
}

// unreachable is where nobody listens.
const unreachable = "https://127.0.0.1:1"

func (n *NodeAPI) endpoint(*v1alpha1.TransferNode) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.url == "" {
		return unreachable
	}
	return n.url
}

// SetUser changes who the node takes for its user.
func (n *NodeAPI) SetUser(username, password string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.user = nodeapi.Credentials{Username: username, Password: password}
}

// Calls is how many calls the node got: it grows with every reconciliation that gets as far as the node.
func (n *NodeAPI) Calls() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.calls
}

func (n *NodeAPI) count() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.calls++
}

// Connections is how many there are.
func (n *NodeAPI) Connections() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.connections
}

func (n *NodeAPI) connection(_ net.Conn, state http.ConnState) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch state {
	case http.StateNew:
		n.connections++
	case http.StateClosed, http.StateHijacked:
		n.connections--
	case http.StateActive, http.StateIdle:
	}
}

func (n *NodeAPI) takes(username, password string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.user == nodeapi.Credentials{Username: username, Password: password}
}

// Trust has the node believe certificates of a server that has no well-known authority; before it is asked for one.
func (n *NodeAPI) Trust(t *testing.T, pem []byte) {
	t.Helper()
	if !n.authorities.AppendCertsFromPEM(pem) {
		t.Fatal("no certificate to trust")
	}
}

// RunNode does what the pods would do: it serves the Node API with what the controller wrote into Secrets, and reports
// one pod of one ready.
func (f *Field) RunNode(t *testing.T) {
	t.Helper()
	names := desired.NamesOf(Node)
	user, db := f.Secret(t, names.NodeUser), f.Secret(t, names.Database)
	served, keys := f.Secret(t, names.TLS), f.Secret(t, names.TokenKeys)
	f.Eventually(t, "the DaemonSet is written", func() bool {
		// By then the database is provisioned.
		node := &v1alpha1.TransferNode{}
		f.Get(t, node, Node)
		return node.Status.Endpoint != ""
	})

	f.NodeAPI.Dir = t.TempDir()
	if err := os.Mkdir(filepath.Join(f.NodeAPI.Dir, "default"), 0o755); err != nil {
		t.Fatal(err)
	}
	root, err := storage.Open(f.NodeAPI.Dir)
	if err != nil {
		t.Fatal(err)
	}
	f.NodeAPI.Store = f.openStore(t, db)
	active := string(keys[desired.TokenKeyActive])
	key, err := base64.StdEncoding.DecodeString(string(keys[active]))
	if err != nil {
		t.Fatal(err)
	}
	ring, err := token.NewKeyring(token.Keys{Active: active, ByID: map[string][]byte{active: key}})
	if err != nil {
		t.Fatal(err)
	}
	f.NodeAPI.SetUser(string(user[desired.NodeUserUsername]), string(user[desired.NodeUserPassword]))
	if f.Faspex != nil {
		f.Faspex.setCheck(f.NodeAPI.takes)
	}
	f.NodeAPI.authorities = x509.NewCertPool()
	api := nodeapi.New(nodeapi.Config{
		Store: f.NodeAPI.Store, Storage: root, Keys: ring,
		Objects: buckets.New(buckets.Options{Store: f.NodeAPI.Store, Keys: ring, Authorities: f.NodeAPI.authorities,
			Memory: objectstore.NewMemory(objectstore.DefaultMemory, 0), Logger: slog.New(slog.DiscardHandler)}),
		NodeUser: func() nodeapi.Credentials { f.NodeAPI.mu.Lock(); defer f.NodeAPI.mu.Unlock(); return f.NodeAPI.user },
		Transfer: nodeapi.TransferSettings{
			Door: nodeapi.Door{Host: "127.0.0.1", SSHPort: 33001, UDPPort: 33001},
			User: "xfer",
		},
		NodeID: "n1", ClusterID: Node, Version: "0.1.0-test", Now: time.Now,
		Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(),
	})
	handler := api.Handler()
	url := serve(t, served, f.NodeAPI.connection, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.NodeAPI.count()
		answer := &answer{ResponseWriter: w}
		handler.ServeHTTP(answer, r)
		if f.NodeAPI.fuse != nil && answer.changed(r) {
			f.NodeAPI.fuse.Wrote("node: " + r.Method + " " + r.URL.Path)
		}
	}))
	f.NodeAPI.mu.Lock()
	f.NodeAPI.url = url
	f.NodeAPI.mu.Unlock()
	f.SetPods(t, 1, 1)
}

func (f *Field) openStore(t *testing.T, db map[string][]byte) *store.Store {
	t.Helper()
	cfg := mysql.NewConfig()
	cfg.Net, cfg.Addr = "tcp", net.JoinHostPort(string(db["HSTS_DB_HOST"]), string(db["HSTS_DB_PORT"]))
	cfg.User, cfg.Passwd = string(db["HSTS_DB_USERNAME"]), string(db["HSTS_DB_PASSWORD"])
	cfg.DBName = string(db["HSTS_DB_DATABASE"])
	s, err := store.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close the node's database: %v", err)
		}
	})
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatalf("migrate with the rights the controller gave: %v", err)
	}
	return s
}

// Secret waits for a Secret and returns its data.
func (f *Field) Secret(t *testing.T, name string) map[string][]byte {
	t.Helper()
	secret := &corev1.Secret{}
	f.Eventually(t, "Secret "+name, func() bool { return f.Client.Get(t.Context(), f.Key(name), secret) == nil })
	return secret.Data
}

// serve serves HTTPS on a loopback port until the test ends and returns its URL.
func serve(t *testing.T, served map[string][]byte, state func(net.Conn, http.ConnState), handler http.Handler) string {
	t.Helper()
	pair, err := tls.X509KeyPair(served[certificate.CertKey], served[certificate.PrivateKeyKey])
	if err != nil {
		t.Fatal(err)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: Patience, ConnState: state}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener) // ends with ErrServerClosed
	}()
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Errorf("close the node api: %v", err)
		}
		<-done
	})
	return "https://127.0.0.1:" + strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}
