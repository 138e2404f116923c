package storagelocation

import (
	"context"
	"errors"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/bucket"
	"faspex.io/operator/controllers/nodeapi"
	"faspex.io/operator/controllers/phase"
	nodeclient "faspex.io/operator/dataplane/nodeapi/client"
)

// bucketField is where the bucket of a location is in its spec.
const bucketField = "spec.s3"

// bucketReady has the node show the bucket as a folder of the location's name. It is asked each time, as the node then
// looks whether the bucket answers, with the credentials that the Secret has now.
func (r *reconciler) bucketReady(ctx context.Context, o *observed, node nodeapi.API) phase.Outcome {
	storage, outcome := bucket.Storage(ctx, r.secrets, o.location.Namespace, bucketField, o.location.Spec.S3)
	if !outcome.IsDone() {
		return outcome
	}
	if err := node.Mount(ctx, o.location.Name, *storage); err != nil {
		return bucket.Named(nodeapi.Failed("look at the bucket", err), bucketField)
	}
	return phase.Done(v1alpha1.ReasonSucceeded, "the bucket answers").After(resync)
}

// unmount takes the folder of the bucket from the node. Nothing in the bucket is touched. A node that is gone has none.
func (r *reconciler) unmount(ctx context.Context, o *observed) phase.Outcome {
	done := phase.Done(v1alpha1.ReasonSucceeded, "")
	if o.location.Spec.S3 == nil || o.node == nil {
		return done
	}
	node, err := r.Nodes.AsNodeUser(ctx, o.node)
	if errors.Is(err, nodeapi.ErrNotConfigured) {
		return done // It has never run.
	}
	if err == nil {
		err = node.Unmount(ctx, o.location.Name)
	}
	if err != nil && o.node.DeletionTimestamp != nil {
		// The node goes too, with the database that it knows its buckets by; its pods may be gone already.
		ctrl.LoggerFrom(ctx).Info("left the folder of a bucket to a transfer node that is being deleted", "node", o.node.Name,
			"why", err.Error())
		return done
	}
	if err != nil && !nodeclient.IsNotFound(err) {
		return nodeapi.Failed("take the folder of the bucket away", err)
	}
	return done
}

// locationsOfSecret are the StorageLocations whose bucket is opened by what is in a Secret.
func (r *reconciler) locationsOfSecret(ctx context.Context, secret client.Object) []ctrl.Request {
	return r.locations(ctx, secret.GetNamespace(), func(l v1alpha1.StorageLocation) bool {
		return l.Spec.S3 != nil && l.Spec.S3.CredentialsSecretRef.Name == secret.GetName()
	})
}
