package faspexinstance

import (
	"context"
	"fmt"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	desired "faspex.io/operator/controllers/desired/instance"
	"faspex.io/operator/controllers/mariadb"
	"faspex.io/operator/controllers/phase"
	"faspex.io/operator/controllers/secrets"
	"faspex.io/operator/controllers/trouble"
)

// schemaMigrated runs the migration Job of this version and input, and forgets those of others once it is done.
func (r *reconciler) schemaMigrated(ctx context.Context, o *observed) phase.Outcome {
	names := desired.NamesOf(o.instance.Name)
	seedHash := desired.ConfigHash(o.config[names.Core].Bytes(), o.config[names.Service].Bytes(), map[string][]byte{
		desired.OperatorClientID:     o.operatorClient[desired.OperatorClientID],
		desired.OperatorClientPublic: o.operatorClient[desired.OperatorClientPublic],
		// Another server has another schema.
		"database": fmt.Appendf(nil, "%s:%d/%s", o.database.Host, o.database.Port, o.database.Name),
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
	if outcome := r.otherMigrations(ctx, o, *config.Name); !outcome.IsDone() {
		return outcome
	}
	if finished(job, batchv1.JobComplete) {
		if outcome := r.schemaIsThere(ctx, o, job); !outcome.IsDone() {
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
		return r.explain(ctx, phase.Waiting(v1alpha1.ReasonProgressing, "the migration runs"), job,
			desired.MigrationPods(job.Name))
	}
}

// schemaIsThere starts the migration again when the database that it was made in is gone: a volume that was lost, or a
// server whose data was.
func (r *reconciler) schemaIsThere(ctx context.Context, o *observed, job *batchv1.Job) phase.Outcome {
	server, err := o.rootServer()
	if err != nil {
		return secrets.Outcome(err)
	}
	empty, err := mariadb.Empty(ctx, server, o.database.Name)
	if err != nil {
		return mariadb.Outcome(server, err)
	}
	if !empty {
		return phase.Done(v1alpha1.ReasonSucceeded, "")
	}
	if err := r.applier.Delete(ctx, o.owner(), job); err != nil {
		return apply.Outcome(err)
	}
	ctrl.LoggerFrom(ctx).Info("the database is empty: the schema is made again", "instance", o.instance.Name)
	return phase.Waiting(v1alpha1.ReasonProgressing, "the database is empty: the schema is made again").
		After(trouble.Recheck)
}

// otherMigrations ends those of another version or input that have not finished, so that no two run at a time. One that
// is changing the schema now is left to end: a migration that is killed in its middle needs a backup.
func (r *reconciler) otherMigrations(ctx context.Context, o *observed, current string) phase.Outcome {
	jobs, err := r.migrations(ctx, o)
	if err != nil {
		return apply.Outcome(err)
	}
	for i := range jobs {
		job := &jobs[i]
		if job.Name == current || finished(job, batchv1.JobComplete) || finished(job, batchv1.JobFailed) {
			continue
		}
		var pods corev1.PodList
		if err := r.direct.List(ctx, &pods, client.InNamespace(job.Namespace),
			client.MatchingLabels(desired.MigrationPods(job.Name))); err != nil {
			return apply.Outcome(err)
		}
		if slices.ContainsFunc(pods.Items, migrates) {
			return phase.Waiting(v1alpha1.ReasonProgressing, "another migration changes the schema and is left to end").
				After(trouble.Recheck)
		}
		if err := r.applier.Delete(ctx, o.owner(), job); err != nil {
			return apply.Outcome(err)
		}
	}
	return phase.Done(v1alpha1.ReasonSucceeded, "")
}

// migrates tells whether the step of a pod that changes the schema runs.
func migrates(pod corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.InitContainerStatuses, func(status corev1.ContainerStatus) bool {
		return status.Name == desired.MigrateStep && status.State.Running != nil
	})
}

func finished(job *batchv1.Job, how batchv1.JobConditionType) bool {
	return slices.ContainsFunc(job.Status.Conditions, func(c batchv1.JobCondition) bool {
		return c.Type == how && c.Status == corev1.ConditionTrue
	})
}

func (r *reconciler) forgetMigrations(ctx context.Context, o *observed, current string) error {
	jobs, err := r.migrations(ctx, o)
	if err != nil {
		return err
	}
	for i := range jobs {
		if jobs[i].Name == current {
			continue
		}
		if err := r.applier.Delete(ctx, o.owner(), &jobs[i]); err != nil {
			return err
		}
	}
	return nil
}

func (r *reconciler) migrations(ctx context.Context, o *observed) ([]batchv1.Job, error) {
	var jobs batchv1.JobList
	labels := desired.SelectorLabels(o.instance, desired.ComponentMigration)
	err := r.client.List(ctx, &jobs, client.InNamespace(o.instance.Namespace), client.MatchingLabels(labels))
	return jobs.Items, err
}
