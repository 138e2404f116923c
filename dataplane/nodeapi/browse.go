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
)

const (
	defaultBrowse = 1000
	maxBrowse     = 10000
)

// Kinds of entries in the interface by path.
const (
	typeFile      = "file"
	typeDirectory = "directory"
	typeLink      = "symbolic_link"
)

func (s *Server) browse(_ context.Context, c *caller, r *http.Request) (any, error) {
	var in client.BrowseRequest
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	if in.Skip < 0 || in.Count < 0 {
		return nil, errBadRequest("skip and count must not be negative")
	}
	less, err := entryOrder(in.Sort)
	if err != nil {
		return nil, err
	}
	folder, err := storage.Clean(in.Path)
	if err != nil {
		return nil, err
	}
	self, err := c.files.Stat(folder)
	if errors.Is(err, storage.ErrLink) {
		// A link is described and not followed. One on the way fails here as well (TestBrowseDescribesLinks).
		self, err = c.files.Lstat(folder)
	}
	if err != nil {
		return nil, err
	}
	out := client.Listing{Self: entry(folder, self), Items: []client.Entry{}}
	if !self.IsDir() {
		return out, nil
	}
	entries, err := readEntries(c.files, folder)
	if err != nil {
		return nil, err
	}
	if in.Filters != nil {
		entries = slices.DeleteFunc(entries, func(e client.Entry) bool { return !passes(*in.Filters, e) })
	}
	slices.SortStableFunc(entries, less)
	count := in.Count
	if count == 0 {
		count = defaultBrowse
	}
	from := min(in.Skip, len(entries))
	to := min(from+min(count, maxBrowse), len(entries))
	out.Items, out.ItemCount, out.TotalCount = entries[from:to], to-from, len(entries)
	return out, nil
}

// readEntries lists a folder without following links; entries that vanish meanwhile are left out.
func readEntries(files *storage.Root, folder string) ([]client.Entry, error) {
	listed, err := files.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	entries := make([]client.Entry, 0, len(listed))
	for _, d := range listed {
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry(path.Join(folder, d.Name()), info))
	}
	return entries, nil
}

func entry(p string, info fs.FileInfo) client.Entry {
	e := client.Entry{
		Path: p, Basename: path.Base(p), Type: typeFile, Size: info.Size(), Mtime: info.ModTime().UTC(),
		Permissions: []client.Permission{{Name: "view"}, {Name: "edit"}},
	}
	switch {
	case info.IsDir():
		e.Type, e.Size = typeDirectory, 0
	case info.Mode()&fs.ModeSymlink != 0:
		e.Type = typeLink
	}
	return e
}

// entryOrder reads "name" or "name_d" (descending); folders and files are mixed, as clients expect.
func entryOrder(sort string) (func(a, b client.Entry) int, error) {
	name, descending := strings.CutSuffix(sort, "_d")
	name = strings.TrimSuffix(name, "_a")
	var order func(a, b client.Entry) int
	switch name {
	case "", "path", "name", "basename":
		order = func(a, b client.Entry) int { return cmp.Compare(a.Path, b.Path) }
	case "size":
		order = func(a, b client.Entry) int { return cmp.Compare(a.Size, b.Size) }
	case "mtime":
		order = func(a, b client.Entry) int { return a.Mtime.Compare(b.Mtime) }
	case "type":
		order = func(a, b client.Entry) int { return cmp.Compare(a.Type, b.Type) }
	default:
		return nil, errBadRequest("sort must be path, size, mtime or type, with _d for descending")
	}
	if descending {
		return func(a, b client.Entry) int { return order(b, a) }, nil
	}
	return order, nil
}

func passes(f client.Filters, e client.Entry) bool {
	if len(f.Types) > 0 && !slices.Contains(f.Types, e.Type) {
		return false
	}
	matches := func(pattern string) bool {
		ok, err := path.Match(pattern, e.Basename)
		return ok && err == nil
	}
	return (len(f.Basenames) == 0 || slices.ContainsFunc(f.Basenames, matches)) &&
		(f.SizeMin == nil || e.Size >= *f.SizeMin) && (f.SizeMax == nil || e.Size <= *f.SizeMax) &&
		(f.MtimeMin == nil || !e.Mtime.Before(*f.MtimeMin)) && (f.MtimeMax == nil || !e.Mtime.After(*f.MtimeMax))
}
