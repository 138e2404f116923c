package core

import (
	"context"
	"errors"
	"net/http"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/store"
)

type readerList struct {
	List
	Users []api.Account `json:"users"`
}

// ReadersPath names a storage location whose readers are meant.
type ReadersPath struct {
	NodeID   string `path:"node_id"`
	FolderID string `path:"shared_folder_id"`
}

func (p ReadersPath) folder() FolderPath { return FolderPath{NodeID: p.NodeID, ID: p.FolderID} }

// registerFolderReaders adds the calls about who may take files from a limited storage location.
func (s *Server) registerFolderReaders() {
	const what = "storage location"
	path := v5 + "/nodes/{node_id}/shared_folders/{shared_folder_id}/custom_access_users"
	register(s, operation{method: http.MethodGet, path: path, id: "list-folder-readers", what: what, access: admins,
		summary: "List who may take files from a limited storage location"},
		func(ctx context.Context, in *struct {
			ReadersPath
			Paging
			Query string `query:"q"`
		}) (*body[readerList], error) {
			f, err := s.folder(ctx, in.folder())
			if err != nil {
				return nil, err
			}
			found, total, err := s.store.FolderReaders(ctx, f.ID, in.Query, in.page())
			if err != nil {
				return nil, err
			}
			out := readerList{List: in.list(total), Users: []api.Account{}}
			for _, a := range found {
				out.Users = append(out.Users, accountOut(a))
			}
			return answerWith(out), nil
		})
	register(s, operation{method: http.MethodPost, path: path, id: "add-folder-reader", what: what, access: admins,
		status: http.StatusCreated, summary: "Let an account take files from a limited storage location"},
		func(ctx context.Context, in *struct {
			ReadersPath
			Body api.FolderReader
		}) (*body[api.Account], error) {
			f, err := s.folder(ctx, in.folder())
			if err != nil {
				return nil, err
			}
			id, err := number(string(in.Body.UserID), "account")
			if err != nil {
				return nil, err
			}
			a, err := s.store.Account(ctx, id)
			if errors.Is(err, store.ErrNotFound) {
				err = badField("There is no such account.", "user_id")
			}
			if err != nil {
				return nil, err
			}
			return answerWith(accountOut(a)), s.store.AddFolderReader(ctx, f.ID, id)
		})
	register(s, operation{method: http.MethodDelete, path: path + "/{id}", id: "remove-folder-reader", what: what,
		access: admins, summary: "End that an account may take files from a limited storage location"},
		func(ctx context.Context, in *struct {
			ReadersPath
			IDPath
		}) (*empty, error) {
			f, err := s.folder(ctx, in.folder())
			if err != nil {
				return nil, err
			}
			id, err := number(in.ID, "account")
			if err != nil {
				return nil, err
			}
			return nil, s.store.RemoveFolderReader(ctx, f.ID, id)
		})
}
