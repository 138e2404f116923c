package accesskey

import (
	"context"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
)

// keysOfNode are the AccessKeys of a TransferNode.
func (r *reconciler) keysOfNode(ctx context.Context, node client.Object) []ctrl.Request {
	return r.keys(ctx, node.GetNamespace(), func(k v1alpha1.AccessKey) bool {
		return k.Spec.TransferNodeRef.Name == node.GetName()
	})
}

// keysOfLocation are the AccessKeys to a StorageLocation.
func (r *reconciler) keysOfLocation(ctx context.Context, location client.Object) []ctrl.Request {
	return r.keys(ctx, location.GetNamespace(), func(k v1alpha1.AccessKey) bool {
		ref := k.Spec.Storage.StorageLocationRef
		return ref != nil && ref.Name == location.GetName()
	})
}

// keysOfSecret are the AccessKeys whose verification key, or credentials of a bucket, a user gave in that Secret.
func (r *reconciler) keysOfSecret(ctx context.Context, secret client.Object) []ctrl.Request {
	return r.keys(ctx, secret.GetNamespace(), func(k v1alpha1.AccessKey) bool {
		given, bucket := k.Spec.TokenVerificationKey, k.Spec.Storage.S3
		return bucket != nil && bucket.CredentialsSecretRef.Name == secret.GetName() || given != nil && given.SecretRef != nil && given.SecretRef.Name == secret.GetName()
	})
}

func (r *reconciler) keys(ctx context.Context, namespace string, match func(v1alpha1.AccessKey) bool) []ctrl.Request {
	var list v1alpha1.AccessKeyList
	if err := r.client.List(ctx, &list, client.InNamespace(namespace)); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "list access keys for a watch")
		return nil
	}
	var requests []ctrl.Request
	for _, key := range list.Items {
		if match(key) {
			requests = append(requests, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(&key)})
		}
	}
	return requests
}
