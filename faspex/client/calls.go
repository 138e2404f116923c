package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/faspex/api"
)

const (
	v5       = "/api/v5"
	pageSize = 1000
)

// Ping succeeds when Faspex answers; it needs no login.
func (c *Client) Ping(ctx context.Context) error {
	return c.do(ctx, call{method: http.MethodGet, path: v5 + "/configuration/ping", noAuth: true})
}

// Health succeeds when core is ready: its database answers and has the schema it was built for. It needs no login.
func (c *Client) Health(ctx context.Context) error {
	return c.do(ctx, call{method: http.MethodGet, path: "/health", noAuth: true})
}

// Version tells the server's version.
func (c *Client) Version(ctx context.Context) (string, error) {
	var out struct {
		Version string `json:"version"`
	}
	err := c.do(ctx, call{method: http.MethodGet, path: v5 + "/version", out: &out})
	return out.Version, err
}

// Account reads the account of the grant's user.
func (c *Client) Account(ctx context.Context) (api.OwnAccount, error) {
	return get[api.OwnAccount](ctx, c, v5+"/account")
}

// Nodes lists all nodes.
func (c *Client) Nodes(ctx context.Context) ([]api.Node, error) {
	return list[api.Node](ctx, c, v5+"/nodes", "nodes", nil)
}

// NodeByName finds a node by its exact name; an IsNotFound error when there is none.
func (c *Client) NodeByName(ctx context.Context, name string) (api.Node, error) {
	nodes, err := list[api.Node](ctx, c, v5+"/nodes", "nodes", url.Values{"q": {name}})
	if err != nil {
		return api.Node{}, err
	}
	return exactly(nodes, v5+"/nodes", "node", name, func(n api.Node) string { return n.Name })
}

// Node reads one node.
func (c *Client) Node(ctx context.Context, id string) (api.Node, error) {
	return get[api.Node](ctx, c, v5+"/nodes/"+url.PathEscape(id))
}

// CreateNode adds a node. A name that is taken is an IsConflict error.
func (c *Client) CreateNode(ctx context.Context, n api.NodeChange) (api.Node, error) {
	return write[api.Node](ctx, c, http.MethodPost, v5+"/nodes", n)
}

// UpdateNode changes what is set.
func (c *Client) UpdateNode(ctx context.Context, id string, n api.NodeChange) (api.Node, error) {
	return write[api.Node](ctx, c, http.MethodPut, v5+"/nodes/"+url.PathEscape(id), n)
}

// TestNode has Faspex call the node; Status of the answer is completed or failed, StatusMessage says why.
func (c *Client) TestNode(ctx context.Context, id string) (api.Node, error) {
	return write[api.Node](ctx, c, http.MethodPost, v5+"/nodes/"+url.PathEscape(id)+"/test", nil)
}

// DeleteNode removes a node. One that still has shared folders is an IsConflict error.
func (c *Client) DeleteNode(ctx context.Context, id string) error {
	return c.do(ctx, call{method: http.MethodDelete, path: v5 + "/nodes/" + url.PathEscape(id)})
}

func foldersPath(nodeID string) string {
	return v5 + "/nodes/" + url.PathEscape(nodeID) + "/shared_folders"
}

// SharedFolders lists the folders of a node.
func (c *Client) SharedFolders(ctx context.Context, nodeID string) ([]api.SharedFolder, error) {
	return list[api.SharedFolder](ctx, c, foldersPath(nodeID), "shared_folders", nil)
}

// SharedFolderByName finds a folder of a node by its exact name; an IsNotFound error when there is none.
func (c *Client) SharedFolderByName(ctx context.Context, nodeID, name string) (api.SharedFolder, error) {
	folders, err := c.SharedFolders(ctx, nodeID)
	if err != nil {
		return api.SharedFolder{}, err
	}
	return exactly(folders, foldersPath(nodeID), "shared folder", name, func(f api.SharedFolder) string { return f.Name })
}

