package core

import (
	"context"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	nodeapi "faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/packages"
	"faspex.io/operator/faspex/policy"
)

type browseInput struct {
	IDPath
	Offset int `query:"offset" minimum:"0" default:"0"`
	Limit  int `query:"limit" minimum:"1" maximum:"1000" default:"1000"`
	Body   *api.BrowseRequest
}

type browsePageInput struct {
	IDPath
	PerPage        int    `query:"per_page" minimum:"1" maximum:"1000" default:"500"`
	IterationToken string `query:"iteration_token"`
	Body           *api.BrowseRequest
}

type browsePageOutput struct {
	NextIterationToken string `header:"X-Aspera-Next-Iteration-Token"`
	Body               api.Listing
}

// place is a folder on a node that paths of a listing are relative to. It grows while files are uploaded into it, and
// then lists the whole ones alone.
type place struct {
	client    *nodeapi.Client
	directory string
	grows     bool
}

// root finds the place of the thing with an id.
type root func(ctx context.Context, id string) (place, error)

func (s *Server) registerFiles() {
	s.registerBrowse("/packages/{id}/files/sent", "package", anyone, s.packageRoot(packages.SideSent))
	s.registerBrowse("/packages/{id}/files/received", "package", anyone, s.packageRoot(packages.SideReceived), readers...)
	s.registerBrowse("/nodes/{id}/browse", "node", admins,
		func(ctx context.Context, id string) (place, error) {
			n, err := s.node(ctx, id)
			if err != nil {
				return place{}, err
			}
			c, err := s.dialer.Client(n)
			return place{client: c, directory: "/"}, err
		})
}

// registerBrowse adds a listing and its paged form.
func (s *Server) registerBrowse(route, what string, who access, find root, guests ...policy.Purpose) {
	id := strings.ReplaceAll(strings.ReplaceAll(strings.TrimPrefix(route, "/"), "/{id}", ""), "/", "-")
	register(s, operation{method: http.MethodPost, path: v5 + route, id: id,
		what: what, access: who, summary: "List a folder of a " + what, guests: guests},
		func(ctx context.Context, in *browseInput) (*body[api.Listing], error) {
			l, err := s.browse(ctx, find, in.ID, in.Body, in.Offset, in.Limit)
			return answerWith(l), err
		})
	register(s, operation{method: http.MethodPost, path: v5 + route + "/page", id: id + "-page", what: what, access: who,
		summary: "List a folder of a " + what + ", a page at a time", guests: guests},
		func(ctx context.Context, in *browsePageInput) (*browsePageOutput, error) {
			return s.browsePage(ctx, find, in.ID, in.Body, in.IterationToken, in.PerPage)
		})
}

// registerFolderFiles adds the listing of storage locations, for who may take files from them.
func (s *Server) registerFolderFiles() {
	type input struct {
		FolderPath
		Offset int `query:"offset" minimum:"0" default:"0"`
		Limit  int `query:"limit" minimum:"1" maximum:"1000" default:"1000"`
		Body   *api.BrowseRequest
	}
	type pageInput struct {
		FolderPath
		PerPage        int    `query:"per_page" minimum:"1" maximum:"1000" default:"500"`
		IterationToken string `query:"iteration_token"`
		Body           *api.BrowseRequest
	}
	const what = "shared folder"
	route := v5 + "/nodes/{node_id}/shared_folders/{id}/browse"
	register(s, operation{method: http.MethodPost, path: route, id: "shared-folders-browse", what: what, access: anyone,
		summary: "List a folder of a storage location that the caller may take files from"},
		func(ctx context.Context, in *input) (*body[api.Listing], error) {
			l, err := s.browse(ctx, s.folderRoot(in.NodeID), in.ID, in.Body, in.Offset, in.Limit)
			return answerWith(l), err
		})
	register(s, operation{method: http.MethodPost, path: route + "/page", id: "shared-folders-browse-page", what: what,
		access: anyone, summary: "List a folder of a storage location, a page at a time"},
		func(ctx context.Context, in *pageInput) (*browsePageOutput, error) {
			return s.browsePage(ctx, s.folderRoot(in.NodeID), in.ID, in.Body, in.IterationToken, in.PerPage)
		})
}

