package client

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"faspex.io/operator/dataplane/transferspec"
)

// Ping succeeds when the node answers; it needs no credentials.
func (c *Client) Ping(ctx context.Context) error {
	_, err := c.do(ctx, call{method: http.MethodGet, path: "/ping", noAuth: true})
	return err
}

// Info tells what the node is and, by succeeding, that the credentials are right.
func (c *Client) Info(ctx context.Context) (Info, error) {
	var out Info
	_, err := c.do(ctx, call{method: http.MethodGet, path: "/info", out: &out})
	return out, err
}

// CreateAccessKey makes a key; ID and Secret may be chosen by the caller. A key that exists is an IsConflict error.
func (c *Client) CreateAccessKey(ctx context.Context, key AccessKey) (AccessKey, error) {
	var out AccessKey
	_, err := c.do(ctx, call{method: http.MethodPost, path: "/access_keys", body: key, out: &out})
	return out, err
}

// AccessKey reads a key; "self" is the key whose credentials the client has.
func (c *Client) AccessKey(ctx context.Context, id string) (AccessKey, error) {
	var out AccessKey
	_, err := c.do(ctx, call{method: http.MethodGet, path: "/access_keys/" + url.PathEscape(id), out: &out})
	return out, err
}

// AccessKeys lists all keys that the caller may see.
func (c *Client) AccessKeys(ctx context.Context) ([]AccessKey, error) {
	var out []AccessKey
	_, err := c.do(ctx, call{method: http.MethodGet, path: "/access_keys", out: &out})
	return out, err
}

// UpdateAccessKey changes the fields that are set.
func (c *Client) UpdateAccessKey(ctx context.Context, id string, change AccessKeyUpdate) error {
	_, err := c.do(ctx, call{method: http.MethodPut, path: "/access_keys/" + url.PathEscape(id), body: change})
	return err
}

// DeleteAccessKey removes a key and all keys that were made with it; files stay.
func (c *Client) DeleteAccessKey(ctx context.Context, id string) error {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: "/access_keys/" +
		url.PathEscape(id), query: url.Values{"recursive": {"true"}}})
	return err
}

// Mount has a bucket be a folder of a name at the top of the storage, for node users. It can be called again: it looks
// whether the bucket answers, and gives other settings or credentials to the folder.
func (c *Client) Mount(ctx context.Context, name string, s Storage) error {
	_, err := c.do(ctx, call{method: http.MethodPut, path: "/storages/" + url.PathEscape(name),
		body: MountedStorage{Storage: &s}})
	return err
}

// Unmount takes the folder of a bucket away. What is in the bucket stays.
func (c *Client) Unmount(ctx context.Context, name string) error {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: "/storages/" + url.PathEscape(name)})
	return err
}

// UploadSetup asks for the transfer spec of one upload into DestinationRoot or the destinations of Paths.
func (c *Client) UploadSetup(ctx context.Context, req TransferRequest) (transferspec.Spec, error) {
	return c.setup(ctx, "/files/upload_setup", req)
}

// DownloadSetup asks for the transfer spec of one download of the sources of Paths (all of
// SourceRoot if there are none).
func (c *Client) DownloadSetup(ctx context.Context, req TransferRequest) (transferspec.Spec, error) {
	return c.setup(ctx, "/files/download_setup", req)
}

func (c *Client) setup(ctx context.Context, path string, req TransferRequest) (transferspec.Spec, error) {
	var out TransferSpecs
	in := TransferRequests{TransferRequests: []WrappedTransferRequest{{TransferRequest: req}}}
	if _, err := c.do(ctx, call{method: http.MethodPost, path: path, body: in, out: &out}); err != nil {
		return transferspec.Spec{}, err
	}
	if len(out.TransferSpecs) != 1 {
		return transferspec.Spec{}, errors.New("node api POST " + path + ": answer does not hold one transfer spec")
	}
	if e := out.TransferSpecs[0].Error; e != nil {
		return transferspec.Spec{}, pathError(path, e)
	}
	if out.TransferSpecs[0].TransferSpec == nil {
		return transferspec.Spec{}, errors.New("node api POST " + path + ": answer does not hold a transfer spec")
	}
	return *out.TransferSpecs[0].TransferSpec, nil
}

// Transfers lists transfers and returns the iteration token for the next call, which is the one given if nothing
// changed. One answer is limited; call again until it is empty.
func (c *Client) Transfers(ctx context.Context, q TransferQuery) ([]Transfer, string, error) {
	query := url.Values{}
	set := func(name, value string) {
		if value != "" {
			query.Set(name, value)
		}
	}
	set("iteration_token", q.IterationToken)
	set("direction", string(q.Direction))
	set("access_key", q.AccessKey)
	set("tag", q.Tag)
	if q.ActiveOnly {
		query.Set("active_only", "true")
	}
	if q.Count > 0 {
		query.Set("count", strconv.Itoa(q.Count))
	}
	var out []Transfer
	header, err := c.do(ctx, call{method: http.MethodGet, path: "/ops/transfers", query: query, out: &out})
	if err != nil {
		return nil, "", err
	}
	next := nextIterationToken(header)
	if next == "" {
		next = q.IterationToken
	}
	return out, next, nil
}

