package faspexinstance

import (
	"context"
	"errors"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	desired "faspex.io/operator/controllers/desired/instance"
	"faspex.io/operator/controllers/phase"
	"faspex.io/operator/controllers/trouble"
)

const volumeField = "spec.database.embedded.storage"

// volume brings the claim of the embedded database to what the spec says, and returns what the StatefulSet shall say of
// it, which cannot change while set is there. A claim that never got a volume is made anew. One that has a volume grows
// if its class can; nothing else of it changes. Invalid means that the pod runs on with the volume it has.
func (r *reconciler) volume(ctx context.Context, o *observed, set *appsv1.StatefulSet) (desired.Volume, phase.Outcome) {
	want := desired.VolumeOf(o.instance)
	use := want
	if set.UID != "" {
		use = desired.VolumeOfTemplate(set, want)
	}
	claim := &corev1.PersistentVolumeClaim{}
	err := r.direct.Get(ctx, client.ObjectKey{Namespace: o.instance.Namespace,
		Name: desired.DatabaseClaim(o.instance)}, claim)
	done := phase.Done(v1alpha1.ReasonSucceeded, "")
	switch {
	case apierrors.IsNotFound(err):
		if set.UID != "" && set.DeletionTimestamp == nil && use != want && set.Status.ReadyReplicas == 0 {
			return use, r.remake(ctx, o, set, nil)
		}
		return use, done
	case err != nil:
		return use, apply.Outcome(err)
	case claim.DeletionTimestamp != nil || set.DeletionTimestamp != nil:
		return use, phase.Waiting(v1alpha1.ReasonProgressing, "a volume claim of the database goes, and is made anew").
			After(trouble.Recheck)
	case claim.Spec.VolumeName == "" && (set.UID == "" || use != want):
		return use, r.remake(ctx, o, set, claim)
	case claim.Spec.VolumeName == "":
		return use, done
	}
	return use, r.grow(ctx, claim, want)
}

// remake deletes a StatefulSet that has never run and its claim that never got a volume. Nothing is lost with them.
func (r *reconciler) remake(ctx context.Context, o *observed, set *appsv1.StatefulSet,
	claim *corev1.PersistentVolumeClaim) phase.Outcome {
	if set.UID != "" {
		if err := r.applier.Delete(ctx, o.instance, set); err != nil {
			return apply.Outcome(err)
		}
	}
	if claim != nil {
		// A claim that got its volume in between has another version.
		err := r.client.Delete(ctx, claim, client.Preconditions{UID: &claim.UID, ResourceVersion: &claim.ResourceVersion})
		if client.IgnoreNotFound(err) != nil && !apierrors.IsConflict(err) {
			return apply.Outcome(fmt.Errorf("delete the volume claim of the database: %w", err))
		}
	}
	return phase.Waiting(v1alpha1.ReasonProgressing, "the volume claim of the database is made anew as "+volumeField+
		" says now").After(trouble.Recheck)
}

// grow asks for a larger volume.
func (r *reconciler) grow(ctx context.Context, claim *corev1.PersistentVolumeClaim, want desired.Volume) phase.Outcome {
	if class := claim.Spec.StorageClassName; want.Class != "" && class != nil && *class != want.Class {
		return phase.Invalid(v1alpha1.ReasonInvalidSpec, fmt.Sprintf("%s.storageClassName: the volume of the database is"+
			" of class %q and cannot move: set it back, or restore a backup into an instance of another name", volumeField, *class))
	}
	has := claim.Spec.Resources.Requests[corev1.ResourceStorage]
	size := want.Quantity()
	switch has.Cmp(size) {
	case 0:
		return phase.Done(v1alpha1.ReasonSucceeded, "")
	case 1:
		return phase.Invalid(v1alpha1.ReasonInvalidSpec, fmt.Sprintf("%s.size: the volume of the database has %s and cannot"+
			" shrink: set the size to at least that", volumeField, has.String()))
	}
	before := claim.DeepCopy()
	claim.Spec.Resources.Requests[corev1.ResourceStorage] = size
	err := r.applier.Patch(ctx, before, claim)
	if apierrors.IsForbidden(err) || apierrors.IsInvalid(err) {
		return phase.Invalid(v1alpha1.ReasonInvalidSpec, fmt.Sprintf("%s.size: the volume of the database has %s and its"+
			" storage class cannot grow it (allowVolumeExpansion): set the size back, or restore a backup into an instance"+
			" with another class: %s", volumeField, has.String(), trouble.Refusal(refusalOf(err)))).After(provisionRecheck)
	}
	if err != nil {
		return apply.Outcome(err)
	}
	return phase.Done(v1alpha1.ReasonSucceeded, "")
}

// refusalOf is what the API server said.
func refusalOf(err error) string {
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		return status.Status().Message
	}
	return err.Error()
}
