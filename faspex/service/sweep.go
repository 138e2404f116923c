package service

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	nodeapi "faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/faspex/packages"
	"faspex.io/operator/faspex/store"
)

// sweepAfter is how old a folder is at least that is swept, and how long its package is gone: what runs when a package
// is deleted is long over then.
const sweepAfter = 24 * time.Hour

// sweep deletes folders of packages that are gone: made by a session that ended after the package's own folder was
// removed. A folder whose package this Faspex does not know stays: it may be another's.
func (w *Worker) sweep(ctx context.Context, _ store.Job) error {
	folders, _, err := w.store.SharedFolders(ctx, store.FolderFilter{}, store.Page{Limit: 10_000})
	if err != nil {
		return err
	}
	var problems []error
	for _, folder := range folders {
		if err := w.sweepFolder(ctx, folder); err != nil {
			problems = append(problems, fmt.Errorf("sweep shared folder %d: %w", folder.ID, err))
		}
	}
	return errors.Join(problems...)
}

func (w *Worker) sweepFolder(ctx context.Context, folder store.SharedFolder) error {
	node, err := w.store.Node(ctx, folder.NodeID)
	if err != nil {
		return err
	}
	client, err := w.clients.of(node)
	if err != nil {
		return err
	}
	leftovers := map[string]string{} // name to the uuid that it carries
	for skip := 0; ; {
		listing, err := client.Browse(ctx, nodeapi.BrowseRequest{Path: folder.Directory, Skip: skip, Count: entriesPerCall})
		if nodeapi.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, e := range listing.Items {
			id, ours := packages.FolderUUID(e.Basename)
			if !ours {
				id, ours = strings.CutSuffix(e.Basename, oldUploads)
			}
			if ours && e.Type == "directory" && w.now().Sub(e.Mtime) > sweepAfter {
				leftovers[e.Basename] = id
			}
		}
		if skip += len(listing.Items); len(listing.Items) < entriesPerCall {
			break
		}
	}
	for name, id := range leftovers {
		c, err := w.store.ContentByUUID(ctx, id)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if !c.GoneAt.Valid || w.now().Sub(c.GoneAt.Time) <= sweepAfter {
			continue
		}
		if err := client.Delete(ctx, path.Join(folder.Directory, name)); err != nil && !nodeapi.IsNotFound(err) {
			return err
		}
		w.log.InfoContext(ctx, "swept the folder of a package that is gone", "package", id, "node", node.Name)
	}
	return nil
}
