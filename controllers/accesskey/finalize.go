package accesskey

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	desired "faspex.io/operator/controllers/desired/instance"
	"faspex.io/operator/controllers/nodeapi"
	"faspex.io/operator/controllers/phase"
	nodeclient "faspex.io/operator/dataplane/nodeapi/client"
)

// finalize removes the key from the node; its Secret goes with the object. The files stay.
func (r *reconciler) finalize(ctx context.Context, key *v1alpha1.AccessKey) phase.Outcome {
	o, err := r.gather(ctx, key)
	if err != nil {
		return phase.Transient(v1alpha1.ReasonAPIError, "the transfer node cannot be read", err)
	}
	if o.node == nil {
		// Its database is gone, and with it the key.
		return phase.Done(v1alpha1.ReasonSucceeded, "")
	}
	instance := &v1alpha1.FaspexInstance{}
	err = r.client.Get(ctx, client.ObjectKey{Namespace: key.Namespace, Name: o.node.Spec.InstanceRef.Name}, instance)
	switch {
	case client.IgnoreNotFound(err) != nil:
		return phase.Transient(v1alpha1.ReasonAPIError, "the instance cannot be read", err)
	case err == nil && desired.LeavesData(instance):
		return r.leave(ctx, key)
	}
	if o.node.DeletionTimestamp != nil && !nodeapi.Usable(o.node, v1alpha1.ConditionNodeAPIReady) {
		// Nobody waits for a thousand calls that are not answered: the database with the keys goes with the node.
		return phase.Done(v1alpha1.ReasonSucceeded, "")
	}
	outcome := r.remove(ctx, o)
	if !outcome.IsDone() && o.node.DeletionTimestamp != nil {
		// The node goes too, with the database that holds the key; its pods or its Secrets may be gone already.
		ctrl.LoggerFrom(ctx).Info("left the access key to a transfer node that is being deleted", "node", o.node.Name, "why",
			outcome.Message)
		return phase.Done(v1alpha1.ReasonSucceeded, "")
	}
	return outcome
}

// leave lets the key be in an instance that is deleted and keeps its data, and frees the Secret from its owner: an
// AccessKey of the same name finds both.
func (r *reconciler) leave(ctx context.Context, key *v1alpha1.AccessKey) phase.Outcome {
	secret := &corev1.Secret{}
	err := r.client.Get(ctx, client.ObjectKey{Namespace: key.Namespace, Name: SecretName(key)}, secret)
	if err == nil && ownedBy(secret, key) {
		before := secret.DeepCopy()
		secret.OwnerReferences = nil
		err = r.applier.Patch(ctx, before, secret)
	}
	if client.IgnoreNotFound(err) != nil {
		return apply.Outcome(err)
	}
	return phase.Done(v1alpha1.ReasonSucceeded, "")
}

// remove deletes every key this object may have made: the one of its status, and the one of its Secret, in case a crash
// kept it from the status.
func (r *reconciler) remove(ctx context.Context, o *observed) phase.Outcome {
	ids := map[string]bool{o.key.Status.ID: true}
	secret := &corev1.Secret{}
	err := r.client.Get(ctx, client.ObjectKey{Namespace: o.key.Namespace, Name: SecretName(o.key)}, secret)
	switch {
	case client.IgnoreNotFound(err) != nil:
		return phase.Transient(v1alpha1.ReasonAPIError, "the Secret cannot be read", err)
	case err == nil && ownedBy(secret, o.key):
		ids[string(secret.Data[secretID])] = true
	}
	delete(ids, "")
	if len(ids) == 0 {
		return phase.Done(v1alpha1.ReasonSucceeded, "")
	}
	node, err := r.Nodes.AsNodeUser(ctx, o.node)
	if err != nil {
		return nodeapi.Failed("connect to the node", err)
	}
	for id := range ids {
		if err := node.DeleteAccessKey(ctx, id); err != nil && !nodeclient.IsNotFound(err) {
			return nodeapi.Failed("remove the access key", err)
		}
	}
	return phase.Done(v1alpha1.ReasonSucceeded, "")
}

// ownedBy keeps a Secret of someone else from naming a key to delete.
func ownedBy(secret *corev1.Secret, key *v1alpha1.AccessKey) bool {
	for _, ref := range secret.OwnerReferences {
		if ref.UID == key.UID {
			return true
		}
	}
	return false
}
