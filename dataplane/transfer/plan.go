package transfer

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transferspec"
)

// plan is where a session at the server reads or writes: handles on folders that nothing leads out of.
type plan struct {
	// base is the folder, relative to the grant's root, that the paths of tree are relative to.
	base string
	// tree and target are for uploads.
	tree   TargetTree
	target func(p string) (string, *fail.Error)
	// roots are for downloads.
	roots  []Root
	opened []*storage.Root
	// confined are the granted folders that are open, by path.
	confined map[string]*storage.Root
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
		Token: h.Token, Direction: transferspec.Direction(h.Direction), User: s.peer.User, Tags: h.Tags, Destination: h.Destination,
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
func (s *session) plan() (*plan, error) {
	root, err := s.Root.Sub(s.grant.Root)
	if err != nil {
		return nil, fail.File("the folder of the authorization", err, fail.NoSuchFile)
	}
	p := &plan{opened: []*storage.Root{root}, confined: map[string]*storage.Root{}}
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

// planUpload finds the folder that the manifest's paths are relative to.
func (s *session) planUpload(p *plan, root *storage.Root) error {
	asked := s.hello.Destination
	if asked == "" {
		asked = s.grant.DefaultDestination()
	}
	destination, err := storage.Clean(asked)
	if err != nil {
		return fail.File(asked, err, fail.BadPath)
	}
	tree, base, err := s.uploadTree(p, root, destination)
	if err != nil {
		return err
	}
	// Inside the tree, the destination is either a folder or the new name of a single file.
	folder, name := path.Join("/", strings.TrimPrefix(destination, base)), ""
	info, err := tree.Stat(folder)
	switch {
	case err == nil && info.IsDir():
	case err == nil && s.hello.Single:
		folder, name = path.Dir(folder), path.Base(folder)
	case err == nil:
		return fail.New(fail.NotDirectory, "%s: is a file, not a folder", destination)
	case !errors.Is(err, fs.ErrNotExist):
		return fail.File(destination, err, fail.DiskWrite)
	case s.options.CreateDir:
		if err := tree.MkdirAll(folder, 0o755); err != nil {
			return fail.File(destination, err, fail.DiskWrite)
		}
	case s.hello.Single && !strings.HasSuffix(asked, "/"):
		folder, name = path.Dir(folder), path.Base(folder)
		if _, err := tree.Stat(folder); err != nil {
			return fail.File(path.Dir(destination), err, fail.DiskWrite)
		}
	default:
		return fail.New(fail.NoSuchFile, "%s: no such file or folder (-d creates it)", destination)
	}
	p.base, p.tree = base, tree
	if tree.MayEncrypt(folder) {
		s.options.Sparse, s.options.SplitFrom = false, 0 // An encrypted file has no holes, and one header that one session writes.
	}
	p.target = func(entry string) (string, *fail.Error) {
		target := path.Join(folder, entry)
		if name != "" {
			if strings.Contains(entry, "/") {
				return "", fail.New(fail.BadPath, "%s: a single file was announced", entry)
			}
			target = path.Join(folder, name)
		}
		if !allowsTarget(s.grant, path.Join(base, target)) {
			return "", fail.New(fail.BadPath, "%s: %w", entry, token.ErrPathNotAllowed)
		}
		if tree == root && s.grant.Paths != nil && throughLink(root, path.Dir(target)) {
			return "", fail.New(fail.BadPath, "%s: path leads outside of the permitted folder", entry)
		}
		return target, nil
	}
	return nil
}

// uploadTree opens the granted folder that holds the destination, so that no link in it leads to another, and says where
// beneath the grant's root that is. A grant for single files, or for everything, has no such folder but the root.
func (s *session) uploadTree(p *plan, root *storage.Root, destination string) (*storage.Root, string, error) {
	for _, granted := range s.grant.Paths {
		folder := path.Clean("/" + granted.Destination)
		if granted.Destination == "" || granted.Source != "" || !storage.Beneath(folder, destination) {
			continue
		}
		info, err := root.Stat(folder)
		switch {
		case err == nil && info.IsDir():
		case errors.Is(err, fs.ErrNotExist) && s.options.CreateDir:
			if err := root.MkdirAll(folder, 0o755); err != nil {
				return nil, "", fail.File(folder, err, fail.DiskWrite)
			}
		default:
			folder = path.Dir(folder) // The grant is for one file.
		}
		tree, err := root.Sub(folder)
		if err != nil {
			return nil, "", fail.File(folder, err, fail.NoSuchFile)
		}
		p.opened = append(p.opened, tree)
		return tree, strings.TrimSuffix(folder, "/"), nil
	}
	return root, "", nil
}

// throughLink reports whether a folder, or one above it, is a symbolic link. Grants for single files are held to their names by
// it: they have no folder of their own to be confined to.
func throughLink(root *storage.Root, folder string) bool {
	for p := folder; p != "/" && p != "."; p = path.Dir(p) {
		if info, err := root.Lstat(p); err == nil && info.Mode()&fs.ModeSymlink != 0 {
			return true
		}
	}
	return false
}

// allowsTarget reports whether the grant lets an upload write the path, relative to the grant's root.
func allowsTarget(g token.Grant, target string) bool {
	return g.Paths == nil || slices.ContainsFunc(g.Paths, func(p token.Path) bool {
		return p.Destination != "" && storage.Beneath(path.Clean("/"+p.Destination), target)
	})
}

// planDownload finds the trees to send.
func (s *session) planDownload(p *plan, root *storage.Root) error {
	for _, source := range s.hello.Sources {
		clean, err := storage.Clean(source.Source)
		if err != nil {
			return fail.File(source.Source, err, fail.BadPath)
		}
		r := Root{Tree: root, Path: clean, Name: sentName(source.Source, s.hello.Base)}
		if source.Destination != "" {
			r.Name = strings.Trim(path.Clean("/"+source.Destination), "/")
		}
		if _, err := root.Stat(clean); err != nil {
			return fail.File(source.Source, err, fail.NoSuchFile)
		}
		if err := s.confine(p, root, &r); err != nil {
			return err
		}
		p.roots = append(p.roots, r)
	}
	return nil
}

// confine replaces the tree of a root by the granted folder, so that no link in it leads to another.
func (s *session) confine(p *plan, root *storage.Root, r *Root) error {
	for _, granted := range s.grant.Paths {
		folder := path.Clean("/" + granted.Source)
		if granted.Source == "" || !storage.Beneath(folder, r.Path) {
			continue
		}
		if info, err := root.Stat(folder); err == nil && !info.IsDir() {
			folder = path.Dir(folder)
		}
		sub := p.confined[folder]
		if sub == nil {
			var err error
			if sub, err = root.Sub(folder); err != nil {
				return fail.File(granted.Source, err, fail.NoSuchFile)
			}
			p.opened = append(p.opened, sub)
			p.confined[folder] = sub
		}
		r.Tree, r.Base, r.Path = sub, folder, "/"+strings.TrimPrefix(strings.TrimPrefix(r.Path, folder), "/")
		return nil
	}
	return nil
}

// sentName is the name that a source gets at the destination: its last element, or, with a base, what follows the base.
// "." and "/" stand for what the folder holds.
func sentName(source, base string) string {
	clean := path.Clean("/" + source)
	if base != "" {
		if base = path.Clean("/" + base); storage.Beneath(base, clean) {
			return strings.Trim(strings.TrimPrefix(clean, base), "/")
		}
	}
	if clean == "/" || source == "." || strings.HasSuffix(source, "/.") {
		return ""
	}
	return path.Base(clean)
}
