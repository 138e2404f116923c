package controllertest

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/certificate"
	desiredinstance "faspex.io/operator/controllers/desired/instance"
	"faspex.io/operator/controllers/faspexapi"
	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/core"
	"faspex.io/operator/faspex/keyring"
	"faspex.io/operator/faspex/seed"
	"faspex.io/operator/faspex/store"
	"faspex.io/operator/faspex/store/storetest"
)

const (
	externalHost  = "faspex.example.com"
	externalURL   = "https://" + externalHost
	adminName     = "admin@example.com"
	adminPassword = "correct horse battery"
)

// Core is the real core behind the connection the operator itself uses, over TLS and with a JWT grant. Only the call
// that has Faspex try a node is answered here: the names of Services mean nothing outside a cluster.
type Core struct {
	// Store is core's database.
	Store *store.Store

	connector *faspexapi.Connector
	writes    atomic.Int64
	reads     atomic.Int64
}

// NewOnCore is New with the real core instead of the fake; Faspex is nil.
func NewOnCore(t *testing.T) *Field {
	t.Helper()
	f := prepare(t, false)
	f.Faspex = nil
	f.Core = f.runCore(t)
	f.start(t)
	return f
}

func (f *Field) runCore(t *testing.T) *Core {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	const clientID = "operator-client"
	served, err := certificate.New(time.Now(), certificate.Subject{CommonName: externalHost,
		DNSNames: []string{externalHost},
		IPs:      []net.IP{net.IPv4(127, 0, 0, 1)}})
	if err != nil {
		t.Fatal(err)
	}
	names := desiredinstance.NamesOf(Instance)
	f.Create(t, f.GivenSecret(names.TLS, served))
	f.Create(t, f.GivenSecret(names.OperatorClient, map[string][]byte{
		desiredinstance.OperatorClientID:      []byte(clientID),
		desiredinstance.OperatorClientPrivate: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
	}))

	db := storetest.New(t)
	if _, err := seed.Run(t.Context(), db, seed.Options{
		ExternalURL: externalURL, OperatorClientID: clientID,
		OperatorPublicKey: string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})),
		AdminUsername:     adminName, AdminPassword: adminPassword,
	}); err != nil {
		t.Fatal(err)
	}
	ring, err := keyring.New("a secret of the tests, long enough", "")
	if err != nil {
		t.Fatal(err)
	}
	server, err := core.New(db, ring, core.Config{ExternalURL: externalURL, Version: "0.1.0-test"})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	server.Register(mux)
	url := serve(t, served, nil, server.Frame(mux))
	return &Core{Store: db, connector: faspexapi.NewConnector(f.Client, func(*v1alpha1.FaspexInstance) string { return url })}
}

// Connect implements the controllers' FaspexConnector.
func (c *Core) Connect(ctx context.Context, instance *v1alpha1.FaspexInstance) (faspexapi.API, error) {
	connection, err := c.connector.Connect(ctx, instance)
	if err != nil {
		return nil, err
	}
	return counted{connection, c}, nil
}

// DeactivateFirstAdmin gives the administrator that the instance began with another address and deactivates it, and
// ends the tokens of that account, as another administrator may.
func (c *Core) DeactivateFirstAdmin(t *testing.T) {
	t.Helper()
	if _, err := c.Store.CreateAccount(t.Context(), store.Account{Name: "another@example.com", Role: store.RoleAdmin,
		Type: store.TypeLocal, Status: store.AccountActive}); err != nil {
		t.Fatal(err)
	}
	first, err := c.Store.AccountByLogin(t.Context(), adminName)
	if err != nil {
		t.Fatal(err)
	}
	after := first
	after.Email, after.Status = "renamed@example.com", store.AccountInactive
	if err := c.Store.UpdateAccount(t.Context(), first, after); err != nil {
		t.Fatal(err)
	}
}

// Reads is how many lists were asked for: it grows with every reconciliation that gets as far as Faspex.
func (c *Core) Reads() int { return int(c.reads.Load()) }

// Writes is how many calls changed something.
func (c *Core) Writes() int { return int(c.writes.Load()) }

type counted struct {
	faspexapi.API
	core *Core
}

func (c counted) Nodes(ctx context.Context) ([]api.Node, error) {
	c.core.reads.Add(1)
	return c.API.Nodes(ctx)
}

func (c counted) SharedFolders(ctx context.Context, nodeID string) ([]api.SharedFolder, error) {
	c.core.reads.Add(1)
	return c.API.SharedFolders(ctx, nodeID)
}

func (c counted) UpdateNode(ctx context.Context, id string, node api.NodeChange) (api.Node, error) {
	c.core.writes.Add(1)
	return c.API.UpdateNode(ctx, id, node)
}

func (c counted) CreateSharedFolder(ctx context.Context, nodeID string,
	folder api.SharedFolderChange) (api.SharedFolder, error) {
	c.core.writes.Add(1)
	return c.API.CreateSharedFolder(ctx, nodeID, folder)
}

func (c counted) UpdateSharedFolder(ctx context.Context, nodeID, id string,
	folder api.SharedFolderChange) (api.SharedFolder, error) {
	c.core.writes.Add(1)
	return c.API.UpdateSharedFolder(ctx, nodeID, id, folder)
}

func (c counted) TestNode(_ context.Context, id string) (api.Node, error) {
	return api.Node{ID: id, Status: "completed"}, nil
}
