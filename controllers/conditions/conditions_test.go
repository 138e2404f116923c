package conditions_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"

	"faspex.io/operator/controllers/conditions"
)

var (
	t0 = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	t1 = t0.Add(time.Hour)
)

func cond(conditionType string, status metav1.ConditionStatus, reason, message string, at time.Time) metav1.Condition {
	return metav1.Condition{
		Type: conditionType, Status: status, Reason: reason, Message: message, ObservedGeneration: 7,
		LastTransitionTime: metav1.NewTime(at),
	}
}

func TestSummarize(t *testing.T) {
	good := conditions.Part{Type: "A", Status: metav1.ConditionTrue, Reason: "Succeeded", Message: "fine"}
	waits := conditions.Part{Type: "B", Status: metav1.ConditionFalse, Reason: "Progressing", Message: "2 of 3"}
	blocked := conditions.Part{Type: "C", Status: metav1.ConditionUnknown, Reason: "Blocked", Message: "waits for B"}
	stalled := conditions.Part{Type: "D", Status: metav1.ConditionFalse, Stalled: true, Reason: "InvalidSpec",
		Message: "spec.x"}
	tests := []struct {
		name     string
		previous []metav1.Condition
		parts    []conditions.Part
		want     []metav1.Condition
	}{
		{
			name: "all good", parts: []conditions.Part{good},
			previous: []metav1.Condition{
				cond("Ready", "False", "Progressing", "B: 2 of 3", t0), cond("Reconciling", "True", "Progressing", "B: 2 of 3", t0),
				cond("A", "True", "Succeeded", "fine", t0), cond("Gone", "True", "Succeeded", "", t0),
			},
			want: []metav1.Condition{
				cond("Ready", "True", "Succeeded", "everything is as the spec asks", t1),
				cond("A", "True", "Succeeded", "fine", t0),
			},
		},
		{
			name: "the first False part explains, not what it blocks", parts: []conditions.Part{blocked, good, waits},
			want: []metav1.Condition{
				cond("Ready", "False", "Progressing", "B: 2 of 3", t1), cond("Reconciling", "True", "Progressing", "B: 2 of 3", t1),
				cond("C", "Unknown", "Blocked", "waits for B", t1), cond("A", "True", "Succeeded", "fine", t1),
				cond("B", "False", "Progressing", "2 of 3", t1),
			},
		},
		{
			name: "stalled wins and is not reconciling", parts: []conditions.Part{waits, stalled},
			previous: []metav1.Condition{cond("Ready", "False", "Progressing", "B: 2 of 3", t0)},
			want: []metav1.Condition{
				cond("Ready", "False", "InvalidSpec", "D: spec.x", t0), cond("Stalled", "True", "InvalidSpec", "D: spec.x", t1),
				cond("B", "False", "Progressing", "2 of 3", t1), cond("D", "False", "InvalidSpec", "spec.x", t1),
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, conditions.Summarize(tt.previous, 7, t1, tt.parts)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestOverlaysKeepParts(t *testing.T) {
	previous := []metav1.Condition{
		cond("Ready", "True", "Succeeded", "", t0), cond("Stalled", "True", "InvalidSpec", "", t0),
		cond("A", "True", "Succeeded", "fine", t0),
	}
	want := []metav1.Condition{
		cond("Ready", "False", "Dependents", "waits for TransferNode edge", t1),
		cond("Reconciling", "True", "Dependents", "waits for TransferNode edge", t1),
		cond("A", "True", "Succeeded", "fine", t0),
	}
	if diff := cmp.Diff(want, conditions.Deleting(previous, previous, 7, t1, "Dependents",
		"waits for TransferNode edge")); diff != "" {
		t.Errorf("deleting: -want +got:\n%s", diff)
	}
	want = []metav1.Condition{
		cond("Ready", "False", "Suspended", "spec.suspend is true: nothing is changed", t1),
		cond("A", "True", "Succeeded", "fine", t0),
	}
	if diff := cmp.Diff(want, conditions.Suspended(previous, 7, t1)); diff != "" {
		t.Errorf("suspended: -want +got:\n%s", diff)
	}
}

func TestRecordSpeaksOncePerTransition(t *testing.T) {
	progressing := []metav1.Condition{cond("Ready", "False", "Progressing", "1 of 3", t0)}
	further := []metav1.Condition{cond("Ready", "False", "Progressing", "2 of 3", t0)}
	stalled := []metav1.Condition{cond("Ready", "False", "InvalidSpec", "100% wrong", t0),
		cond("Stalled", "True", "InvalidSpec", "", t0)}
	recorder := events.NewFakeRecorder(10)
	conditions.Record(recorder, nil, nil, progressing)
	conditions.Record(recorder, nil, progressing, further)
	conditions.Record(recorder, nil, further, stalled)
	close(recorder.Events)
	var got []string
	for e := range recorder.Events {
		got = append(got, e)
	}
	want := []string{"Normal Progressing 1 of 3", "Warning InvalidSpec 100% wrong"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
