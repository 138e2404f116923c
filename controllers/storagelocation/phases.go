package storagelocation

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/faspexapi"
	"faspex.io/operator/controllers/nodeapi"
	"faspex.io/operator/controllers/phase"
	nodeclient "faspex.io/operator/dataplane/nodeapi/client"
)

func (r *reconciler) transferNodeReady(_ context.Context, o *observed) phase.Outcome {
	return judgeNode(o.location, o.node, o.instance)
}

// judgeNode says whether the transfer node can be used for location: it exists and answers, it has the storage that the
// path begins with, and Faspex knows it.
func judgeNode(location *v1alpha1.StorageLocation, node *v1alpha1.TransferNode,
	instance *v1alpha1.FaspexInstance) phase.Outcome {
	name := location.Spec.TransferNodeRef.Name
	if node == nil {
		return phase.Waiting(v1alpha1.ReasonTransferNodeNotFound, "spec.transferNodeRef.name: TransferNode "+name+
			" does not exist")
	}
	if violation := wrongStorage(location, node); violation != "" {
		return phase.Invalid(v1alpha1.ReasonInvalidSpec, violation)
	}
	for _, condition := range []string{v1alpha1.ConditionNodeAPIReady, v1alpha1.ConditionRegistered} {
		if !nodeapi.Usable(node, condition) {
			return phase.Waiting(v1alpha1.ReasonTransferNodeNotReady, "TransferNode "+name+" is not ready: "+condition)
		}
	}
	if instance == nil || node.Status.NodeID == "" {
		return phase.Waiting(v1alpha1.ReasonInstanceNotFound, "the FaspexInstance of TransferNode "+name+" does not exist")
	}
	return phase.Done(v1alpha1.ReasonSucceeded, "TransferNode "+name+" is ready")
}

// wrongStorage says what of location does not fit the storage of node. What is changed there heals it by the watch.
func wrongStorage(location *v1alpha1.StorageLocation, node *v1alpha1.TransferNode) string {
	has := func(name string) bool {
		return slices.ContainsFunc(node.Spec.Storage, func(m v1alpha1.StorageMount) bool { return m.Name == name })
	}
	switch {
	case location.Spec.S3 != nil && has(location.Name):
		return fmt.Sprintf("metadata.name: TransferNode %s has a storage named %q, and a bucket is a folder beside it: "+
			"choose another name", node.Name, location.Name)
	case location.Spec.S3 != nil:
		return ""
	case location.Spec.Local == nil:
		return "spec.local: is required when spec.type is local"
	}
	if storage := nodeapi.StorageOf(location.Spec.Local.Path); !has(storage) {
		return fmt.Sprintf("spec.local.path: TransferNode %s has no storage named %q", node.Name, storage)
	}
	return ""
}

// pathReady makes the folder and looks at it and at the space around it.
func (r *reconciler) pathReady(ctx context.Context, o *observed) phase.Outcome {
	node, err := r.Nodes.AsNodeUser(ctx, o.node)
	if err != nil {
		return nodeapi.Failed("connect to the node", err)
	}
	if o.location.Spec.S3 != nil {
		return r.bucketReady(ctx, o, node)
	}
	path := o.location.Spec.Local.Path
	if outcome := nodeapi.EnsureDirectory(ctx, node, path, "spec.local.path"); !outcome.IsDone() {
		return outcome.After(resync)
	}
	space, err := node.Space(ctx, path)
	if err != nil {
		return nodeapi.Failed("ask for the free space", err)
	}
	setSpace(&o.location.Status, space)
	return phase.Done(v1alpha1.ReasonSucceeded, "the folder is there").After(resync)
}

// setSpace notes the size of the file system, and the free space in steps of a hundredth of it: a status that changed
// with every byte would be written all the time.
func setSpace(status *v1alpha1.StorageLocationStatus, space nodeclient.Space) {
	free, total := space.BytesFree, space.BytesTotal
	if step := total / 100; step > 0 {
		free -= free % step
	}
	status.FreeBytes, status.TotalBytes = &free, &total
}

// registered registers the folder. One that is registered stays so while the instance is away.
func (r *reconciler) registered(ctx context.Context, o *observed) phase.Outcome {
	known := knownID(&o.location.Status, o.node.Status.NodeID) != "" &&
		meta.IsStatusConditionTrue(o.location.Status.Conditions, v1alpha1.ConditionRegistered)
	outcome := r.register(ctx, o)
	if known {
		return faspexapi.Known(o.instance, "Faspex knows the storage location", outcome)
	}
	return outcome
}

// register makes the folder known to Faspex under the object's name and keeps the entry current.
func (r *reconciler) register(ctx context.Context, o *observed) phase.Outcome {
	if rival := olderInbox(o.location, o.siblings); rival != "" {
		return phase.Invalid(v1alpha1.ReasonConflict, "spec.defaultInbox: StorageLocation "+rival+
			" is the default inbox of the instance already").After(resync)
	}
	faspex, err := r.Faspex.Connect(ctx, o.instance)
	if err != nil {
		return faspexapi.Failed("connect to Faspex", err)
	}
	nodeID := o.node.Status.NodeID
	folders, err := faspex.SharedFolders(ctx, nodeID)
	if err != nil {
		return faspexapi.Failed("list the storage locations of the node", err)
	}
	found := findFolder(folders, knownID(&o.location.Status, nodeID), o.location.Name)
	change, action := diff(o.location, found)
	switch action {
	case create:
		created, err := faspex.CreateSharedFolder(ctx, nodeID, change)
		if err != nil {
			return faspexapi.Failed("register the storage location", err)
		}
		found = &created
		// Not everything can be said when a folder is created: what is missing is changed right away.
		if change, action = diff(o.location, found); action != update {
			break
		}
		fallthrough
	case update:
		if _, err := faspex.UpdateSharedFolder(ctx, nodeID, found.ID, change); err != nil {
			return faspexapi.Failed("update the storage location", err)
		}
	case nothing:
	}
	o.location.Status.NodeID, o.location.Status.ShareID = nodeID, found.ID
	return phase.Done(v1alpha1.ReasonSucceeded, "Faspex knows the storage location").After(resync)
}
