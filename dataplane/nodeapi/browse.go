package nodeapi

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/token"
)

const (
	defaultBrowse = 1000
	maxBrowse     = 10000
	// maxSkip bounds the memory of a listing: beyond it are pages.
	maxSkip = 2_000_000
)

// Kinds of entries in the interface by path.
const (
	typeFile      = "file"
	typeDirectory = "directory"
	typeLink      = "symbolic_link"
)

func (s *Server) browse(ctx context.Context, c *caller, r *http.Request) (any, error) {
	var in client.BrowseRequest
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	l, err := browsing(c, in)
	if err != nil {
		return nil, err
	}
	levels, err := s.levels(ctx, c, l.folder)
	if err != nil {
		return nil, err
	}
	if !levels[token.LevelList] {
		return nil, c.noList()
	}
	self, err := c.files.Stat(l.folder)
	if errors.Is(err, storage.ErrLink) {
		// A link is described and not followed. One on the way fails here as well (TestBrowseDescribesLinks).
		self, err = c.files.Lstat(l.folder)
	}
	if err != nil {
		return nil, err
	}
	out := client.Listing{Self: s.shown(ctx, c, levels, entry(l.folder, self)), Items: []client.Entry{}}
	if !self.IsDir() {
		return out, nil
	}
	found, err := l.read(ctx)
	if err != nil {
		return nil, err
	}
	out.Items, out.ItemCount, out.TotalCount = s.allShown(ctx, c, levels, found.entries), len(found.entries), found.total
	return out, nil
}

// browsing reads a request for a part of a folder.
func browsing(c *caller, in client.BrowseRequest) (listing, error) {
	if in.Skip < 0 || in.Count < 0 {
		return listing{}, errBadRequest("skip and count must not be negative")
	}
	if in.Skip > maxSkip {
		return listing{}, errBadRequest("skip is too large: read the folder by pages, with /files/page")
	}
	l := listing{files: c.files, skip: in.Skip, count: min(in.Count, maxBrowse)}
	if l.count == 0 {
		l.count = defaultBrowse
	}
	var err error
	if l.order, err = entryOrder(in.Sort); err != nil {
		return l, err
	}
	if l.filter, err = pathFilter(in.Filters, in.CaseSensitive); err != nil {
		return l, err
	}
	l.folder, err = storage.Clean(in.Path)
	return l, err
}

// page answers a part of a folder. It costs the same whichever part it is.
func (s *Server) page(ctx context.Context, c *caller, r *http.Request) (any, error) {
	var in client.PageRequest
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	l, err := browsing(c, client.BrowseRequest{Path: in.Path, Count: in.Count, Filters: in.Filters})
	if err != nil {
		return nil, err
	}
	if l.after, err = parsePlace(in.IterationToken, l.folder, l.order); err != nil {
		return nil, err
	}
	levels, err := s.levels(ctx, c, l.folder)
	if err != nil {
		return nil, err
	}
	if !levels[token.LevelList] {
		return nil, c.noList()
	}
	found, err := l.read(ctx)
	if err != nil {
		return nil, err
	}
	out := client.Page{Items: s.allShown(ctx, c, levels, found.entries), ItemCount: len(found.entries), Parameters: in}
	if found.more {
		out.NextIterationToken = placeAfter(l.order, found.last)
	}
	return out, nil
}

var errNoList = errForbidden("the bearer token's user has no permission to list here")

// noList is why the caller may not list.
func (c *caller) noList() error {
	if c.node != nil {
		return errRestricted
	}
	return errNoList
}

// shown is an entry as the caller sees it: with what the caller may do, and what a link leads to.
func (s *Server) shown(ctx context.Context, c *caller, levels token.Levels, e client.Entry) client.Entry {
	e.Permissions = []client.Permission{{Name: "view"}, {Name: "edit"}}
	if c.granted != nil {
		e.Permissions = []client.Permission{}
		for name, needs := range map[string][]token.Level{"view": token.ViewLevels(), "edit": token.AllLevels()} {
			if !slices.ContainsFunc(needs, func(l token.Level) bool { return !levels[l] }) {
				e.Permissions = append(e.Permissions, client.Permission{Name: name})
			}
		}
		slices.SortFunc(e.Permissions, func(a, b client.Permission) int { return cmp.Compare(b.Name, a.Name) })
	}
	e.Target = s.target(ctx, c, e)
	return e
}

func (s *Server) allShown(ctx context.Context, c *caller, levels token.Levels, entries []client.Entry) []client.Entry {
	for i, e := range entries {
		entries[i] = s.shown(ctx, c, levels, e)
	}
	return entries
}

// target describes what a link leads to, if that is in the caller's folder, on no further
// link, and the caller's to list.
func (s *Server) target(ctx context.Context, c *caller, e client.Entry) *client.Entry {
	if e.Type != typeLink {
		return nil
	}
	text, err := c.files.Readlink(e.Path)
	if err != nil || path.IsAbs(text) {
		return nil
	}
	// More ".." than the path has folders lead outside.
	relative := path.Join(strings.TrimPrefix(path.Dir(e.Path), "/"), text)
	if relative == ".." || strings.HasPrefix(relative, "../") || s.may(ctx, c, token.LevelList, relative) != nil {
		return nil
	}
	target, err := describe(c.files, "/"+relative)
	if err != nil {
		return nil
	}
	return &target
}

func entry(p string, info fs.FileInfo) client.Entry {
	e := client.Entry{
		Path: p, Basename: path.Base(p), Type: kindOf(info.Mode()), Size: info.Size(), Mtime: info.ModTime().UTC(),
		Permissions: []client.Permission{{Name: "view"}, {Name: "edit"}},
	}
	if info.IsDir() {
		e.Size = 0
	}
	return e
}
