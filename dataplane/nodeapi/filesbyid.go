package nodeapi

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/token"
)

const (
	defaultPerPage = 1000
	maxPerPage     = 10000
	nextPageHeader = "X-Aspera-Next-Iteration-Token"
)

// idEntry is a file, folder or link in the interface by id.
type idEntry struct {
	ID           string        `json:"id"`
	Name         string        `json:"name"`
	Path         string        `json:"path"`
	Type         string        `json:"type"` // file, folder, link
	Size         int64         `json:"size"`
	ModifiedTime time.Time     `json:"modified_time"`
	AccessLevel  string        `json:"access_level"`
	AccessLevels []token.Level `json:"access_levels"`
}

func byID(id uint64, e client.Entry, levels token.Levels) idEntry {
	out := idEntry{
		ID: formatID(id), Name: e.Basename, Path: e.Path, Type: "file", Size: e.Size, ModifiedTime: e.Mtime,
		AccessLevels: []token.Level{},
	}
	for _, l := range token.AllLevels() {
		if levels[l] {
			out.AccessLevels = append(out.AccessLevels, l)
		}
	}
	out.AccessLevel = accessLevel(out.AccessLevels)
	switch e.Type {
	case typeDirectory:
		out.Type = "folder"
	case typeLink:
		out.Type = "link"
	}
	return out
}

func formatID(id uint64) string { return strconv.FormatUint(id, 10) }

// idPath is the id and path of a call's {id}. Ids are seen through an access key, so the node user has none.
func (s *Server) idPath(ctx context.Context, c *caller, r *http.Request) (uint64, string, error) {
	if c.key == nil {
		return 0, "", errForbidden("file ids need an access key")
	}
	p, err := s.files.Path(ctx, c.root, r.PathValue("id"))
	if err != nil {
		return 0, "", err
	}
	id, err := strconv.ParseUint(r.PathValue("id"), 10, 64)
	return id, p, err
}

// permittedPath is idPath of a file that the caller may do something with. An id that is nobody's
// is answered like one of others.
func (s *Server) permittedPath(ctx context.Context, c *caller, r *http.Request, level token.Level) (id uint64, p string,
	levels token.Levels, err error) {
	id, p, err = s.idPath(ctx, c, r)
	if err == nil {
		levels, err = s.levels(ctx, c, p)
	}
	if c.granted != nil && (errors.Is(err, token.ErrFileNotFound) || err == nil && !levels[level]) {
		err = errForbidden("the bearer token's user has no permission to " + string(level) + " here")
	}
	return id, p, levels, err
}

// readFile describes a file, or a job that was made for it, which outlives it.
func (s *Server) readFile(ctx context.Context, c *caller, r *http.Request) (any, error) {
	if job := r.URL.Query().Get("ajq_id"); job != "" {
		return s.tellJob(ctx, c, job, r.URL.Query().Get("stop"))
	}
	id, p, levels, err := s.permittedPath(ctx, c, r, token.LevelList)
	if err != nil {
		return nil, err
	}
	info, err := c.files.Lstat(p)
	if err != nil {
		return nil, err
	}
	return byID(id, entry(p, info), levels), nil
}

// listFiles answers page by page to clients of version 4.0, which read the next page's token from a header. Others get
// all at once, or the page that they name.
func (s *Server) listFiles(ctx context.Context, c *caller, r *http.Request) (any, error) {
	_, folder, levels, err := s.permittedPath(ctx, c, r, token.LevelList)
	if err != nil {
		return nil, err
	}
	l, err := listingByID(c, folder, r)
	if err != nil {
		return nil, err
	}
	found, err := l.read(ctx)
	if err != nil {
		return nil, err
	}
	header := http.Header{"X-Total-Count": {strconv.Itoa(found.total)},
		"Access-Control-Expose-Headers": {"X-Total-Count, " + nextPageHeader}}
	if found.more && r.Header.Get("Accept-Version") == version4 {
		header.Set(nextPageHeader, placeAfter(l.order, found.last))
	}
	ids, err := s.files.IDs(ctx, path.Join(c.root, folder), found.identities)
	if err != nil {
		return nil, err
	}
	out := make([]idEntry, len(found.entries))
	for i, e := range found.entries {
		out[i] = byID(ids[i], e, levels)
	}
	return answer{header: header, body: out}, nil
}

// version4 is the version of clients that read listings by tokens. They can't name a page or an order: both
// would be others with each page.
const version4 = "4.0"

// listingByID reads the query of a listing by id.
func listingByID(c *caller, folder string, r *http.Request) (listing, error) {
	q := r.URL.Query()
	v4 := r.Header.Get("Accept-Version") == version4
	for _, name := range []string{"page", "sort"} {
		if v4 && q.Has(name) {
			return listing{}, errBadRequest(name +
				" is not for Accept-Version 4.0: pages follow each other by iteration_token, in the order of names")
		}
	}
	l := listing{files: c.files, folder: folder, count: maxSkip}
	var err error
	if l.order, err = entryOrder(q.Get("sort")); err != nil {
		return l, err
	}
	if l.filter, err = queryFilter(q); err != nil {
		return l, err
	}
	perPage, err := positive(q, "per_page", defaultPerPage)
	if err != nil {
		return l, err
	}
	page, err := positive(q, "page", 1)
	if err != nil {
		return l, err
	}
	perPage = min(perPage, maxPerPage)
	if v4 || q.Has("per_page") || q.Has("page") {
		l.count = perPage
	}
	if page > maxSkip/perPage {
		return l, errBadRequest("page is too large: read the folder with Accept-Version 4.0 and iteration_token")
	}
	l.skip = (page - 1) * perPage
	given := q.Get("iteration_token")
	if given == "" {
		given = r.Header.Get("iteration_token") // The published interface has it there, clients in the query.
	}
	l.after, err = parsePlace(given, folder, l.order)
	return l, err
}

