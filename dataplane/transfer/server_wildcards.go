package transfer

import (
	"errors"
	"io/fs"
	"path"
	"strings"
	"syscall"

	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transfer/manifest"
	"faspex.io/operator/dataplane/transfer/unfinished"
)

// expandSources puts what is there in the place of sources with wildcards. A source that exists as it is written means
// itself. What matches is held to the grant (TestWildcardsAtTheNode).
func (s *session) expandSources(root servedTree) ([]control.Source, error) {
	var out []control.Source
	granted := s.grant.Allowed()
	for _, source := range s.hello.Sources {
		if !manifest.Wild(source.Source) {
			out = append(out, source)
			continue
		}
		clean, err := storage.Clean(source.Source)
		if err != nil {
			return nil, fail.File(source.Source, err, fail.BadPath)
		}
		if _, err := root.Lstat(clean); err == nil {
			out = append(out, source)
			continue
		}
		matches, err := expand(root, clean, control.MaxSources-len(out))
		switch {
		case err != nil:
			return nil, fail.File(source.Source, err, fail.DiskRead)
		case len(matches) == 0 && len(s.hello.Sources) > 1:
			out = append(out, source)
		case len(matches) == 0:
			return nil, fail.New(fail.NoSuchFile, "%s: no file or folder matches", source.Source)
		case source.Destination != "" && len(matches) > 1:
			return nil, fail.New(fail.Usage, "%s: %d files match, and they can't all become %s", source.Source, len(matches),
				source.Destination)
		}
		for _, m := range matches {
			if !granted.Download(m) { // The pattern may be what was granted, and no file then is.
				return nil, notPermitted(m)
			}
			out = append(out, control.Source{Source: m, Destination: source.Destination})
		}
	}
	return out, nil
}

// expand finds the paths that match a pattern, in byte order, at most as many as most.
func expand(root servedTree, pattern string, most int) ([]string, error) {
	paths := []string{"/"}
	names := strings.Split(strings.Trim(pattern, "/"), "/")
	for i, name := range names {
		var next []string
		for _, dir := range paths {
			found, err := matching(root, dir, name, i < len(names)-1)
			if err != nil {
				return nil, err
			}
			if next = append(next, found...); len(next) > most {
				return nil, fail.New(fail.Usage, "more than %d files match", most)
			}
		}
		paths = next
	}
	return paths, nil
}

// matching are the entries of a folder that match the pattern of a name. What is no folder has none.
func matching(root servedTree, dir, pattern string, folders bool) ([]string, error) {
	if !manifest.Wild(pattern) {
		p := path.Join(dir, pattern)
		_, err := root.Lstat(p)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
			return nil, nil
		}
		return []string{p}, err
	}
	entries, err := root.ReadDir(dir)
	if err != nil {
		if errors.Is(err, syscall.ENOTDIR) {
			err = nil
		}
		return nil, err
	}
	drafts := unfinished.Drafts(root.Open, dir, entries)
	var out []string
	for _, e := range entries {
		ok, err := manifest.MatchName(pattern, e.Name())
		if err != nil {
			return nil, fail.New(fail.Usage, "the pattern can't be read: %w", err)
		}
		if ok && !drafts[e.Name()] && (!folders || e.IsDir()) {
			out = append(out, path.Join(dir, e.Name()))
		}
	}
	return out, nil
}
