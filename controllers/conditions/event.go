package conditions

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"

	"faspex.io/operator/api/v1alpha1"
)

// maxNote is the API's limit for the note of an event.
const maxNote = 1024

// Record writes an event about object when its Ready condition changed status or reason from before to after. It says
// what the condition says, and nothing else, so that events hold no more than the status does.
func Record(recorder events.EventRecorder, object runtime.Object, before, after []metav1.Condition) {
	was, is := meta.FindStatusCondition(before, v1alpha1.ConditionReady),
		meta.FindStatusCondition(after, v1alpha1.ConditionReady)
	if is == nil || (was != nil && was.Status == is.Status && was.Reason == is.Reason) {
		return
	}
	eventType := corev1.EventTypeNormal
	if meta.IsStatusConditionTrue(after, v1alpha1.ConditionStalled) {
		eventType = corev1.EventTypeWarning
	}
	note := is.Message
	if len(note) > maxNote {
		note = note[:maxNote]
	}
	recorder.Eventf(object, nil, eventType, is.Reason, "Reconcile", "%s", note)
}
