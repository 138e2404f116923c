package transfer

import (
	"path"
	"sync"

	"faspex.io/operator/dataplane/transfer/chunk"
)

// syncFrom is the size from which on a file is on disk before it gets its name. Smaller ones, of which there can be
// many, are when the session is complete.
const syncFrom = chunk.Size

// mostFolders is how many folders are brought to disk one by one.
const mostFolders = 64

// unsynced is what is perhaps not on disk of the files that have their names.
type unsynced struct {
	mu      sync.Mutex
	all     bool                // contents, too
	folders map[string]struct{} // those with the names of files whose contents are
}

func (u *unsynced) add(f *gotFile) {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case u.all:
	case f.entry.Size < syncFrom || len(u.folders) == mostFolders:
		u.all, u.folders = true, nil
	default:
		if u.folders == nil {
			u.folders = map[string]struct{}{}
		}
		u.folders[path.Dir(f.target)] = struct{}{}
	}
}

// sync has all of it on disk.
func (u *unsynced) sync(tree TargetTree) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.all {
		return tree.Sync()
	}
	for p := range u.folders {
		if err := tree.SyncFolder(p); err != nil {
			return err
		}
	}
	return nil
}