// statusRunning is the status of a session that runs.
const statusRunning = "running"

// RunningSessions are those of all active transfers.
func (c *Client) RunningSessions(ctx context.Context) ([]Session, error) {
	var running []Session
	query := TransferQuery{ActiveOnly: true, Count: 1000}
	for {
		transfers, next, err := c.Transfers(ctx, query)
		if err != nil {
			return nil, err
		}
		for _, transfer := range transfers {
			for _, session := range transfer.Sessions {
				if session.Status == statusRunning {
					running = append(running, session)
				}
			}
		}
		if len(transfers) < query.Count || next == query.IterationToken {
			return running, nil
		}
		query.IterationToken = next
	}
}

// nextIterationToken reads it from a header such as Link: <https://node/ops/transfers?iteration_token=7>; rel="next".
func nextIterationToken(h http.Header) string {
	for _, value := range h.Values("Link") {
		for link := range strings.SplitSeq(value, ",") {
			target, params, _ := strings.Cut(link, ";")
			if !strings.Contains(params, `rel="next"`) {
				continue
			}
			u, err := url.Parse(strings.Trim(strings.TrimSpace(target), "<>"))
			if err == nil {
				return u.Query().Get("iteration_token")
			}
		}
	}
	return ""
}

// Transfer reads one transfer with its files.
func (c *Client) Transfer(ctx context.Context, id string) (Transfer, error) {
	var out Transfer
	_, err := c.do(ctx, call{method: http.MethodGet, path: "/ops/transfers/" + url.PathEscape(id), out: &out})
	return out, err
}

// CancelTransfer stops a running transfer, whichever node runs it.
func (c *Client) CancelTransfer(ctx context.Context, id string) error {
	_, err := c.do(ctx, call{method: "CANCEL", path: "/ops/transfers/" + url.PathEscape(id)})
	return err
}

// Revoke ends the transfer tokens that fit a revocation, and their sessions. A node that knows no
// revocations is an IsUnsupported error.
func (c *Client) Revoke(ctx context.Context, r Revocation) error {
	_, err := c.do(ctx, call{method: http.MethodPost, path: "/ops/revocations", body: r})
	return err
}

// ChangeTransfer changes a running transfer.
func (c *Client) ChangeTransfer(ctx context.Context, id string, change TransferChange) error {
	_, err := c.do(ctx, call{method: http.MethodPut, path: "/ops/transfers/" + url.PathEscape(id), body: change})
	return err
}

// Browse lists a folder.
func (c *Client) Browse(ctx context.Context, req BrowseRequest) (Listing, error) {
	var out Listing
	_, err := c.do(ctx, call{method: http.MethodPost, path: "/files/browse", body: req, out: &out})
	return out, err
}

// CreateDirectory makes a folder; its parents are made too. One that exists is an IsConflict error.
func (c *Client) CreateDirectory(ctx context.Context, path string) error {
	return c.onPath(ctx, "/files/create", map[string]any{"path": path, "type": "directory"})
}

// CreateFile makes a file of at most a MiB. A name that is taken is an IsConflict error.
func (c *Client) CreateFile(ctx context.Context, path string, contents []byte) error {
	return c.onPath(ctx, "/files/create", map[string]any{"path": path, "type": "file",
		"contents": base64.StdEncoding.EncodeToString(contents)})
}

// Delete removes a file, or a folder with all it holds.
func (c *Client) Delete(ctx context.Context, path string) error {
	return c.onPath(ctx, "/files/delete", map[string]any{"path": path})
}

// Rename gives a file or folder within a folder another name. A name that is taken is an IsConflict error.
func (c *Client) Rename(ctx context.Context, folder, source, destination string) error {
	return c.onPath(ctx, "/files/rename", map[string]any{"path": folder, "source": source, "destination": destination})
}

func (c *Client) onPath(ctx context.Context, endpoint string, item map[string]any) error {
	var out struct {
		Paths []PathResult `json:"paths"`
	}
	body := map[string]any{"paths": []any{item}}
	if _, err := c.do(ctx, call{method: http.MethodPost, path: endpoint, body: body, out: &out}); err != nil {
		return err
	}
	for _, r := range out.Paths {
		if r.Error != nil {
			return pathError(endpoint, r.Error)
		}
	}
	return nil
}

// Space tells the size of the file system beneath a path.
func (c *Client) Space(ctx context.Context, path string) (Space, error) {
	var out struct {
		Paths []Space `json:"paths"`
	}
	body := map[string]any{"paths": []any{map[string]string{"path": path}}}
	if _, err := c.do(ctx, call{method: http.MethodPost, path: "/space", body: body, out: &out}); err != nil {
		return Space{}, err
	}
	if len(out.Paths) != 1 {
		return Space{}, errors.New("node api POST /space: answer does not hold one path")
	}
	return out.Paths[0], nil
}

func pathError(endpoint string, e *ErrorBody) error {
	return &Error{Method: http.MethodPost, Path: endpoint, Status: e.Code, Reason: e.Reason, UserMessage: e.UserMessage}
}
