package faspexinstance

import (
	"context"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	desired "faspex.io/operator/controllers/desired/instance"
)

// instancesOfSecret are the instances that refer to a Secret, or made it without owning it.
func (r *reconciler) instancesOfSecret(ctx context.Context, secret client.Object) []ctrl.Request {
	var list v1alpha1.FaspexInstanceList
	if err := r.client.List(ctx, &list, client.InNamespace(secret.GetNamespace())); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "list instances for a watch")
		return nil
	}
	var requests []ctrl.Request
	for i := range list.Items {
		if uses(&list.Items[i], secret.GetName()) {
			requests = append(requests, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
		}
	}
	return requests
}

func uses(instance *v1alpha1.FaspexInstance, secret string) bool {
	switch secret {
	case desired.TLSSecret(instance), desired.AdminSecret(instance), desired.NamesOf(instance.Name).Core:
		return true
	}
	external := instance.Spec.Database.External
	return external != nil && (external.RootSecretRef.Name == secret || desired.DatabaseOf(instance).CASecret == secret)
}

// instanceOfTransferNode is the instance that a TransferNode keeps from being deleted.
func instanceOfTransferNode(_ context.Context, object client.Object) []ctrl.Request {
	node, ok := object.(*v1alpha1.TransferNode)
	if !ok {
		return nil
	}
	return []ctrl.Request{{NamespacedName: client.ObjectKey{Namespace: node.Namespace, Name: node.Spec.InstanceRef.Name}}}
}
