package nodeapi

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"path/filepath"
	"strings"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/storage"
)

const (
	fileMode = 0o644
	// maxContents bounds a file that comes inside a request.
	maxContents = 1 << 20
	maxPaths    = 10000
)

// pathItem is one element of the calls that work on several paths; each call uses some of its fields.
type pathItem struct {
	Path            string `json:"path"`
	Type            string `json:"type"`
	Contents        string `json:"contents"`
	RecursiveDelete *bool  `json:"recursive_delete"`
	Source          string `json:"source"`
	Destination     string `json:"destination"`
	Target          struct {
		Path string `json:"path"`
	} `json:"target"`
}

// eachPath runs fn on every path of a request. What fails is told beside the path, in an answer that is a success.
func (s *Server) eachPath(r *http.Request, fn func(item pathItem) error) (any, error) {
	var in struct {
		Paths []pathItem `json:"paths"`
	}
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	if len(in.Paths) == 0 || len(in.Paths) > maxPaths {
		return nil, errBadRequest(fmt.Sprintf("paths must have 1 to %d elements", maxPaths))
	}
	results := make([]pathResult, len(in.Paths))
	for i, item := range in.Paths {
		if !strings.HasPrefix(item.Path, "/") {
			item.Path = "/" + item.Path
		}
		results[i] = pathResult{Path: item.Path, Source: item.Source, Destination: item.Destination}
		if err := fn(item); err != nil {
			e := toAPIError(err)
			if e.failed() {
				return nil, err
			}
			results[i].Error = e.body()
		}
	}
	return map[string]any{"paths": results}, nil
}

type pathResult struct {
	Path        string            `json:"path"`
	Source      string            `json:"source,omitempty"`
	Destination string            `json:"destination,omitempty"`
	Error       *client.ErrorBody `json:"error,omitempty"`
}

func (s *Server) createPaths(_ context.Context, c *caller, r *http.Request) (any, error) {
	return s.eachPath(r, func(item pathItem) error { return createPath(c.files, item) })
}

func createPath(files *storage.Root, item pathItem) error {
	if _, err := files.Lstat(item.Path); !errors.Is(err, fs.ErrNotExist) {
		if err != nil {
			return err
		}
		return errConflict("exists already")
	}
	switch item.Type {
	case typeDirectory:
		return files.MkdirAll(item.Path, folderMode)
	case typeFile:
		return createFile(files, item.Path, item.Contents)
	case typeLink:
		return createLink(files, item.Path, item.Target.Path)
	}
	return errBadRequest("type must be directory, file or symbolic_link")
}

func createFile(files *storage.Root, p, contents string) error {
	data, err := base64.StdEncoding.DecodeString(contents)
	if err != nil {
		return errBadRequest("contents is not base64")
	}
	if len(data) > maxContents {
		return errBadRequest(fmt.Sprintf("contents is longer than %d bytes", maxContents))
	}
	return files.Create(p, data, fileMode)
}

// createLink makes a relative link: an absolute one would lead out of the root that the caller sees.
func createLink(files *storage.Root, p, target string) error {
	if target == "" {
		return errBadRequest("a symbolic link needs target.path")
	}
	link, err := storage.Clean(p)
	if err != nil {
		return err
	}
	clean, err := storage.Clean(target)
	if err != nil {
		return err
	}
	relative, err := filepath.Rel(path.Dir(link), clean)
	if err != nil {
		return errBadRequest("target.path is not a path")
	}
	return files.Symlink(relative, link)
}

func (s *Server) deletePaths(ctx context.Context, c *caller, r *http.Request) (any, error) {
	return s.eachPath(r, func(item pathItem) error {
		recursive := item.RecursiveDelete == nil || *item.RecursiveDelete
		return s.deletePath(ctx, c, item.Path, recursive)
	})
}

func (s *Server) deletePath(ctx context.Context, c *caller, p string, recursive bool) error {
	clean, err := storage.Clean(p)
	if err != nil {
		return err
	}
	if _, err := c.files.Lstat(clean); err != nil {
		return err
	}
	if recursive {
		err = c.files.RemoveAll(clean)
	} else {
		err = c.files.Remove(clean)
	}
	if err != nil || c.key == nil {
		return err
	}
	return s.Store.ForgetPath(ctx, c.key.ID, clean)
}

func (s *Server) renamePaths(ctx context.Context, c *caller, r *http.Request) (any, error) {
	return s.eachPath(r, func(item pathItem) error {
		if !isName(item.Source) || !isName(item.Destination) {
			return errBadRequest("source and destination must be names within path")
		}
		return s.renamePath(ctx, c, path.Join(item.Path, item.Source), path.Join(item.Path, item.Destination))
	})
}

// renamePath never replaces what is there.
func (s *Server) renamePath(ctx context.Context, c *caller, from, to string) error {
	from, err := storage.Clean(from)
	if err != nil {
		return err
	}
	if to, err = storage.Clean(to); err != nil {
		return err
	}
	if _, err := c.files.Lstat(from); err != nil {
		return err
	}
	if _, err := c.files.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(err, errConflict("exists already"))
	}
	if err := c.files.Rename(from, to); err != nil || c.key == nil {
		return err
	}
	return s.Store.MovePath(ctx, c.key.ID, from, to)
}

// isName reports whether s is one name, not a path.
func isName(s string) bool {
	return s != "" && s != "." && s != ".." && !strings.Contains(s, "/")
}

func (s *Server) filesInfo(_ context.Context, c *caller, r *http.Request) (any, error) {
	type result struct {
		client.Entry
		Error *client.ErrorBody `json:"error,omitempty"`
	}
	var results []result
	_, err := s.eachPath(r, func(item pathItem) error {
		p, err := storage.Clean(item.Path)
		if err == nil {
			var info fs.FileInfo
			if info, err = c.files.Lstat(p); err == nil {
				results = append(results, result{Entry: entry(p, info)})
				return nil
			}
		}
		results = append(results, result{Entry: client.Entry{Path: item.Path}, Error: toAPIError(err).body()})
		return nil
	})
	return map[string]any{"paths": results}, err
}

func (s *Server) space(_ context.Context, c *caller, r *http.Request) (any, error) {
	var in struct {
		Paths []pathItem `json:"paths"`
	}
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	results := make([]client.Space, 0, min(len(in.Paths), maxPaths))
	for _, item := range in.Paths[:min(len(in.Paths), maxPaths)] {
		space, err := c.files.Space(item.Path)
		if err != nil {
			return nil, err
		}
		percent := 0.0
		if space.Total > 0 {
			percent = 100 * float64(space.Free) / float64(space.Total)
		}
		results = append(results, client.Space{Path: item.Path, BytesTotal: space.Total, BytesFree: space.Free, PercentFree: percent})
	}
	return map[string]any{"paths": results}, nil
}
