// Package nodeapi connects the controllers to the Node API of a TransferNode: it finds the address, the certificate
// authority and the node user's credentials, and keeps one client for each. What is asked of the node is the callers'
// business.
package nodeapi

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
	desired "faspex.io/operator/controllers/desired/transfernode"
	nodeclient "faspex.io/operator/dataplane/nodeapi/client"
)

// callTimeout limits one call: a reconcile does not wait longer for a node that does not answer.
const callTimeout = 10 * time.Second

// ErrNotConfigured means that a Secret the connection needs is not there or not complete yet.
var ErrNotConfigured = errors.New("node credentials are not complete yet")

// API is what the controllers ask of a node.
type API interface {
	Info(ctx context.Context) (nodeclient.Info, error)
	CreateDirectory(ctx context.Context, path string) error
	Browse(ctx context.Context, req nodeclient.BrowseRequest) (nodeclient.Listing, error)
	Space(ctx context.Context, path string) (nodeclient.Space, error)
	AccessKey(ctx context.Context, id string) (nodeclient.AccessKey, error)
	CreateAccessKey(ctx context.Context, key nodeclient.AccessKey) (nodeclient.AccessKey, error)
	UpdateAccessKey(ctx context.Context, id string, change nodeclient.AccessKeyUpdate) error
	DeleteAccessKey(ctx context.Context, id string) error
	Mount(ctx context.Context, name string, storage nodeclient.Storage) error
	Unmount(ctx context.Context, name string) error
	RunningSessions(ctx context.Context) ([]nodeclient.Session, error)
}

// Connector opens connections to nodes. Safe for concurrent use.
type Connector struct {
	reader   client.Reader
	endpoint func(*v1alpha1.TransferNode) string

	mu      sync.Mutex
	clients map[clientKey]cached
}

type clientKey struct {
	node client.ObjectKey
	user string
}

type cached struct {
	config [sha256.Size]byte
	client *nodeclient.Client
}

// NewConnector returns a Connector that reads Secrets from reader. endpoint tells the URL of a node; nil is the URL of
// its Service. The certificate is always checked against the name of the Service.
func NewConnector(reader client.Reader, endpoint func(*v1alpha1.TransferNode) string) *Connector {
	if endpoint == nil {
		endpoint = desired.Endpoint
	}
	return &Connector{reader: reader, endpoint: endpoint, clients: map[clientKey]cached{}}
}

// AsNodeUser connects with the credentials of the node user. The error wraps ErrNotConfigured while they are not there.
func (c *Connector) AsNodeUser(ctx context.Context, node *v1alpha1.TransferNode) (API, error) {
	return c.asNodeUser(ctx, node)
}

func (c *Connector) asNodeUser(ctx context.Context, node *v1alpha1.TransferNode) (*nodeclient.Client, error) {
	user, err := c.secret(ctx, node, desired.NamesOf(node.Name).NodeUser)
	if err != nil {
		return nil, err
	}
	if !desired.ValidNodeUser(user) {
		return nil, fmt.Errorf("node user: %w", ErrNotConfigured)
	}
	return c.connect(ctx, node, string(user[desired.NodeUserUsername]), string(user[desired.NodeUserPassword]))
}

// AsAccessKey connects with the id and the secret of an access key, over the connections of the node user.
func (c *Connector) AsAccessKey(ctx context.Context, node *v1alpha1.TransferNode, id, secret string) (API, error) {
	shared, err := c.asNodeUser(ctx, node)
	if err != nil {
		return nil, err
	}
	return shared.As(id, secret), nil
}

func (c *Connector) config(ctx context.Context, node *v1alpha1.TransferNode, username,
	password string) (nodeclient.Config, error) {
	tlsSecret, err := c.secret(ctx, node, desired.TLSSecretName(node))
	if err != nil {
		return nodeclient.Config{}, err
	}
	authorities, err := certificate.Authorities(tlsSecret)
	if err != nil {
		return nodeclient.Config{}, fmt.Errorf("certificate of the node api: %w", ErrNotConfigured)
	}
	return nodeclient.Config{
		URL: c.endpoint(node), ServerName: desired.Host(node), CA: authorities,
		Username: username, Password: password, Timeout: callTimeout,
	}, nil
}

func (c *Connector) connect(ctx context.Context, node *v1alpha1.TransferNode,
	username, password string) (*nodeclient.Client, error) {
	config, err := c.config(ctx, node, username, password)
	if err != nil {
		return nil, err
	}
	digest := sha256.New()
	for _, part := range []string{config.URL, string(config.CA), username, password} {
		sum := sha256.Sum256([]byte(part))
		digest.Write(sum[:])
	}
	key := clientKey{client.ObjectKeyFromObject(node), username}
	c.mu.Lock()
	defer c.mu.Unlock()
	old, ok := c.clients[key]
	if ok && old.config == [sha256.Size]byte(digest.Sum(nil)) {
		return old.client, nil
	}
	fresh, err := nodeclient.New(config)
	if err != nil {
		return nil, err
	}
	if ok {
		old.client.CloseIdleConnections()
	}
	c.clients[key] = cached{[sha256.Size]byte(digest.Sum(nil)), fresh}
	return fresh, nil
}

// Forget drops the connections to a node that is gone.
func (c *Connector) Forget(node client.ObjectKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, old := range c.clients {
		if key.node == node {
			old.client.CloseIdleConnections()
			delete(c.clients, key)
		}
	}
}

func (c *Connector) secret(ctx context.Context, node *v1alpha1.TransferNode, name string) (map[string][]byte, error) {
	secret := &corev1.Secret{}
	err := c.reader.Get(ctx, client.ObjectKey{Namespace: node.Namespace, Name: name}, secret)
	if client.IgnoreNotFound(err) != nil {
		return nil, fmt.Errorf("get secret %s: %w", name, err)
	}
	return secret.Data, nil
}
