package main

import (
	"os"
	"path"
	"slices"
	"strings"

	"faspex.io/operator/dataplane/transfer/manifest"
	"faspex.io/operator/dataplane/transferspec"
)

// dropDoubled leaves out sources that are sent already: those named twice, however they are written, and those that lie
// in a folder of the sources and get the name that they have in it, as in the output of find (TestDoubledSources).
func (r *request) dropDoubled() {
	if r.streaming() {
		return
	}
	type place struct{ source, destination string }
	seen := map[place]bool{}
	folders := map[string][]string{} // what sources are called that may be folders
	kept := r.sources[:0:0]
	for _, s := range r.sources {
		p := joinSource(r.sourcePrefix, s.Source)
		if r.direction == transferspec.Receive { // A node's paths begin at its root.
			p = "/" + strings.TrimLeft(p, "/")
		}
		key := place{p, strings.Trim(path.Clean("/"+s.Destination), "/")}
		if !strings.HasSuffix(p, "/.") && !climbs(p) {
			key.source = path.Clean(p)
		}
		if seen[key] {
			continue
		}
		seen[key] = true
		if r.direction == transferspec.Send && !climbs(p) {
			folders[path.Clean(p)] = append(folders[path.Clean(p)], r.nameOf(p))
		}
		kept = append(kept, s)
	}
	r.sources = kept
	// Of a node's folders nobody knows here what they hold. A pattern may leave out a folder of which a file is named,
	// and a link that is copied is no folder.
	if r.direction == transferspec.Receive || r.pairs || len(r.options.Filters) > 0 ||
		r.options.Symlinks != manifest.SymlinksFollow {
		return
	}
	kept = r.sources[:0:0]
	for _, s := range r.sources {
		p := joinSource(r.sourcePrefix, s.Source)
		if !climbs(p) && beneathAnother(path.Clean(p), r.nameOf(p), folders) {
			if _, err := os.Stat(p); err == nil { // Else it is to be told of.
				continue
			}
		}
		kept = append(kept, s)
	}
	r.sources = kept
}

// climbs says that a path holds "..": what that leads to depends on links.
func climbs(p string) bool { return slices.Contains(strings.Split(p, "/"), "..") }

// beneathAnother says that one of the folders sends what is at p under the same name.
func beneathAnother(p, name string, folders map[string][]string) bool {
	for rest := ""; ; {
		parent, last := path.Dir(p), path.Base(p)
		if parent == p || last == "." {
			return false
		}
		rest, p = path.Join(last, rest), parent
		for _, n := range folders[p] {
			if path.Join(n, rest) == name {
				return true
			}
		}
	}
}