// SharedFolder reads one folder.
func (c *Client) SharedFolder(ctx context.Context, nodeID, id string) (api.SharedFolder, error) {
	return get[api.SharedFolder](ctx, c, foldersPath(nodeID)+"/"+url.PathEscape(id))
}

// CreateSharedFolder adds a folder to a node. A name that is taken is an IsConflict error.
func (c *Client) CreateSharedFolder(ctx context.Context, nodeID string, f api.SharedFolderChange) (api.SharedFolder,
	error) {
	return write[api.SharedFolder](ctx, c, http.MethodPost, foldersPath(nodeID), f)
}

// UpdateSharedFolder changes what is set.
func (c *Client) UpdateSharedFolder(ctx context.Context, nodeID, id string, f api.SharedFolderChange) (api.SharedFolder,
	error) {
	return write[api.SharedFolder](ctx, c, http.MethodPut, foldersPath(nodeID)+"/"+url.PathEscape(id), f)
}

// MakeDefaultInbox has new packages go to a folder.
func (c *Client) MakeDefaultInbox(ctx context.Context, nodeID, id string) error {
	yes := true
	_, err := c.UpdateSharedFolder(ctx, nodeID, id, api.SharedFolderChange{DefaultInbox: &yes})
	return err
}

// DeleteSharedFolder removes a folder. One that holds packages is an IsConflict error.
func (c *Client) DeleteSharedFolder(ctx context.Context, nodeID, id string) error {
	return c.do(ctx, call{method: http.MethodDelete, path: foldersPath(nodeID) + "/" + url.PathEscape(id)})
}

// Accounts lists accounts whose name or e-mail address contains query; an empty one lists all.
func (c *Client) Accounts(ctx context.Context, query string) ([]api.Account, error) {
	q := url.Values{}
	if query != "" {
		q.Set("q", query)
	}
	return list[api.Account](ctx, c, v5+"/accounts", "accounts", q)
}

// AccountByName finds an account by its exact login name; an IsNotFound error when there is none.
func (c *Client) AccountByName(ctx context.Context, name string) (api.Account, error) {
	accounts, err := c.Accounts(ctx, name)
	if err != nil {
		return api.Account{}, err
	}
	return exactly(accounts, v5+"/accounts", "account", name, func(a api.Account) string { return a.Name })
}

// CreateAccount adds an account. A name that is taken is an IsConflict error.
func (c *Client) CreateAccount(ctx context.Context, a api.AccountChange) (api.Account, error) {
	return write[api.Account](ctx, c, http.MethodPost, v5+"/accounts", a)
}

// UpdateAccount changes the fields that are set.
func (c *Client) UpdateAccount(ctx context.Context, id string, change api.AccountChange) (api.Account, error) {
	return write[api.Account](ctx, c, http.MethodPut, v5+"/accounts/"+url.PathEscape(id), change)
}

// Configure sets fields of the server's configuration, by their published names.
func (c *Client) Configure(ctx context.Context, fields map[string]any) error {
	_, err := write[map[string]any](ctx, c, http.MethodPut, v5+"/configuration", fields)
	return err
}

// DeleteAccount removes an account. The caller becomes the sender of its packages.
func (c *Client) DeleteAccount(ctx context.Context, id string) error {
	return c.do(ctx, call{method: http.MethodDelete, path: v5 + "/accounts/" + url.PathEscape(id)})
}

// CreatePackage starts a package; nothing is sent yet.
func (c *Client) CreatePackage(ctx context.Context, p api.PackageCreate) (api.Package, error) {
	return write[api.Package](ctx, c, http.MethodPost, v5+"/packages", p)
}

// Package reads one package.
func (c *Client) Package(ctx context.Context, id string) (api.Package, error) {
	return get[api.Package](ctx, c, v5+"/packages/"+url.PathEscape(id))
}

