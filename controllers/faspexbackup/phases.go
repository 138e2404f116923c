package faspexbackup

import (
	"context"
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	"faspex.io/operator/controllers/backupjob"
	desired "faspex.io/operator/controllers/desired/instance"
	"faspex.io/operator/controllers/phase"
	"faspex.io/operator/controllers/secrets"
	"faspex.io/operator/internal/backup"
)

// targetReady finds out what is backed up to where, once, and sees that the Secrets for it are there.
func (r *reconciler) targetReady(ctx context.Context, o *observed) phase.Outcome {
	b := o.backup
	if Finished(b) {
		return phase.Done(v1alpha1.ReasonSucceeded, "the target was there")
	}
	if outcome := judgeInstance(b.Spec.InstanceRef.Name, o.instance); !outcome.IsDone() {
		return outcome
	}
	if b.Status.Target == nil {
		if outcome := settle(b, o.instance); !outcome.IsDone() {
			return outcome
		}
		// The status is written before anything is: deletion goes by it.
		return phase.Waiting(v1alpha1.ReasonProgressing, "the backup is about to begin").After(time.Millisecond)
	}
	key, err := Key(ctx, r.secrets, b.Namespace, "encryption.secretRef", *b.Status.Encryption)
	if err != nil {
		return secrets.Outcome(err)
	}
	if s3 := b.Status.Target.S3; s3 != nil {
		if _, err := r.secrets.Read(ctx, b.Namespace, s3.CredentialsSecretRef.Name, "target.s3.credentialsSecretRef",
			desired.S3AccessKeyID, desired.S3SecretAccessKey); err != nil {
			return secrets.Outcome(err)
		}
		if s3.CASecretRef != nil {
			if _, err := r.secrets.Read(ctx, b.Namespace, s3.CASecretRef.Name, "target.s3.caSecretRef",
				desired.S3CA); err != nil {
				return secrets.Outcome(err)
			}
		}
	}
	o.key = key
	return phase.Done(v1alpha1.ReasonSucceeded, "target and Secrets are there")
}

func judgeInstance(name string, instance *v1alpha1.FaspexInstance) phase.Outcome {
	switch {
	case instance == nil:
		return phase.Waiting(v1alpha1.ReasonInstanceNotFound,
			"spec.instanceRef.name: FaspexInstance "+name+" does not exist").After(recheck)
	case instance.Status.Version == "":
		return phase.Waiting(v1alpha1.ReasonInstanceNotReady,
			"FaspexInstance "+name+" has nothing to back up yet: its schema was never migrated").After(recheck)
	}
	return phase.Done(v1alpha1.ReasonSucceeded, "")
}

// settle writes target, key and id into the status. They stay, whatever becomes of the instance and its spec.
func settle(b *v1alpha1.FaspexBackup, instance *v1alpha1.FaspexInstance) phase.Outcome {
	target, encryption := b.Spec.Target, b.Spec.Encryption
	if target == nil {
		if instance.Spec.Backup == nil {
			return phase.Invalid(v1alpha1.ReasonInvalidSpec, "spec.target: neither it nor spec.backup of FaspexInstance "+
				instance.Name+" says where the backup goes").After(recheck)
		}
		target, encryption = &instance.Spec.Backup.Target, &instance.Spec.Backup.Encryption
	}
	settled := desired.BackupTarget(instance, *target)
	b.Status.Target, b.Status.Encryption = settled.DeepCopy(), encryption.DeepCopy()
	b.Status.ID = b.CreationTimestamp.UTC().Format("20060102T150405Z") + "-" + string(b.UID)[:8]
	return phase.Done(v1alpha1.ReasonSucceeded, "")
}

// Key reads the key that encrypts backups. The error wraps secrets.ErrNotFound or ErrInvalid.
func Key(ctx context.Context, store *secrets.Store, namespace, field string,
	encryption v1alpha1.BackupEncryption) (*backup.Key, error) {
	data, err := store.Read(ctx, namespace, encryption.SecretRef.Name, field, desired.BackupKey)
	if err != nil {
		return nil, err
	}
	key, err := backup.ParseKey(data[desired.BackupKey])
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s, key %s: %w", field, secrets.ErrInvalid, encryption.SecretRef.Name,
			desired.BackupKey, err)
	}
	return key, nil
}

