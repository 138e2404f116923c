package faspexinstance

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/robfig/cron/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	desired "faspex.io/operator/controllers/desired/instance"
	"faspex.io/operator/controllers/faspexbackup"
	"faspex.io/operator/controllers/phase"
)

const (
	defaultKeep = 14
	// keepFailures is how many failed backups of the schedule stay, for their messages.
	keepFailures = 3
	// overdueAfter is how many periods of the schedule a good backup may be old.
	overdueAfter = 2
)

// backupHealthy makes the backups that are due, removes those of the schedule that are too many, and tells how the
// newest went.
func (r *reconciler) backupHealthy(ctx context.Context, o *observed) phase.Outcome {
	i := o.instance
	if !i.DeletionTimestamp.IsZero() {
		return phase.Absent()
	}
	if i.Spec.Backup == nil {
		i.Status.Backup = nil
		forgetBackupMetrics(i.Namespace, i.Name)
		return phase.Absent()
	}
	list, err := r.backups(ctx, i)
	if err != nil {
		return apply.Outcome(err)
	}
	status := summarize(list)
	i.Status.Backup = &status
	if i.Spec.Backup.Schedule == "" {
		tellBackupMetrics(i, status, 0, !newestFailed(status))
		return onDemand(status)
	}
	schedule, err := cron.ParseStandard(i.Spec.Backup.Schedule)
	if err != nil {
		return phase.Invalid(v1alpha1.ReasonInvalidSpec,
			"spec.backup.schedule: it is no schedule of five fields such as \"0 2 * * *\": "+err.Error())
	}
	now := r.now().UTC()
	if err := r.prune(ctx, i, list); err != nil {
		return apply.Outcome(err)
	}
	next, err := r.makeDue(ctx, i, schedule, list, now)
	if err != nil {
		return apply.Outcome(err)
	}
	status.NextTime = &metav1.Time{Time: next}
	i.Status.Backup = &status
	period := schedule.Next(next).Sub(next)
	outcome := judgeBackups(status, period, i.CreationTimestamp.Time, now)
	tellBackupMetrics(i, status, period, outcome.IsDone())
	return outcome.After(next.Sub(now) + time.Second)
}

// backups of an instance, the newest first.
func (r *reconciler) backups(ctx context.Context, i *v1alpha1.FaspexInstance) ([]v1alpha1.FaspexBackup, error) {
	var list v1alpha1.FaspexBackupList
	if err := r.client.List(ctx, &list, client.InNamespace(i.Namespace)); err != nil {
		return nil, err
	}
	own := slices.DeleteFunc(list.Items, func(b v1alpha1.FaspexBackup) bool {
		return b.Spec.InstanceRef.Name != i.Name
	})
	slices.SortFunc(own, func(a, b v1alpha1.FaspexBackup) int {
		return cmp.Or(b.CreationTimestamp.Compare(a.CreationTimestamp.Time), cmp.Compare(b.Name, a.Name))
	})
	return own, nil
}

// scheduled tells whether the schedule made a backup.
func scheduled(b *v1alpha1.FaspexBackup) bool { return b.Labels[desired.LabelScheduled] == "true" }

// summarize finds the newest good and the newest failed of backups, which come the newest first.
func summarize(list []v1alpha1.FaspexBackup) v1alpha1.InstanceBackupStatus {
	var status v1alpha1.InstanceBackupStatus
	for i := range list {
		b := &list[i]
		if status.LastSuccess == nil && b.Status.CompletionTime != nil && b.Status.StartTime != nil {
			status.LastSuccess = &v1alpha1.BackupRecord{Name: b.Name, Time: *b.Status.StartTime, SizeBytes: b.Status.SizeBytes}
		}
		if status.LastFailure == nil && b.Status.FailureTime != nil {
			status.LastFailure = &v1alpha1.BackupFailure{Name: b.Name, Time: *b.Status.FailureTime, Message: b.Status.Failure}
		}
	}
	return status
}

