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
		for _, pair := range req.Pairs {
			if !g.AllowsUpload(pair.Source, pair.Destination) {
				return notAllowed(pair.Destination)
			}
		}
		return nil
	}
	destination := req.Destination
	if destination == "" {
		destination = g.DefaultDestination()
	}
	if !g.AllowsUpload("", destination) {
		return notAllowed(destination)
	}
	return nil
}

func (g Grant) checkDownload(req Request) error {
	for _, pair := range req.Pairs {
		if !g.AllowsDownload(pair.Source) {
			return notAllowed(pair.Source)
		}
	}
	for _, source := range req.Sources {
		if !g.AllowsDownload(source) {
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

// AllowsUpload reports whether the grant lets a client write to destination, a path relative to Root. Tokens made for a
// destination take any source; tokens made for pairs take the named destinations alone, whatever the client calls the
// source, because nobody can check a name on the client's side.
func (g Grant) AllowsUpload(source, destination string) bool {
	if g.Direction != Send || !clean(source) || !clean(destination) || destination == "" {
		return false
	}
	if g.Paths == nil {
		return true
	}
	return slices.ContainsFunc(g.Paths, func(p Path) bool {
		if p.Destination == "" {
			return false
		}
		if p.Source != "" {
			return absolute(p.Destination) == absolute(destination)
		}
		return beneath(p.Destination, destination)
	})
}

// AllowsDownload reports whether the grant lets a client read source, a path relative to Root, with all it holds.
func (g Grant) AllowsDownload(source string) bool {
	if g.Direction != Receive || !clean(source) {
		return false
	}
	if g.Paths == nil {
		return true
	}
	return slices.ContainsFunc(g.Paths, func(p Path) bool {
		if p.Source == "" {
			return false
		}
		if p.Destination != "" {
			return absolute(p.Source) == absolute(source)
		}
		return beneath(p.Source, source)
	})
}

func clean(p string) bool { return utf8.ValidString(p) && !strings.ContainsRune(p, 0) }

func absolute(p string) string { return path.Clean("/" + p) }

func beneath(folder, p string) bool {
	folder, p = absolute(folder), absolute(p)
	return folder == "/" || p == folder || strings.HasPrefix(p, folder+"/")
}

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
