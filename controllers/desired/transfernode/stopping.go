package transfernode

import (
	"time"

	corev1 "k8s.io/api/core/v1"
)

// podPatience is how long after their grace period pods are waited for. Those of a machine that is gone never go.
const podPatience = 30 * time.Second

// Stopping tells whether a pod that shall go is worth waiting for.
func Stopping(now time.Time, pod corev1.Pod) bool {
	return pod.DeletionTimestamp == nil || now.Before(pod.DeletionTimestamp.Add(podPatience))
}
