package service

import (
	"context"
	"errors"
	"strconv"

	nodeapi "faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/faspex/packages"
	"faspex.io/operator/faspex/store"
)

// revoke tells one node what was noted for it. A node that is away is told when it is back; until then the short life
// of transfer tokens bounds what they let through.
func (w *Worker) revoke(ctx context.Context, job store.Job) error {
	id, err := strconv.ParseInt(job.Reference, 10, 64)
	if err != nil {
		return errGone
	}
	node, err := w.store.Node(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return errGone
	}
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		waiting, err := w.store.Revocations(ctx, node.ID, batch)
		if err != nil || len(waiting) == 0 {
			return err
		}
		client, err := w.clients.of(node)
		if err != nil {
			return err
		}
		for _, r := range waiting {
			if err := w.tellRevocation(ctx, node, client, nodeapi.Revocation{Tags: r.Tags, Direction: r.Direction}); err != nil {
				return err
			}
			if err := w.store.DeleteRevocation(ctx, r.ID); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// revokePackage ends the tokens and sessions of a package in one direction, or in both when it is empty.
func (w *Worker) revokePackage(ctx context.Context, node store.Node, client *nodeapi.Client, p store.Package,
	direction transferspec.Direction) error {
	installation, err := w.store.Installation(ctx)
	if err != nil {
		return err
	}
	tags, err := packages.Tags{Installation: installation, PackageUUID: p.UUID}.Subset()
	if err != nil {
		return err
	}
	return w.tellRevocation(ctx, node, client, nodeapi.Revocation{Tags: tags, Direction: string(direction)})
}

// tellRevocation passes over nodes that know no revocations, and logs each of them once.
func (w *Worker) tellRevocation(ctx context.Context, node store.Node, client *nodeapi.Client,
	r nodeapi.Revocation) error {
	err := client.Revoke(ctx, r)
	if !nodeapi.IsUnsupported(err) {
		return err
	}
	if _, told := w.cannotRevoke.LoadOrStore(node.ID, true); !told {
		w.log.WarnContext(ctx, "node knows no revocations: transfer specs stay good until they expire", "node", node.Name)
	}
	return nil
}
