package transfernode

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/rollout"
)

const (
	// DrainingAnnotation of a pod tells hsts to take no new transfers, and since when.
	DrainingAnnotation = "faspex.io/draining"

	volumePod       = "pod"
	podDir          = "/etc/hsts/pod"
	drainingFile    = "draining"
	defaultDeadline = 10 * time.Minute
)

// DrainingSince is when a pod was told to take no new transfers; the zero time if it was not. An order without a time,
// which an administrator may give, is as old as the pod.
func DrainingSince(pod *corev1.Pod) time.Time {
	text, ordered := pod.Annotations[DrainingAnnotation]
	if !ordered || text == "" {
		return time.Time{}
	}
	since, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return pod.CreationTimestamp.Time
	}
	return since
}

// RolloutLimits are what the spec says, with defaults: one machine at a time, and ten minutes for its transfers.
func RolloutLimits(node *v1alpha1.TransferNode) rollout.Limits {
	limits := rollout.Limits{MaxUnavailable: 1, Deadline: defaultDeadline}
	if given := node.Spec.Rollout; given != nil && given.MaxUnavailable != nil {
		limits.MaxUnavailable = int(*given.MaxUnavailable)
	}
	if given := node.Spec.Drain; given != nil && given.Deadline != nil {
		limits.Deadline = given.Deadline.Duration
	}
	return limits
}

// podVolume shows hsts the order to drain: the annotation of its own pod, which the kubelet keeps current in a file.
func podVolume() *corev1ac.VolumeApplyConfiguration {
	return corev1ac.Volume().WithName(volumePod).WithDownwardAPI(corev1ac.DownwardAPIVolumeSource().
		WithDefaultMode(secretMode).
		WithItems(corev1ac.DownwardAPIVolumeFile().WithPath(drainingFile).WithFieldRef(corev1ac.ObjectFieldSelector().
			WithAPIVersion("v1").WithFieldPath("metadata.annotations['" + DrainingAnnotation + "']"))))
}
