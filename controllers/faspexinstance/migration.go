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
		return r.migrationFailed(ctx, o, job)
	default:
		return r.runs(ctx, job)
	}
}

// migrationFailed tells why, in the words of the step that failed last, and what goes on.
func (r *reconciler) migrationFailed(ctx context.Context, o *observed, job *batchv1.Job) phase.Outcome {
	why, err := r.lastWords(ctx, job)
	if err != nil {
		return apply.Outcome(err)
	}
	if why == "" {
		why = "its pods are gone, and with them what they said"
	}
	wanted := desired.RunningVersion(desired.ImagesOf(o.instance))
	message := "the migration to version " + wanted + " failed: " + why + ". Delete its Job to have it tried again"
	if runs := o.instance.Status.Version; runs != "" && runs != wanted {
		message += "; version " + runs + " goes on"
	}
	return phase.Invalid(v1alpha1.ReasonMigrationFailed, message)
}

// lastWords is how the newest pod of a Job that failed ended.
func (r *reconciler) lastWords(ctx context.Context, job *batchv1.Job) (string, error) {
	var pods corev1.PodList
	if err := r.direct.List(ctx, &pods, client.InNamespace(job.Namespace),
		client.MatchingLabels(desired.MigrationPods(job.Name))); err != nil {
		return "", err
	}
	slices.SortFunc(pods.Items, func(a, b corev1.Pod) int { return b.CreationTimestamp.Compare(a.CreationTimestamp.Time) })
	for _, pod := range pods.Items {
		if why := trouble.Ended(pod); why != "" {
			return why, nil
		}
	}
	return "", nil
}

// runs tells of a migration that is on its way, and how the attempt before ended if there was one.
func (r *reconciler) runs(ctx context.Context, job *batchv1.Job) phase.Outcome {
	why, err := r.lastWords(ctx, job)
	if err != nil {
		return apply.Outcome(err)
	}
	message := "the migration runs"
	if why != "" {
		message += "; the attempt before failed: " + why
	}
	return r.explain(ctx, phase.Waiting(v1alpha1.ReasonProgressing, message), job, desired.MigrationPods(job.Name))
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
