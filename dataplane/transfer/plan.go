package transfer

import (
	"context"
	"io"
	"path"
	"slices"
	"strings"

	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transferspec"
)

// plan is where a session at the server reads or writes: handles on folders that no symbolic link leads out of
// (FuzzNothingOutsideIsTouched in test/confine).
type plan struct {
	// tree, target and mayLink are for uploads. Paths are relative to the grant's root.
	tree    TargetTree
	target  func(p string) (string, *fail.Error)
	mayLink func(target, text string) *fail.Error // nil permits every symbolic link
	// roots are for downloads.
	roots []Root
	// granted is the folder of the grant, opened all that has to be closed.
	granted servedTree
	opened  []io.Closer
}

func (p *plan) close() {
	for _, r := range p.opened {
		r.Close()
	}
}

// climbs reports whether a client's path tries to leave its folder.
func climbs(p string) bool {
	return slices.Contains(strings.Split(p, "/"), "..")
}

// request is the question to the authorizer.
func (s *session) request() (token.Request, error) {
	h := s.hello
	r := token.Request{
		Token: h.Token, Direction: transferspec.Direction(h.Direction), User: s.peer.User, Addr: s.peer.Addr,
		Proved: s.peer.Proved, TransferID: h.TransferID, Door: s.peer.Door, LoginKey: s.peer.LoginKey, Tags: h.Tags,
		Destination: h.Destination,
	}
	if !r.Direction.Valid() {
		return r, fail.New(fail.Protocol, "direction %q is neither send nor receive", h.Direction)
	}
	paths := []string{h.Destination, h.Base}
	for _, source := range h.Sources {
		switch {
		case r.Direction == transferspec.Send:
			destination := path.Join("/", h.Destination, source.Destination)
			r.Pairs = append(r.Pairs, token.Path{Source: source.Source, Destination: destination})
			paths = append(paths, source.Destination)
		case source.Destination != "":
			r.Pairs = append(r.Pairs, token.Path{Source: source.Source, Destination: source.Destination})
			paths = append(paths, source.Source)
		default:
			r.Sources = append(r.Sources, source.Source)
			paths = append(paths, source.Source)
		}
	}
	for _, p := range paths {
		if climbs(p) {
			return r, fail.New(fail.BadPath, "path %q is not allowed: it leads outside of the permitted folder", p)
		}
	}
	if r.Direction == transferspec.Receive && len(h.Sources) == 0 {
		return r, fail.New(fail.Nothing, "no source is named")
	}
	return r, nil
}

// plan opens the folders of the session.
func (s *session) plan(ctx context.Context) (*plan, error) {
	const folder = "the folder of the authorization"
	tree, err := s.objects(ctx)
	if err != nil {
		return nil, fail.File(folder, err, fail.NoSuchFile)
	}
	if tree != nil {
		return s.planIn(&plan{opened: []io.Closer{tree}}, objectTree{tree})
	}
	root, err := s.Root.Granted(s.grant.Root)
	if err != nil {
		return nil, fail.File(folder, err, fail.NoSuchFile)
	}
	p := &plan{opened: []io.Closer{root}}
	if s.grant.Kind == token.KindTokenless {
		root = root.Following() // All of the folder is the user's: links that stay inside lead to nothing else.
	}
	return s.planIn(p, root)
}

// planIn finds what the session reads or writes in its folder.
func (s *session) planIn(p *plan, root servedTree) (*plan, error) {
	p.granted = root
	var err error
	if s.grant.Direction == transferspec.Receive {
		err = s.planDownload(p, root)
	} else {
		err = s.planUpload(p, root)
	}
	if err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}
