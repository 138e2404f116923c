package fileaccess

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"syscall"

	"faspex.io/operator/dataplane/store"
)

// maxSearched is how many entries of a folder are looked at for one that has another name now.
const maxSearched = 10_000

// errSearched ends a search that has looked at as much as it may.
var errSearched = errors.New("enough was looked at")

// findRenamed looks for the new name of the first on a way that is not at its place, in the folder where it was, and
// keeps what it finds: a transfer gives files their names behind the back of those who know their ids.
func (f *Files) findRenamed(ctx context.Context, way []store.Object) (found bool, err error) {
	i := 1
	for ; i < len(way)-1; i++ {
		if there, err := f.holds(pathOf(way[:i+1]), way[i]); err != nil {
			return false, err
		} else if !there {
			break
		}
	}
	if i >= len(way) || way[i].BornNsec == 0 {
		return false, nil // Without its time it can't be told from another that has its number.
	}
	folder, o := pathOf(way[:i]), way[i]
	names, err := f.namesByInode(folder)
	if err != nil {
		return false, err
	}
	var moves []store.Object
	seen := map[uint64]bool{}
	// What is known at the new name may have another name by now as well: names are exchanged.
	for next := []store.Object{o}; len(next) > 0; {
		one := next[0]
		next = next[1:]
		name, ok := f.nameOf(folder, one, names)
		if !ok || seen[one.ID] {
			continue
		}
		seen[one.ID] = true
		one.Parent, one.Name = way[i-1].ID, name
		moves = append(moves, one)
		known, err := f.store.Children(ctx, one.Parent, []string{name})
		if err != nil {
			return false, err
		}
		if other, ok := known[name]; ok && !seen[other.ID] {
			next = append(next, other)
		}
	}
	if !seen[o.ID] {
		return false, nil
	}
	return true, f.store.MoveObjects(ctx, moves, nil)
}

// namesByInode are the names in a folder by their numbers in the file system.
func (f *Files) namesByInode(folder string) (map[uint64][]string, error) {
	names, n := map[uint64][]string{}, 0
	err := f.each(folder, func(d fs.DirEntry) error {
		if n++; n > maxSearched {
			return errSearched
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if st, ok := info.Sys().(*syscall.Stat_t); ok {
			names[st.Ino] = append(names[st.Ino], d.Name())
		}
		return nil
	})
	if gone(err) || errors.Is(err, errSearched) {
		return names, nil
	}
	return names, err
}

// nameOf is the name that an object has in a folder.
func (f *Files) nameOf(folder string, o store.Object, names map[uint64][]string) (string, bool) {
	for _, name := range names[o.Inode] {
		if there, err := f.holds(path.Join(folder, name), o); err == nil && there {
			return name, true
		}
	}
	return "", false
}
