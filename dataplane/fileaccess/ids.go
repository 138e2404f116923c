// Package fileaccess knows the ids of files, and who may do what with them.
//
// An id belongs to a file of the storage, whoever asks for it: it stays when the file is renamed by any door of the
// node, and what takes the place of a file gets another. The package keeps ids and permissions in the store, looks at
// the storage to see which file is which, and knows nothing of HTTP.
package fileaccess

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/token"
)

// ErrChanging is for a folder whose entries are others with each look.
var ErrChanging = errors.New("the folder changes too quickly")

// Files gives ids to files. Its paths are absolute beneath the storage root.
type Files struct {
	store *store.Store
	// identify is that of the storage root, which follows no link; tests have others.
	identify func(p string) (fs.FileInfo, storage.Identity, error)
	// each is that of the storage root, too.
	each func(folder string, fn func(fs.DirEntry) error) error
	// copies says that a rename to a path copies: what is there then is another object with the same content.
	copies func(p string) bool
}

// New makes the ids of the files beneath a storage root. Links are not followed.
func New(s *store.Store, root *storage.Root) *Files {
	strict := root.Strict()
	return &Files{store: s, identify: strict.Identify, each: strict.Each}
}

// Objects are files that are not beneath the storage root but in an object store, by paths that no file there has.
type Objects interface {
	Holds(p string) bool
	Identify(p string) (fs.FileInfo, storage.Identity, error)
	Each(folder string, fn func(fs.DirEntry) error) error
}

// WithObjects has f give ids to objects, too. It has to be called before f is used.
func (f *Files) WithObjects(o Objects) {
	identify, each := f.identify, f.each
	f.copies = o.Holds
	f.identify = func(p string) (fs.FileInfo, storage.Identity, error) {
		if p == storage.Objects || o.Holds(p) {
			return o.Identify(p)
		}
		return identify(p)
	}
	f.each = func(folder string, fn func(fs.DirEntry) error) error {
		if o.Holds(folder) {
			return o.Each(folder, fn)
		}
		return each(folder, fn)
	}
}

// Entry is a file of a folder that an id is wanted for.
type Entry struct {
	Name     string
	Identity storage.Identity
}

// Path is the path of a file id beneath folder, which is an access key's; "1" is the folder itself. The error wraps
// token.ErrFileNotFound if the id was never given out, or its file is gone, is another one, or lies elsewhere.
func (f *Files) Path(ctx context.Context, folder, fileID string) (string, error) {
	id, err := strconv.ParseUint(fileID, 10, 64)
	if err != nil || strconv.FormatUint(id, 10) != fileID {
		return "", token.ErrFileNotFound
	}
	if id == store.RootFileID {
		return "/", nil
	}
	p, err := f.place(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return "", token.ErrFileNotFound
	}
	if err != nil {
		return "", err
	}
	if !storage.Beneath(folder, p) {
		return "", token.ErrFileNotFound
	}
	return "/" + strings.TrimPrefix(strings.TrimPrefix(p, folder), "/"), nil
}

// maxRenamed is how many of the names on the way to a file may be others than are known.
const maxRenamed = 4

// place is the path of what has an id; store.ErrNotFound if it is nowhere.
func (f *Files) place(ctx context.Context, id uint64) (string, error) {
	for range maxRenamed {
		way, err := f.store.ObjectWay(ctx, id)
		if err != nil {
			return "", err
		}
		p := pathOf(way)
		if there, err := f.holds(p, way[len(way)-1]); err != nil || there {
			return p, err
		}
		found, err := f.findRenamed(ctx, way)
		if err != nil {
			return "", err
		}
		if !found {
			break
		}
	}
	return "", fmt.Errorf("file id: %w", store.ErrNotFound)
}

// pathOf is where a way leads.
func pathOf(way []store.Object) string {
	names := []string{"/"}
	for _, o := range way[1:] {
		names = append(names, o.Name)
	}
	return path.Join(names...)
}

// holds reports whether a path is that of the object. A path that can't be looked at is an error,
// one that leads nowhere is not.
func (f *Files) holds(p string, o store.Object) (bool, error) {
	_, seen, err := f.identify(p)
	switch {
	case err == nil:
		return o.Same(object(seen)), nil
	case gone(err):
		return false, nil
	}
	return false, err
}

// gone reports that nothing that has an id is at a path.
func gone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, storage.ErrLink) || errors.Is(err, storage.ErrBadPath) ||
		notFolder(err)
}

func object(i storage.Identity) store.Object {
	return store.Object{Inode: i.Inode, BornNsec: i.BornNsec}
}

// ID is the id of what is at a path.
func (f *Files) ID(ctx context.Context, p string) (uint64, error) {
	way, err := f.way(ctx, p)
	if err != nil {
		return 0, err
	}
	return way[len(way)-1], nil
}

// way are the ids of the folders on the way to a path and of what is there, from the top of the storage on.
func (f *Files) way(ctx context.Context, p string) ([]uint64, error) {
	way := []uint64{store.RootFileID}
	at := "/"
	for name := range strings.SplitSeq(strings.TrimPrefix(p, "/"), "/") {
		if name == "" {
			continue
		}
		at = path.Join(at, name)
		_, identity, err := f.identify(at)
		if err != nil {
			return way, err
		}
		ids, err := f.children(ctx, way[len(way)-1], []Entry{{name, identity}})
		if err != nil {
			return way, err
		}
		way = append(way, ids[0])
	}
	return way, nil
}