// folderRoot is the top of a storage location of a node, for one who may take files from it, and for admins.
func (s *Server) folderRoot(nodeID string) root {
	return func(ctx context.Context, id string) (place, error) {
		f, err := s.folder(ctx, FolderPath{NodeID: nodeID, ID: id})
		if err == nil && !policy.May(actor(caller(ctx)), policy.WriteNodes) {
			err = s.mayRead(ctx, f)
		}
		if err != nil {
			return place{}, err
		}
		n, err := s.store.Node(ctx, f.NodeID)
		if err != nil {
			return place{}, err
		}
		c, err := s.dialer.Client(n)
		return place{client: c, directory: f.Directory}, err
	}
}

func (s *Server) browsePage(ctx context.Context, find root, id string, in *api.BrowseRequest, token string,
	perPage int) (*browsePageOutput, error) {
	if token == "" && in != nil {
		token = in.IterationToken
	}
	offset := 0
	if token != "" {
		var err error
		if offset, err = strconv.Atoi(token); err != nil || offset < 0 {
			return nil, badRequest("iteration_token is not one that this call gave.")
		}
	}
	l, err := s.browse(ctx, find, id, in, offset, perPage)
	if err != nil {
		return nil, err
	}
	out := &browsePageOutput{Body: l}
	if end := offset + perPage; end < l.TotalCount {
		out.NextIterationToken = strconv.Itoa(end)
	}
	return out, nil
}

// packageRoot is the folder of a package for one who may download it.
func (s *Server) packageRoot(side string) root {
	return func(ctx context.Context, id string) (place, error) {
		v, err := s.view(ctx, id)
		if err != nil {
			return place{}, err
		}
		if err := mayDownload(v, side, false); err != nil {
			return place{}, err
		}
		_, _, c, err := s.reach(ctx, *v.pkg)
		return place{client: c, directory: v.pkg.Directory, grows: v.thing.OnTheWay}, err
	}
}

// leadsOut reports whether a path of a request would leave the folder that it is relative to, or is none.
func leadsOut(path string) bool {
	return strings.Contains("/"+path+"/", "/../") || strings.ContainsRune(path, 0)
}

func (s *Server) browse(ctx context.Context, find root, id string, in *api.BrowseRequest,
	offset, limit int) (api.Listing, error) {
	if in == nil {
		in = &api.BrowseRequest{}
	}
	if leadsOut(in.Path) {
		return api.Listing{}, badRequest("path leads out of the folder.")
	}
	from, err := find(ctx, id)
	if err != nil {
		return api.Listing{}, err
	}
	client, top := from.client, from.directory
	defer client.CloseIdleConnections()
	req := nodeapi.BrowseRequest{Path: path.Join(top, path.Clean("/"+in.Path)), Skip: offset, Count: limit, Sort: in.Sort}
	if len(in.Filters.Basenames) > 0 || len(in.Filters.Types) > 0 {
		req.Filters = &nodeapi.Filters{Basenames: in.Filters.Basenames, Types: in.Filters.Types}
	}
	found, err := client.Browse(ctx, req)
	if nodeapi.IsNotFound(err) {
		return api.Listing{}, notFound("folder")
	}
	if err != nil {
		s.logNodeFailure(ctx, err)
		return api.Listing{}, newProblem(http.StatusBadGateway, "The transfer node does not answer. Try again.")
	}
	out := api.Listing{Self: []api.Entry{entryOut(found.Self, top)}, Items: []api.Entry{}, ItemCount: found.ItemCount,
		TotalCount: found.TotalCount}
	for _, e := range found.Items {
		out.Items = append(out.Items, entryOut(e, top))
	}
	if from.grows {
		leaveUnfinished(&out)
	}
	return out, nil
}

// entryOut writes a node's entry with its path relative to the top: where content lies is the server's affair.
func entryOut(e nodeapi.Entry, top string) api.Entry {
	shown := path.Clean("/" + strings.TrimPrefix(path.Clean("/"+e.Path), strings.TrimSuffix(top, "/")))
	out := api.Entry{Path: shown, Basename: e.Basename, Type: e.Type, Size: text(e.Size),
		Permissions: []api.Permission{{Name: "view"}}}
	if shown == "/" {
		out.Basename = ""
	}
	if !e.Mtime.IsZero() {
		out.Mtime = e.Mtime.UTC().Format(time.RFC3339)
	}
	return out
}
