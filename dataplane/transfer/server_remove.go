package transfer

import (
	"context"
	"errors"
	"path"
	"sync"

	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transfer/manifest"
	"faspex.io/operator/dataplane/transfer/unfinished"
	"faspex.io/operator/dataplane/transferspec"
)

// mayRemoveSources refuses to remove what the client could not replace by an upload: a right to read is none to remove.
func (s *session) mayRemoveSources(ctx context.Context) error {
	if s.grant.Direction != transferspec.Receive || !s.options.RemovesAtServer() {
		return nil
	}
	if s.options.Sessions > 1 {
		return fail.New(fail.Usage, "of several sessions none knows what the others still read: no sources are removed")
	}
	r, err := s.request() // With the sources that came after the Hello.
	if err != nil {
		return err
	}
	pairs := r.Pairs
	for _, source := range r.Sources {
		pairs = append(pairs, token.Path{Source: source})
	}
	for i := range pairs {
		pairs[i].Destination = path.Clean("/" + pairs[i].Source)
	}
	r.Direction, r.Pairs, r.Sources, r.Destination = transferspec.Send, pairs, nil, ""
	g, err := s.authorize(ctx, r)
	switch {
	case err != nil && !token.IsRefusal(err):
		return err
	case err != nil || g.KeepExisting || g.Root != s.grant.Root:
		return fail.New(fail.Authorization, "the authorization allows to receive the sources, and not to remove them")
	}
	return nil
}

// removeSources has a sender remove what the client has verified.
func (s *session) removeSources(r *sender, p *plan) {
	d := &removal{root: p.granted, options: s.options}
	record := r.onFile
	r.onFile = func(e FileEvent) {
		record(e)
		d.sent(e)
	}
	r.completed = func() error { return d.finish(p.roots, r.filesFailed.Load() == 0) }
}

// removal removes the sources of a download. Paths are relative to the grant's root, and no link leads out of it.
type removal struct {
	root    servedTree
	options control.Options

	mu     sync.Mutex
	failed int
	first  *fail.Error
}

// sent removes a file that the client has verified.
func (r *removal) sent(e FileEvent) {
	if e.Err != nil || e.LeftOut != nil || !r.options.RemoveSources || e.Skipped && !r.options.RemoveKept {
		return
	}
	if err := r.remove(e); err != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.failed++; r.first == nil {
			r.first = fail.File(e.Path, err, fail.DiskWrite)
		}
	}
}

func (r *removal) remove(e FileEvent) error {
	info, err := r.root.Lstat(e.Target)
	if err != nil {
		return err
	}
	if !e.Unchanged(info) {
		return errors.New("it has changed since")
	}
	return r.root.Remove(e.Target)
}

// finish removes empty folders, if all has arrived, and says what could not be removed.
func (r *removal) finish(roots []Root, whole bool) error {
	filters, err := manifest.NewFilters(r.options.Filters)
	if err != nil {
		return err
	}
	for _, root := range roots {
		p := path.Join("/", root.Base, root.Path)
		info, err := r.root.Lstat(p)
		if err != nil || !info.IsDir() || !whole || !r.options.RemoveEmpty && !r.options.RemoveEmptySources {
			continue
		}
		if r.removeEmpty(p, root.Name, filters) && r.options.RemoveEmptySources {
			_ = r.root.Remove(p) // One that is not empty any more stays, and so does the folder of the grant.
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.first != nil {
		return fail.New(r.first.Code, "received, and not removed at the server: %d of the files, the first: %s", r.failed,
			r.first.Text)
	}
	return nil
}

// removeEmpty removes the empty folders beneath dir, called name in the transfer, and reports whether dir is empty
// then. What filters leave out, or is being written, was not sent and stays.
func (r *removal) removeEmpty(dir, name string, filters manifest.Filters) bool {
	entries, err := r.root.ReadDir(dir)
	if err != nil {
		return false
	}
	drafts := unfinished.Drafts(r.root.Open, dir, entries)
	empty := true
	for _, e := range entries {
		p, named := path.Join(dir, e.Name()), path.Join(name, e.Name())
		gone := e.IsDir() && !drafts[e.Name()] && !filters.Exclude(named, true) && r.removeEmpty(p, named, filters) &&
			r.root.Remove(p) == nil
		empty = empty && gone
	}
	return empty
}
