package service

import (
	"context"
	"fmt"
	"path"
	"strings"
	"time"

	nodeapi "faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/faspex/packages"
	"faspex.io/operator/faspex/settings"
	"faspex.io/operator/faspex/store"
)

// mostProcessed is how many files a package may have that another system is to process.
const mostProcessed = 100_000

// processFiles takes packages whose files another system has to look at through that: the upload is sealed, its files are
// listed, and the package goes on when each is done. One that failed, or of which nobody said so in time, ends it.
func (w *Worker) processFiles(ctx context.Context, _ store.Job) error {
	c, err := settings.ReadConfiguration(ctx, w.store)
	if err != nil {
		return err
	}
	limit := time.Duration(c.FileProcessingTimeoutMinutes) * time.Minute
	return w.eachPackage(ctx, "file processing", func(after int64) ([]store.Package, error) {
		return w.store.PackagesAfter(ctx, []packages.State{packages.FileProcessingNeeded, packages.FileProcessing}, after, batch)
	}, func(p store.Package, node store.Node, client *nodeapi.Client) error {
		if p.State == packages.FileProcessingNeeded {
			return w.listForProcessing(ctx, p, node, client)
		}
		f, err := w.store.CountFiles(ctx, p.ID)
		if err != nil {
			return err
		}
		switch {
		case f.Failed > 0:
			failed, err := w.store.FailedFile(ctx, p.ID)
			if err != nil {
				return err
			}
			return w.endProcessing(ctx, p, packages.FileProcessingFailed,
				strings.TrimSpace(fmt.Sprintf("The file %q could not be processed. %s", failed.Path, failed.Message)))
		case f.Done == f.All:
			_, err = w.move(ctx, p, packages.HeldToReleasedStart)
			return err
		case w.now().After(f.Since.Add(limit)):
			return w.endProcessing(ctx, p, packages.FileProcessingTimeout, "The files were not processed in time.")
		}
		return nil
	})
}

func (w *Worker) endProcessing(ctx context.Context, p store.Package, state packages.State, why string) error {
	if err := w.store.SetError(ctx, p.ID, why); err != nil {
		return err
	}
	_, err := w.move(ctx, p, state)
	return err
}

func (w *Worker) listForProcessing(ctx context.Context, p store.Package, node store.Node, client *nodeapi.Client) error {
	settled, err := w.settle(ctx, node, client, p)
	if err != nil || !settled {
		return err
	}
	files, err := filesBelow(ctx, client, p.Directory)
	if err != nil {
		return err
	}
	if err := w.store.ListFiles(ctx, p.ID, node.ID, files, w.now()); err != nil {
		return err
	}
	_, err = w.move(ctx, p, packages.FileProcessing)
	return err
}

// filesBelow lists the files below a folder of a node, relative to it.
func filesBelow(ctx context.Context, client *nodeapi.Client, root string) (files []string, err error) {
	for folders := []string{root}; len(folders) > 0; {
		folder := folders[len(folders)-1]
		folders = folders[:len(folders)-1]
		for skip := 0; ; {
			listing, err := client.Browse(ctx, nodeapi.BrowseRequest{Path: folder, Skip: skip, Count: entriesPerCall})
			if err != nil && !nodeapi.IsNotFound(err) {
				return nil, err
			}
			for _, entry := range listing.Items {
				at := path.Join(folder, entry.Basename)
				if entry.Type == "directory" {
					folders = append(folders, at)
				} else {
					files = append(files, strings.TrimPrefix(at, root+"/"))
				}
			}
			if len(files) > mostProcessed {
				return nil, fmt.Errorf("list files to process: more than %d", mostProcessed)
			}
			skip += len(listing.Items)
			if len(listing.Items) < entriesPerCall {
				break
			}
		}
	}
	return files, nil
}
