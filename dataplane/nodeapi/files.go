package nodeapi

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"unicode/utf8"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/token"
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

// paths reads the elements of a request, each for itself: one that is no path spoils no other.
func paths(r *http.Request) ([]json.RawMessage, error) {
	var in struct {
		Paths []json.RawMessage `json:"paths"`
	}
	text, err := body(r)
	if err != nil {
		return nil, err
	}
	if err := decodeText(text, &in); err != nil {
		return nil, err
	}
	if len(in.Paths) == 0 || len(in.Paths) > maxPaths {
		return nil, errBadRequest(fmt.Sprintf("paths must have 1 to %d elements", maxPaths))
	}
	return in.Paths, nil
}

// element reads one element of paths.
func element(text json.RawMessage) (pathItem, error) {
	var item pathItem
	err := decodeText(text, &item)
	switch {
	case err == nil && !utf8.Valid(text):
		err = errNotUTF8
	case err == nil && item.Path == "":
		err = errBadRequest("path is missing")
	}
	if !strings.HasPrefix(item.Path, "/") {
		item.Path = "/" + item.Path
	}
	return item, err
}

// eachPath runs fn on every path of a request. What fails is told beside the path, in an answer that is a success; only
// a database that is away ends the call, as it would fail for every other path too.
func (s *Server) eachPath(r *http.Request, fn func(item pathItem) error) (any, error) {
	elements, err := paths(r)
	if err != nil {
		return nil, err
	}
	results := make([]pathResult, len(elements))
	for i, text := range elements {
		item, err := element(text)
		results[i] = pathResult{Path: item.Path, Source: item.Source, Destination: item.Destination}
		if err == nil {
			err = fn(item)
		}
		if err != nil {
			if store.IsUnavailable(err) {
				return nil, err
			}
			results[i].Error = s.pathError(r, err)
		}
	}
	return map[string]any{"paths": results}, nil
}

// pathError is what is told beside a path.
func (s *Server) pathError(r *http.Request, err error) *client.ErrorBody {
	e := toAPIError(err)
	if e.failed() {
		s.Log.Error("a path of a node api call failed", "method", r.Method, "route", r.Pattern, "error", err)
	}
	return e.body()
}

type pathResult struct {
	Path        string            `json:"path"`
	Source      string            `json:"source,omitempty"`
	Destination string            `json:"destination,omitempty"`
	Job         *client.Job       `json:"job,omitempty"`
	Error       *client.ErrorBody `json:"error,omitempty"`
}

func (s *Server) createPaths(ctx context.Context, c *caller, r *http.Request) (any, error) {
	return s.eachPath(r, func(item pathItem) error { return s.createPath(ctx, c, item) })
}

func (s *Server) createPath(ctx context.Context, c *caller, item pathItem) error {
	level := token.LevelWrite
	if item.Type == typeDirectory {
		level = token.LevelMkdir
	}
	if err := s.may(ctx, c, level, item.Path); err != nil {
		return err
	}
	if _, err := c.files.Lstat(item.Path); !errors.Is(err, fs.ErrNotExist) {
		if err != nil {
			return err
		}
		return errConflict("exists already")
	}
	var err error
	switch item.Type {
	case typeDirectory:
		err = c.files.MkdirAll(item.Path, folderMode)
	case typeFile:
		err = createFile(c.files, item.Path, item.Contents)
	case typeLink:
		err = createLink(c.files, item.Path, item.Target.Path)
	default:
		return errBadRequest("type must be directory, file or symbolic_link")
	}
	if err == nil {
		s.logFile(ctx, c, store.EventFileCreated, map[string]any{"path": item.Path, "type": item.Type})
	}
	return whereToMake(c, item.Path, err)
}

// whereToMake turns the refusal of the file system to make something at the top of the storage into one that says where
// it can be made: the top often holds nothing but the folders at which storages are mounted.
func whereToMake(c *caller, p string, err error) error {
	if c.root != "/" || !errors.Is(err, fs.ErrPermission) && !errors.Is(err, syscall.EROFS) {
		return err
	}
	top, _, _ := strings.Cut(strings.TrimPrefix(path.Clean("/"+p), "/"), "/")
	if _, there := c.files.Lstat("/" + top); there == nil {
		return err
	}
	host, ok := c.files.(interface {
		Writable(p string) (itself bool, below []string, err error)
	})
	if !ok {
		return err
	}
	itself, below, looked := host.Writable("/")
	if looked != nil || itself {
		return err
	}
	if len(below) == 0 {
		return errForbidden("nothing can be made at the top of the storage, and no folder in it can be written")
	}
	const most = 20
	more := ""
	if len(below) > most {
		below, more = below[:most], " and others"
	}
	return errForbidden("nothing can be made at the top of the storage, only below the storages /" +
		strings.Join(below, ", /") + more)
}

