package transfer

import (
	"path"
	"strings"

	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transfer/manifest"
)

// planDownload finds the trees to send. One of several sources that can't be sent is a file that fails
// (TestOneOfSeveralSourcesIsMissing).
func (s *session) planDownload(p *plan, root servedTree) error {
	followed := map[string]*storage.Root{}
	failed := 0
	sources, err := s.expandSources(root)
	if err != nil {
		return err
	}
	for _, source := range sources {
		clean, err := storage.Clean(source.Source)
		if err != nil {
			return fail.File(source.Source, err, fail.BadPath)
		}
		r := Root{Tree: root, Path: clean, Name: SourceName(source, s.hello.Base)}
		_, err = root.Lstat(clean)
		host, isHost := root.(*storage.Root)
		if err == nil && isHost && s.options.Symlinks == manifest.SymlinksFollow && s.grant.Kind != token.KindTokenless {
			err = s.follow(p, host, &r, followed)
		}
		if err != nil {
			r.Failure = fail.File(source.Source, err, fail.NoSuchFile)
			failed++
		}
		p.roots = append(p.roots, r)
	}
	if failed > 0 && failed == len(p.roots) {
		return p.roots[0].Failure
	}
	return nil
}

// follow has the links be followed that stay inside the granted folder which holds a root. One that is itself what was
// granted is not followed: it would open what nobody granted.
func (s *session) follow(p *plan, root *storage.Root, r *Root, followed map[string]*storage.Root) error {
	granted := grantedSource(s.grant, r.Path)
	if info, err := root.Lstat(granted); err != nil || !info.IsDir() {
		return err
	}
	tree := followed[granted]
	if tree == nil {
		sub, err := root.Granted(granted)
		if err != nil {
			return err
		}
		p.opened = append(p.opened, sub)
		tree = sub.Following()
		followed[granted] = tree
	}
	r.Tree, r.Path = tree, "/"+strings.TrimPrefix(strings.TrimPrefix(r.Path, granted), "/")
	if granted != "/" {
		r.Base = granted
	}
	return nil
}

// SourceName is the name that a source of the server gets at the destination: its own destination, or SentName.
func SourceName(s control.Source, base string) string {
	if s.Destination != "" {
		return strings.Trim(path.Clean("/"+s.Destination), "/")
	}
	return SentName(s.Source, base)
}

// SentName is the name that a source of the server gets at the destination: its last element, or, with a
// base, what follows the base. It is empty for what stands for all that a folder holds: "/", ".", what ends
// with "/.", or the base itself.
func SentName(source, base string) string {
	clean := path.Clean("/" + source)
	if base != "" {
		if base = path.Clean("/" + base); storage.Beneath(base, clean) {
			return strings.Trim(strings.TrimPrefix(clean, base), "/")
		}
	}
	trimmed := strings.TrimRight(source, "/")
	if clean == "/" || trimmed == "." || strings.HasSuffix(trimmed, "/.") {
		return ""
	}
	return path.Base(clean)
}
