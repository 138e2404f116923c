package storagelocation

import (
	"context"
	"errors"
	"slices"
	"strings"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	desired "faspex.io/operator/controllers/desired/instance"
	"faspex.io/operator/controllers/faspexapi"
	"faspex.io/operator/controllers/phase"
	faspexclient "faspex.io/operator/faspex/client"
)

// finalize takes the location out of Faspex, and the folder of a bucket from the node. Access keys that use it are waited
// for. Files and objects stay.
func (r *reconciler) finalize(ctx context.Context, location *v1alpha1.StorageLocation) phase.Outcome {
	names, err := r.dependents(ctx, location)
	if err != nil {
		return phase.Transient(v1alpha1.ReasonAPIError, "the objects that use the storage location cannot be listed", err)
	}
	if len(names) > 0 {
		return phase.Waiting(v1alpha1.ReasonDependents, "still used by "+strings.Join(names, ", "))
	}
	o, err := r.gather(ctx, location)
	if err != nil {
		return phase.Transient(v1alpha1.ReasonAPIError, "the transfer node cannot be read", err)
	}
	if desired.LeavesData(o.instance) {
		return phase.Done(v1alpha1.ReasonSucceeded, "") // packages are there, and whoever makes it again finds them
	}
	outcome := r.deregister(ctx, o)
	if outcome.IsDone() {
		outcome = r.unmount(ctx, o)
	}
	if !outcome.IsDone() && o.instance != nil && o.instance.DeletionTimestamp != nil {
		// The instance goes too: its Secrets or its core may be gone already, and the entry goes or stays with its data.
		ctrl.LoggerFrom(ctx).Info("left the registration behind in an instance that is being deleted",
			"instance", o.instance.Name, "why", outcome.Message)
		return phase.Done(v1alpha1.ReasonSucceeded, "")
	}
	return outcome
}

// deregister removes the entry. A node or an instance that is gone has forgotten it.
func (r *reconciler) deregister(ctx context.Context, o *observed) phase.Outcome {
	done := phase.Done(v1alpha1.ReasonSucceeded, "")
	if o.instance == nil || o.node == nil || o.node.Status.NodeID == "" {
		return done
	}
	faspex, err := r.Faspex.Connect(ctx, o.instance)
	if errors.Is(err, faspexapi.ErrNotConfigured) && o.location.Status.ShareID == "" {
		return done
	}
	if err != nil {
		return faspexapi.Failed("connect to Faspex", err)
	}
	nodeID := o.node.Status.NodeID
	folders, err := faspex.SharedFolders(ctx, nodeID)
	if faspexclient.IsNotFound(err) {
		return done
	}
	if err != nil {
		return faspexapi.Failed("list the storage locations of the node", err)
	}
	found := findFolder(folders, knownID(&o.location.Status, nodeID), o.location.Name)
	if found == nil {
		return done
	}
	if err := faspex.DeleteSharedFolder(ctx, nodeID, found.ID); err != nil && !faspexclient.IsNotFound(err) {
		return faspexapi.Failed("remove the storage location from Faspex", err)
	}
	return done
}

// dependents are the AccessKeys that name location, as "AccessKey name", sorted.
func (r *reconciler) dependents(ctx context.Context, location *v1alpha1.StorageLocation) ([]string, error) {
	var keys v1alpha1.AccessKeyList
	if err := r.client.List(ctx, &keys, client.InNamespace(location.Namespace)); err != nil {
		return nil, err
	}
	var names []string
	for _, key := range keys.Items {
		if locationOfAccessKey(&key) == location.Name {
			names = append(names, "AccessKey "+key.Name)
		}
	}
	slices.Sort(names)
	return names, nil
}