func createFile(files storage.Tree, p, contents string) error {
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
func createLink(files storage.Tree, p, target string) error {
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
	if err := s.may(ctx, c, token.LevelDelete, clean); err != nil {
		return err
	}
	remove := c.files.Remove
	if recursive {
		remove = c.files.RemoveAll
	}
	place, err := c.placeOf(clean)
	if err != nil {
		return err
	}
	err = s.files.Remove(ctx, place, func() error { return remove(clean) })
	if err == nil {
		s.logFile(ctx, c, store.EventFileDeleted, map[string]any{"path": clean})
	}
	return err
}

// renamePaths answers 202 when a rename became a job, which is told beside the path.
func (s *Server) renamePaths(ctx context.Context, c *caller, r *http.Request) (any, error) {
	jobs := map[string]*client.Job{}
	out, err := s.eachPath(r, func(item pathItem) error {
		if !isName(item.Source) || !isName(item.Destination) {
			return errBadRequest("source and destination must be names within path")
		}
		job, err := s.renamePath(ctx, c, path.Join(item.Path, item.Source), path.Join(item.Path, item.Destination))
		if job != nil {
			jobs[item.Path+"/"+item.Source] = job
		}
		return err
	})
	if err != nil || len(jobs) == 0 {
		return out, err
	}
	results := out.(map[string]any)["paths"].([]pathResult)
	for i, result := range results {
		results[i].Job = jobs[result.Path+"/"+result.Source]
	}
	return answer{status: http.StatusAccepted, body: out}, nil
}

// renamePath never replaces what is there. It gives the job of a rename that takes long.
func (s *Server) renamePath(ctx context.Context, c *caller, from, to string) (*client.Job, error) {
	from, err := storage.Clean(from)
	if err != nil {
		return nil, err
	}
	if to, err = storage.Clean(to); err != nil {
		return nil, err
	}
	if err := s.may(ctx, c, token.LevelRename, from); err != nil {
		return nil, err
	}
	if c.node != nil && !c.node.Permits(to) {
		return nil, errRestricted
	}
	if _, err := c.files.Lstat(from); err != nil {
		return nil, err
	}
	if _, err := c.files.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		if err != nil {
			return nil, err
		}
		return nil, errConflict("exists already")
	}
	before, err := c.placeOf(from)
	if err != nil {
		return nil, err
	}
	after, err := c.placeOf(to)
	if err != nil {
		return nil, err
	}
	job, err := s.renameLater(ctx, c, before, after)
	if err != nil {
		return nil, err
	}
	if job != nil {
		s.logFile(ctx, c, store.EventFileRenamed, map[string]any{"path": from, "to": to})
		return job, nil
	}
	err = s.files.Rename(ctx, before, after, func() error { return c.files.Rename(from, to) })
	if err == nil {
		s.logFile(ctx, c, store.EventFileRenamed, map[string]any{"path": from, "to": to})
	}
	return nil, err
}

// isName reports whether s is one name, not a path.
func isName(s string) bool {
	return s != "" && s != "." && s != ".." && !strings.Contains(s, "/")
}

func (s *Server) filesInfo(ctx context.Context, c *caller, r *http.Request) (any, error) {
	elements, err := paths(r)
	if err != nil {
		return nil, err
	}
	results := make([]infoResult, len(elements))
	for i, text := range elements {
		item, err := element(text)
		var levels token.Levels
		if err == nil {
			levels, err = s.levels(ctx, c, item.Path)
		}
		if err == nil && !levels[token.LevelList] {
			err = c.noList()
		}
		if err == nil {
			results[i].Entry, err = describe(c.files, item.Path)
		}
		if err == nil {
			results[i].Entry = s.shown(ctx, c, levels, results[i].Entry)
		}
		if err != nil {
			results[i] = infoResult{Entry: client.Entry{Path: item.Path}, Error: s.pathError(r, err)}
		}
	}
	return map[string]any{"paths": results}, nil
}

func describe(files storage.Tree, p string) (client.Entry, error) {
	clean, err := storage.Clean(p)
	if err != nil {
		return client.Entry{}, err
	}
	info, err := files.Lstat(clean)
	if err != nil {
		return client.Entry{}, err
	}
	return entry(clean, info), nil
}

// space answers the failure of its only path as that of the call: callers ask for one.
func (s *Server) space(ctx context.Context, c *caller, r *http.Request) (any, error) {
	elements, err := paths(r)
	if err != nil {
		return nil, err
	}
	results := make([]spaceResult, len(elements))
	for i, text := range elements {
		item, err := element(text)
		results[i].Path = item.Path
		var space storage.Space
		if err == nil {
			err = s.may(ctx, c, token.LevelList, item.Path)
		}
		if err == nil {
			space, err = c.files.Space(item.Path)
		}
		if errors.Is(err, storage.ErrSpaceUnknown) {
			continue
		}
		if err != nil && len(elements) == 1 {
			return nil, err
		}
		if err != nil {
			results[i].Error = s.pathError(r, err)
			continue
		}
		percent := 0.0
		if space.Total > 0 {
			percent = 100 * float64(space.Free) / float64(space.Total)
		}
		results[i].BytesTotal, results[i].BytesFree, results[i].PercentFree = &space.Total, &space.Free, &percent
	}
	return map[string]any{"paths": results}, nil
}
