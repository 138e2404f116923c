package nodeapi

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"path"
	"unicode/utf8"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/token"
)

// maxVisited bounds the work of one search. The answer says when it was not enough.
const maxVisited = 200_000

// errEnough ends a walk that has visited as much as it may.
var errEnough = errors.New("enough was visited")

// search looks for entries beneath a folder. It follows no link.
func (s *Server) search(ctx context.Context, c *caller, r *http.Request) (any, error) {
	var in client.SearchRequest
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	l, err := browsing(c, in.BrowseRequest)
	if err != nil {
		return nil, err
	}
	if in.DepthMin < 0 || in.DepthMax < 0 || in.DepthMax > 0 && in.DepthMin > in.DepthMax {
		return nil, errBadRequest("depth_min and depth_max must not be negative, and depth_min no more than depth_max")
	}
	levels, err := s.levels(ctx, c, l.folder)
	if err != nil {
		return nil, err
	}
	if !levels[token.LevelList] {
		return nil, c.noList()
	}
	limit := int(s.visitLimit.Load())
	out := client.SearchResult{
		Items: []client.Entry{}, Complete: true, VisitLimit: limit,
		Parameters: client.SearchParameters{Path: l.folder, Skip: l.skip, Count: l.count, DepthMin: in.DepthMin,
			DepthMax: in.DepthMax},
	}
	kept := &first{order: l.order, most: l.skip + l.count}
	w := walker{files: c.files, depthMax: in.DepthMax, visit: func(p string, depth int, d fs.DirEntry) error {
		if out.Visited == limit {
			return errEnough
		}
		out.Visited++
		if depth < in.DepthMin {
			return ctx.Err()
		}
		found, ok, err := l.filter.consider(p, d, l.order.needsInfo)
		if err != nil || !ok {
			return errors.Join(err, ctx.Err())
		}
		out.TotalCount++
		kept.add(found)
		return ctx.Err()
	}}
	err = w.walk(l.folder, 1)
	if errors.Is(err, errEnough) {
		out.Complete, err = false, nil
	}
	if err != nil {
		return nil, err
	}
	chosen := kept.sorted()
	for _, found := range chosen[min(l.skip, len(chosen)):] {
		e, err := describe(c.files, found.path)
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, storage.ErrLink): // It has gone meanwhile, or its folder.
			continue
		case err != nil:
			return nil, err
		}
		out.Items = append(out.Items, s.shown(ctx, c, levels, e))
	}
	out.ItemCount = len(out.Items)
	return out, nil
}

// walker visits a tree, a folder before what is in it. It follows no link.
type walker struct {
	files storage.Tree
	// depthMax is how deep it goes, 0 for no limit.
	depthMax int
	visit    func(p string, depth int, d fs.DirEntry) error
	// failed is told of folders that can't be read, beside the first; nil leaves them out.
	failed func(p string, err error)
}

func (w walker) walk(folder string, depth int) error {
	var below []string
	err := w.files.Each(folder, func(d fs.DirEntry) error {
		p := path.Join(folder, d.Name())
		if err := w.visit(p, depth, d); err != nil {
			return err
		}
		if d.IsDir() && utf8.ValidString(d.Name()) && (w.depthMax == 0 || depth < w.depthMax) {
			below = append(below, d.Name())
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, name := range below {
		p := path.Join(folder, name)
		err := w.walk(p, depth+1)
		// It is gone, or not for this process, or too deep.
		if file := (*fs.PathError)(nil); errors.As(err, &file) || errors.Is(err, storage.ErrBadPath) {
			if w.failed != nil {
				w.failed(p, err)
			}
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// usage adds up what a tree holds: as a job for clients of version 4.0, else at once, and then it ends when the caller
// goes away.
func (s *Server) usage(ctx context.Context, c *caller, r *http.Request) (any, error) {
	var in usageRequest
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	folder, err := storage.Clean(in.Path)
	if err != nil {
		return nil, err
	}
	if err := s.may(ctx, c, token.LevelList, folder); err != nil {
		return nil, err
	}
	if r.Header.Get("Accept-Version") == version4 {
		if _, err := c.files.Lstat(folder); err != nil {
			return nil, err
		}
		place, err := c.placeOf(folder)
		if err != nil {
			return nil, err
		}
		return s.accepted(ctx, c, jobUsage, place, 0)
	}
	out := client.Usage{Path: folder}
	if err := addUp(ctx, c.files, folder, func(add func(*client.Usage)) { add(&out) }); err != nil {
		return nil, err
	}
	return out, nil
}
