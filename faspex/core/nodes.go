package core

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/nodes"
	"faspex.io/operator/faspex/process"
	"faspex.io/operator/faspex/store"
)

type nodeList struct {
	List
	DefaultNode *nodeOrNull `json:"default_node"`
	Nodes       []api.Node  `json:"nodes"`
}

// nodeOrNull describes to the library that there may be no node.
type nodeOrNull api.Node

// Schema is a node or null.
func (nodeOrNull) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{AnyOf: []*huma.Schema{r.Schema(reflect.TypeFor[api.Node](), true, "Node"), {Type: "null"}}}
}

func (s *Server) registerNodes() {
	const what = "node"
	type ListInput struct {
		Paging
		Expand     bool   `query:"expand"`
		Query      string `query:"q" doc:"part of name or host"`
		Sort       string `query:"sort" enum:"name,host,status,created_at" default:"name"`
		Descending bool   `query:"descending"`
	}
	type getInput struct {
		IDPath
		Expand bool `query:"expand"`
	}
	type changeInput struct {
		IDPath
		IfMatch
		Body api.NodeChange
	}
	register(s, operation{method: http.MethodGet, path: v5 + "/nodes",
		id: "list-nodes", what: what, access: admins, summary: "List nodes"},
		func(ctx context.Context, in *ListInput) (*body[nodeList], error) {
			found, total, err := s.store.Nodes(ctx, store.NodeFilter{Query: in.Query, Sort: in.Sort, Descending: in.Descending},
				in.page())
			if err != nil {
				return nil, err
			}
			out := nodeList{List: in.list(total), Nodes: []api.Node{}}
			for _, n := range found {
				shown, err := s.showNode(ctx, n, in.Expand)
				if err != nil {
					return nil, err
				}
				out.Nodes = append(out.Nodes, shown)
			}
			chosen, err := s.defaultNode(ctx)
			out.DefaultNode = (*nodeOrNull)(chosen)
			return answerWith(out), err
		})
	register(s, operation{method: http.MethodPost, path: v5 + "/nodes",
		id: "create-node", what: what, access: admins, status: http.StatusCreated, summary: "Add a node"},
		func(ctx context.Context, in *struct{ Body api.NodeChange }) (*body[api.Node], error) {
			n, err := s.changeNode(newNode(), in.Body)
			if err != nil {
				return nil, err
			}
			if n, err = s.testIfAsked(ctx, n, in.Body); err != nil {
				return nil, err
			}
			if n.ID, err = s.store.CreateNode(ctx, n); err != nil {
				return nil, err
			}
			return answerWith(nodeOut(n)), nil
		})
	register(s, operation{method: http.MethodGet, path: v5 + "/nodes/{id}",
		id: "get-node", what: what, access: admins, summary: "Read a node"},
		func(ctx context.Context, in *getInput) (*tagged[api.Node], error) {
			n, err := s.node(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			out, err := s.showNode(ctx, n, in.Expand)
			if err != nil {
				return nil, err
			}
			if in.Expand { // this changes by itself, and is no version of what an admin changes
				s.addSpace(ctx, n, &out)
				return answerTagged(out, ""), nil
			}
			tag, err := nodeTag(n)
			return answerTagged(out, tag), err
		})
	register(s, operation{method: http.MethodPut, path: v5 + "/nodes/{id}",
		id: "update-node", what: what, access: admins, summary: "Change a node"},
		func(ctx context.Context, in *changeInput) (*tagged[api.Node], error) {
			n, tag, err := change(in.IfMatch, stored[store.Node]{
				what: what, tag: nodeTag,
				read:  func() (store.Node, error) { return s.node(ctx, in.ID) },
				write: func(before, after store.Node) error { return s.store.UpdateNode(ctx, before, after) },
			}, func(n store.Node) (store.Node, error) {
				n, err := s.changeNode(n, in.Body)
				if err != nil {
					return n, err
				}
				return s.testIfAsked(ctx, n, in.Body)
			})
			return answerTagged(nodeOut(n), tag), err
		})
	register(s, operation{method: http.MethodDelete, path: v5 + "/nodes/{id}",
		id: "delete-node", what: what, access: admins, summary: "Remove a node without storage locations"},
		func(ctx context.Context, in *IDPath) (*empty, error) {
			id, err := number(in.ID, what)
			if err != nil {
				return nil, err
			}
			return nil, s.store.DeleteNode(ctx, id)
		})
	register(s, operation{method: http.MethodPost, path: v5 + "/nodes/{id}/test",
		id: "test-node", what: what, access: admins, summary: "Call a node and tell how it went"},
		func(ctx context.Context, in *IDPath) (*body[api.Node], error) {
			n, err := s.node(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			n.Status, n.StatusMessage = s.tryNode(ctx, n)
			if err := s.store.SetNodeStatus(ctx, n.ID, n.Status, n.StatusMessage); err != nil {
				return nil, err
			}
			return answerWith(nodeOut(n)), nil
		})
}

func (s *Server) node(ctx context.Context, id string) (store.Node, error) {
	n, err := number(id, "node")
	if err != nil {
		return store.Node{}, err
	}
	return s.store.Node(ctx, n)
}

// everything is a page that holds more nodes, or folders of a node, than there are.
var everything = store.Page{Limit: 10_000}

func (s *Server) showNode(ctx context.Context, n store.Node, expand bool) (api.Node, error) {
	out := nodeOut(n)
	if !expand {
		return out, nil
	}
	folders, _, err := s.store.SharedFolders(ctx, store.FolderFilter{NodeID: n.ID}, everything)
	if err != nil {
		return out, err
	}
	for _, f := range folders {
		out.SharedFolders = append(out.SharedFolders, folderOut(f, true))
	}
	return out, nil
}

// defaultNode is the node of the default inbox, nil when none was chosen.
func (s *Server) defaultNode(ctx context.Context) (*api.Node, error) {
	inbox, err := s.store.DefaultInbox(ctx)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	n, err := s.store.Node(ctx, inbox.NodeID)
	if err != nil {
		return nil, err
	}
	return ptr(nodeOut(n)), nil
}

// changeNode applies a change and checks the result.
func (s *Server) changeNode(n store.Node, c api.NodeChange) (store.Node, error) {
	password := ""
	switch {
	case c.APIPassword != nil:
		password = *c.APIPassword
	case n.ID != 0:
		var err error
		if password, err = s.dialer.Password(n); err != nil {
			return n, err
		}
	}
	before := n
	status, message := n.Status, n.StatusMessage
	set(&n.Name, c.Name)
	set(&n.Host, c.Host)
	set(&n.APIPort, c.APIPort)
	set(&n.APIUsername, c.APIUsername)
	set(&n.UseSSL, c.UseSSL)
	set(&n.VerifySSL, c.VerifySSL)
	set(&n.PublicKey, c.PublicKey)
	set(&n.NodeType, c.NodeType)
	set(&n.StorageType, c.StorageType)
	set(&n.BrowserAddressMatch, c.BrowserAddressMatch)
	set(&n.RequesterAddressMatch, c.RequesterAddressMatch)
	set(&n.EnableSecondaryTransferAddress, c.EnableSecondaryTransferAddress)
	set(&n.PrimaryTransferAddress, c.PrimaryTransferAddress)
	set(&n.SecondaryTransferAddress, c.SecondaryTransferAddress)
	set(&n.ConnectionTimeout, c.ConnectionTimeout)
	set(&n.PaginationBrowsing, c.PaginationBrowsing)
	var absent []string
	for _, f := range []struct {
		name  string
		empty bool
	}{
		{"name", n.Name == ""}, {"host", n.Host == ""}, {"api_port", n.APIPort == 0}, {"api_username", n.APIUsername == ""},
		{"api_password", password == ""},
		{"use_ssl", n.ID == 0 && c.UseSSL == nil}, {"verify_ssl", n.ID == 0 && c.VerifySSL == nil},
		{"node_type", n.NodeType == ""},
	} {
		if f.empty {
			absent = append(absent, f.name)
		}
	}
	if len(absent) > 0 {
		return n, badField("These fields are missing: "+strings.Join(absent, ", ")+".", absent...)
	}
	if n.ID != 0 && c.APIPassword == nil && leadsElsewhere(before, n) {
		return n, badField("api_password is needed again when host, api_port, use_ssl, verify_ssl or public_key change.",
			"api_password")
	}
	if err := checkMatches(n); err != nil {
		return n, err
	}
	// Such names break connections: the guide forbids them.
	if strings.ContainsAny(n.Host, "_/@ ") {
		return n, badField("host must be a host name or an address, without underscores.", "host")
	}
	sealed, err := s.dialer.Seal(n.APIUsername, password)
	if err != nil {
		return n, err
	}
	n.APIPassword, n.Status, n.StatusMessage = sealed, "queued", ""
	if n.ID != 0 && c.APIPassword == nil && before.APIUsername == n.APIUsername && !leadsElsewhere(before, n) {
		n.Status, n.StatusMessage = status, message // whether it answers is as known as before
	}
	if _, err := s.dialer.Client(n); err != nil { // checks the certificates, connects to nothing
		return n, badField("public_key must hold PEM certificates, and host and port must make an address.", "public_key")
	}
	return n, nil
}

// leadsElsewhere reports whether the password of a node would go to another place, or there less safely. Only one who
// knows the password may have it sent there (TestNodePasswordStaysWithItsHost).
func leadsElsewhere(before, after store.Node) bool {
	return before.Host != after.Host || before.APIPort != after.APIPort || before.UseSSL != after.UseSSL ||
		before.VerifySSL != after.VerifySSL ||
		strings.TrimSpace(before.PublicKey) != strings.TrimSpace(after.PublicKey)
}

// testIfAsked calls the node if the request wants that, and refuses one that does not
// answer unless it wants that as well.
func (s *Server) testIfAsked(ctx context.Context, n store.Node, c api.NodeChange) (store.Node, error) {
	if c.Test == nil || !*c.Test {
		return n, nil
	}
	n.Status, n.StatusMessage = s.tryNode(ctx, n)
	if n.Status == "failed" && (c.ProceedAnyway == nil || !*c.ProceedAnyway) {
		return n, badRequest(n.StatusMessage)
	}
	return n, nil
}

// tryNode calls a node with its credentials. The message is one of nodes.Failure; what went wrong in detail is logged.
func (s *Server) tryNode(ctx context.Context, n store.Node) (status, message string) {
	c, err := s.dialer.Client(n)
	if err == nil {
		defer c.CloseIdleConnections()
		_, err = c.Info(ctx)
	}
	if err != nil {
		s.logNodeFailure(ctx, err)
		return "failed", string(nodes.FailureOf(err))
	}
	return "completed", ""
}

func (s *Server) logNodeFailure(ctx context.Context, err error) {
	s.log.WarnContext(ctx, "node call failed", "request", process.RequestID(ctx), "error", err)
}
