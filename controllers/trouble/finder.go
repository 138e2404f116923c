package trouble

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Recheck is how often pods that do not start are looked at: nothing watches them.
const Recheck = 10 * time.Second

// failedCreate is the reason of the event that a pod was refused.
const failedCreate = "FailedCreate"

// unmounted and unbound are the reasons of events about pods and volume claims that wait for a volume.
var (
	unmounted = []string{"FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox"}
	unbound   = []string{"ProvisioningFailed", "FailedBinding"}
)

// Finder looks for what keeps pods from starting. Reader must not be a cache: nothing else watches pods and events.
type Finder struct{ Reader client.Reader }

// Find is what keeps the pods with these labels, which a workload makes, from starting: what the first of them says, or
// what is said about it, or what the API server says to workload, which cannot make them. Empty when they are only slow.
func (f Finder) Find(ctx context.Context, workload client.Object, labels map[string]string) (string, error) {
	var pods corev1.PodList
	if err := f.Reader.List(ctx, &pods, client.InNamespace(workload.GetNamespace()),
		client.MatchingLabels(labels)); err != nil {
		return "", fmt.Errorf("list pods: %w", err)
	}
	slices.SortFunc(pods.Items, func(a, b corev1.Pod) int { return cmp.Compare(a.Name, b.Name) })
	none := true
	for _, pod := range pods.Items {
		none = none && pod.DeletionTimestamp != nil
		if reason, err := f.pod(ctx, pod); err != nil || reason != "" {
			return reason, err
		}
	}
	if !none {
		return "", nil // what was refused before is history
	}
	return f.Refused(ctx, workload)
}

// pod is what keeps a pod from starting.
func (f Finder) pod(ctx context.Context, pod corev1.Pod) (string, error) {
	if pod.DeletionTimestamp != nil || ready(pod) {
		return "", nil
	}
	for _, volume := range pod.Spec.Volumes {
		if volume.PersistentVolumeClaim == nil {
			continue
		}
		reason, err := f.claim(ctx, pod.Namespace, volume.PersistentVolumeClaim.ClaimName)
		if err != nil || reason != "" {
			return reason, err
		}
	}
	if reason := Of(pod); reason != "" || pod.Status.Phase != corev1.PodPending {
		return reason, nil
	}
	message, err := f.latest(ctx, pod.Namespace, pod.UID, unmounted...)
	if message != "" {
		message = "the pod does not start: " + words(message)
	}
	return message, err
}

// claim is why a volume claim has no volume.
func (f Finder) claim(ctx context.Context, namespace, name string) (string, error) {
	claim := &corev1.PersistentVolumeClaim{}
	if err := f.Reader.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, claim); err != nil {
		return "", client.IgnoreNotFound(err)
	}
	if claim.Status.Phase == corev1.ClaimBound {
		return "", nil
	}
	message, err := f.latest(ctx, namespace, claim.UID, unbound...)
	if message != "" {
		message = "there is no volume for the claim " + name + ": " + words(message)
	}
	return message, err
}

// Refused is what the API server said when workload last failed to make a pod.
func (f Finder) Refused(ctx context.Context, workload client.Object) (string, error) {
	message, err := f.latest(ctx, workload.GetNamespace(), workload.GetUID(), failedCreate)
	if message != "" {
		message = "the API server refuses the pod: " + Refusal(message)
	}
	return message, err
}

// latest is the message of the newest event about an object with one of these reasons.
func (f Finder) latest(ctx context.Context, namespace string, uid types.UID, reasons ...string) (string, error) {
	if uid == "" {
		return "", nil
	}
	var list corev1.EventList
	if err := f.Reader.List(ctx, &list, client.InNamespace(namespace),
		client.MatchingFields{"involvedObject.uid": string(uid), "type": corev1.EventTypeWarning}); err != nil {
		return "", fmt.Errorf("list events: %w", err)
	}
	var newest time.Time
	message := ""
	for i := range list.Items {
		if event := &list.Items[i]; slices.Contains(reasons, event.Reason) && !when(event).Before(newest) {
			newest, message = when(event), event.Message
		}
	}
	return message, nil
}

func when(event *corev1.Event) time.Time {
	latest := event.LastTimestamp.Time
	if event.Series != nil {
		latest = event.Series.LastObservedTime.Time
	}
	if latest.IsZero() {
		latest = event.EventTime.Time
	}
	return latest
}

func ready(pod corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}
