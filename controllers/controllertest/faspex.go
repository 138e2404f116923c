package controllertest

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"sync"

	"faspex.io/operator/faspex/api"
	faspexclient "faspex.io/operator/faspex/client"
	"faspex.io/operator/test/fuse"
)

var errDown = errors.New("faspex GET /nodes: connection refused")

// Faspex keeps nodes and shared folders in memory, by the rules of the Faspex API: names are unique, a node with
// folders cannot be deleted, and at most one folder is the default inbox.
type Faspex struct {
	mu      sync.Mutex
	next    int
	nodes   []api.Node
	secrets map[string]string
	folders map[string][]api.SharedFolder
	writes  int
	reads   int
	down    bool
	// check tells whether a node takes credentials.
	check func(username, password string) bool
	// fuse, if there is one, counts what changes something.
	fuse *fuse.Fuse
}

// NewFaspex is a Faspex that knows nothing.
func NewFaspex() *Faspex {
	return &Faspex{secrets: map[string]string{}, folders: map[string][]api.SharedFolder{}}
}

// SetDown makes every call fail, or work again.
func (f *Faspex) SetDown(down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = down
}

func (f *Faspex) setCheck(check func(username, password string) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.check = check
}

// Writes is how many calls changed something.
func (f *Faspex) Writes() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.writes
}

// Reads is how many calls changed nothing: it grows with every reconciliation that gets as far as Faspex.
func (f *Faspex) Reads() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.reads
}

// Edit changes nodes and folders behind the controllers' back.
func (f *Faspex) Edit(edit func(nodes *[]api.Node, folders map[string][]api.SharedFolder)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	edit(&f.nodes, f.folders)
}

// Password is the one Faspex was last given for a node.
func (f *Faspex) Password(id string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.secrets[id]
}

// content is all that is known, as a text.
func (f *Faspex) content() string {
	text, err := json.Marshal([]any{f.nodes, f.folders, f.secrets})
	if err != nil {
		panic(err) // of types that can always be encoded
	}
	return string(text)
}

func (f *Faspex) enter(write bool) (func(), error) {
	f.mu.Lock()
	if f.down || f.fuse != nil && f.fuse.Burnt() != nil {
		f.mu.Unlock()
		return nil, errDown
	}
	if !write {
		f.reads++
		return f.mu.Unlock, nil
	}
	f.writes++
	before := f.content()
	return func() {
		if f.fuse != nil && f.content() != before {
			f.fuse.Wrote("Faspex")
		}
		f.mu.Unlock()
	}, nil
}

func refusal(status int, message string) error {
	return &faspexclient.Error{Method: http.MethodPost, Path: "/nodes", Status: status, Message: message}
}

func (f *Faspex) id() string {
	f.next++
	return strconv.Itoa(f.next)
}

// Nodes implements faspexapi.API, as do the methods below.
func (f *Faspex) Nodes(context.Context) ([]api.Node, error) {
	leave, err := f.enter(false)
	if err != nil {
		return nil, err
	}
	defer leave()
	return slices.Clone(f.nodes), nil
}

func (f *Faspex) CreateNode(_ context.Context, change api.NodeChange) (api.Node, error) {
	leave, err := f.enter(true)
	if err != nil {
		return api.Node{}, err
	}
	defer leave()
	if slices.ContainsFunc(f.nodes, func(n api.Node) bool { return n.Name == *change.Name }) {
		return api.Node{}, refusal(http.StatusConflict, "the name is taken")
	}
	node := api.Node{ID: f.id()}
	f.applyNode(&node, change)
	f.nodes = append(f.nodes, node)
	return node, nil
}

func (f *Faspex) UpdateNode(_ context.Context, id string, change api.NodeChange) (api.Node, error) {
	leave, err := f.enter(true)
	if err != nil {
		return api.Node{}, err
	}
	defer leave()
	i := f.indexOf(id)
	if i < 0 {
		return api.Node{}, refusal(http.StatusNotFound, "there is no such node")
	}
	node := f.nodes[i]
	f.applyNode(&node, change)
	if change.APIPassword == nil && (node.Host != f.nodes[i].Host || node.APIPort != f.nodes[i].APIPort ||
		node.UseSSL != f.nodes[i].UseSSL ||
		node.VerifySSL != f.nodes[i].VerifySSL || node.PublicKey != f.nodes[i].PublicKey) {
		return api.Node{}, refusal(http.StatusBadRequest, "api_password is needed again")
	}
	f.nodes[i] = node
	return node, nil
}

