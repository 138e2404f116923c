package transfer

import (
	"context"
	"io/fs"
	"os"
	"path"
	"slices"

	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transfer/manifest"
	"faspex.io/operator/dataplane/transfer/unfinished"
)

// Root is one file or folder to send: where it is in the source tree, and the name it gets beneath the destination. An
// empty Name sends what the folder holds without the folder itself.
type Root struct {
	Tree       SourceTree
	Path, Name string
	// Base is put before the paths of Tree in reports.
	Base string
	// Failure, if there is one, is reported in its place.
	Failure *fail.Error
}

// found is an entry of the manifest with the path where the sender reads it.
type found struct {
	control.Entry
	tree   SourceTree
	source string
	base   string
	plain  int64 // the size at the source; Size is that of what is sent
}

// walker lists roots in the order of the manifest: a folder before what it holds, names in byte order.
type walker struct {
	tree    SourceTree
	options control.Options
	filters manifest.Filters
	emit    func(found) error
	base    string
	// chain are the folders from the root to the one being listed, to notice a link that leads back up.
	chain []fs.FileInfo
}

func (w *walker) walk(ctx context.Context, roots []Root) error {
	for _, r := range roots {
		w.tree, w.base = r.Tree, r.Base
		var err error
		if r.Failure != nil {
			err = w.fail(r.Name, r.Path, r.Failure)
		} else {
			err = w.visit(ctx, r.Path, r.Name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// visit emits what is at p under the given name. Only ctx and emit end the walk: what can't be read becomes an entry.
func (w *walker) visit(ctx context.Context, p, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	info, err := w.tree.Lstat(p)
	if err == nil && info.Mode()&fs.ModeSymlink != 0 {
		switch w.options.Symlinks {
		case manifest.SymlinksSkip:
			return nil
		case manifest.SymlinksCopy, manifest.SymlinksForce:
			if w.filters.Exclude(name, false) {
				return nil
			}
			return w.link(p, name, info)
		}
		info, err = w.tree.Stat(p)
	}
	// What can't be looked at may be either.
	if w.filters.Exclude(name, err == nil && info.IsDir()) || err != nil && w.filters.Exclude(name, true) {
		return nil
	}
	if err != nil {
		return w.fail(name, p, fail.File(display(name, p), err, fail.DiskRead))
	}
	switch {
	case info.IsDir():
		return w.folder(ctx, p, name, info)
	case info.Mode().IsRegular() && w.tooNewOrOld(info):
		return nil
	case info.Mode().IsRegular():
		if name == "" {
			name = path.Base(p)
		}
		return w.describe(control.KindFile, p, name, info)
	case w.options.SkipSpecial:
		return nil
	default:
		return w.fail(name, p, fail.New(fail.NotRegular, "%s: not a regular file", display(name, p)))
	}
}

func (w *walker) folder(ctx context.Context, p, name string, info fs.FileInfo) error {
	if slices.ContainsFunc(w.chain, func(up fs.FileInfo) bool { return os.SameFile(up, info) }) {
		return w.fail(name, p, fail.New(fail.LinkLoop, "%s: a symbolic link leads back to a folder above it",
			display(name, p)))
	}
	if name != "" {
		if err := w.describe(control.KindFolder, p, name, info); err != nil {
			return err
		}
	}
	entries, err := w.tree.ReadDir(p)
	if err != nil {
		return w.fail(name, p, fail.File(display(name, p), err, fail.DiskRead))
	}
	w.chain = append(w.chain, info)
	defer func() { w.chain = w.chain[:len(w.chain)-1] }()
	drafts := unfinished.Drafts(w.tree.Open, p, entries)
	for _, e := range entries {
		if drafts[e.Name()] {
			continue
		}
		if err := w.visit(ctx, path.Join(p, e.Name()), path.Join(name, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

func (w *walker) fail(name, p string, err *fail.Error) error {
	return w.emit(found{tree: w.tree, base: w.base, source: p, Entry: control.Entry{
		Kind: control.KindFailed, Path: display(name, p), Code: uint32(err.Code), Text: err.Text,
	}})
}

func (w *walker) tooNewOrOld(info fs.FileInfo) bool {
	at, o := info.ModTime().Unix(), w.options
	return o.NewerThan != 0 && at > o.NewerThan || o.OlderThan != 0 && at < o.OlderThan
}

func display(name, p string) string {
	if name != "" {
		return name
	}
	return path.Base(p)
}
