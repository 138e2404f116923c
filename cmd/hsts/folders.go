package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"faspex.io/operator/dataplane/config"
	"faspex.io/operator/dataplane/storage"
)

// markLimit is more than any mark holds.
const markLimit = 64 << 10

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
	marks, err := filepath.Glob(filepath.Join(root, "*", storage.Mark))
	if err != nil {
		return nil, fmt.Errorf("look for marks of storages: %w", err)
	}
	ids := map[string]string{}
	for _, mark := range marks {
		text, err := readMark(mark)
		if err != nil {
			return nil, fmt.Errorf("read the mark of a storage: %w", err)
		}
		for _, line := range strings.Fields(text) {
			if id, ok := strings.CutPrefix(line, "id="); ok && len(id) <= 64 {
				ids[filepath.Base(filepath.Dir(mark))] = id
				break
			}
		}
	}
	return ids, nil
}

func readMark(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, markLimit))
	return string(text), err
}
