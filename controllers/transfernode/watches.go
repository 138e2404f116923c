package transfernode

import (
	"context"
	"slices"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
)

// nodesOfInstance are the TransferNodes that belong to a FaspexInstance.
func (r *reconciler) nodesOfInstance(ctx context.Context, instance client.Object) []ctrl.Request {
	return r.nodes(ctx, instance.GetNamespace(), func(n v1alpha1.TransferNode) bool {
		return n.Spec.InstanceRef.Name == instance.GetName()
	})
}

// nodesOfSecret are the TransferNodes whose certificate, users, users' keys or storage keys are given in that Secret.
func (r *reconciler) nodesOfSecret(ctx context.Context, secret client.Object) []ctrl.Request {
	return r.nodes(ctx, secret.GetNamespace(), func(n v1alpha1.TransferNode) bool {
		return n.Spec.TLS != nil && n.Spec.TLS.SecretRef.Name == secret.GetName() ||
			n.Spec.NodeUsers != nil && n.Spec.NodeUsers.SecretRef.Name == secret.GetName() ||
			slices.ContainsFunc(n.Spec.TransferUsers, func(u v1alpha1.TransferUser) bool {
				return u.AuthorizedKeysSecretRef != nil && u.AuthorizedKeysSecretRef.Name == secret.GetName() ||
					u.PasswordSecretRef != nil && u.PasswordSecretRef.Name == secret.GetName()
			}) ||
			slices.ContainsFunc(n.Spec.Storage, func(s v1alpha1.StorageMount) bool {
				return s.Encryption != nil && s.Encryption.SecretRef.Name == secret.GetName()
			})
	})
}

func (r *reconciler) nodes(ctx context.Context, namespace string,
	match func(v1alpha1.TransferNode) bool) []ctrl.Request {
	var list v1alpha1.TransferNodeList
	if err := r.client.List(ctx, &list, client.InNamespace(namespace)); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "list transfer nodes for a watch")
		return nil
	}
	var requests []ctrl.Request
	for _, node := range list.Items {
		if match(node) {
			requests = append(requests, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(&node)})
		}
	}
	return requests
}

func nodeOfStorageLocation(location *v1alpha1.StorageLocation) string {
	return location.Spec.TransferNodeRef.Name
}

func nodeOfAccessKey(key *v1alpha1.AccessKey) string { return key.Spec.TransferNodeRef.Name }