// IDs are the ids of entries of a folder, in the same order. Those that are new get one.
func (f *Files) IDs(ctx context.Context, folder string, entries []Entry) ([]uint64, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	parent, err := f.ID(ctx, folder)
	if err != nil {
		return nil, err
	}
	return f.children(ctx, parent, entries)
}

func (f *Files) children(ctx context.Context, parent uint64, entries []Entry) ([]uint64, error) {
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name
	}
	// A second look finds what was added, or what another node was faster with.
	for range 3 {
		known, err := f.store.Children(ctx, parent, names)
		if err != nil {
			return nil, err
		}
		var missing []store.Object
		var others []uint64
		ids := make([]uint64, len(entries))
		for i, e := range entries {
			seen := object(e.Identity)
			if o, ok := known[e.Name]; ok {
				if o.Same(seen) {
					ids[i] = o.ID
					continue
				}
				others = append(others, o.ID)
			}
			seen.Parent, seen.Name = parent, e.Name
			missing = append(missing, seen)
		}
		if len(missing) == 0 {
			return ids, nil
		}
		if err := f.renew(ctx, others, missing); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("file ids: %w", ErrChanging)
}

// renew gives ids to objects that have none at their place. Those that were moved by somebody else bring theirs along;
// others is what was known at the places and is there no more.
func (f *Files) renew(ctx context.Context, others []uint64, missing []store.Object) error {
	moved, err := f.moved(ctx, missing)
	if err != nil {
		return err
	}
	taken := map[uint64]bool{}
	var moves, added []store.Object
	for _, o := range missing {
		if from, ok := moved[store.Object{Inode: o.Inode, BornNsec: o.BornNsec}]; ok && !taken[from.ID] {
			taken[from.ID], o.ID = true, from.ID
			moves = append(moves, o)
			continue
		}
		added = append(added, o)
	}
	var lost []uint64
	for _, id := range others {
		if !taken[id] {
			lost = append(lost, id)
		}
	}
	if err := f.store.MoveObjects(ctx, moves, lost); err != nil {
		return err
	}
	return f.store.AddObjects(ctx, added)
}

// moved finds the objects that are no longer where they were last seen, by what they are. Storages that don't say when
// a file was made don't tell a moved file from another with its number.
func (f *Files) moved(ctx context.Context, objects []store.Object) (map[store.Object]store.Object, error) {
	var told []store.Object
	for _, o := range objects {
		if o.BornNsec != 0 {
			told = append(told, o)
		}
	}
	same, err := f.store.SameObjects(ctx, told)
	if err != nil {
		return nil, err
	}
	out := map[store.Object]store.Object{}
	for _, o := range same {
		if o.Lost() {
			out[store.Object{Inode: o.Inode, BornNsec: o.BornNsec}] = o
			continue
		}
		way, err := f.store.ObjectWay(ctx, o.ID)
		if errors.Is(err, store.ErrNotFound) {
			continue // It is beneath what was removed.
		}
		if err != nil {
			return nil, err
		}
		if there, err := f.holds(pathOf(way), o); err != nil || there { // A second name of the file.
			continue
		}
		out[store.Object{Inode: o.Inode, BornNsec: o.BornNsec}] = o
	}
	return out, nil
}

// Rename renames a file by rename and has its id, and those beneath it, follow.
func (f *Files) Rename(ctx context.Context, from, to string, rename func() error) error {
	id, err := f.ID(ctx, from)
	if err != nil {
		return err
	}
	if err := rename(); err != nil {
		return err
	}
	return f.Renamed(ctx, id, to)
}

// Renamed has the id of what was renamed, and those beneath it, follow to its new path.
func (f *Files) Renamed(ctx context.Context, id uint64, to string) error {
	// Whoever looks meanwhile finds the file by what it is (TestIDsFollowRenamesOfOthers).
	folder, err := f.ID(ctx, path.Dir(to))
	if err != nil {
		return err
	}
	err = f.store.MoveObjects(ctx, []store.Object{{ID: id, Parent: folder, Name: path.Base(to)}}, nil)
	if err == nil && f.copies != nil && f.copies(to) {
		return f.follow(ctx, to, id)
	}
	return err
}

// follow has what was copied to a new name, and all that is known beneath it, be what it was before the copy.
func (f *Files) follow(ctx context.Context, p string, id uint64) error {
	_, identity, err := f.identify(p)
	if gone(err) {
		return nil
	}
	if err != nil {
		return err
	}
	o := object(identity)
	o.ID = id
	if err := f.store.IdentifyObject(ctx, o); err != nil {
		return err
	}
	below, err := f.store.ObjectsIn(ctx, id)
	if err != nil {
		return err
	}
	for _, child := range below {
		if err := f.follow(ctx, path.Join(p, child.Name), child.ID); err != nil {
			return err
		}
	}
	return nil
}

// Remove removes a file by remove and forgets its id, and those beneath it.
func (f *Files) Remove(ctx context.Context, p string, remove func() error) error {
	_, identity, err := f.identify(p)
	if err != nil {
		return err
	}
	if err := remove(); err != nil {
		return err
	}
	folder, err := f.way(ctx, path.Dir(p))
	if gone(err) {
		return nil // So is what was in it.
	}
	if err != nil {
		return err
	}
	known, err := f.store.Children(ctx, folder[len(folder)-1], []string{path.Base(p)})
	if o, ok := known[path.Base(p)]; ok && o.Same(object(identity)) {
		return f.store.RemoveObjects(ctx, []uint64{o.ID})
	}
	return err
}
