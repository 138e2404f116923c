package manifest

import "strings"

// Wild says that a path has wildcards in a name.
func Wild(p string) bool { return strings.ContainsAny(p, "*?[") }

// MatchName reports whether a name in a folder matches a pattern without slashes. As in a shell a name that begins with
// a dot is matched only by a pattern that does.
func MatchName(pattern, name string) (bool, error) {
	g, err := newGlob(pattern)
	if err != nil {
		return false, err
	}
	return strings.HasPrefix(name, ".") == strings.HasPrefix(pattern, ".") && g.matches(name), nil
}
