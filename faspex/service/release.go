package service

import (
	"context"
	"fmt"
	"path"
	"strings"
	"time"

	"faspex.io/operator/dataplane/atrest"
	nodeapi "faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/faspex/packages"
	"faspex.io/operator/faspex/settings"
	"faspex.io/operator/faspex/store"
)

// release takes packages whose upload is complete, and whose time has come, through the steps to released. Each step is
// one update that only one replica makes; a run that is cut short goes on with the next step.
func (w *Worker) release(ctx context.Context, _ store.Job) error {
	c, err := settings.ReadConfiguration(ctx, w.store)
	if err != nil {
		return err
	}
	silent := map[int64]bool{} // nodes that did not let a package be counted in this run
	return w.eachPackage(ctx, "release", func(after int64) ([]store.Package, error) {
		return w.store.Releasable(ctx, w.now(), after, batch)
	}, func(p store.Package, node store.Node, client *nodeapi.Client) error {
		// What is forwarded was processed with the package that it was sent with.
		if c.FileProcessingEnabled && p.State == packages.Held && !p.ForwardedFrom.Valid {
			_, err := w.move(ctx, p, packages.FileProcessingNeeded)
			return err
		}
		return w.releaseOne(ctx, p, func() (bool, error) {
			settled, err := w.settle(ctx, node, client, p)
			if err != nil || !settled {
				return settled, err
			}
			if p, err = w.store.Package(ctx, p.ID); err != nil {
				return false, err
			}
			if err := w.writeSidecar(ctx, client, p); err != nil {
				return false, err
			}
			if silent[node.ID] {
				return true, nil
			}
			counted, err := w.count(ctx, p, client)
			silent[node.ID] = !counted
			return true, err
		})
	})
}

// releaseOne takes one package as far as it goes; process is called once, while the package is processed, and tells
// whether the package may go on.
func (w *Worker) releaseOne(ctx context.Context, p store.Package, process func() (bool, error)) error {
	for p.State != packages.Released {
		next, can := packages.Advance(p.State, p.UploadStatus, true)
		if !can {
			return nil
		}
		if ready, err := w.beforeStep(ctx, p, process); err != nil || !ready {
			return err
		}
		moved, err := w.move(ctx, p, next)
		if err != nil || !moved {
			return err
		}
		p.State, p.UpdatedAt = next, w.now()
	}
	return nil
}

// beforeStep does the work of a transient state before the package leaves it. No relays
// exist yet, so nothing is routed.
func (w *Worker) beforeStep(ctx context.Context, p store.Package, process func() (bool, error)) (bool, error) {
	switch p.State {
	case packages.HeldToReleasedStart:
		return process()
	case packages.HeldToReleasedFinish:
		return true, w.released(ctx, p)
	}
	return true, nil
}

// released notes that a package is about to reach its recipients. Its days begin now, not when it was made.
func (w *Worker) released(ctx context.Context, p store.Package) error {
	days, err := w.daysOf(ctx, p)
	if err != nil {
		return err
	}
	if days > 0 {
		if err := w.store.ExpireAt(ctx, p.ID, w.now().AddDate(0, 0, days)); err != nil {
			return err
		}
	}
	return w.store.Released(ctx, p.ID, w.now())
}

// daysOf is how many days a package is available: as its shared inbox says, else as the server does; 0 for no end.
func (w *Worker) daysOf(ctx context.Context, p store.Package) (int, error) {
	groups, err := w.store.PackageGroups(ctx, p.ID)
	if err != nil {
		return 0, err
	}
	for _, g := range groups[p.ID] {
		if g.Kind != store.SharedInbox {
			continue
		}
		o, err := settings.ReadSharedInbox(g.Options)
		if err != nil || o.CustomPackageExpirationPolicy && !o.SetPackageExpiration {
			return 0, err
		}
		if o.CustomPackageExpirationPolicy {
			return o.PackageExpirationDays, nil
		}
	}
	c, err := settings.ReadConfiguration(ctx, w.store)
	if err != nil || !c.PackagesExpire {
		return 0, err
	}
	return c.DaysUntilPackagesExpire, nil
}

