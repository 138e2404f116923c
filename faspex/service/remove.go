package service

import (
	"context"
	"fmt"
	"path"
	"strings"

	nodeapi "faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/faspex/packages"
	"faspex.io/operator/faspex/settings"
	"faspex.io/operator/faspex/store"
)

// expire starts the end of released packages whose time is over, and of those that share their content.
func (w *Worker) expire(ctx context.Context, _ store.Job) error {
	for after := int64(0); ; {
		found, err := w.store.Expirable(ctx, w.now(), after, batch)
		if err != nil {
			return err
		}
		for _, p := range found {
			after = p.ID
			n, err := w.store.ExpireContent(ctx, p.ContentID)
			if err != nil {
				return err
			}
			w.log.InfoContext(ctx, "content expires", "package", p.ID, "packages", n)
		}
		if len(found) < batch {
			return nil
		}
	}
}

// endings are the transient states in which the files of a package go, and where it goes then.
var endings = map[packages.State]packages.State{
	packages.HeldToExpired:     packages.Expired,
	packages.ReleasedToExpired: packages.Expired,
	packages.HeldToDeleted:     packages.Deleted,
	packages.ReleasedToDeleted: packages.Deleted,
	packages.ExpiredToDeleted:  packages.Deleted,

	packages.ProcessingNeededToDeleted:  packages.Deleted,
	packages.ProcessingToDeleted:        packages.Deleted,
	packages.ProcessingFailedToDeleted:  packages.Deleted,
	packages.ProcessingTimeoutToDeleted: packages.Deleted,
}

// remove deletes the files of packages that expire or are deleted, and then takes them to their last state.
func (w *Worker) remove(ctx context.Context, _ store.Job) error {
	states := make([]packages.State, 0, len(endings))
	for state := range endings {
		states = append(states, state)
	}
	return w.eachPackage(ctx, "removal", func(after int64) ([]store.Package, error) {
		return w.store.PackagesAfter(ctx, states, after, batch)
	}, func(p store.Package, node store.Node, client *nodeapi.Client) error {
		if err := w.revokePackage(ctx, node, client, p, ""); err != nil {
			return err
		}
		if _, err := cancelTransfers(ctx, client, nodeapi.TransferQuery{Tag: p.UUID}); err != nil {
			return err
		}
		last, err := w.store.LeaveContent(ctx, p.ContentID, w.now())
		if err == nil && last {
			err = removeContent(ctx, client, p.Content)
		}
		if err != nil {
			return err
		}
		_, err = w.move(ctx, p, endings[p.State])
		return err
	})
}

// removeContent deletes the folder of a content on its node; one that is not there is fine.
func removeContent(ctx context.Context, client *nodeapi.Client, c store.Content) error {
	folders, err := ownFolders(c)
	if err != nil {
		return err
	}
	for _, folder := range folders {
		if err := client.Delete(ctx, folder); err != nil && !nodeapi.IsNotFound(err) {
			return err
		}
	}
	return nil
}

// ownFolders are the folders of a content, with all that belongs to it. Their names carry its uuid, which is checked
// before anything is deleted.
func ownFolders(c store.Content) ([]string, error) {
	if uuid, ok := packages.FolderUUID(path.Base(path.Dir(c.Directory))); ok && uuid == c.ContentUUID {
		return []string{path.Dir(c.Directory)}, nil
	}
	if before := strings.TrimSuffix(c.Directory, oldUploads); path.Base(before) == c.ContentUUID {
		return []string{before + oldUploads, before}, nil
	}
	return nil, fmt.Errorf("folder %q is not the package's own", c.Directory)
}

// cancelTransfers has the node end the transfers of a query that run, and tells how many those are.
func cancelTransfers(ctx context.Context, client *nodeapi.Client,
	query nodeapi.TransferQuery) (running int, err error) {
	query.ActiveOnly, query.Count = true, transfersPerCall
	active, _, err := client.Transfers(ctx, query)
	if err != nil {
		return 0, err
	}
	for _, t := range active {
		if err := client.CancelTransfer(ctx, t.ID); err != nil && !nodeapi.IsNotFound(err) {
			return 0, err
		}
	}
	return len(active), nil
}

// purge removes the records of packages that were deleted as long ago as the configuration says.
func (w *Worker) purge(ctx context.Context, _ store.Job) error {
	c, err := settings.ReadConfiguration(ctx, w.store)
	if err != nil || !c.EnablePackagePurge {
		return err
	}
	n, err := w.store.PurgePackages(ctx, w.now().AddDate(0, 0, -c.DaysBeforeDeletingPackageRecords))
	if n > 0 {
		w.log.InfoContext(ctx, "purged records of deleted packages", "packages", n)
	}
	return err
}
