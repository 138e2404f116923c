package nodeapi

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"time"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/store"
)

const (
	defaultPerPage = 1000
	maxPerPage     = 10000
	nextPageHeader = "X-Aspera-Next-Iteration-Token"
)

// idEntry is a file, folder or link in the interface by id.
type idEntry struct {
	ID           string    `json:"id"`
	Name         string    `json:"name"`
	Path         string    `json:"path"`
	Type         string    `json:"type"` // file, folder, link
	Size         int64     `json:"size"`
	ModifiedTime time.Time `json:"modified_time"`
	AccessLevel  string    `json:"access_level"`
	AccessLevels []string  `json:"access_levels"`
}

func byID(id uint64, e client.Entry) idEntry {
	out := idEntry{
		ID: strconv.FormatUint(id, 10), Name: e.Basename, Path: e.Path, Type: "file", Size: e.Size, ModifiedTime: e.Mtime,
		AccessLevel: "edit", AccessLevels: []string{"delete", "list", "mkdir", "preview", "read", "rename", "write"},
	}
	switch e.Type {
	case typeDirectory:
		out.Type = "folder"
	case typeLink:
		out.Type = "link"
	}
	return out
}

// idPath is the id and path of a call's {id}. Ids belong to access keys, so the node user has none.
func (s *Server) idPath(ctx context.Context, c *caller, r *http.Request) (uint64, string, error) {
	if c.key == nil {
		return 0, "", errForbidden("file ids need an access key")
	}
	id, err := strconv.ParseUint(r.PathValue("id"), 10, 64)
	if err != nil {
		return 0, "", errNotFound("no such file id")
	}
	p, err := s.Store.FilePath(ctx, c.key.ID, id)
	return id, p, err
}

func (s *Server) readFile(ctx context.Context, c *caller, r *http.Request) (any, error) {
	id, p, err := s.idPath(ctx, c, r)
	if err != nil {
		return nil, err
	}
	info, err := c.files.Lstat(p)
	if err != nil {
		return nil, err
	}
	return byID(id, entry(p, info)), nil
}

// listFiles answers page by page to clients of version 4.0, which read the next page's token from a header, and all at once to others.
func (s *Server) listFiles(ctx context.Context, c *caller, r *http.Request) (any, error) {
	_, folder, err := s.idPath(ctx, c, r)
	if err != nil {
		return nil, err
	}
	entries, err := readEntries(c.files, folder)
	if err != nil {
		return nil, err
	}
	q := r.URL.Query()
	entries = slices.DeleteFunc(entries, func(e client.Entry) bool { return !passesQuery(q, e) })
	header := http.Header{"X-Total-Count": {strconv.Itoa(len(entries))}}
	if r.Header.Get("Accept-Version") == "4.0" {
		page, next, err := nextPage(entries, q)
		if err != nil {
			return nil, err
		}
		if entries = page; next != "" {
			header.Set(nextPageHeader, next)
		}
	}
	paths := make([]string, len(entries))
	for i, e := range entries {
		paths[i] = e.Path
	}
	ids, err := s.Store.FileIDs(ctx, c.key.ID, paths)
	if err != nil {
		return nil, err
	}
	out := make([]idEntry, len(entries))
	for i, e := range entries {
		out[i] = byID(ids[i], e)
	}
	return answer{header, out}, nil
}

// nextPage cuts a page out of entries, which are sorted by name. Its token is the last name, so that a page never repeats or skips
// entries when others come and go.
func nextPage(entries []client.Entry, q url.Values) (page []client.Entry, next string, err error) {
	perPage := defaultPerPage
	if v := q.Get("per_page"); v != "" {
		if perPage, err = strconv.Atoi(v); err != nil || perPage < 1 {
			return nil, "", errBadRequest("per_page must be a positive number")
		}
	}
	perPage = min(perPage, maxPerPage)
	if v := q.Get("iteration_token"); v != "" {
		last, err := base64.RawURLEncoding.DecodeString(v)
		if err != nil {
			return nil, "", errBadRequest("iteration_token is not one of this node")
		}
		from := slices.IndexFunc(entries, func(e client.Entry) bool { return e.Basename > string(last) })
		if from < 0 {
			from = len(entries)
		}
		entries = entries[from:]
	}
	if len(entries) > perPage {
		entries = entries[:perPage]
		next = base64.RawURLEncoding.EncodeToString([]byte(entries[perPage-1].Basename))
	}
	return entries, next, nil
}

func passesQuery(q url.Values, e client.Entry) bool {
	if name := q.Get("name"); name != "" && name != e.Basename {
		return false
	}
	if pattern := q.Get("name_glob"); pattern != "" {
		if ok, err := path.Match(pattern, e.Basename); !ok || err != nil {
			return false
		}
	}
	kind := q.Get("type")
	return kind == "" || kind == byID(0, e).Type
}

func (s *Server) createFile(ctx context.Context, c *caller, r *http.Request) (any, error) {
	_, folder, err := s.idPath(ctx, c, r)
	if err != nil {
		return nil, err
	}
	var in struct {
		Name     string `json:"name"`
		Type     string `json:"type"`
		Contents string `json:"contents"`
	}
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	if !isName(in.Name) {
		return nil, errBadRequest("name must be a name without slashes")
	}
	item := pathItem{Path: path.Join(folder, in.Name), Contents: in.Contents, Type: typeFile}
	switch in.Type {
	case "folder":
		item.Type = typeDirectory
	case "file":
	default:
		return nil, errBadRequest("type must be folder or file")
	}
	if err := createPath(c, item); err != nil {
		return nil, err
	}
	p, err := storage.Clean(item.Path)
	if err != nil {
		return nil, err
	}
	ids, err := s.Store.FileIDs(ctx, c.key.ID, []string{p})
	if err != nil {
		return nil, err
	}
	info, err := c.files.Lstat(p)
	if err != nil {
		return nil, err
	}
	return byID(ids[0], entry(p, info)), nil
}

func (s *Server) renameFile(ctx context.Context, c *caller, r *http.Request) (any, error) {
	id, p, err := s.idPath(ctx, c, r)
	if err != nil {
		return nil, err
	}
	var in struct {
		Name string `json:"name"`
	}
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	if !isName(in.Name) {
		return nil, errBadRequest("name must be a name without slashes")
	}
	if id == store.RootFileID {
		return nil, storage.ErrIsRoot
	}
	return nil, s.renamePath(ctx, c, p, path.Join(path.Dir(p), in.Name))
}

func (s *Server) deleteFile(ctx context.Context, c *caller, r *http.Request) (any, error) {
	_, p, err := s.idPath(ctx, c, r)
	if err != nil {
		return nil, err
	}
	return nil, s.deletePath(ctx, c, p, true)
}
