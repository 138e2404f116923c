package faspexinstance

import (
	"context"
	"database/sql"
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	"faspex.io/operator/controllers/backupjob"
	desired "faspex.io/operator/controllers/desired/instance"
	"faspex.io/operator/controllers/faspexbackup"
	"faspex.io/operator/controllers/mariadb"
	"faspex.io/operator/controllers/phase"
	"faspex.io/operator/controllers/secrets"
	"faspex.io/operator/internal/backup"
)

// restoreRetry is how long a Job that failed stays, for people to look at; then it is tried again.
const restoreRetry = time.Minute

// restoring tells whether an instance is yet to be restored: nothing that would use its database may run, and none of
// the Secrets may be invented that the backup has.
func restoring(i *v1alpha1.FaspexInstance) bool {
	return i.Spec.RestoreFrom != nil && i.Status.Restore == nil
}

// restored loads the backup that a new instance begins with. How far that is, is in a marker in the database itself:
// whatever is killed at whichever moment, the next reconciliation goes on from there.
func (r *reconciler) restored(ctx context.Context, o *observed) phase.Outcome {
	i := o.instance
	if i.Spec.RestoreFrom == nil {
		return phase.Absent()
	}
	if !restoring(i) {
		return phase.Done(v1alpha1.ReasonSucceeded, restoredText(i))
	}
	server, err := o.rootServer()
	if err != nil {
		return secrets.Outcome(err)
	}
	marker, used, err := restoreMarker(ctx, server, o.database.Name)
	switch {
	case err != nil:
		return mariadb.Outcome(server, err)
	case marker == nil && used:
		return phase.Invalid(v1alpha1.ReasonRestoreRefused, "spec.restoreFrom: the database holds data already: a backup is "+
			"restored into a new instance only. Remove spec.restoreFrom to go on with the data that is there").After(restoreRetry)
	case marker != nil && marker.State == backup.StateDone:
		return r.isRestored(ctx, o, marker)
	}
	source, outcome := r.restoreSource(ctx, i)
	if !outcome.IsDone() {
		return outcome
	}
	key, err := faspexbackup.Key(ctx, r.secrets, i.Namespace, "spec.restoreFrom.encryption.secretRef", *source.Encryption)
	if err != nil {
		return secrets.Outcome(err)
	}
	if marker != nil && marker.State == backup.StateLoaded {
		if outcome := r.restoreSecrets(ctx, o, key, marker); !outcome.IsDone() {
			return outcome
		}
		return r.finishRestore(ctx, o, server, key, marker)
	}
	return r.runRestore(ctx, o, source)
}

// restoreMarker reads how far a restore is, and whether the database holds anything.
func restoreMarker(ctx context.Context, server mariadb.Server, database string) (marker *backup.Marker, used bool,
	err error) {
	err = server.Do(ctx, func(conn *sql.Conn) error {
		if marker, err = backup.MarkerOf(ctx, conn, database); err != nil {
			return err
		}
		var tables int
		err := conn.QueryRowContext(ctx, "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?",
			database).Scan(&tables)
		used = tables > 0
		return err
	})
	return marker, used, err
}

// restoreSource finds the backup that the spec names.
func (r *reconciler) restoreSource(ctx context.Context, i *v1alpha1.FaspexInstance) (desired.Backup, phase.Outcome) {
	from := i.Spec.RestoreFrom
	source := desired.Backup{Name: desired.NamesOf(i.Name).Restore, OperatorImage: r.operatorImage}
	if from.BackupRef == nil {
		source.Target, source.Encryption, source.ID = desired.BackupTarget(i, *from.Target), from.Encryption, from.ID
		return source, phase.Done(v1alpha1.ReasonSucceeded, "")
	}
	b := &v1alpha1.FaspexBackup{}
	err := r.client.Get(ctx, client.ObjectKey{Namespace: i.Namespace, Name: from.BackupRef.Name}, b)
	const field = "spec.restoreFrom.backupRef.name: FaspexBackup "
	switch {
	case apierrors.IsNotFound(err):
		return source, phase.Waiting(v1alpha1.ReasonBackupNotFound, field+from.BackupRef.Name+" does not exist").
			After(restoreRetry)
	case err != nil:
		return source, apply.Outcome(err)
	case b.Status.CompletionTime == nil:
		return source, phase.Waiting(v1alpha1.ReasonBackupNotFound, field+b.Name+" is not complete").After(restoreRetry)
	}
	source.Target, source.Encryption, source.ID = *b.Status.Target, b.Status.Encryption, b.Status.ID
	return source, phase.Done(v1alpha1.ReasonSucceeded, "")
}

