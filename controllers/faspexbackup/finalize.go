package faspexbackup

import (
	"context"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	"faspex.io/operator/controllers/backupjob"
	desired "faspex.io/operator/controllers/desired/instance"
	"faspex.io/operator/controllers/phase"
)

// finalize removes what was written, if the policy says so. In a namespace that is being deleted no Job can be made:
// there the files stay.
func (r *reconciler) finalize(ctx context.Context, b *v1alpha1.FaspexBackup) phase.Outcome {
	gone := phase.Done(v1alpha1.ReasonDeleting, "")
	if b.Spec.DeletionPolicy != v1alpha1.DeletionPolicyDelete || b.Status.Target == nil {
		return gone
	}
	// Nothing may be written any more.
	if outcome := r.stop(ctx, b); !outcome.IsDone() {
		return outcome
	}
	name := b.Name + "-remove"
	state, err := backupjob.Look(ctx, r.client, r.direct, client.ObjectKey{Namespace: b.Namespace, Name: name})
	if err != nil {
		return apply.Outcome(err)
	}
	switch {
	case state.Job == nil:
		err := r.remove(ctx, b, name)
		if apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
			return gone
		}
		if err != nil {
			return apply.Outcome(err)
		}
	case state.Complete:
		return gone
	case state.Failed:
		outcome := phase.Waiting(v1alpha1.ReasonDeleting, "what was written cannot be removed: "+orUnknown(state.Trouble)+
			"; with spec.deletionPolicy Retain this object goes and leaves it").After(recheck)
		if r.Now().Sub(state.Job.CreationTimestamp.Time) < recheck {
			return outcome
		}
		if err := r.applier.Delete(ctx, b, state.Job); err != nil {
			return apply.Outcome(err)
		}
		return outcome
	case state.Trouble != "":
		return phase.Waiting(v1alpha1.ReasonDeleting, "what was written is not removed yet: "+state.Trouble).After(recheck)
	}
	return phase.Waiting(v1alpha1.ReasonDeleting, "what was written is removed").After(recheck)
}

// stop ends the Job that writes.
func (r *reconciler) stop(ctx context.Context, b *v1alpha1.FaspexBackup) phase.Outcome {
	state, err := backupjob.Look(ctx, r.client, r.direct, client.ObjectKey{Namespace: b.Namespace, Name: jobName(b)})
	if err != nil {
		return apply.Outcome(err)
	}
	if state.Job == nil {
		return phase.Done(v1alpha1.ReasonDeleting, "")
	}
	if err := r.applier.Delete(ctx, b, &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Namespace: b.Namespace, Name: jobName(b)}}); err != nil {
		return apply.Outcome(err)
	}
	return phase.Waiting(v1alpha1.ReasonDeleting, "the Job that writes it is ended").After(recheck / 30)
}

func (r *reconciler) remove(ctx context.Context, b *v1alpha1.FaspexBackup, name string) error {
	instance, err := r.instance(ctx, b)
	if err != nil {
		return err
	}
	if instance == nil { // it went before its backups
		instance = &v1alpha1.FaspexInstance{ObjectMeta: metav1.ObjectMeta{Namespace: b.Namespace,
			Name: b.Spec.InstanceRef.Name}}
	}
	run := desired.Backup{Name: name, OperatorImage: r.OperatorImage, Target: *b.Status.Target, ID: b.Status.ID}
	_, err = r.applier.Apply(ctx, b, run.RemoveJob(instance))
	return err
}
