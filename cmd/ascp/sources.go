package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"

	"faspex.io/operator/dataplane/atrest"
	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transfer/manifest"
	"faspex.io/operator/dataplane/transferspec"
)

// sourceFate is what becomes of sources that are sent.
type sourceFate struct {
	remove, skipped  bool
	emptyFolders     bool // beneath the sources
	emptySources     bool // and the sources themselves
	archive          string
	deleteEverything bool // as the field delete_source says: remove, emptyFolders and emptySources
}

// completeAfterwards checks what is to become of sources.
func (r *request) completeAfterwards() error {
	a := &r.after
	if a.deleteEverything {
		a.remove, a.emptyFolders, a.emptySources = true, true, true
	}
	switch {
	case *a == sourceFate{}:
		return nil
	case r.direction != transferspec.Send && a.archive != "":
		return fail.New(fail.Usage, "sources are moved when they are sent; what is received stays at the server, "+
			"or is removed there (--remove-after-transfer)")
	case r.direction != transferspec.Send && (isStream(r.destination) || r.options.Sessions > 1):
		return fail.New(fail.Usage, "sources at the server are removed when one session has received them as files")
	case a.remove && a.archive != "":
		return fail.New(fail.Usage, "--remove-after-transfer and --move-after-transfer exclude each other")
	case a.skipped && !a.remove:
		return fail.New(fail.Usage, "--remove-skipped is for --remove-after-transfer")
	}
	if r.direction == transferspec.Receive { // The server does it.
		o := &r.options
		o.RemoveSources, o.RemoveKept, o.RemoveEmpty, o.RemoveEmptySources = a.remove, a.skipped, a.emptyFolders,
			a.emptySources
		r.after = sourceFate{}
	}
	return nil
}

// arrivals are the files that earlier sessions of a transfer received and the server removed, so that a further session
// does not ask for them.
type arrivals struct {
	mu    sync.Mutex
	names map[string]bool
}

