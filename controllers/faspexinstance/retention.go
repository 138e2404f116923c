package faspexinstance

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	desired "faspex.io/operator/controllers/desired/instance"
	"faspex.io/operator/controllers/phase"
)

// settlePolicy makes what is there obey the deletion policy as it is now: someone may have changed it together with the
// deletion, too late for any reconciliation in between, and the garbage collector asks nobody. It touches only what
// exists, so that it works in a namespace that is being deleted too.
func (r *reconciler) settlePolicy(ctx context.Context, instance *v1alpha1.FaspexInstance) phase.Outcome {
	names := desired.NamesOf(instance.Name)
	for _, name := range []string{names.Core, names.Admin} {
		if err := r.settleSecret(ctx, instance, name); err != nil {
			return apply.Outcome(err)
		}
	}
	settled, err := r.settleVolume(ctx, instance, names.Database)
	switch {
	case err != nil:
		return apply.Outcome(err)
	case !settled:
		return phase.Waiting(v1alpha1.ReasonDeleting, "waits for the volume of the database to obey spec.deletionPolicy")
	}
	return phase.Done(v1alpha1.ReasonDeleting, "what is there obeys spec.deletionPolicy")
}

// removeKept deletes what nobody owns and an instance of the same name does not need to find its data again. The
// database goes first; its volume goes or stays as settlePolicy has told the StatefulSet controller.
func (r *reconciler) removeKept(ctx context.Context, instance *v1alpha1.FaspexInstance) phase.Outcome {
	names := desired.NamesOf(instance.Name)
	called := func(name string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Namespace: instance.Namespace, Name: name}
	}
	for _, object := range []client.Object{
		&appsv1.StatefulSet{ObjectMeta: called(names.Database)},
		&corev1.Service{ObjectMeta: called(names.Database)},
		&networkingv1.NetworkPolicy{ObjectMeta: called(names.Database)},
		&corev1.ConfigMap{ObjectMeta: called(names.Database)},
		&corev1.ConfigMap{ObjectMeta: called(names.DatabaseScript)},
		&corev1.Secret{ObjectMeta: called(names.Database)},
		&corev1.Secret{ObjectMeta: called(names.DatabaseUser)},
		&corev1.Secret{ObjectMeta: called(names.DatabaseRotation)},
		&corev1.Secret{ObjectMeta: called(names.Utility)},
		&corev1.Secret{ObjectMeta: called(names.OperatorClient)},
		&corev1.Secret{ObjectMeta: called(names.Gateway)},
		&corev1.Secret{ObjectMeta: called(names.TLS)},
	} {
		if err := r.applier.Delete(ctx, instance, object); err != nil {
			return apply.Outcome(err)
		}
	}
	return phase.Done(v1alpha1.ReasonDeleting, "what the instance alone has used is deleted")
}

// settleSecret frees a Secret of ours from its owner when it shall be kept, and deletes it when it shall not.
func (r *reconciler) settleSecret(ctx context.Context, instance *v1alpha1.FaspexInstance, name string) error {
	secret := &corev1.Secret{}
	if err := r.client.Get(ctx, client.ObjectKey{Namespace: instance.Namespace, Name: name}, secret); err != nil {
		return client.IgnoreNotFound(err)
	}
	if !desired.RetainsData(instance) {
		return r.applier.Delete(ctx, instance, secret)
	}
	if !metav1.IsControlledBy(secret, instance) {
		return nil
	}
	before := secret.DeepCopy()
	secret.OwnerReferences = nil
	return r.applier.Patch(ctx, before, secret)
}

// settleVolume tells whether the StatefulSet controller has heard what shall become of the volume: it is it who writes
// the owner of the claim that the garbage collector goes by.
func (r *reconciler) settleVolume(ctx context.Context, instance *v1alpha1.FaspexInstance, name string) (bool, error) {
	set := &appsv1.StatefulSet{}
	err := r.client.Get(ctx, client.ObjectKey{Namespace: instance.Namespace, Name: name}, set)
	if err != nil || set.DeletionTimestamp != nil || set.Labels[apply.ManagedByLabel] != apply.ManagedBy {
		return true, client.IgnoreNotFound(err)
	}
	want := desired.VolumeRetention(instance)
	if policy := set.Spec.PersistentVolumeClaimRetentionPolicy; policy != nil && policy.WhenDeleted == want {
		return set.Status.ObservedGeneration >= set.Generation, nil
	}
	before := set.DeepCopy()
	set.Spec.PersistentVolumeClaimRetentionPolicy = &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{
		WhenDeleted: want, WhenScaled: appsv1.RetainPersistentVolumeClaimRetentionPolicyType,
	}
	return false, r.applier.Patch(ctx, before, set)
}