func positive(q url.Values, name string, fallback int) (int, error) {
	if !q.Has(name) {
		return fallback, nil
	}
	n, err := strconv.Atoi(q.Get(name))
	if err != nil || n < 1 {
		return 0, errBadRequest(name + " must be a positive number")
	}
	return n, nil
}

// queryFilter reads the filters of a listing by id.
func queryFilter(q url.Values) (filter, error) {
	var f filter
	if q.Has("name") {
		f.names = []string{globOf(q.Get("name"))}
	}
	if q.Has("name_glob") {
		f.names = append(f.names, q.Get("name_glob"))
	}
	if q.Has("name_iglob") {
		f.names, f.fold = append(f.names, q.Get("name_iglob")), true
	}
	if len(f.names) > 1 {
		return f, errBadRequest("only one of name, name_glob and name_iglob can be given")
	}
	if q.Has("type") {
		kind, ok := map[string]string{"file": typeFile, "folder": typeDirectory, "link": typeLink}[q.Get("type")]
		if !ok {
			return f, errBadRequest("type must be file, folder or link")
		}
		f.types = []string{kind}
	}
	for name, to := range map[string]**int64{"min_size": &f.sizeMin, "max_size": &f.sizeMax} {
		if !q.Has(name) {
			continue
		}
		n, err := strconv.ParseInt(q.Get(name), 10, 64)
		if err != nil || n < 0 {
			return f, errBadRequest(name + " must be a number of bytes")
		}
		*to = &n
	}
	for name, to := range map[string]**time.Time{"min_modified_time": &f.mtimeMin, "max_modified_time": &f.mtimeMax} {
		if !q.Has(name) {
			continue
		}
		when, err := time.Parse(time.RFC3339Nano, q.Get(name))
		if err != nil {
			return f, errBadRequest(name + " must be a time such as 2026-01-31T12:00:00Z")
		}
		*to = &when
	}
	for _, name := range []string{"target_id", "target_node_id"} {
		if q.Has(name) {
			return f, errBadRequest(name + " selects links to other nodes, which this node has not")
		}
	}
	return f, f.check()
}

// globOf is a pattern that matches a name alone.
func globOf(name string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(name)
}

func (s *Server) createFile(ctx context.Context, c *caller, r *http.Request) (any, error) {
	var in newFile
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	if !isName(in.Name) {
		return nil, errBadRequest("name must be a name without slashes")
	}
	level := token.LevelWrite
	if in.Type == "folder" {
		level = token.LevelMkdir
	}
	_, folder, levels, err := s.permittedPath(ctx, c, r, level)
	if err != nil {
		return nil, err
	}
	item := pathItem{Path: path.Join(folder, in.Name), Contents: in.Contents, Type: typeFile}
	switch in.Type {
	case "folder":
		item.Type = typeDirectory
	case "file":
	default:
		return nil, errBadRequest("type must be folder or file")
	}
	if err := s.createPath(ctx, c, item); err != nil {
		return nil, err
	}
	p, err := storage.Clean(item.Path)
	if err != nil {
		return nil, err
	}
	id, err := s.files.ID(ctx, path.Join(c.root, p))
	if err != nil {
		return nil, err
	}
	info, err := c.files.Lstat(p)
	if err != nil {
		return nil, err
	}
	return byID(id, entry(p, info), levels), nil
}

func (s *Server) renameFile(ctx context.Context, c *caller, r *http.Request) (any, error) {
	id, p, _, err := s.permittedPath(ctx, c, r, token.LevelRename)
	if err != nil {
		return nil, err
	}
	var in newName
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	if !isName(in.Name) {
		return nil, errBadRequest("name must be a name without slashes")
	}
	if id == store.RootFileID {
		return nil, storage.ErrIsRoot
	}
	job, err := s.renamePath(ctx, c, p, path.Join(path.Dir(p), in.Name))
	if err != nil || job == nil {
		return nil, err
	}
	return acceptedAs(*job), nil
}

func (s *Server) deleteFile(ctx context.Context, c *caller, r *http.Request) (any, error) {
	id, p, _, err := s.permittedPath(ctx, c, r, token.LevelDelete)
	if err != nil {
		return nil, err
	}
	info, err := c.files.Lstat(p)
	if err != nil {
		return nil, err
	}
	if r.Header.Get("Accept-Version") == version4 && info.IsDir() && id != store.RootFileID && p != "/" {
		job, err := s.accepted(ctx, c, jobDelete, path.Join(c.root, p), id)
		if err == nil {
			s.logFile(ctx, c, store.EventFileDeleted, map[string]any{"path": p})
		}
		return job, err
	}
	return nil, s.deletePath(ctx, c, p, true)
}
