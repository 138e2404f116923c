package transfernode

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"sync"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"

	"faspex.io/operator/api/v1alpha1"
	desired "faspex.io/operator/controllers/desired/transfernode"
	"faspex.io/operator/controllers/faspexapi"
	"faspex.io/operator/controllers/nodeapi"
	"faspex.io/operator/controllers/phase"
	"faspex.io/operator/faspex/api"
	faspexclient "faspex.io/operator/faspex/client"
)

// askNode calls the Node API and keeps what it says about itself.
func (r *reconciler) askNode(ctx context.Context, o *observed) phase.Outcome {
	node, err := r.Nodes.AsNodeUser(ctx, o.node)
	if err != nil {
		return nodeapi.Failed("connect to the node", err)
	}
	info, err := node.Info(ctx)
	if err != nil {
		return nodeapi.Failed("ask the node about itself", err)
	}
	o.node.Status.Version = info.Version
	return phase.Done(v1alpha1.ReasonSucceeded, "the node api answers").After(resync)
}

// registered registers the node. One that is registered stays so while the instance is away.
func (r *reconciler) registered(ctx context.Context, o *observed) phase.Outcome {
	known := o.node.Status.NodeID != "" && meta.IsStatusConditionTrue(o.node.Status.Conditions, v1alpha1.ConditionRegistered)
	outcome := r.register(ctx, o)
	if known {
		return faspexapi.Known(o.instance, "Faspex knows the node", outcome)
	}
	return outcome
}

// register makes the node known to Faspex under its name, keeps the entry current, and has Faspex try it.
func (r *reconciler) register(ctx context.Context, o *observed) phase.Outcome {
	faspex, err := r.Faspex.Connect(ctx, o.instance)
	if err != nil {
		return faspexapi.Failed("connect to Faspex", err)
	}
	nodes, err := faspex.Nodes(ctx)
	if err != nil {
		return faspexapi.Failed("list the nodes of Faspex", err)
	}
	wanted := registration{
		name: o.node.Name, host: desired.Host(o.node), authorities: string(o.authorities),
		username: string(o.nodeUser[desired.NodeUserUsername]), password: string(o.nodeUser[desired.NodeUserPassword]),
	}
	found := findNode(nodes, o.node.Status.NodeID, wanted.name)
	switch change, differs := wanted.diff(found); {
	case found == nil:
		created, err := faspex.CreateNode(ctx, change)
		if err != nil {
			return faspexapi.Failed("register the node", err)
		}
		found = &created
	case differs || !r.pushed.is(o.node.UID, wanted.password):
		if _, err := faspex.UpdateNode(ctx, found.ID, change); err != nil {
			return faspexapi.Failed("update the registration", err)
		}
	}
	r.pushed.keep(o.node.UID, wanted.password)
	o.node.Status.NodeID = found.ID
	tested, err := faspex.TestNode(ctx, found.ID)
	if err != nil {
		return faspexapi.Failed("have Faspex try the node", err)
	}
	if tested.Status != statusCompleted {
		// Faspex may hold a password that is not ours any more: push it again with the next attempt.
		r.pushed.forget(o.node.UID)
		return phase.Transient(v1alpha1.ReasonNodeUnreachable, "Faspex does not reach the node", errNotReached)
	}
	return phase.Done(v1alpha1.ReasonSucceeded, "Faspex knows the node and reaches it").After(resync)
}

// statusCompleted is what Faspex says of a node that it reached.
const statusCompleted = "completed"

var errNotReached = errors.New("faspex does not reach the node")

// registration is what Faspex should know of a node.
type registration struct {
	name, host, username, password, authorities string
}

// findNode is the entry with that id, else the one with that name: one that a crash made us forget, or whose id changed
// because someone made it again by hand.
func findNode(nodes []api.Node, id, name string) *api.Node {
	var named *api.Node
	for i := range nodes {
		if id != "" && nodes[i].ID == id {
			return &nodes[i]
		}
		if nodes[i].Name == name {
			named = &nodes[i]
		}
	}
	return named
}

// diff is the body that creates the entry or makes it right, and whether found differs from what is wanted in anything
// Faspex shows. It never shows the password.
func (w registration) diff(found *api.Node) (api.NodeChange, bool) {
	port, yes, nodeType := desired.NodeAPIServicePort, true, "gen4_cluster"
	change := api.NodeChange{
		Name: &w.name, Host: &w.host, APIPort: &port, APIUsername: &w.username, APIPassword: &w.password,
		UseSSL: &yes, VerifySSL: &yes, PublicKey: &w.authorities, NodeType: &nodeType,
	}
	if found == nil {
		return change, true
	}
	differs := found.Name != w.name || found.Host != w.host || found.APIPort != port || found.APIUsername != w.username ||
		!found.UseSSL || !found.VerifySSL || found.NodeType != nodeType ||
		found.PublicKey == nil || !bytes.Equal(bytes.TrimSpace([]byte(*found.PublicKey)),
		bytes.TrimSpace([]byte(w.authorities)))
	return change, differs
}

// deregister removes the node from Faspex. An instance that is gone has forgotten it.
func (r *reconciler) deregister(ctx context.Context, node *v1alpha1.TransferNode,
	instance *v1alpha1.FaspexInstance) phase.Outcome {
	if instance == nil {
		return phase.Done(v1alpha1.ReasonSucceeded, "")
	}
	faspex, err := r.Faspex.Connect(ctx, instance)
	if errors.Is(err, faspexapi.ErrNotConfigured) && node.Status.NodeID == "" {
		return phase.Done(v1alpha1.ReasonSucceeded, "")
	}
	if err != nil {
		return faspexapi.Failed("connect to Faspex", err)
	}
	nodes, err := faspex.Nodes(ctx)
	if err != nil {
		return faspexapi.Failed("list the nodes of Faspex", err)
	}
	found := findNode(nodes, node.Status.NodeID, node.Name)
	if found == nil {
		return phase.Done(v1alpha1.ReasonSucceeded, "")
	}
	if err := faspex.DeleteNode(ctx, found.ID); err != nil && !faspexclient.IsNotFound(err) {
		return faspexapi.Failed("remove the node from Faspex", err)
	}
	return phase.Done(v1alpha1.ReasonSucceeded, "")
}

// credentialMemory remembers which password Faspex was last given for a node. After a restart it remembers nothing, and
// the password is given once more.
type credentialMemory struct {
	mu   sync.Mutex
	sums map[types.UID][sha256.Size]byte
}

func (m *credentialMemory) is(uid types.UID, password string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	sum, ok := m.sums[uid]
	return ok && sum == sha256.Sum256([]byte(password))
}

func (m *credentialMemory) keep(uid types.UID, password string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sums == nil {
		m.sums = map[types.UID][sha256.Size]byte{}
	}
	m.sums[uid] = sha256.Sum256([]byte(password))
}

func (m *credentialMemory) forget(uid types.UID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.sums, uid)
}
