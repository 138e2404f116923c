// Package backupjob reads what became of the Jobs that make, restore and remove backups: their pods tell it in their
// last words, in JSON. It knows nothing of what the Jobs are for.
package backupjob

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	desired "faspex.io/operator/controllers/desired/instance"
	"faspex.io/operator/controllers/trouble"
	"faspex.io/operator/internal/backup"
)

// State of a Job.
type State struct {
	// Job is nil when there is none.
	Job *batchv1.Job
	// Complete and Failed exclude each other; neither: it runs.
	Complete, Failed bool
	// Result is what the newest pod said, nil when none has said anything.
	Result *backup.Result
	// Trouble is what keeps a pod from starting, or why the newest attempt failed; empty when it is only not done yet.
	Trouble string
}

// Look reads a Job from jobs, which may be a cache, and its pods from direct.
func Look(ctx context.Context, jobs, direct client.Reader, key client.ObjectKey) (State, error) {
	job := &batchv1.Job{}
	if err := jobs.Get(ctx, key, job); err != nil {
		if apierrors.IsNotFound(err) {
			return State{}, nil
		}
		return State{}, fmt.Errorf("get job %s: %w", key.Name, err)
	}
	var pods corev1.PodList
	if err := direct.List(ctx, &pods, client.InNamespace(key.Namespace),
		client.MatchingLabels{batchv1.JobNameLabel: key.Name}); err != nil {
		return State{}, fmt.Errorf("list the pods of job %s: %w", key.Name, err)
	}
	s := State{Job: job, Complete: has(job, batchv1.JobComplete), Failed: has(job, batchv1.JobFailed)}
	slices.SortFunc(pods.Items, func(a, b corev1.Pod) int {
		return b.CreationTimestamp.Compare(a.CreationTimestamp.Time) // the newest first
	})
	for _, pod := range pods.Items {
		if s.Result == nil {
			s.Result = words(pod)
		}
		if s.Trouble == "" {
			s.Trouble = trouble.Of(pod)
		}
	}
	if s.Trouble == "" && s.Result != nil {
		s.Trouble = s.Result.Error
	}
	if s.Trouble == "" && s.Failed {
		s.Trouble = failure(job)
	}
	return s, nil
}

func has(job *batchv1.Job, how batchv1.JobConditionType) bool {
	return slices.ContainsFunc(job.Status.Conditions, func(c batchv1.JobCondition) bool {
		return c.Type == how && c.Status == corev1.ConditionTrue
	})
}

// words are the last words of a pod: the last line of its container that is JSON.
func words(pod corev1.Pod) *backup.Result {
	for _, status := range pod.Status.ContainerStatuses {
		if status.Name != desired.BackupContainer || status.State.Terminated == nil {
			continue
		}
		for line := range strings.Lines(status.State.Terminated.Message) {
			var result backup.Result
			if json.Unmarshal([]byte(line), &result) == nil {
				return &result
			}
		}
	}
	return nil
}

func failure(job *batchv1.Job) string {
	for _, c := range job.Status.Conditions {
		if c.Type == batchv1.JobFailed && c.Status == corev1.ConditionTrue {
			return strings.TrimSuffix(c.Reason+": "+c.Message, ": ")
		}
	}
	return ""
}
