package token

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// check holds a request against the grant: direction, user and SSH key, then paths.
func (g Grant) check(req Request) error {
	switch {
	case g.Direction != req.Direction:
		return ErrWrongDirection
	case g.User != "" && g.User != req.User:
		return ErrWrongUser
	case g.LoginKeys != nil && (req.LoginKey == "" || !slices.Contains(g.LoginKeys, req.LoginKey)):
		return ErrWrongLoginKey
	}
	if g.Direction == Send {
		return g.checkUpload(req)
	}
	return g.checkDownload(req)
}

func (g Grant) checkUpload(req Request) error {
	if len(req.Pairs) > 0 {
		allowed := g.Allowed()
		for _, pair := range req.Pairs {
			if !clean(pair.Source) || !allowed.Upload(pair.Destination) {
				return notAllowed(pair.Destination)
			}
		}
		return nil
	}
	destination := req.Destination
	if destination == "" {
		destination = g.DefaultDestination()
	}
	if !g.Allowed().Upload(destination) {
		return notAllowed(destination)
	}
	return nil
}

func (g Grant) checkDownload(req Request) error {
	allowed := g.Allowed()
	for _, pair := range req.Pairs {
		if !allowed.Download(pair.Source) {
			return notAllowed(pair.Source)
		}
	}
	for _, source := range req.Sources {
		if !allowed.Download(source) {
			return notAllowed(source)
		}
	}
	if len(req.Pairs)+len(req.Sources) == 0 && g.Paths != nil {
		return fmt.Errorf("%w: no source is named", ErrPathNotAllowed)
	}
	return nil
}

// DefaultDestination is where an upload goes when the client names no destination: the token's own if it has exactly
// one, the root if the token allows everything, else "".
func (g Grant) DefaultDestination() string {
	switch {
	case g.Paths == nil:
		return "/"
	case len(g.Paths) == 1:
		return g.Paths[0].Destination
	}
	return ""
}

// Allowed is a grant's paths, ready for many questions: a token may name thousands, and its client all of them.
type Allowed struct {
	direction  Direction
	everything bool
	// exact are the paths that are allowed without what is beneath them, folders those with it.
	exact, folders map[string]bool
}

// Allowed makes the grant's paths ready. Tokens made for a destination take any source; tokens made for pairs take the
// named destinations alone, whatever the client calls the source, because nobody can check a name on the client's side.
func (g Grant) Allowed() Allowed {
	a := Allowed{direction: g.Direction, everything: g.Paths == nil, exact: map[string]bool{}, folders: map[string]bool{}}
	for _, p := range g.Paths {
		here, there := p.Source, p.Destination
		if g.Direction == Send {
			here, there = there, here
		}
		switch {
		case here == "":
		case there != "":
			a.exact[absolute(here)] = true
		default:
			a.folders[absolute(here)] = true
		}
	}
	return a
}

// Upload reports whether a client may write to destination, a path relative to the grant's root.
func (a Allowed) Upload(destination string) bool {
	return a.direction == Send && destination != "" && a.permits(destination)
}

// Download reports whether a client may read source, a path relative to the grant's root, with all it holds.
func (a Allowed) Download(source string) bool { return a.direction == Receive && a.permits(source) }

func (a Allowed) permits(p string) bool {
	if !clean(p) {
		return false
	}
	p = absolute(p)
	if a.everything || a.exact[p] || a.folders["/"] {
		return true
	}
	for ; p != "/"; p = path.Dir(p) {
		if a.folders[p] {
			return true
		}
	}
	return false
}

func clean(p string) bool { return utf8.ValidString(p) && !strings.ContainsRune(p, 0) }

func absolute(p string) string { return path.Clean("/" + p) }

// notAllowed names the path, which the client gave itself.
func notAllowed(p string) error {
	if !clean(p) {
		p = "(not a path)"
	}
	if len(p) > 200 {
		p = strings.ToValidUTF8(p[:200], "") + "..."
	}
	return fmt.Errorf("%w: %q", ErrPathNotAllowed, p)
}
