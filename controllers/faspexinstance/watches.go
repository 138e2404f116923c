package faspexinstance

import (
	"context"
	"slices"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"faspex.io/operator/api/v1alpha1"
	desired "faspex.io/operator/controllers/desired/instance"
	desirednode "faspex.io/operator/controllers/desired/transfernode"
)

// instancesOfSecret are the instances that refer to a Secret, or made it without owning it.
func (r *reconciler) instancesOfSecret(ctx context.Context, secret client.Object) []ctrl.Request {
	var list v1alpha1.FaspexInstanceList
	if err := r.client.List(ctx, &list, client.InNamespace(secret.GetNamespace())); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "list instances for a watch")
		return nil
	}
	var nodes v1alpha1.TransferNodeList
	if err := r.client.List(ctx, &nodes, client.InNamespace(secret.GetNamespace())); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "list transfer nodes for a watch")
		return nil
	}
	tells := map[string]bool{} // names of instances whose gateway is told of the Secret
	for i := range nodes.Items {
		if node := &nodes.Items[i]; secret.GetName() == desirednode.NamesOf(node.Name).SSHHostKey ||
			secret.GetName() == desirednode.TLSSecretName(node) {
			tells[node.Spec.InstanceRef.Name] = true
		}
	}
	var requests []ctrl.Request
	for i := range list.Items {
		if instance := &list.Items[i]; tells[instance.Name] || uses(instance, secret.GetName()) {
			requests = append(requests, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(instance)})
		}
	}
	return requests
}

func uses(instance *v1alpha1.FaspexInstance, secret string) bool {
	switch secret {
	case desired.TLSSecret(instance), desired.AdminSecret(instance), desired.NamesOf(instance.Name).Core:
		return true
	}
	if instance.Spec.Gateway != nil && slices.ContainsFunc(instance.Spec.Gateway.Nodes,
		func(node v1alpha1.GatewayNode) bool {
			return node.CASecretRef != nil && node.CASecretRef.Name == secret
		}) {
		return true
	}
	if mail := instance.Spec.Mail; mail != nil && mail.CredentialsSecretRef != nil &&
		mail.CredentialsSecretRef.Name == secret {
		return true
	}
	external := instance.Spec.Database.External
	return external != nil && (external.RootSecretRef.Name == secret || desired.DatabaseOf(instance).CASecret == secret)
}

// machinesChanged tells of a TransferNode that clients, and so the gateway, reach by other addresses than before.
var machinesChanged = predicate.TypedFuncs[client.Object]{
	CreateFunc: func(event.CreateEvent) bool { return true },
	DeleteFunc: func(event.DeleteEvent) bool { return true },
	UpdateFunc: func(e event.UpdateEvent) bool {
		before, ok := e.ObjectOld.(*v1alpha1.TransferNode)
		after, also := e.ObjectNew.(*v1alpha1.TransferNode)
		return ok && also && !slices.EqualFunc(before.Status.Machines, after.Status.Machines,
			func(a, b v1alpha1.TransferNodeMachine) bool {
				return a.Address == b.Address
			})
	},
}

// instanceOfTransferNode is the instance that a TransferNode keeps from being deleted, and whose
// gateway connects to its machines.
func instanceOfTransferNode(_ context.Context, object client.Object) []ctrl.Request {
	node, ok := object.(*v1alpha1.TransferNode)
	if !ok {
		return nil
	}
	return []ctrl.Request{{NamespacedName: client.ObjectKey{Namespace: node.Namespace, Name: node.Spec.InstanceRef.Name}}}
}
