package accesskey

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/bucket"
	"faspex.io/operator/controllers/nodeapi"
	"faspex.io/operator/controllers/phase"
)

func (r *reconciler) transferNodeReady(_ context.Context, o *observed) phase.Outcome {
	name := o.key.Spec.TransferNodeRef.Name
	switch {
	case o.node == nil:
		return phase.Waiting(v1alpha1.ReasonTransferNodeNotFound, "spec.transferNodeRef.name: TransferNode "+name+
			" does not exist")
	case !nodeapi.Usable(o.node, v1alpha1.ConditionNodeAPIReady):
		return phase.Waiting(v1alpha1.ReasonTransferNodeNotReady, "TransferNode "+name+" is not ready: "+
			v1alpha1.ConditionNodeAPIReady)
	}
	return phase.Done(v1alpha1.ReasonSucceeded, "TransferNode "+name+" is ready")
}

// storageReady finds the path of the key's storage and, where the key itself names it, makes the folder.
func (r *reconciler) storageReady(ctx context.Context, o *observed) phase.Outcome {
	path, outcome := judgeStorage(o)
	if !outcome.IsDone() {
		return outcome
	}
	if o.key.Spec.Storage.Local != nil {
		node, err := r.Nodes.AsNodeUser(ctx, o.node)
		if err != nil {
			return nodeapi.Failed("connect to the node", err)
		}
		if outcome := nodeapi.EnsureDirectory(ctx, node, path, "spec.storage.local.path"); !outcome.IsDone() {
			return outcome.After(resync)
		}
	}
	o.path = path
	return outcome
}

// judgeStorage says which path the key opens, and whether it can be used.
func judgeStorage(o *observed) (string, phase.Outcome) {
	if b := o.key.Spec.Storage.S3; b != nil {
		return bucket.Path(b), phase.Done(v1alpha1.ReasonSucceeded, "the node looks at the bucket when it makes the key")
	}
	if local := o.key.Spec.Storage.Local; local != nil {
		storage := nodeapi.StorageOf(local.Path)
		if !slices.ContainsFunc(o.node.Spec.Storage, func(m v1alpha1.StorageMount) bool { return m.Name == storage }) {
			// A mount that is added later heals this by the watch on the node.
			return "", phase.Invalid(v1alpha1.ReasonInvalidSpec,
				fmt.Sprintf("spec.storage.local.path: TransferNode %s has no storage named %q", o.node.Name, storage))
		}
		return local.Path, phase.Done(v1alpha1.ReasonSucceeded, "the folder is there")
	}
	const field = "spec.storage.storageLocationRef.name: "
	ref := o.key.Spec.Storage.StorageLocationRef
	switch {
	case ref == nil:
		return "", phase.Invalid(v1alpha1.ReasonInvalidSpec, "spec.storage: one of storageLocationRef, local and s3 must be set")
	case o.location == nil:
		return "", phase.Waiting(v1alpha1.ReasonStorageLocationNotFound, field+"StorageLocation "+ref.Name+" does not exist")
	case o.location.Spec.TransferNodeRef.Name != o.key.Spec.TransferNodeRef.Name:
		return "", phase.Invalid(v1alpha1.ReasonInvalidSpec, field+"StorageLocation "+ref.Name+" is on another TransferNode")
	case !meta.IsStatusConditionTrue(o.location.Status.Conditions, v1alpha1.ConditionPathReady):
		return "", phase.Waiting(v1alpha1.ReasonStorageLocationNotReady, "StorageLocation "+ref.Name+" is not ready")
	}
	return nodeapi.Directory(o.location), phase.Done(v1alpha1.ReasonSucceeded, "StorageLocation "+ref.Name+" is ready")
}