// runRestore has the Job load the backup.
func (r *reconciler) runRestore(ctx context.Context, o *observed, source desired.Backup) phase.Outcome {
	if s3 := source.Target.S3; s3 != nil {
		if _, err := r.secrets.Read(ctx, o.instance.Namespace, s3.CredentialsSecretRef.Name,
			"spec.restoreFrom.target.s3.credentialsSecretRef", desired.S3AccessKeyID, desired.S3SecretAccessKey); err != nil {
			return secrets.Outcome(err)
		}
	}
	state, err := backupjob.Look(ctx, r.client, r.direct,
		client.ObjectKey{Namespace: o.instance.Namespace, Name: source.Name})
	if err != nil {
		return apply.Outcome(err)
	}
	running := phase.Waiting(v1alpha1.ReasonProgressing, "the backup is loaded").After(restoreRetry)
	switch {
	case state.Job == nil:
		if _, err := r.applier.Apply(ctx, o.owner(), source.RestoreJob(o.instance)); err != nil {
			return apply.Outcome(err)
		}
		return running
	case state.Complete: // and the database does not say so: it was lost since
		return r.againAfter(ctx, o, state, 0, running)
	case state.Failed && state.Result != nil && state.Result.Refused:
		return r.againAfter(ctx, o, state, restoreRetry, phase.Invalid(v1alpha1.ReasonRestoreRefused,
			"spec.restoreFrom: "+state.Result.Error).After(restoreRetry))
	case state.Failed:
		return r.againAfter(ctx, o, state, restoreRetry, phase.Waiting(v1alpha1.ReasonRestoreFailed,
			"the backup cannot be loaded and is tried again: "+state.Trouble).After(restoreRetry))
	case state.Trouble != "":
		return phase.Waiting(v1alpha1.ReasonProgressing, "the restore does not get on: "+state.Trouble).After(restoreRetry)
	}
	return running
}

// againAfter deletes a Job that ended, after a while; the next reconciliation makes it anew.
func (r *reconciler) againAfter(ctx context.Context, o *observed, state backupjob.State, d time.Duration,
	outcome phase.Outcome) phase.Outcome {
	if r.now().Sub(state.Job.CreationTimestamp.Time) < d {
		return outcome
	}
	if err := r.applier.Delete(ctx, o.owner(), state.Job); err != nil {
		return apply.Outcome(err)
	}
	return outcome
}

// finishRestore marks the databases as any other.
func (r *reconciler) finishRestore(ctx context.Context, o *observed, server mariadb.Server, key *backup.Key,
	marker *backup.Marker) phase.Outcome {
	list, err := key.OpenSecrets(marker.Secrets)
	if err != nil {
		return phase.Invalid(v1alpha1.ReasonRestoreRefused, "spec.restoreFrom: "+err.Error())
	}
	databases := map[string]bool{}
	for _, s := range list {
		if s.Node != "" {
			databases[backup.NodeDatabase(o.instance.Namespace, s.Node)] = true
		}
	}
	err = server.Do(ctx, func(conn *sql.Conn) error {
		for database := range databases {
			if m, err := backup.MarkerOf(ctx, conn, database); err != nil || m == nil {
				if err != nil {
					return err
				}
				continue
			}
			if err := backup.Done(ctx, conn, database); err != nil {
				return err
			}
		}
		return backup.Done(ctx, conn, o.database.Name) // last: it is the one that counts
	})
	if err != nil {
		return mariadb.Outcome(server, err)
	}
	return r.isRestored(ctx, o, marker)
}

// isRestored tells from what the instance was restored, and reads what the phases that follow need.
func (r *reconciler) isRestored(ctx context.Context, o *observed, marker *backup.Marker) phase.Outcome {
	i := o.instance
	i.Status.Restore = &v1alpha1.InstanceRestoreStatus{ID: marker.Backup, Instance: marker.Instance,
		Time: metav1.NewTime(marker.Begun)}
	if err := r.dataSecrets(ctx, o); err != nil {
		return secrets.Outcome(err)
	}
	state, err := backupjob.Look(ctx, r.client, r.direct,
		client.ObjectKey{Namespace: i.Namespace, Name: desired.NamesOf(i.Name).Restore})
	if err != nil {
		return apply.Outcome(err)
	}
	if state.Job != nil {
		if err := r.applier.Delete(ctx, o.owner(), state.Job); err != nil {
			return apply.Outcome(err)
		}
	}
	r.recorder.Eventf(i, nil, corev1.EventTypeNormal, v1alpha1.ReasonSucceeded, "Restore", "%s", restoredText(i))
	return phase.Done(v1alpha1.ReasonSucceeded, restoredText(i))
}

func restoredText(i *v1alpha1.FaspexInstance) string {
	s := i.Status.Restore
	return "restored from backup " + s.ID + " of " + s.Instance + ", as of " + s.Time.UTC().Format(time.RFC3339)
}

// errOtherKeys says that core's keys were made by somebody while the backup was loaded.
var errOtherKeys = errors.New("holds other keys than core had when the backup was made; delete it")
