package nodeapi

import (
	"cmp"
	"container/heap"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"faspex.io/operator/dataplane/fileaccess"
	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/storage"
)

// filter selects entries; its zero value selects all.
type filter struct {
	// types are kinds of the interface by path.
	types []string
	// names and paths are shell patterns of which one has to match, outNames of which none
	// may. Fold compares without case.
	names, outNames, paths []string
	fold                   bool
	sizeMin, sizeMax       *int64
	mtimeMin, mtimeMax     *time.Time
}

// pathFilter reads the filters of the interface by path.
func pathFilter(in *client.Filters, caseSensitive *bool) (filter, error) {
	f := filter{fold: caseSensitive != nil && !*caseSensitive}
	if in != nil {
		f.types, f.names, f.outNames, f.paths = in.Types, in.Basenames, in.OutBasenames, in.Paths
		f.sizeMin, f.sizeMax, f.mtimeMin, f.mtimeMax = in.SizeMin, in.SizeMax, in.MtimeMin, in.MtimeMax
	}
	return f, f.check()
}

// check refuses what selects nothing by mistake.
func (f filter) check() error {
	for _, kind := range f.types {
		if kind != typeFile && kind != typeDirectory && kind != typeLink {
			return errBadRequest("types must be of file, directory and symbolic_link")
		}
	}
	for _, pattern := range slices.Concat(f.names, f.outNames, f.paths) {
		if _, err := path.Match(pattern, ""); err != nil {
			return errBadRequest("pattern " + pattern + " is malformed")
		}
	}
	if f.sizeMin != nil && *f.sizeMin < 0 || f.sizeMax != nil && *f.sizeMax < 0 {
		return errBadRequest("sizes must not be negative")
	}
	return nil
}

// byName reports whether a name passes.
func (f filter) byName(p, name string) bool {
	return (len(f.names) == 0 || f.matches(f.names, name)) && !f.matches(f.outNames, name) &&
		(len(f.paths) == 0 || f.matches(f.paths, p))
}

func (f filter) matches(patterns []string, name string) bool {
	if f.fold {
		name = strings.ToLower(name)
	}
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		if f.fold {
			pattern = strings.ToLower(pattern)
		}
		ok, err := path.Match(pattern, name)
		return ok && err == nil
	})
}

// byInfo reports whether size and time pass.
func (f filter) byInfo(c candidate) bool {
	return (f.sizeMin == nil || c.size >= *f.sizeMin) && (f.sizeMax == nil || c.size <= *f.sizeMax) &&
		(f.mtimeMin == nil || c.mtime >= f.mtimeMin.UnixNano()) && (f.mtimeMax == nil || c.mtime <= f.mtimeMax.UnixNano())
}

func (f filter) needsInfo() bool {
	return f.sizeMin != nil || f.sizeMax != nil || f.mtimeMin != nil || f.mtimeMax != nil
}

// candidate is as much of an entry as its place in a listing needs.
type candidate struct {
	path  string
	kind  string
	size  int64
	mtime int64
	// known is set where the listing of the folder has told all of the entry.
	known storage.Known
}

// order compares candidates.
type order struct {
	name      string
	compare   func(a, b candidate) int
	needsInfo bool
}

// entryOrder reads "name" or "name_d" (descending); folders and files are mixed, as clients expect. Those that are
// alike are in the order of their paths.
func entryOrder(sort string) (order, error) {
	name, descending := strings.CutSuffix(sort, "_d")
	o := order{name: sort}
	switch strings.TrimSuffix(name, "_a") {
	case "", "path", "name", "basename":
		o.compare = func(a, b candidate) int { return cmp.Compare(a.path, b.path) }
	case "size":
		o.needsInfo, o.compare = true, func(a, b candidate) int { return cmp.Compare(a.size, b.size) }
	case "mtime", "modified_time":
		o.needsInfo, o.compare = true, func(a, b candidate) int { return cmp.Compare(a.mtime, b.mtime) }
	case "type":
		o.compare = func(a, b candidate) int { return cmp.Compare(a.kind, b.kind) }
	default:
		return o, errBadRequest("sort must be path, size, mtime or type, with _d for descending")
	}
	by := o.compare
	o.compare = func(a, b candidate) int {
		if descending {
			a, b = b, a
		}
		return cmp.Or(by(a, b), cmp.Compare(a.path, b.path))
	}
	return o, nil
}

// first keeps the first of candidates in an order: a heap with the last of them on top.
type first struct {
	order order
	most  int
	all   []candidate
}

func (f *first) Len() int           { return len(f.all) }
func (f *first) Less(i, j int) bool { return f.order.compare(f.all[i], f.all[j]) > 0 }
func (f *first) Swap(i, j int)      { f.all[i], f.all[j] = f.all[j], f.all[i] }
func (f *first) Push(x any)         { f.all = append(f.all, x.(candidate)) }

func (f *first) Pop() any {
	last := f.all[len(f.all)-1]
	f.all = f.all[:len(f.all)-1]
	return last
}

func (f *first) add(c candidate) {
	if len(f.all) < f.most {
		heap.Push(f, c)
		return
	}
	if f.most > 0 && f.order.compare(c, f.all[0]) < 0 {
		f.all[0] = c
		heap.Fix(f, 0)
	}
}