// settleLimit is how long the release waits for sessions that were canceled. They end within two seconds; what is still
// told as running after that belongs to a node that died, and writes nothing.
const settleLimit = 15 * time.Second

// settle seals the upload: its tokens are refused from then on, on every node of the cluster, and its sessions end;
// false while one still ends, for it would go on writing what recipients read.
func (w *Worker) settle(ctx context.Context, node store.Node, client *nodeapi.Client, p store.Package) (bool, error) {
	if err := w.revokePackage(ctx, node, client, p, transferspec.Send); err != nil {
		return false, err
	}
	running, err := cancelTransfers(ctx, client, nodeapi.TransferQuery{Tag: p.UUID, Direction: transferspec.Send})
	if err != nil {
		return false, err
	}
	if running > 0 && w.now().Before(p.UpdatedAt.Add(settleLimit)) {
		return false, nil
	}
	return true, w.findRenamed(ctx, client, p)
}

// oldUploads ended the names of folders of uploads before an upload went to its last place at once. Versions up to then
// renamed the folder at the release.
const oldUploads = ".incoming"

// findRenamed notes where the content of a package lies that a version before renamed without having released it.
func (w *Worker) findRenamed(ctx context.Context, client *nodeapi.Client, p store.Package) error {
	renamed, old := strings.CutSuffix(p.Directory, oldUploads)
	if !old {
		return nil
	}
	if _, err := client.Browse(ctx, nodeapi.BrowseRequest{Path: p.Directory, Count: 1}); !nodeapi.IsNotFound(err) {
		return err
	}
	if _, err := client.Browse(ctx, nodeapi.BrowseRequest{Path: renamed, Count: 1}); err != nil {
		if nodeapi.IsNotFound(err) { // nothing was uploaded
			return nil
		}
		return err
	}
	return w.store.MoveContent(ctx, p.ContentID, renamed)
}

// count notes how much a package holds. When the node does not tell, the figures of the transfer stay: a package is not
// kept from its recipients because its size is not known.
func (w *Worker) count(ctx context.Context, p store.Package, client *nodeapi.Client) (counted bool, err error) {
	limited, cancel := context.WithTimeout(ctx, countTimeout)
	defer cancel()
	held, err := contents(limited, client, p.Directory)
	if err != nil {
		w.log.WarnContext(ctx, "cannot count the contents of a package", "package", p.ID, "error", err)
		return false, nil
	}
	if held.sealed && !p.HasSealed {
		if err := w.store.NoteSealed(ctx, p.ContentID); err != nil {
			return true, err
		}
	}
	return true, w.store.SetContents(ctx, p.ID, held.bytes, held.files)
}

const (
	entriesPerCall = 1000
	maxEntries     = 1_000_000
	countTimeout   = 15 * time.Second
)

// holding is what a folder holds.
type holding struct {
	bytes, files int64
	sealed       bool // one of the files is encrypted by a passphrase
}

// contents counts the bytes and the files below a folder of a node.
func contents(ctx context.Context, client *nodeapi.Client, root string) (held holding, err error) {
	seen := 0
	for folders := []string{root}; len(folders) > 0; {
		folder := folders[len(folders)-1]
		folders = folders[:len(folders)-1]
		for skip := 0; ; {
			listing, err := client.Browse(ctx, nodeapi.BrowseRequest{Path: folder, Skip: skip, Count: entriesPerCall})
			if err != nil {
				return held, err
			}
			for _, entry := range listing.Items {
				if entry.Type == "directory" {
					folders = append(folders, path.Join(folder, entry.Basename))
					continue
				}
				held.bytes, held.files = held.bytes+entry.Size, held.files+1
				held.sealed = held.sealed || strings.HasSuffix(entry.Basename, atrest.Suffix)
			}
			skip += len(listing.Items)
			if seen += len(listing.Items); seen > maxEntries {
				return held, fmt.Errorf("count contents: more than %d entries", maxEntries)
			}
			if len(listing.Items) < entriesPerCall {
				break
			}
		}
	}
	return held, nil
}
