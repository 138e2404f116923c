package eventlimit_test

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"

	"faspex.io/operator/controllers/eventlimit"
)

func TestSameEventOnceAMinute(t *testing.T) {
	to := events.NewFakeRecorder(100)
	now := time.Now()
	r := eventlimit.New(to, func() time.Time { return now })
	one := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{UID: "1"}}
	other := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{UID: "2"}}
	for _, step := range []struct {
		after  time.Duration
		about  *corev1.ConfigMap
		reason string
		note   string
		told   int
	}{
		{0, one, "Ready", "100% is well", 1},
		{time.Second, one, "Ready", "100% is well", 1},
		{time.Second, one, "Ready", "another thing", 2},
		{time.Second, one, "Broken", "100% is well", 3},
		{time.Second, other, "Ready", "100% is well", 4},
		{55 * time.Second, one, "Ready", "100% is well", 4},
		{time.Second, one, "Ready", "100% is well", 5},
	} {
		now = now.Add(step.after)
		r.Eventf(step.about, nil, corev1.EventTypeNormal, step.reason, "Test", "%s", step.note)
		if len(to.Events) != step.told {
			t.Errorf("%+v: %d events", step, len(to.Events))
		}
	}
}
