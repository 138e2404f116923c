package faspextest

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	nodeclient "faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/faspex/address"
	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/auth"
	"faspex.io/operator/faspex/client"
	"faspex.io/operator/faspex/core"
	"faspex.io/operator/faspex/keyring"
	"faspex.io/operator/faspex/nodes"
	"faspex.io/operator/faspex/packages"
	"faspex.io/operator/faspex/process"
	"faspex.io/operator/faspex/seed"
	"faspex.io/operator/faspex/service"
	"faspex.io/operator/faspex/store"
	"faspex.io/operator/faspex/store/storetest"
	"faspex.io/operator/faspex/ui"
)

const (
	// AdminName and AdminPassword are the first admin's.
	AdminName     = "admin@example.com"
	AdminPassword = "Correct-Horse-1"

	operatorID = "operator-client"
	uiID       = "ui-client"
	inbox      = "/packages"
)

// Instance is a Faspex with a database, behind one address like behind the router.
type Instance struct {
	Store *store.Store
	URL   string // without a path
	Admin *client.Client
	// Log collects what core and the workers log.
	Log *Log

	// MailRoots vouch for the mail server of workers that are made from now on.
	MailRoots *x509.CertPool
	// Webhooks are internal addresses that webhooks of workers may call that are made from now on.
	Webhooks address.List

	dialer *nodes.Dialer
	ring   *keyring.Ring // of core and of the gateway
	mux    *http.ServeMux
	router *httptest.Server
	cut    atomic.Bool
	ahead  atomic.Int64 // of core's clock, in nanoseconds
}

// Log is a buffer that several write to.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *Log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Start starts a seeded instance that ends with the test. page is the built web page; nil serves none.
func Start(t testing.TB, page fs.FS) *Instance {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	ring, err := keyring.New("a secret of the tests, long enough", "")
	if err != nil {
		t.Fatal(err)
	}
	in := &Instance{Store: storetest.New(t), Log: &Log{}, dialer: nodes.NewDialer(ring), ring: ring,
		mux: http.NewServeMux()}
	log, err := process.NewLogger(in.Log, "debug")
	if err != nil {
		t.Fatal(err)
	}
	mux := in.mux
	in.router = httptest.NewServer(http.HandlerFunc(in.serve))
	t.Cleanup(in.router.Close)
	in.URL = in.router.URL
	if _, err := seed.Run(t.Context(), in.Store, seed.Options{
		ExternalURL: in.URL, UIClientID: uiID, ServiceClientID: "service-client", OperatorClientID: operatorID,
		OperatorPublicKey: string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
		AdminUsername:     AdminName, AdminPassword: AdminPassword,
	}); err != nil {
		t.Fatal(err)
	}
	server, err := core.New(in.Store, ring, core.Config{ExternalURL: in.URL, Gateway: ring, Version: "test", Log: log,
		Now: func() time.Time { return time.Now().Add(time.Duration(in.ahead.Load())) }})
	if err != nil {
		t.Fatal(err)
	}
	api := http.NewServeMux()
	server.Register(api)
	apiHandler := process.Requests(server.Frame(api), log, prometheus.NewRegistry())
	for _, prefix := range []string{"/api/v5/", "/auth/", "/public/", "/health"} {
		mux.Handle(core.Base+prefix, apiHandler)
	}
	if page != nil {
		handler, err := ui.New(ui.Config{ClientID: uiID, CoreURL: in.URL}, page, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		mux.Handle(ui.BasePath, handler)
	}
	in.Admin, err = client.New(client.Config{URL: in.URL, Grant: &client.Grant{
		ClientID: operatorID, User: AdminName,
		PrivateKey: pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}),
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(in.Admin.CloseIdleConnections)
	if err := in.Admin.Configure(t.Context(), map[string]any{"users_can_send_to_all_faspex_users": true}); err != nil {
		t.Fatal(err)
	}
	return in
}

// Advance moves core's clock.
func (in *Instance) Advance(d time.Duration) { in.ahead.Add(int64(d)) }

// Cut breaks the network between browsers and the router off, and keeps it so until it is called with false.
func (in *Instance) Cut(down bool) {
	in.cut.Store(down)
	if down {
		in.router.CloseClientConnections()
	}
}

func (in *Instance) serve(w http.ResponseWriter, r *http.Request) {
	if in.cut.Load() {
		panic(http.ErrAbortHandler)
	}
	in.mux.ServeHTTP(w, r)
}

// Worker makes a replica of the service. now is its clock; nil is time.Now.
func (in *Instance) Worker(t testing.TB, name string, now func() time.Time) *service.Worker {
	t.Helper()
	log, err := process.NewLogger(in.Log, "debug")
	if err != nil {
		t.Fatal(err)
	}
	return service.New(service.Config{Store: in.Store, Dialer: in.dialer, Log: log, Name: name, Now: now, Ring: in.ring,
		MailRoots: in.MailRoots, Webhooks: in.Webhooks,
		Registry: prometheus.NewRegistry()})
}

// Register registers a node with a shared folder that becomes the default inbox, and gives the node's id.
func (in *Instance) Register(t testing.TB, name string, n *Node) string {
	t.Helper()
	made, err := in.Admin.CreateNode(t.Context(), n.Change(name))
	if err != nil {
		t.Fatal(err)
	}
	// Packages in a bucket have their folder already.
	if err := n.Client(t).CreateDirectory(t.Context(), inbox); err != nil && !nodeclient.IsConflict(err) {
		t.Fatal(err)
	}
	folder, err := in.Admin.CreateSharedFolder(t.Context(), made.ID,
		api.SharedFolderChange{Name: ptr("packages of " + name), Directory: ptr(inbox)})
	if err != nil {
		t.Fatal(err)
	}
	if err := in.Admin.MakeDefaultInbox(t.Context(), made.ID, folder.ID); err != nil {
		t.Fatal(err)
	}
	return made.ID
}

// User makes an account whose login name is its first name in small letters, and gives a client that acts for it.
func (in *Instance) User(t testing.TB, first, last, password string) *client.Client {
	t.Helper()
	name := strings.ToLower(first) + "@example.com"
	change := api.AccountChange{Name: &name, FirstName: &first, LastName: &last, Email: &name, Role: ptr("user")}
	if _, err := in.Admin.CreateAccount(t.Context(), change); err != nil {
		t.Fatal(err)
	}
	if password != "" {
		in.SetPassword(t, name, password)
	}
	return in.Admin.As(name)
}

// PackageFolder is where the content of a package lies in the storage of its node.
func PackageFolder(p api.Package) string {
	return filepath.Join(inbox, packages.Folder(p.Title, p.PackageUUID, 200))
}

// SetPassword gives an account a password, as the utility does.
func (in *Instance) SetPassword(t testing.TB, login, password string) {
	t.Helper()
	a, err := in.Store.AccountByLogin(t.Context(), login)
	if err == nil {
		err = in.Store.ResetPassword(t.Context(), a.ID, auth.HashPassword(password))
	}
	if err != nil {
		t.Fatal(err)
	}
}
