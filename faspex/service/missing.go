package service

import (
	"context"
	"database/sql"
	"path"

	nodeapi "faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/faspex/packages"
	"faspex.io/operator/faspex/store"
)

// markMissing notes of released packages whose folder is gone from its node that it is, and takes the mark from those
// whose folder is back. A storage that is not there itself, such as a disk that is not mounted, marks nothing.
func (w *Worker) markMissing(ctx context.Context, _ store.Job) error {
	seen := map[int64]bool{} // contents
	return w.eachPackage(ctx, "look for the content", func(after int64) ([]store.Package, error) {
		return w.store.PackagesAfter(ctx, []packages.State{packages.Released}, after, batch)
	}, func(p store.Package, node store.Node, client *nodeapi.Client) error {
		if seen[p.ContentID] || p.TotalFiles == 0 {
			return nil
		}
		seen[p.ContentID] = true
		there, err := isThere(ctx, client, p.Directory)
		if err != nil || there == !p.MissingSince.Valid {
			return err
		}
		since := sql.NullTime{}
		if !there {
			// The folder of the package is two deep in its inbox.
			if inbox, err := isThere(ctx, client, path.Dir(path.Dir(p.Directory))); err != nil || !inbox {
				return err
			}
			since = sql.NullTime{Time: w.now(), Valid: true}
		}
		w.log.WarnContext(ctx, "the content of a package was looked for", "package", p.ID, "node", node.Name, "there", there)
		return w.store.NoteMissing(ctx, p.ContentID, since)
	})
}

// isThere reports whether a node has a folder.
func isThere(ctx context.Context, client *nodeapi.Client, folder string) (bool, error) {
	_, err := client.Browse(ctx, nodeapi.BrowseRequest{Path: folder, Count: 1})
	if nodeapi.IsNotFound(err) {
		return false, nil
	}
	return err == nil, err
}
