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
)

// planUpload finds the folder that the manifest's paths are relative to, and what may be written in it. What was
// granted comes from the token alone; what the client asks for chooses among it.
func (s *session) planUpload(p *plan, root servedTree) error {
	folder, name, err := s.uploadFolder(root)
	if err != nil {
		return err
	}
	p.tree = root
	if root.MayEncrypt(folder) {
		// An encrypted file has no holes, and one header that one session writes.
		s.options.Sparse, s.options.SplitFrom = false, 0
	}
	p.target = func(entry string) (string, *fail.Error) { return uploadTarget(s.grant, folder, name, entry) }
	if s.grant.Kind != token.KindTokenless {
		p.mayLink = func(target, text string) *fail.Error { return mayLink(s.grant, s.OutsideLinks, target, text) }
	}
	if _, ok := root.(objectTree); ok {
		return s.toObjects(p)
	}
	return nil
}

// uploadFolder is the folder that an upload goes to and, if a single file gets a new name
// by the destination, that name.
func (s *session) uploadFolder(root servedTree) (folder, name string, err error) {
	asked := s.hello.Destination
	if asked == "" {
		asked = s.grant.DefaultDestination()
	}
	destination, err := storage.Clean(asked)
	if err != nil {
		return "", "", fail.File(asked, err, fail.BadPath)
	}
	info, err := root.Stat(destination)
	switch {
	case err == nil && info.IsDir():
		return destination, "", nil
	case err == nil && s.hello.Single:
		return path.Dir(destination), path.Base(destination), nil
	case err == nil:
		return "", "", fail.New(fail.NotDirectory, "%s: is a file, not a folder", destination)
	case !errors.Is(err, fs.ErrNotExist):
		return "", "", fail.File(destination, err, fail.DiskWrite)
	case s.options.CreateDir:
		if err := root.MkdirAll(destination, 0o755); err != nil {
			return "", "", fail.File(destination, err, fail.DiskWrite)
		}
		return destination, "", nil
	case s.hello.Single && !strings.HasSuffix(asked, "/"):
		if _, err := root.Stat(path.Dir(destination)); err != nil {
			return "", "", fail.File(path.Dir(destination), err, fail.DiskWrite)
		}
		return path.Dir(destination), path.Base(destination), nil
	}
	return "", "", fail.New(fail.NoSuchFile, "%s: no such file or folder (-d creates it)", destination)
}

// uploadTarget is where an entry of the manifest is written, if the grant allows it.
func uploadTarget(g token.Grant, folder, name, entry string) (string, *fail.Error) {
	target := path.Join(folder, entry)
	if name != "" {
		if strings.Contains(entry, "/") {
			return "", fail.New(fail.BadPath, "%s: a single file was announced", entry)
		}
		target = path.Join(folder, name)
	}
	if _, ok := grantedDestination(g, target); !ok {
		return "", fail.New(fail.BadPath, "%s: %w", entry, token.ErrPathNotAllowed)
	}
	return target, nil
}

// grantedDestination is the granted path at or above target, relative to the grant's root.
func grantedDestination(g token.Grant, target string) (granted string, ok bool) {
	if g.Paths == nil {
		return "/", true
	}
	for _, p := range g.Paths {
		if granted := path.Clean("/" + p.Destination); p.Destination != "" && storage.Beneath(granted, target) {
			return granted, true
		}
	}
	return "", false
}

// mayPlace says that a grant is for the place of a file that the client does not name.
func mayPlace(g token.Grant, target string) bool {
	_, ok := grantedDestination(g, target)
	return ok
}

// mayDelete says that what lies at target may be deleted by who may write all of its folder: one who may
// write single files there may not.
func mayDelete(g token.Grant, target string) bool {
	granted, ok := grantedDestination(g, path.Dir(target))
	return ok && !g.KeepExisting && granted != target &&
		!slices.ContainsFunc(g.Paths, func(p token.Path) bool { return p.Source != "" })
}

// grantedSource is the granted path at or above source, relative to the grant's root.
func grantedSource(g token.Grant, source string) string {
	for _, p := range g.Paths {
		if granted := path.Clean("/" + p.Source); p.Source != "" && storage.Beneath(granted, source) {
			return granted
		}
	}
	return "/"
}

// mayLink decides on a symbolic link of an upload. outside permits texts that lead out of what was granted.
func mayLink(g token.Grant, outside bool, target, text string) *fail.Error {
	granted, ok := grantedDestination(g, target)
	switch {
	case !ok, g.Paths != nil && target == granted:
		return fail.New(fail.BadPath, "a symbolic link can't take the place of what the authorization is for")
	case slices.ContainsFunc(g.Paths, func(p token.Path) bool { return p.Source != "" }):
		return fail.New(fail.BadPath, "an authorization for single files takes no symbolic link")
	case !outside && !linkStays(strings.TrimPrefix(target, granted), text):
		return fail.New(fail.BadPath, "the symbolic link leads out of the folder that is sent (to %s): it is left out", text)
	}
	return nil
}

// linkStays reports whether the text of a symbolic link at p, relative to a folder, leads to that folder or beneath it,
// whatever other links that stay there it leads through. So ".." may only be at its beginning.
func linkStays(p, text string) bool {
	if text == "" || strings.HasPrefix(text, "/") {
		return false
	}
	depth, down := strings.Count(strings.Trim(p, "/"), "/"), false
	for name := range strings.SplitSeq(text, "/") {
		switch name {
		case "", ".":
		case "..":
			if depth--; down || depth < 0 {
				return false
			}
		default:
			down = true
		}
	}
	return true
}