func (a *arrivals) add(e transfer.FileEvent) {
	if e.Err != nil || e.Skipped {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.names == nil {
		a.names = map[string]bool{}
	}
	a.names[e.Path] = true
}

// missing are the sources that have not arrived as files. If all have, they are all asked for, and may all be gone.
func (a *arrivals) missing(sources []control.Source, base string) (out []control.Source, mayBeGone bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range sources {
		if !a.names[transfer.SourceName(s, base)] {
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		return sources, true
	}
	return out, false
}

// disposal removes or moves sources. The receiver has verified them when it is told of them.
type disposal struct {
	sourceFate
	roots []transfer.Root

	mu     sync.Mutex
	opened map[string]*os.Root
	gone   map[string]bool // roots that were removed or moved
	failed int
	note   func(string)
}

func newDisposal(a sourceFate, roots []transfer.Root, note func(string)) *disposal {
	if a == (sourceFate{}) {
		return nil
	}
	return &disposal{sourceFate: a, roots: roots, opened: map[string]*os.Root{}, gone: map[string]bool{}, note: note}
}

func (d *disposal) close() {
	if d == nil {
		return
	}
	for _, r := range d.opened {
		r.Close()
	}
}

// sent disposes of a file that has arrived.
func (d *disposal) sent(e transfer.FileEvent) {
	if d == nil || e.Err != nil || e.LeftOut != nil || e.Skipped && !d.skipped || !d.remove && d.archive == "" {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.dispose(e); err != nil {
		d.failed++
		d.note(fmt.Sprintf("%s was sent and stays where it is: %v", e.Target, err))
	}
}

// dispose acts on a source by a handle on the folder that was named, so that no link in it leads to a file elsewhere.
func (d *disposal) dispose(e transfer.FileEvent) error {
	base, rel, err := d.place(e.Target)
	if err != nil {
		return err
	}
	info, err := base.Lstat(rel)
	if err != nil {
		return err
	}
	if !e.Unchanged(info) {
		return errors.New("it has changed since")
	}
	if d.archive != "" {
		err = moveInto(d.archive, strings.TrimSuffix(e.Path, suffixOf(e)), e.Target)
	} else {
		err = base.Remove(rel)
	}
	if err == nil {
		d.gone[filepath.Clean(e.Target)] = true
	}
	return err
}

// suffixOf is what encryption put behind the name of a file.
func suffixOf(e transfer.FileEvent) string {
	if e.PlainSize != e.Size {
		return atrest.Suffix
	}
	return ""
}

// place finds the folder of the command line that a source lies beneath; a file that was
// named itself lies in its folder.
func (d *disposal) place(p string) (*os.Root, string, error) {
	p = filepath.Clean(p)
	for _, r := range d.roots {
		root := filepath.Clean(r.Path)
		dir, rel := root, ""
		switch inside, err := filepath.Rel(root, p); {
		case p == root:
			dir, rel = filepath.Dir(root), filepath.Base(root)
		case err == nil && filepath.IsLocal(inside):
			rel = inside
		default:
			continue
		}
		base, err := d.open(dir)
		return base, rel, err
	}
	return nil, "", errors.New("it is beneath no source of the command line")
}

func (d *disposal) open(dir string) (*os.Root, error) {
	if r := d.opened[dir]; r != nil {
		return r, nil
	}
	r, err := os.OpenRoot(dir)
	if err == nil {
		d.opened[dir] = r
	}
	return r, err
}

// moveInto moves a source into the archive under the name that it has at the destination. What is there stays.
func moveInto(archive, name, source string) error {
	to := filepath.Join(archive, filepath.FromSlash(path.Clean("/"+name)))
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the archive has %s already", to)
	}
	return os.Rename(source, to)
}

// still are the roots that a further session has to send.
func (d *disposal) still() []transfer.Root {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []transfer.Root
	for _, r := range d.roots {
		if !d.gone[filepath.Clean(r.Path)] {
			out = append(out, r)
		}
	}
	return out
}

// finish removes empty folders once all has arrived, and says what could not be done.
func (d *disposal) finish(filters manifest.Filters) error {
	if d == nil {
		return nil
	}
	for _, r := range d.roots {
		if info, err := os.Lstat(r.Path); err != nil || !info.IsDir() || !d.emptyFolders && !d.emptySources {
			continue
		}
		base, err := d.open(filepath.Clean(r.Path))
		if err != nil {
			continue
		}
		empty := removeEmpty(base, ".", r.Name, filters)
		if empty && d.emptySources {
			_ = os.Remove(filepath.Clean(r.Path)) // One that is not empty any more stays.
		}
	}
	if d.failed > 0 {
		return fail.New(fail.DiskWrite, "sent, and could not be removed or moved: %s", files(int64(d.failed)))
	}
	return nil
}

// removeEmpty removes the empty folders beneath dir, whose name at the destination is name, and reports whether dir is
// empty then. What filters leave out was not sent and stays.
func removeEmpty(base *os.Root, dir, name string, filters manifest.Filters) bool {
	f, err := base.Open(dir)
	if err != nil {
		return false
	}
	entries, err := f.ReadDir(-1)
	f.Close()
	empty := err == nil
	for _, e := range entries {
		p, named := path.Join(dir, e.Name()), path.Join(name, e.Name())
		gone := e.IsDir() && !filters.Exclude(named, true) && removeEmpty(base, p, named, filters) && base.Remove(p) == nil
		empty = empty && gone
	}
	return empty
}

// completeMirror refuses what would delete more at the destination than people mean: the folders of both ends
// have the same name, as published.
func (r *request) completeMirror() error {
	if !r.options.DeleteExtra {
		return nil
	}
	for _, s := range r.sources {
		contents := r.direction == transferspec.Send && strings.HasSuffix(joinSource(r.sourcePrefix, s.Source), "/.") ||
			r.direction == transferspec.Receive && transfer.SentName(joinSource(r.sourcePrefix, s.Source), r.sourceBase) == ""
		if contents {
			return fail.New(fail.Usage, "--delete-before-transfer is for a folder by its name, not for what %s holds: "+
				"the destination has a folder of that name", s.Source)
		}
	}
	return nil
}
