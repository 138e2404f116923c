package manifest

import (
	"strings"

	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
)

// Bounds of the filters of a session, which a stranger may have written: an entry costs at most the product of its path
// and the patterns.
const (
	mostFilters     = 1024
	mostFilterBytes = 64 << 10
)

// Filters decide by the names of entries which of them are left out. The first rule that matches an entry decides; an
// entry that none matches stays.
type Filters struct{ rules []rule }

// rule is one filter. The forms of patterns are those that ascp publishes:
//
//   - a pattern that begins with a slash is held against the whole path from the destination on, any other against the
//     ends of the path that begin with a name;
//   - one that ends with a slash matches folders, one that ends with an asterisk folders and files, any other files;
//   - the wildcards are those of glob.
type rule struct {
	include, anchored bool
	files, folders    bool
	pattern           glob
	// above are the beginnings of the pattern that lead to what it includes: folders that match one are included, too.
	above []glob
}

// NewFilters reads the rules of a session. A pattern that can't be read is an error.
func NewFilters(list []control.Filter) (Filters, error) {
	var out Filters
	size := 0
	for _, f := range list {
		size += len(f.Pattern)
		r, err := newRule(f)
		if err != nil {
			return out, fail.New(fail.Usage, "the pattern %q can't be read: %w", f.Pattern, err)
		}
		out.rules = append(out.rules, r)
	}
	if len(list) > mostFilters || size > mostFilterBytes {
		return out, fail.New(fail.Usage, "there are more than %d patterns, or %d bytes of them", mostFilters, mostFilterBytes)
	}
	return out, nil
}

func newRule(f control.Filter) (rule, error) {
	text := f.Pattern
	r := rule{include: f.Include, files: true}
	switch {
	case strings.HasSuffix(text, "*") && !strings.HasSuffix(text, `\*`):
		r.folders = true
	case strings.HasSuffix(text, "/"):
		r.files, r.folders = false, true
		text = strings.TrimSuffix(text, "/")
	}
	// Without a folder before it the wildcard over folders means any place, as it does in other programs.
	if strings.HasPrefix(text, "**/") {
		text = "/" + text
	}
	r.anchored = strings.HasPrefix(text, "/")
	var err error
	if r.pattern, err = newGlob(text); err != nil {
		return r, err
	}
	if r.include && r.anchored {
		r.above = r.pattern.above()
	}
	return r, nil
}

// Exclude reports whether an entry is left out; name is its path beneath the destination.
func (f Filters) Exclude(name string, folder bool) bool {
	if name == "" {
		return false
	}
	for _, r := range f.rules {
		if r.matches(name, folder) {
			return !r.include
		}
	}
	return false
}

func (r *rule) matches(name string, folder bool) bool {
	if folder {
		for _, g := range r.above {
			if g.matches("/" + name) {
				return true
			}
		}
	}
	if folder && !r.folders || !folder && !r.files {
		return false
	}
	if r.anchored {
		return r.pattern.matches("/" + name)
	}
	for rest, more := name, true; more; _, rest, more = strings.Cut(rest, "/") {
		if r.pattern.matches(rest) {
			return true
		}
	}
	return false
}
