package main

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/manifest"
	"faspex.io/operator/dataplane/transferspec"
)

// dropDoubled leaves out sources that are sent already: those named twice, however they are written, and those that lie
// in a folder of the sources and get the name that they have in it, as in the output of find (TestDoubledSources).
func (r *request) dropDoubled() {
	if r.streaming() {
		return
	}
	seen := map[sourceAs]bool{}
	folders := map[string][]string{} // what sources are called that may be folders
	r.sources = slices.DeleteFunc(r.sources, func(s transferspec.Path) bool {
		p := r.place(s)
		if seen[p] {
			return true
		}
		seen[p] = true
		if !climbs(p.source) {
			folders[p.source] = append(folders[p.source], p.name)
		}
		return false
	})
	// Of a node's folders nobody knows here what they hold. A pattern may leave out a folder of which a file is named,
	// and a link that is copied is no folder.
	if r.direction == transferspec.Receive || r.pairs || len(r.options.Filters) > 0 ||
		r.options.Symlinks != manifest.SymlinksFollow {
		return
	}
	r.sources = slices.DeleteFunc(r.sources, func(s transferspec.Path) bool {
		p := r.place(s)
		if climbs(p.source) || !beneathAnother(p, folders) {
			return false
		}
		_, err := os.Stat(joinSource(r.sourcePrefix, s.Source))
		return err == nil // Else it is to be told of.
	})
}

// sourceAs is where a source is, and its name at the destination, which tells a folder from what it holds.
type sourceAs struct{ source, name string }

func (r *request) place(s transferspec.Path) sourceAs {
	p := joinSource(r.sourcePrefix, s.Source)
	name := r.nameOf(p)
	switch {
	case r.direction == transferspec.Receive:
		name = transfer.SourceName(control.Source{Source: p, Destination: s.Destination}, r.sourceBase)
		p = "/" + p // A node's paths begin at its root.
	case r.pairs:
		name = strings.Trim(path.Clean("/"+s.Destination), "/")
	}
	if !climbs(p) {
		if absolute, err := filepath.Abs(p); err == nil {
			p = absolute
		}
	}
	return sourceAs{p, name}
}

// climbs says that a path holds "..": what that leads to depends on links.
func climbs(p string) bool { return slices.Contains(strings.Split(p, "/"), "..") }

// beneathAnother says that one of the folders sends what is at p under the same name.
func beneathAnother(p sourceAs, folders map[string][]string) bool {
	for at, rest := p.source, ""; at != path.Dir(at); {
		rest, at = path.Join(path.Base(at), rest), path.Dir(at)
		for _, name := range folders[at] {
			if path.Join(name, rest) == p.name {
				return true
			}
		}
	}
	return false
}
