package faspexinstance

import (
	"context"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	desired "faspex.io/operator/controllers/desired/instance"
	"faspex.io/operator/controllers/phase"
)

// schemaMigrated runs the migration Job of this version and input, and forgets those of others once it is done.
func (r *reconciler) schemaMigrated(ctx context.Context, o *observed) phase.Outcome {
	names := desired.NamesOf(o.instance.Name)
	seedHash := desired.ConfigHash(o.config[names.Core].Bytes(), o.config[names.Service].Bytes(), map[string][]byte{
		desired.OperatorClientID:     o.operatorClient[desired.OperatorClientID],
		desired.OperatorClientPublic: o.operatorClient[desired.OperatorClientPublic],
	})
	config, err := desired.MigrationJob(o.instance, seedHash)
	if err != nil {
		return apply.Outcome(err)
	}
	job := &batchv1.Job{}
	err = r.client.Get(ctx, client.ObjectKey{Namespace: o.instance.Namespace, Name: *config.Name}, job)
	if client.IgnoreNotFound(err) != nil {
		return apply.Outcome(err)
	}
	if err != nil { // one that was begun is not held up any more
		if outcome := r.mayMigrate(ctx, o); !outcome.IsDone() {
			return outcome
		}
	}
	if _, err := r.applier.Apply(ctx, o.owner(), config); err != nil {
		return apply.Outcome(err)
	}
	switch {
	case finished(job, batchv1.JobComplete):
		if err := r.forgetMigrations(ctx, o, job.Name); err != nil {
			return apply.Outcome(err)
		}
		o.instance.Status.Version = desired.RunningVersion(desired.ImagesOf(o.instance))
		return phase.Done(v1alpha1.ReasonSucceeded, "the schema and the first accounts are there")
	case finished(job, batchv1.JobFailed):
		return phase.Invalid(v1alpha1.ReasonMigrationFailed,
			"the migration failed; its log tells why. Delete its Job to have it tried again")
	default:
		return phase.Waiting(v1alpha1.ReasonProgressing, "the migration runs")
	}
}

func finished(job *batchv1.Job, how batchv1.JobConditionType) bool {
	return slices.ContainsFunc(job.Status.Conditions, func(c batchv1.JobCondition) bool {
		return c.Type == how && c.Status == corev1.ConditionTrue
	})
}

func (r *reconciler) forgetMigrations(ctx context.Context, o *observed, current string) error {
	var jobs batchv1.JobList
	labels := desired.SelectorLabels(o.instance, desired.ComponentMigration)
	if err := r.client.List(ctx, &jobs, client.InNamespace(o.instance.Namespace),
		client.MatchingLabels(labels)); err != nil {
		return err
	}
	for i := range jobs.Items {
		if jobs.Items[i].Name == current {
			continue
		}
		if err := r.applier.Delete(ctx, o.owner(), &jobs.Items[i]); err != nil {
			return err
		}
	}
	return nil
}
