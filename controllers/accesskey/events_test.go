package accesskey_test

import (
	"strings"
	"testing"
	"time"

	eventsv1 "k8s.io/api/events/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/controllertest"
	"faspex.io/operator/controllers/eventlimit"
)

// operator-49 (with TestSameEventOnceAMinute): an object that turns to and fro ten times within a minute has one event for each thing that
// happened, in the words of its condition, and not ten.
func TestEventsOfTheSameAreOne(t *testing.T) {
	t.Parallel()
	field := controllertest.NewReady(t)
	key := field.AccessKey("demo")
	field.Create(t, key)
	field.WaitReady(t, key, "demo")
	yes, no, begun := true, false, time.Now()
	for range 10 {
		field.Change(t, key, "demo", func() { key.Spec.Suspend = &yes })
		field.WaitCondition(t, key, "demo", v1alpha1.ConditionReady, isFalse, v1alpha1.ReasonSuspended)
		field.Change(t, key, "demo", func() { key.Spec.Suspend = &no })
		field.WaitReady(t, key, "demo")
	}
	count := func() map[string]int {
		t.Helper()
		var list eventsv1.EventList
		if err := field.Client.List(t.Context(), &list, client.InNamespace(field.Namespace)); err != nil {
			t.Fatal(err)
		}
		found := map[string]int{}
		for _, event := range list.Items {
			if event.Regarding.Kind == "AccessKey" {
				found[event.Reason]++
				if !strings.Contains(event.Note, " ") {
					t.Errorf("event %s says %q", event.Reason, event.Note)
				}
			}
		}
		return found
	}
	field.Eventually(t, "both events", func() bool {
		found := count()
		return found[v1alpha1.ReasonSuspended] > 0 && found[v1alpha1.ReasonSucceeded] > 0
	})
	for reason, n := range count() {
		if n > 1+int(time.Since(begun)/eventlimit.Interval) {
			t.Errorf("%d events %s", n, reason)
		}
	}
}
