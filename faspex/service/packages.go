package service

import (
	"context"
	"errors"
	"fmt"

	nodeapi "faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/faspex/packages"
	"faspex.io/operator/faspex/store"
)

// move takes a package one step on; false when someone else was first.
func (w *Worker) move(ctx context.Context, p store.Package, to packages.State) (bool, error) {
	moved, err := w.store.Move(ctx, p.ID, p.State, to)
	if err == nil && moved {
		w.metrics.moved(to)
		w.log.InfoContext(ctx, "package moved", "package", p.ID, "from", p.State, "to", to)
	}
	return moved, err
}

// eachPackage does something about every package that list gives, with a client of its node. A package that fails does
// not stop the others; after a node failed its other packages wait for the next run.
func (w *Worker) eachPackage(ctx context.Context, what string, list func(after int64) ([]store.Package, error),
	do func(store.Package, store.Node, *nodeapi.Client) error) error {
	reached := connections{worker: w, byFolder: map[int64]*connection{}}
	var problems []error
	for after := int64(0); ctx.Err() == nil; {
		found, err := list(after)
		if err != nil {
			return errors.Join(append(problems, err)...)
		}
		for _, p := range found {
			after = p.ID
			c, err := reached.open(ctx, p.SharedFolderID)
			if err == nil && c.failed {
				continue
			}
			if err == nil {
				if err = do(p, c.node, c.client); err != nil {
					c.failed = true
				}
			}
			if err != nil {
				problems = append(problems, fmt.Errorf("%s of package %d: %w", what, p.ID, err))
			}
		}
		if len(found) < batch {
			break
		}
	}
	return errors.Join(problems...)
}

// connections keeps, during a run, how the node of each shared folder is reached and whether it failed.
type connections struct {
	worker   *Worker
	byFolder map[int64]*connection
}

type connection struct {
	node   store.Node
	client *nodeapi.Client
	failed bool
}

func (c connections) open(ctx context.Context, folderID int64) (*connection, error) {
	if known, ok := c.byFolder[folderID]; ok {
		return known, nil
	}
	folder, err := c.worker.store.SharedFolder(ctx, folderID)
	if err != nil {
		return nil, err
	}
	node, err := c.worker.store.Node(ctx, folder.NodeID)
	if err != nil {
		return nil, err
	}
	client, err := c.worker.clients.of(node)
	if err != nil {
		return nil, err
	}
	c.byFolder[folderID] = &connection{node: node, client: client}
	return c.byFolder[folderID], nil
}