// Packages lists a mailbox: inbox, outbox, pending, ...
func (c *Client) Packages(ctx context.Context, box string) ([]api.Package, error) {
	return list[api.Package](ctx, c, v5+"/"+url.PathEscape(box)+"/packages", "packages", nil)
}

// DeletePackages deletes packages the caller sent, and hides those the caller received.
func (c *Client) DeletePackages(ctx context.Context, ids ...string) error {
	body := api.IDs{IDs: make([]api.ID, len(ids))}
	for i, id := range ids {
		body.IDs[i] = api.ID(id)
	}
	return c.do(ctx, call{method: http.MethodDelete, path: v5 + "/packages", body: body})
}

// UploadDetails tells the progress of an upload.
func (c *Client) UploadDetails(ctx context.Context, id string) (api.UploadDetails, error) {
	return get[api.UploadDetails](ctx, c, v5+"/packages/"+url.PathEscape(id)+"/upload_details")
}

// UploadSpec asks for the transfer spec that uploads the content of a package; paths are the sender's files, for the
// record. The caller adds its own paths to the spec.
func (c *Client) UploadSpec(ctx context.Context, id string, paths []string) (transferspec.Spec, error) {
	return c.spec(ctx, id, "upload", url.Values{"transfer_type": {"connect"}}, paths)
}

// DownloadSpec asks for the transfer spec that downloads a package the caller received;
// no path means the whole package.
func (c *Client) DownloadSpec(ctx context.Context, id string, paths []string) (transferspec.Spec, error) {
	return c.spec(ctx, id, "download", url.Values{"transfer_type": {"connect"}, "type": {"received"}}, paths)
}

// DownloadSentSpec is DownloadSpec for a package the caller sent.
func (c *Client) DownloadSentSpec(ctx context.Context, id string, paths []string) (transferspec.Spec, error) {
	return c.spec(ctx, id, "download", url.Values{"transfer_type": {"connect"}, "type": {"sent"}}, paths)
}

func (c *Client) spec(ctx context.Context, id, direction string, q url.Values, paths []string) (transferspec.Spec,
	error) {
	body := api.DownloadPaths{Paths: make([]api.PathOrText, 0, len(paths))}
	for _, p := range paths {
		body.Paths = append(body.Paths, api.PathOrText{Source: p})
	}
	var spec transferspec.Spec
	err := c.do(ctx, call{method: http.MethodPost, path: v5 + "/packages/" + url.PathEscape(id) + "/transfer_spec/" +
		direction, query: q, body: body, out: &spec})
	return spec, err
}

func get[T any](ctx context.Context, c *Client, path string) (T, error) {
	var out T
	err := c.do(ctx, call{method: http.MethodGet, path: path, out: &out})
	return out, err
}

func write[T any](ctx context.Context, c *Client, method, path string, body any) (T, error) {
	var out T
	err := c.do(ctx, call{method: method, path: path, body: body, out: &out})
	return out, err
}

// list reads every page of a list; key is the name of the array in the answer.
func list[T any](ctx context.Context, c *Client, path, key string, q url.Values) ([]T, error) {
	if q == nil {
		q = url.Values{}
	}
	q.Set("limit", strconv.Itoa(pageSize))
	all := []T{}
	for {
		q.Set("offset", strconv.Itoa(len(all)))
		page := listPage[T]{key: key}
		if err := c.do(ctx, call{method: http.MethodGet, path: path, query: q, out: &page}); err != nil {
			return nil, err
		}
		all = append(all, page.items...)
		if len(page.items) == 0 || len(all) >= page.total {
			return all, nil
		}
	}
}

func exactly[T any](all []T, path, kind, name string, nameOf func(T) string) (T, error) {
	for _, v := range all {
		if nameOf(v) == name {
			return v, nil
		}
	}
	var none T
	return none, &Error{Method: http.MethodGet, Path: path, Status: http.StatusNotFound, Code: "not_found",
		Message: fmt.Sprintf("no %s is named %q", kind, name)}
}