// makeDue makes the backup that is due, at most one, and returns when the next one will be. The first is due at once;
// those that were missed while nobody looked are not made up for.
func (r *reconciler) makeDue(ctx context.Context, i *v1alpha1.FaspexInstance, schedule cron.Schedule,
	list []v1alpha1.FaspexBackup, now time.Time) (time.Time, error) {
	next := schedule.Next(now)
	var last time.Time
	for n := range list {
		b := &list[n]
		if !scheduled(b) {
			continue
		}
		if !faspexbackup.Finished(b) {
			return next, nil // the one that is being made counts
		}
		if b.CreationTimestamp.After(last) {
			last = b.CreationTimestamp.Time
		}
	}
	if i.Status.Version == "" || (!last.IsZero() && schedule.Next(last.UTC()).After(now)) {
		return next, nil
	}
	b := newBackup(i, i.Name+"-"+now.Format("200601021504"), i.Spec.Backup)
	b.Labels[desired.LabelScheduled] = "true"
	_, err := r.applier.Create(ctx, b)
	return next, err
}

// newBackup is a FaspexBackup of an instance. It outlives the instance, and its files go with it.
func newBackup(i *v1alpha1.FaspexInstance, name string, to *v1alpha1.InstanceBackupSpec) *v1alpha1.FaspexBackup {
	return &v1alpha1.FaspexBackup{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: i.Namespace, Labels: desired.Labels(i, desired.ComponentBackup)},
		Spec: v1alpha1.FaspexBackupSpec{InstanceRef: v1alpha1.ObjectReference{Name: i.Name},
			Target: to.Target.DeepCopy(), Encryption: to.Encryption.DeepCopy(),
			DeletionPolicy: v1alpha1.DeletionPolicyDelete},
	}
}

// prune deletes what the schedule made and is too much: their finalizers remove the files.
func (r *reconciler) prune(ctx context.Context, i *v1alpha1.FaspexInstance, list []v1alpha1.FaspexBackup) error {
	keep := int(cmp.Or(i.Spec.Backup.Keep, defaultKeep))
	var good, bad int
	for n := range list {
		b := &list[n]
		switch {
		case !scheduled(b) || b.DeletionTimestamp != nil:
			continue
		case b.Status.CompletionTime != nil:
			good++
		case b.Status.FailureTime != nil:
			bad++
		default:
			continue
		}
		if (b.Status.CompletionTime != nil && good > keep) || (b.Status.FailureTime != nil && bad > keepFailures) {
			if err := r.applier.Delete(ctx, i, b); err != nil {
				return err
			}
		}
	}
	return nil
}

func newestFailed(s v1alpha1.InstanceBackupStatus) bool {
	return s.LastFailure != nil && (s.LastSuccess == nil || s.LastFailure.Time.After(s.LastSuccess.Time.Time))
}

func onDemand(s v1alpha1.InstanceBackupStatus) phase.Outcome {
	switch {
	case newestFailed(s):
		return phase.Waiting(v1alpha1.ReasonBackupFailed, failureText(s))
	case s.LastSuccess == nil:
		return phase.Done(v1alpha1.ReasonSucceeded, "backups are made on demand; there is none yet")
	}
	return phase.Done(v1alpha1.ReasonSucceeded, "backups are made on demand; "+goodText(s))
}

// judgeBackups tells whether backups are as the schedule says. born is when the instance was made.
func judgeBackups(s v1alpha1.InstanceBackupStatus, period time.Duration, born, now time.Time) phase.Outcome {
	since := born
	if s.LastSuccess != nil {
		since = s.LastSuccess.Time.Time
	}
	switch {
	case newestFailed(s):
		return phase.Waiting(v1alpha1.ReasonBackupFailed, failureText(s))
	case now.Sub(since) > overdueAfter*period:
		if s.LastSuccess == nil {
			return phase.Waiting(v1alpha1.ReasonBackupOverdue, "there is no backup yet: look at the FaspexBackups")
		}
		return phase.Waiting(v1alpha1.ReasonBackupOverdue, fmt.Sprintf("%s, longer ago than twice the period of %v",
			goodText(s), period))
	case s.LastSuccess == nil:
		return phase.Waiting(v1alpha1.ReasonProgressing, "the first backup is being made")
	}
	return phase.Done(v1alpha1.ReasonSucceeded, goodText(s))
}

func goodText(s v1alpha1.InstanceBackupStatus) string {
	return "the last good backup is " + s.LastSuccess.Name + " of " + s.LastSuccess.Time.UTC().Format(time.RFC3339)
}

func failureText(s v1alpha1.InstanceBackupStatus) string {
	return "FaspexBackup " + s.LastFailure.Name + " failed: " + s.LastFailure.Message
}
