package core

import (
	"context"
	"errors"
	"net/http"
	"path"

	nodeapi "faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/nodes"
	"faspex.io/operator/faspex/policy"
	"faspex.io/operator/faspex/store"
)

type folderList struct {
	List
	SharedFolders []api.SharedFolder `json:"shared_folders"`
}

type FolderPath struct {
	NodeID string `path:"node_id"`
	ID     string `path:"id"`
}

func (s *Server) registerSharedFolders() {
	const what = "storage location"
	base := v5 + "/nodes/{node_id}/shared_folders"
	type ListInput struct {
		Paging
		Query string `query:"q"`
		Sort  string `query:"sort" enum:"id,name,read_permission"`
	}
	type nodeListInput struct {
		NodeID string `path:"node_id"`
		ListInput
	}
	type createInput struct {
		NodeID string `path:"node_id"`
		Body   api.SharedFolderChange
	}
	type changeInput struct {
		FolderPath
		IfMatch
		Body api.SharedFolderChange
	}
	register(s, operation{method: http.MethodGet, path: v5 + "/shared_folders",
		id: "list-shared-folders", what: what, access: anyone,
		summary: "List the storage locations that the caller may take files from; an admin sees all"},
		func(ctx context.Context, in *ListInput) (*body[folderList], error) {
			return s.sourceFolders(ctx, store.FolderFilter{Query: in.Query, Sort: in.Sort}, in.Paging)
		})
	register(s, operation{method: http.MethodGet, path: base, id: "list-node-shared-folders", what: what, access: admins,
		summary: "List the storage locations of a node"},
		func(ctx context.Context, in *nodeListInput) (*body[folderList], error) {
			n, err := s.node(ctx, in.NodeID)
			if err != nil {
				return nil, err
			}
			return s.listFolders(ctx, store.FolderFilter{NodeID: n.ID, Query: in.Query, Sort: in.Sort}, in.Paging)
		})
	register(s, operation{method: http.MethodPost, path: base, id: "create-shared-folder", what: what, access: admins,
		status: http.StatusCreated, summary: "Add a storage location"},
		func(ctx context.Context, in *createInput) (*body[api.SharedFolder], error) {
			n, err := s.node(ctx, in.NodeID)
			if err != nil {
				return nil, err
			}
			if in.Body.Name == nil || in.Body.Directory == nil {
				return nil, badField("name and directory are needed.",
					missing(map[string]bool{"name": in.Body.Name == nil, "directory": in.Body.Directory == nil})...)
			}
			f, err := changeFolder(store.NewSharedFolder(n.ID, "", ""), in.Body)
			if err != nil {
				return nil, err
			}
			if err := s.testDirectory(ctx, n, f.Directory, in.Body.Test); err != nil {
				return nil, err
			}
			if f.ID, err = s.store.CreateSharedFolder(ctx, f); err != nil {
				return nil, err
			}
			return answerWith(folderOut(f, true)), nil
		})
	register(s, operation{method: http.MethodGet, path: base + "/{id}",
		id: "get-shared-folder", what: what, access: admins, summary: "Read a storage location"},
		func(ctx context.Context, in *FolderPath) (*tagged[api.SharedFolder], error) {
			f, err := s.folder(ctx, *in)
			if err != nil {
				return nil, err
			}
			tag, err := folderTag(f)
			return answerTagged(folderOut(f, true), tag), err
		})
	register(s, operation{method: http.MethodPut, path: base + "/{id}",
		id: "update-shared-folder", what: what, access: admins,
		summary: "Change a storage location, or make it the default inbox"},
		func(ctx context.Context, in *changeInput) (*tagged[api.SharedFolder], error) {
			f, tag, err := change(in.IfMatch, stored[store.SharedFolder]{
				what: what, tag: folderTag,
				read:  func() (store.SharedFolder, error) { return s.folder(ctx, in.FolderPath) },
				write: func(before, after store.SharedFolder) error { return s.store.UpdateSharedFolder(ctx, before, after) },
			}, func(f store.SharedFolder) (store.SharedFolder, error) {
				f, err := changeFolder(f, in.Body)
				if err != nil {
					return f, err
				}
				n, err := s.store.Node(ctx, f.NodeID)
				if err != nil {
					return f, err
				}
				return f, s.testDirectory(ctx, n, f.Directory, in.Body.Test)
			})
			return answerTagged(folderOut(f, true), tag), err
		})
	register(s, operation{method: http.MethodDelete, path: base + "/{id}",
		id: "delete-shared-folder", what: what, access: admins,
		summary: "Remove a storage location without packages; its files stay"},
		func(ctx context.Context, in *FolderPath) (*empty, error) {
			f, err := s.folder(ctx, *in)
			if err != nil {
				return nil, err
			}
			return nil, s.store.DeleteSharedFolder(ctx, f.ID)
		})
}