// sorted are the candidates in their order.
func (f *first) sorted() []candidate {
	slices.SortFunc(f.all, f.order.compare)
	return f.all
}

// listing is a part of a folder. Its cost is that of the folder, whichever part it is, and its memory that
// of the part and what is skipped.
type listing struct {
	files  storage.Tree
	folder string
	filter filter
	order  order
	// after is the entry that the part comes behind; nil for the beginning.
	after *candidate
	// skip and count are of those behind after.
	skip, count int
}

// part is what a listing gives.
type part struct {
	entries []client.Entry
	// identities say which files the entries are.
	identities []fileaccess.Entry
	// total is how many entries the folder has that pass, last the last of the part, more whether others follow.
	total int
	last  candidate
	more  bool
	// looked is how many names were looked at, and held how many were kept of them at a time
	// (TestPageCostsTheSameWhicheverItIs).
	looked, held int
}

func (l listing) read(ctx context.Context) (part, error) {
	kept := &first{order: l.order, most: l.skip + l.count + 1}
	out := part{entries: []client.Entry{}}
	n := 0
	err := l.files.Each(l.folder, func(d fs.DirEntry) error {
		if n++; n%eachCheck == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		c, ok, err := l.filter.consider(path.Join(l.folder, d.Name()), d, l.order.needsInfo)
		if err != nil || !ok {
			return err
		}
		out.total++
		if l.after == nil || l.order.compare(c, *l.after) > 0 {
			kept.add(c)
		}
		return nil
	})
	if err != nil {
		return part{}, err
	}
	out.looked, out.held = n, kept.Len()
	chosen := kept.sorted()
	chosen = chosen[min(l.skip, len(chosen)):]
	if out.more = len(chosen) > l.count; out.more {
		chosen = chosen[:l.count]
	}
	for _, c := range chosen {
		out.last = c
		info, identity, err := l.identify(c)
		switch {
		case errors.Is(err, fs.ErrNotExist): // It has gone meanwhile.
			continue
		case err != nil:
			return part{}, err
		}
		out.entries = append(out.entries, entry(c.path, info))
		out.identities = append(out.identities, fileaccess.Entry{Name: path.Base(c.path), Identity: identity})
	}
	return out, nil
}

// identify looks at an entry, if that is not known.
func (l listing) identify(c candidate) (fs.FileInfo, storage.Identity, error) {
	if c.known != nil {
		info, identity := c.known.Known()
		return info, identity, nil
	}
	return l.files.Identify(c.path)
}

// eachCheck is after how many entries it is looked whether the caller is still there.
const eachCheck = 4096

// consider looks at an entry as closely as filter and order need. Names that are not UTF-8 can't be
// told in JSON, and are left out.
func (f filter) consider(p string, d fs.DirEntry, needsInfo bool) (c candidate, ok bool, err error) {
	c = candidate{path: p, kind: kindOf(d.Type())}
	c.known, _ = d.(storage.Known)
	if !utf8.ValidString(d.Name()) || !f.byName(p, d.Name()) || len(f.types) > 0 && !slices.Contains(f.types, c.kind) {
		return c, false, nil
	}
	if !needsInfo && !f.needsInfo() {
		return c, true, nil
	}
	info, err := d.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return c, false, nil
	}
	if err != nil {
		return c, false, err
	}
	c.mtime = info.ModTime().UnixNano()
	if !info.IsDir() {
		c.size = info.Size()
	}
	return c, f.byInfo(c), nil
}

func kindOf(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return typeDirectory
	case mode&fs.ModeSymlink != 0:
		return typeLink
	}
	return typeFile
}

// kindOrSpecial is what an entry is, pipes and devices apart.
func kindOrSpecial(mode fs.FileMode) string {
	if mode.Type()&^(fs.ModeDir|fs.ModeSymlink) != 0 {
		return "special file"
	}
	return kindOf(mode)
}

// place is an iteration token: the entry that the next page comes behind. It does not depend on how many come before,
// so that a page neither repeats nor skips entries when others come and go.
type place struct {
	Sort  string `json:"s,omitempty"`
	Name  string `json:"n"`
	Kind  string `json:"k,omitempty"`
	Size  int64  `json:"z,omitempty"`
	Mtime int64  `json:"m,omitempty"`
}

func placeAfter(o order, last candidate) string {
	text, err := json.Marshal(place{Sort: o.name, Name: path.Base(last.path), Kind: last.kind, Size: last.size,
		Mtime: last.mtime})
	if err != nil {
		return "" // Texts and numbers are always JSON.
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// parsePlace reads an iteration token of the same order in a folder.
func parsePlace(text, folder string, o order) (*candidate, error) {
	if text == "" {
		return nil, nil
	}
	var p place
	decoded, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(decoded, &p)
	}
	if err != nil || p.Sort != o.name {
		return nil, errBadRequest("iteration_token is not one of this listing")
	}
	return &candidate{path: path.Join(folder, p.Name), kind: p.Kind, size: p.Size, mtime: p.Mtime}, nil
}