func (f *Faspex) applyNode(node *api.Node, c api.NodeChange) {
	set(&node.Name, c.Name)
	set(&node.Host, c.Host)
	set(&node.APIPort, c.APIPort)
	set(&node.APIUsername, c.APIUsername)
	set(&node.UseSSL, c.UseSSL)
	set(&node.VerifySSL, c.VerifySSL)
	set(&node.NodeType, c.NodeType)
	if c.PublicKey != nil {
		node.PublicKey = c.PublicKey
	}
	if c.APIPassword != nil {
		f.secrets[node.ID] = *c.APIPassword
	}
}

func (f *Faspex) TestNode(_ context.Context, id string) (api.Node, error) {
	leave, err := f.enter(false)
	if err != nil {
		return api.Node{}, err
	}
	defer leave()
	i := f.indexOf(id)
	if i < 0 {
		return api.Node{}, refusal(http.StatusNotFound, "there is no such node")
	}
	node := f.nodes[i]
	node.Status = "failed"
	if f.check != nil && f.check(node.APIUsername, f.secrets[id]) {
		node.Status = "completed"
	}
	return node, nil
}

func (f *Faspex) DeleteNode(_ context.Context, id string) error {
	leave, err := f.enter(true)
	if err != nil {
		return err
	}
	defer leave()
	i := f.indexOf(id)
	switch {
	case i < 0:
		return refusal(http.StatusNotFound, "there is no such node")
	case len(f.folders[id]) > 0:
		return refusal(http.StatusConflict, "the node still has storage locations")
	}
	f.nodes = slices.Delete(f.nodes, i, i+1)
	return nil
}

func (f *Faspex) SharedFolders(_ context.Context, nodeID string) ([]api.SharedFolder, error) {
	leave, err := f.enter(false)
	if err != nil {
		return nil, err
	}
	defer leave()
	return slices.Clone(f.folders[nodeID]), nil
}

func (f *Faspex) CreateSharedFolder(_ context.Context, nodeID string, change api.SharedFolderChange) (api.SharedFolder,
	error) {
	leave, err := f.enter(true)
	if err != nil {
		return api.SharedFolder{}, err
	}
	defer leave()
	if f.indexOf(nodeID) < 0 {
		return api.SharedFolder{}, refusal(http.StatusNotFound, "there is no such node")
	}
	folder := api.SharedFolder{ID: f.id(), NodeID: nodeID, ReadPermission: "private"}
	// The published interface has no read permission in the body that creates a folder.
	change.ReadPermission = nil
	f.applyFolder(&folder, change)
	f.folders[nodeID] = append(f.folders[nodeID], folder)
	return folder, nil
}

func (f *Faspex) UpdateSharedFolder(_ context.Context, nodeID, id string,
	change api.SharedFolderChange) (api.SharedFolder, error) {
	leave, err := f.enter(true)
	if err != nil {
		return api.SharedFolder{}, err
	}
	defer leave()
	for i := range f.folders[nodeID] {
		if folder := &f.folders[nodeID][i]; folder.ID == id {
			f.applyFolder(folder, change)
			return *folder, nil
		}
	}
	return api.SharedFolder{}, refusal(http.StatusNotFound, "there is no such storage location")
}

func (f *Faspex) applyFolder(folder *api.SharedFolder, c api.SharedFolderChange) {
	set(&folder.Name, c.Name)
	set(&folder.Directory, c.Directory)
	set(&folder.ReadPermission, c.ReadPermission)
	set(&folder.EnableLinking, c.EnableLinking)
	if c.DefaultInbox != nil && *c.DefaultInbox {
		for _, folders := range f.folders {
			for i := range folders {
				folders[i].DefaultInbox = false
			}
		}
		folder.DefaultInbox = true
	}
}

func (f *Faspex) DeleteSharedFolder(_ context.Context, nodeID, id string) error {
	leave, err := f.enter(true)
	if err != nil {
		return err
	}
	defer leave()
	f.folders[nodeID] = slices.DeleteFunc(f.folders[nodeID], func(folder api.SharedFolder) bool { return folder.ID == id })
	return nil
}

// ManageSettings takes what an instance decides; the real core judges it in the tests of that.
func (f *Faspex) ManageSettings(context.Context, api.ManagedSettings) error {
	leave, err := f.enter(true)
	if err == nil {
		leave()
	}
	return err
}

func (f *Faspex) indexOf(id string) int {
	return slices.IndexFunc(f.nodes, func(n api.Node) bool { return n.ID == id })
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}