func (s *Server) listFolders(ctx context.Context, f store.FolderFilter, p Paging) (*body[folderList], error) {
	found, total, err := s.store.SharedFolders(ctx, f, p.page())
	if err != nil {
		return nil, err
	}
	out := folderList{List: p.list(total), SharedFolders: []api.SharedFolder{}}
	for _, folder := range found {
		shown := folderOut(folder, isAdmin(caller(ctx)))
		if shown.Readable, err = s.readable(ctx, folder); err != nil {
			return nil, err
		}
		out.SharedFolders = append(out.SharedFolders, shown)
	}
	return answerWith(out), nil
}

// sourceFolders lists the folders that the caller may take files from, and all of them for admins, who are told which
// these are.
func (s *Server) sourceFolders(ctx context.Context, f store.FolderFilter, p Paging) (*body[folderList], error) {
	me := actor(caller(ctx))
	switch {
	case policy.May(me, policy.WriteNodes):
	case policy.May(me, policy.SendFromFolders):
		f.ReadableBy = caller(ctx).ID
	default:
		return answerWith(folderList{List: p.list(0), SharedFolders: []api.SharedFolder{}}), nil
	}
	return s.listFolders(ctx, f, p)
}

// readable reports whether the caller may take files from a folder.
func (s *Server) readable(ctx context.Context, f store.SharedFolder) (bool, error) {
	err := s.mayRead(ctx, f)
	var no *policy.Refusal
	if errors.As(err, &no) {
		return false, nil
	}
	return err == nil, err
}

// mayRead asks the rules whether the caller may take files from a folder.
func (s *Server) mayRead(ctx context.Context, f store.SharedFolder) error {
	thing := policy.Folder{ReadPermission: f.ReadPermission}
	if f.ReadPermission == policy.ReadByListed {
		var err error
		if thing.Listed, err = s.store.ReadsFolder(ctx, f.ID, caller(ctx).ID); err != nil {
			return err
		}
	}
	return policy.CanReadFolder(actor(caller(ctx)), thing)
}

// folder reads a folder that must be of the node in the path.
func (s *Server) folder(ctx context.Context, p FolderPath) (store.SharedFolder, error) {
	id, err := number(p.ID, "storage location")
	if err != nil {
		return store.SharedFolder{}, err
	}
	f, err := s.store.SharedFolder(ctx, id)
	if err != nil {
		return f, err
	}
	if text(f.NodeID) != p.NodeID {
		return store.SharedFolder{}, notFound("storage location")
	}
	return f, nil
}

func changeFolder(f store.SharedFolder, c api.SharedFolderChange) (store.SharedFolder, error) {
	set(&f.Name, c.Name)
	set(&f.Directory, c.Directory)
	set(&f.DefaultInbox, c.DefaultInbox)
	set(&f.EnableCloudReferencing, c.EnableCloudReferencing)
	set(&f.EnableLinking, c.EnableLinking)
	set(&f.InitialTargetDownloadKbps, c.KbpsInitialTargetDownloadRate)
	set(&f.InitialTargetUploadKbps, c.KbpsInitialTargetUploadRate)
	set(&f.MaxTargetDownloadKbps, c.KbpsMaxTargetDownloadRate)
	set(&f.MaxTargetUploadKbps, c.KbpsMaxTargetUploadRate)
	set(&f.LockMinratePolicy, c.LockMinratePolicy)
	set(&f.OverrideTransferParameters, c.OverrideTransferParameters)
	set(&f.RelayIncomingBandwidth, c.RelayIncomingBandwidth)
	set(&f.RelayOutgoingBandwidth, c.RelayOutgoingBandwidth)
	set(&f.ReadPermission, c.ReadPermission)
	if leadsOut(f.Directory) {
		return f, badField("directory must not lead out of the node's storage.", "directory")
	}
	f.Directory = path.Clean("/" + f.Directory)
	return f, nil
}

// testDirectory refuses a directory that the node cannot list, if the request wants that.
func (s *Server) testDirectory(ctx context.Context, n store.Node, directory string, test *bool) error {
	if test == nil || !*test {
		return nil
	}
	c, err := s.dialer.Client(n)
	if err != nil {
		return err
	}
	defer c.CloseIdleConnections()
	if _, err := c.Browse(ctx, nodeapi.BrowseRequest{Path: directory, Count: 1}); err != nil {
		s.logNodeFailure(ctx, err)
		if nodeapi.IsNotFound(err) {
			return badField("The directory is not there.", "directory")
		}
		return badField("The directory cannot be listed. "+string(nodes.FailureOf(err)), "directory")
	}
	return nil
}
