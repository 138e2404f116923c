package service

import (
	"context"
	"errors"
	"time"

	nodeapi "faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/faspex/packages"
	"faspex.io/operator/faspex/store"
)

// takeLimit is how long core may take to have a node take a transfer from a folder. A transfer without an id after that
// was lost with the core that asked for it.
const takeLimit = 2 * time.Minute

// followRemote asks the nodes of shared folders how the transfers fare that they make for packages. The inbox's node
// tells of their success; only the folder's node knows that it gave up.
func (w *Worker) followRemote(ctx context.Context, _ store.Job) error {
	reached := connections{worker: w, byFolder: map[int64]*connection{}}
	return w.eachPackage(ctx, "follow the transfer", func(after int64) ([]store.Package, error) {
		return w.store.RemoteUploads(ctx, after, batch)
	}, func(p store.Package, _ store.Node, _ *nodeapi.Client) error {
		source, err := w.store.RemoteSource(ctx, p.ID)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		upload, ended := w.remoteEnd(ctx, reached, source)
		if !ended {
			return nil
		}
		_, err = w.store.RecordUpload(ctx, p.ID, upload)
		return err
	})
}

// remoteEnd tells how a transfer ended that did not bring the content; false while it goes on, when it succeeded, and
// when the folder's node does not answer: an upload without progress ends by its time.
func (w *Worker) remoteEnd(ctx context.Context, reached connections, source store.RemoteSource) (store.Upload, bool) {
	failed := func(why string) (store.Upload, bool) {
		return store.Upload{Status: packages.UploadFailed, ErrorDesc: why}, true
	}
	switch {
	case source.FolderID == 0:
		return failed("The shared folder was removed.")
	case source.TransferID == "" && w.now().After(source.AskedAt.Add(takeLimit)):
		return failed("The transfer did not begin. Try again.")
	case source.TransferID == "":
		return store.Upload{}, false
	}
	c, err := reached.open(ctx, source.FolderID)
	if err != nil || c.failed {
		return store.Upload{}, false
	}
	t, err := c.client.Transfer(ctx, source.TransferID)
	if nodeapi.IsNotFound(err) {
		return failed("The node of the shared folder does not know the transfer any more.")
	}
	if err != nil {
		c.failed = true
		w.log.WarnContext(ctx, "cannot follow a transfer from a shared folder", "package", source.PackageID,
			"node", c.node.Name, "error", err)
		return store.Upload{}, false
	}
	upload, known := uploadOf(t)
	if !known || !upload.Status.Settled() || upload.Status == packages.UploadCompleted {
		return store.Upload{}, false
	}
	return upload, true
}
