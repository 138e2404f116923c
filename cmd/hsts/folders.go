package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"

	"faspex.io/operator/dataplane/config"
	"faspex.io/operator/internal/prepare"
)

// mostOfID is how long an id may be for the database; those that a node is prepared with are shorter.
const mostOfID = 64

// folders knows whether the files of the storages are at this node: a storage that is a folder of each machine may be
// another one on each. Then one machine has the files, and the others neither are ready nor hand out transfers.
type folders struct{ apart atomic.Pointer[string] }

// err says which storages are elsewhere, and where.
func (f *folders) err() error {
	if text := f.apart.Load(); text != nil {
		return errors.New(*text)
	}
	return nil
}

// followFolders compares the folders of this node with those of the others until ctx ends. The first time is before the
// node answers (serveNodeAPI).
func (n *node) followFolders(ctx context.Context) {
	config.Watch(ctx, "folders of storages", n.log, func() error { return n.compareFolders(ctx) })
}

func (n *node) compareFolders(ctx context.Context) error {
	ids, err := folderIDs(n.cfg.StorageRoot)
	if err != nil {
		return err
	}
	apart, err := n.store.ShareFolders(ctx, n.env.NodeName, ids)
	if err != nil {
		return err
	}
	if len(apart) == 0 {
		if n.folders.apart.Swap(nil) != nil {
			n.log.Info("the files of all storages are here again")
		}
		return nil
	}
	var said []string
	for _, a := range apart {
		said = append(said,
			fmt.Sprintf("storage %s is another folder here than on %s, which has the files", a.Storage, a.Node))
	}
	text := strings.Join(said, "; ")
	if was := n.folders.apart.Swap(&text); was == nil || *was != text {
		n.log.Error("this node serves no files: its storages are not those of the others", "reason", text)
	}
	return nil
}

// folderIDs are the ids of the storages whose folders are marked, by name. Claims have no mark: whoever made one for
// several machines has them share it.
func folderIDs(root string) (map[string]string, error) {
	marks, err := filepath.Glob(filepath.Join(root, "*", prepare.Mark))
	if err != nil {
		return nil, fmt.Errorf("look for marks of storages: %w", err)
	}
	ids := map[string]string{}
	for _, mark := range marks {
		folder := filepath.Dir(mark)
		id, err := prepare.FolderID(folder)
		if err != nil {
			return nil, fmt.Errorf("read the mark of a storage: %w", err)
		}
		if id != "" && len(id) <= mostOfID {
			ids[filepath.Base(folder)] = id
		}
	}
	return ids, nil
}
