package service

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	nodeapi "faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/faspex/nodes"
	"faspex.io/operator/faspex/packages"
	"faspex.io/operator/faspex/settings"
	"faspex.io/operator/faspex/store"
)

const (
	transfersPerCall = 500
	// silence is after how long without news an upload is asked for by name.
	silence = 30 * time.Second
)

// Node statuses, as the API shows them.
const (
	nodeReached = "completed"
	nodeFailed  = "failed"
)

// watch reads what is new about the transfers of one node. A node that cannot be reached carries the reason.
func (w *Worker) watch(ctx context.Context, job store.Job) error {
	id, err := strconv.ParseInt(job.Reference, 10, 64)
	if err != nil {
		return errGone
	}
	node, err := w.store.Node(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		w.clients.forget(id)
		return errGone
	}
	if err != nil {
		return err
	}
	failure := w.readTransfers(ctx, node)
	w.metrics.reached(node.Name, failure == nil)
	if ctx.Err() != nil && failure != nil {
		failure = fmt.Errorf("node does not answer in time: %w", failure)
	}
	return errors.Join(failure, w.noteNode(context.WithoutCancel(ctx), node, failure))
}

// noteNode writes how a node fares, when that changed.
func (w *Worker) noteNode(ctx context.Context, node store.Node, failure error) error {
	status, message := nodeReached, ""
	if failure != nil {
		status, message = nodeFailed, string(nodes.FailureOf(failure))
	}
	if node.Status == status && (failure == nil || node.StatusMessage == message) {
		return nil
	}
	w.log.InfoContext(ctx, "node status changed", "node", node.Name, "status", status, "reason", message, "error", failure)
	return w.store.SetNodeStatus(ctx, node.ID, status, message)
}

func (w *Worker) readTransfers(ctx context.Context, node store.Node) error {
	client, err := w.clients.of(node)
	if err != nil {
		return err
	}
	if err := w.readChanges(ctx, client, node); err != nil {
		return err
	}
	// A change of progress is no change of status: it is read from the transfers that run.
	active, _, err := client.Transfers(ctx, nodeapi.TransferQuery{ActiveOnly: true, Count: transfersPerCall})
	if err != nil {
		return err
	}
	return w.take(ctx, node, active)
}

// readChanges takes every transfer that began or ended since the cursor. The cursor moves after what it passed was
// stored, so a crash repeats news and loses none.
func (w *Worker) readChanges(ctx context.Context, client *nodeapi.Client, node store.Node) error {
	cursor := node.TransfersCursor
	for {
		changed, next, err := client.Transfers(ctx, nodeapi.TransferQuery{IterationToken: cursor, Count: transfersPerCall})
		var refused *nodeapi.Error
		if cursor != "" && errors.As(err, &refused) && refused.Status == http.StatusBadRequest {
			// The node does not know the token: its database was made anew. Read from the beginning.
			w.log.WarnContext(ctx, "node refused the iteration token, reading its transfers from the beginning",
				"node", node.Name)
			cursor = ""
			continue
		}
		if err != nil {
			return err
		}
		if err := w.take(ctx, node, changed); err != nil {
			return err
		}
		if next != node.TransfersCursor {
			if err := w.store.SetTransfersCursor(ctx, node.ID, next); err != nil {
				return err
			}
			node.TransfersCursor = next
		}
		if len(changed) < transfersPerCall || next == cursor {
			return nil
		}
		cursor = next
	}
}

// take stores transfers that core issued for packages of this Faspex, in the order in which they changed. What else
// names a package is counted and ignored (TestTransfersThatCoreDidNotIssue).
func (w *Worker) take(ctx context.Context, node store.Node, list []nodeapi.Transfer) error {
	for _, t := range list {
		tags, ours := packages.TagsOf(t.StartSpec.Tags)
		if !ours {
			continue
		}
		// By uuid: another Faspex that shares the node has packages with the same numbers.
		p, err := w.store.PackageByUUID(ctx, tags.PackageUUID)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if why := w.disbelief(node, p, tags, t); why != "" {
			w.metrics.disbelieved.WithLabelValues(node.Name, why).Inc()
			w.log.DebugContext(ctx, "report of a transfer ignored", "package", p.ID, "transfer", t.ID, "node", node.Name,
				"reason", why)
			continue
		}
		if err := w.takeOne(ctx, node, p, tags, t); err != nil {
			return err
		}
	}
	return nil
}

func (w *Worker) takeOne(ctx context.Context, node store.Node, p store.Package, tags packages.Tags,
	t nodeapi.Transfer) error {
	if err := w.store.SaveTransfer(ctx, record(node, p, tags, t)); err != nil {
		return err
	}
	if t.StartSpec.Direction != "send" {
		return nil
	}
	upload, known := uploadOf(t)
	if !known {
		return nil
	}
	if p.FromFolder && upload.Status.Settled() && upload.Status != packages.UploadCompleted {
		return nil // the node of the folder may go on: followRemote asks it
	}
	if stopped, err := w.stopOverQuota(ctx, node, p, t, upload); stopped || err != nil {
		return err
	}
	taken, err := w.store.RecordUpload(ctx, p.ID, upload)
	if err != nil {
		return err
	}
	if taken && upload.Status != p.UploadStatus {
		w.log.InfoContext(ctx, "upload status changed", "package", p.ID, "transfer", t.ID, "node", node.Name,
			"from", p.UploadStatus, "to", upload.Status, "reason", upload.ErrorDesc)
	}
	return nil
}

// timedOut is what a sender is told whose upload made no progress.
const timedOut = "The upload made no progress for too long."

// recheck asks nodes by name for uploads of which nothing was heard for a while: should news have been
// lost, the package goes on here.
func (w *Worker) recheck(ctx context.Context, _ store.Job) error {
	c, err := settings.ReadConfiguration(ctx, w.store)
	if err != nil {
		return err
	}
	limit := time.Duration(c.PackageUploadTimeout) * time.Second
	return w.eachPackage(ctx, "recheck upload", func(after int64) ([]store.Package, error) {
		return w.store.SilentUploads(ctx, w.now().Add(-silence), after, batch)
	}, func(p store.Package, node store.Node, client *nodeapi.Client) error {
		list, _, err := client.Transfers(ctx, nodeapi.TransferQuery{Tag: p.UUID, Direction: "send", Count: transfersPerCall})
		if err == nil {
			err = w.take(ctx, node, list)
		}
		if err != nil {
			return err
		}
		return w.store.TimeOut(ctx, p, w.now().Add(-limit), timedOut)
	})
}
