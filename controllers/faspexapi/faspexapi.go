// Package faspexapi connects the controllers to the Faspex API of a FaspexInstance, through its router and as the
// operator's own API client. What is asked of Faspex is the callers' business.
package faspexapi

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/certificate"
	desired "faspex.io/operator/controllers/desired/instance"
	"faspex.io/operator/faspex/api"
	faspexclient "faspex.io/operator/faspex/client"
)

// callTimeout limits one call: a reconcile does not wait longer for a Faspex that does not answer.
const callTimeout = 15 * time.Second

// ErrNotConfigured means that the instance has not made everything yet that the connection needs.
var ErrNotConfigured = errors.New("the instance is not complete yet")

// API is what the controllers ask of Faspex.
type API interface {
	Nodes(ctx context.Context) ([]api.Node, error)
	CreateNode(ctx context.Context, node api.NodeChange) (api.Node, error)
	UpdateNode(ctx context.Context, id string, node api.NodeChange) (api.Node, error)
	TestNode(ctx context.Context, id string) (api.Node, error)
	DeleteNode(ctx context.Context, id string) error
	SharedFolders(ctx context.Context, nodeID string) ([]api.SharedFolder, error)
	CreateSharedFolder(ctx context.Context, nodeID string, folder api.SharedFolderChange) (api.SharedFolder, error)
	UpdateSharedFolder(ctx context.Context, nodeID, id string, folder api.SharedFolderChange) (api.SharedFolder, error)
	DeleteSharedFolder(ctx context.Context, nodeID, id string) error
	ManageSettings(ctx context.Context, settings api.ManagedSettings) error
}

// Connector opens connections to instances and keeps one for each, with its token. Safe for concurrent use.
type Connector struct {
	reader   client.Reader
	endpoint func(*v1alpha1.FaspexInstance) string

	mu      sync.Mutex
	clients map[client.ObjectKey]cached
}

type cached struct {
	config [sha256.Size]byte
	client *faspexclient.Client
}

// NewConnector returns a Connector that reads Secrets from reader. endpoint tells the URL of an instance; nil is the
// address of its router within the cluster. The certificate is always checked against the host of spec.externalURL,
// which every certificate of an instance has to cover.
func NewConnector(reader client.Reader, endpoint func(*v1alpha1.FaspexInstance) string) *Connector {
	if endpoint == nil {
		endpoint = func(i *v1alpha1.FaspexInstance) string { return desired.Endpoints(i).Internal }
	}
	return &Connector{reader: reader, endpoint: endpoint, clients: map[client.ObjectKey]cached{}}
}

// Connect returns the client of an instance. The error wraps ErrNotConfigured while the instance is not complete.
func (c *Connector) Connect(ctx context.Context, instance *v1alpha1.FaspexInstance) (API, error) {
	config, err := c.config(ctx, instance)
	if err != nil {
		return nil, err
	}
	digest := sha256.New()
	for _, part := range []string{
		config.URL, config.ServerName, string(config.CA), config.Grant.ClientID, config.Grant.User,
		string(config.Grant.PrivateKey),
	} {
		sum := sha256.Sum256([]byte(part))
		digest.Write(sum[:])
	}
	sum := [sha256.Size]byte(digest.Sum(nil))
	key := client.ObjectKeyFromObject(instance)
	c.mu.Lock()
	defer c.mu.Unlock()
	old, ok := c.clients[key]
	if ok && old.config == sum {
		return old.client, nil
	}
	fresh, err := faspexclient.New(config)
	if err != nil {
		return nil, err
	}
	if ok {
		old.client.CloseIdleConnections()
	}
	c.clients[key] = cached{sum, fresh}
	return fresh, nil
}

func (c *Connector) config(ctx context.Context, instance *v1alpha1.FaspexInstance) (faspexclient.Config, error) {
	operator, err := c.secret(ctx, instance, desired.NamesOf(instance.Name).OperatorClient)
	if err != nil {
		return faspexclient.Config{}, err
	}
	served, err := c.secret(ctx, instance, desired.TLSSecret(instance))
	if err != nil {
		return faspexclient.Config{}, err
	}
	authorities, err := certificate.Authorities(served)
	if err != nil || len(operator[desired.OperatorClientID]) == 0 || len(operator[desired.OperatorClientPrivate]) == 0 {
		return faspexclient.Config{}, ErrNotConfigured
	}
	return faspexclient.Config{
		URL: c.endpoint(instance), ServerName: desired.ExternalHost(instance), CA: authorities, Timeout: callTimeout,
		Grant: &faspexclient.Grant{
			ClientID: string(operator[desired.OperatorClientID]), PrivateKey: operator[desired.OperatorClientPrivate],
			User: api.OperatorLogin(string(operator[desired.OperatorClientID])),
		},
	}, nil
}

func (c *Connector) secret(ctx context.Context, instance *v1alpha1.FaspexInstance, name string) (map[string][]byte,
	error) {
	secret := &corev1.Secret{}
	err := c.reader.Get(ctx, client.ObjectKey{Namespace: instance.Namespace, Name: name}, secret)
	if client.IgnoreNotFound(err) != nil {
		return nil, fmt.Errorf("get secret %s: %w", name, err)
	}
	return secret.Data, nil
}