func jobName(b *v1alpha1.FaspexBackup) string { return b.Name + "-backup" }

// completed runs the Job and tells what became of it, once.
func (r *reconciler) completed(ctx context.Context, o *observed) phase.Outcome {
	b := o.backup
	switch {
	case b.Status.CompletionTime != nil:
		return r.clean(ctx, b)
	case b.Status.FailureTime != nil:
		return failed(b)
	}
	state, err := backupjob.Look(ctx, r.client, r.direct, client.ObjectKey{Namespace: b.Namespace, Name: jobName(b)})
	if err != nil {
		return apply.Outcome(err)
	}
	switch {
	case (state.Job == nil || state.Job.DeletionTimestamp != nil) && desired.Hibernates(o.instance):
		return phase.Waiting(v1alpha1.ReasonHibernated, "FaspexInstance "+o.instance.Name+" hibernates: the backup begins "+
			"when spec.hibernate is false again")
	case state.Job == nil || state.Job.DeletionTimestamp != nil:
		return r.begin(ctx, o)
	case state.Complete && state.Result == nil:
		// Its pods are gone, and with them what they said. A second run finds the backup and says it again.
		if err := r.applier.Delete(ctx, b, state.Job); err != nil {
			return apply.Outcome(err)
		}
		return phase.Waiting(v1alpha1.ReasonProgressing, "the backup is looked at again").After(time.Second)
	case state.Complete:
		record(b, *state.Result)
		// It is in the status before the Job is removed that said it: otherwise it would have to be made again.
		return phase.Done(v1alpha1.ReasonSucceeded, "the backup is complete").After(time.Millisecond)
	case state.Failed:
		now := metav1.NewTime(r.Now())
		b.Status.FailureTime, b.Status.Failure = &now, limit(orUnknown(state.Trouble))
		return failed(b)
	case state.Trouble != "":
		return phase.Waiting(v1alpha1.ReasonProgressing, "the backup does not get on: "+state.Trouble).After(recheck)
	}
	return phase.Waiting(v1alpha1.ReasonProgressing, "the backup is written").After(recheck)
}

func failed(b *v1alpha1.FaspexBackup) phase.Outcome {
	return phase.Invalid(v1alpha1.ReasonBackupFailed, b.Status.Failure)
}

func orUnknown(text string) string {
	if text == "" {
		return "its Job failed; look at its pods"
	}
	return text
}

// maxFailure is the API's limit for status.failure.
const maxFailure = 4096

func limit(text string) string { return text[:min(len(text), maxFailure)] }

// begin makes the Job, with the Secrets that go with the data.
func (r *reconciler) begin(ctx context.Context, o *observed) phase.Outcome {
	b := o.backup
	databases, bundle, err := r.collect(ctx, o)
	if err != nil {
		return secrets.Outcome(err)
	}
	run := desired.Backup{Name: jobName(b), OperatorImage: r.OperatorImage, Target: *b.Status.Target,
		Encryption: b.Status.Encryption, ID: b.Status.ID}
	job := run.CreateJob(o.instance, databases, jobName(b), string(bundle[desired.BackupSecretsPrint]),
		o.instance.Status.Version)
	if _, err := r.applier.Apply(ctx, b, job); err != nil {
		return apply.Outcome(err)
	}
	return phase.Waiting(v1alpha1.ReasonProgressing, "the backup is written").After(recheck)
}

func record(b *v1alpha1.FaspexBackup, result backup.Result) {
	begun, finished := metav1.NewTime(result.Begun), metav1.NewTime(result.Finished)
	b.Status.Location, b.Status.Version, b.Status.SizeBytes = result.Location, result.Faspex, result.Size
	b.Status.StartTime, b.Status.CompletionTime = &begun, &finished
}

// clean removes the Job and the Secret of a backup that is complete.
func (r *reconciler) clean(ctx context.Context, b *v1alpha1.FaspexBackup) phase.Outcome {
	key := metav1.ObjectMeta{Namespace: b.Namespace, Name: jobName(b)}
	if err := r.applier.Delete(ctx, b, bundleSecret(key)); err != nil {
		return apply.Outcome(err)
	}
	if err := r.applier.Delete(ctx, b, &batchv1.Job{ObjectMeta: key}); err != nil {
		return apply.Outcome(err)
	}
	return phase.Done(v1alpha1.ReasonSucceeded, "the backup is complete")
}
