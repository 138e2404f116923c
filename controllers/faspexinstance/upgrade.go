package faspexinstance

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	desired "faspex.io/operator/controllers/desired/instance"
	"faspex.io/operator/controllers/phase"
	"faspex.io/operator/internal/version"
)

// mayMigrate refuses a version that cannot follow the one that runs, and backs up before another one changes the schema
// (dumpTo). Until then the old version goes on.
func (r *reconciler) mayMigrate(ctx context.Context, o *observed) phase.Outcome {
	i := o.instance
	runs, wanted := i.Status.Version, desired.RunningVersion(desired.ImagesOf(i))
	if runs == "" || runs == wanted {
		return phase.Done(v1alpha1.ReasonSucceeded, "")
	}
	if why := refusedVersion(runs, wanted); why != "" {
		return phase.Invalid(v1alpha1.ReasonVersionRefused, "spec.version: "+why)
	}
	name := i.Name + "-before-" + attempt(i, runs, wanted)
	b := &v1alpha1.FaspexBackup{}
	err := r.client.Get(ctx, client.ObjectKey{Namespace: i.Namespace, Name: name}, b)
	if apierrors.IsNotFound(err) {
		var to *v1alpha1.InstanceBackupSpec
		if to, err = r.dumpTo(ctx, i); err == nil && to == nil {
			return phase.Done(v1alpha1.ReasonSucceeded, "")
		}
		if err == nil {
			_, err = r.applier.Create(ctx, newBackup(i, name, to))
		}
	}
	if err != nil {
		return apply.Outcome(err)
	}
	switch {
	case b.Status.CompletionTime != nil:
		return phase.Done(v1alpha1.ReasonSucceeded, "")
	case b.Status.FailureTime != nil:
		return phase.Invalid(v1alpha1.ReasonBackupFailed, fmt.Sprintf("version %s goes on, because the backup before "+
			"version %s failed: %s. Delete FaspexBackup %s to have it tried again", runs, wanted, b.Status.Failure, name))
	}
	return phase.Waiting(v1alpha1.ReasonProgressing, fmt.Sprintf("FaspexBackup %s is made before version %s changes the "+
		"schema; version %s goes on", name, wanted, runs))
}

// attempt tells attempts at changing the version apart: what was dumped for one that was taken back is old.
func attempt(i *v1alpha1.FaspexInstance, runs, wanted string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s %s", i.Generation, runs, wanted))
	return hex.EncodeToString(sum[:])[:7]
}

// refusedVersion says why a version cannot follow another: it is older, or leaves a major version out.
func refusedVersion(runs, wanted string) string {
	switch step, next := version.StepTo(runs, wanted); step {
	case version.Older:
		return fmt.Sprintf("%s is older than %s, which runs and has changed the schema. Restore a backup of version %s "+
			"into a new instance to have it", wanted, runs, wanted)
	case version.LeavesOut:
		return fmt.Sprintf("%s cannot follow %s, which runs: go to version %d first", wanted, runs, next)
	case version.Follows:
	}
	return ""
}
