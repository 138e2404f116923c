package service

import (
	"reflect"
	"sync"
	"time"

	nodeapi "faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/faspex/nodes"
	"faspex.io/operator/faspex/store"
)

// clients keeps one Node API client for each node, so that a node that is asked every second is not greeted anew every
// second. Safe for concurrent use.
type clients struct {
	dialer *nodes.Dialer
	mu     sync.Mutex
	byNode map[int64]keptClient
}

type keptClient struct {
	node   store.Node // how to reach it
	client *nodeapi.Client
}

func newClients(dialer *nodes.Dialer) *clients {
	return &clients{dialer: dialer, byNode: map[int64]keptClient{}}
}

// of gives the client of a node; a new one when it was told to be reached otherwise.
func (c *clients) of(node store.Node) (*nodeapi.Client, error) {
	node = reachOnly(node)
	c.mu.Lock()
	defer c.mu.Unlock()
	kept, known := c.byNode[node.ID]
	if known && reflect.DeepEqual(kept.node, node) {
		return kept.client, nil
	}
	client, err := c.dialer.Client(node)
	if err != nil {
		return nil, err
	}
	if known {
		kept.client.CloseIdleConnections()
	}
	c.byNode[node.ID] = keptClient{node, client}
	return client, nil
}

// forget drops the client of a node that is gone.
func (c *clients) forget(id int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if kept, known := c.byNode[id]; known {
		kept.client.CloseIdleConnections()
		delete(c.byNode, id)
	}
}

// reachOnly leaves out of a row what changes without changing how the node is reached.
func reachOnly(n store.Node) store.Node {
	n.Status, n.StatusMessage, n.TransfersCursor, n.CreatedAt, n.UpdatedAt = "", "", "", time.Time{}, time.Time{}
	return n
}
