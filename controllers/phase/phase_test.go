package phase_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"

	"faspex.io/operator/controllers/conditions"
	"faspex.io/operator/controllers/phase"
)

func TestRun(t *testing.T) {
	broken := errors.New("broken")
	returns := func(o phase.Outcome) func(context.Context, *[]string) phase.Outcome {
		return func(_ context.Context, ran *[]string) phase.Outcome {
			*ran = append(*ran, o.Message)
			return o
		}
	}
	observes := func(ok bool) func(context.Context, *[]string) (phase.Outcome, bool) {
		return func(context.Context, *[]string) (phase.Outcome, bool) { return phase.Done("Succeeded", "observed"), ok }
	}
	tests := []struct {
		name    string
		phases  []phase.Phase[*[]string]
		ran     []string
		parts   []conditions.Part
		done    bool
		result  ctrl.Result
		wantErr error
	}{
		{
			name: "all done, the shortest recheck counts",
			phases: []phase.Phase[*[]string]{
				{Condition: "A", Run: returns(phase.Done("Succeeded", "a").After(time.Hour))},
				{Condition: "B", Needs: []string{"A"}, Run: returns(phase.Done("Succeeded", "b").After(time.Minute))},
			},
			ran: []string{"a", "b"}, done: true, result: ctrl.Result{RequeueAfter: time.Minute},
			parts: []conditions.Part{
				{Type: "A", Status: metav1.ConditionTrue, Reason: "Succeeded", Message: "a"},
				{Type: "B", Status: metav1.ConditionTrue, Reason: "Succeeded", Message: "b"},
			},
		},
		{
			name: "what runs already tells its own truth, and lets nobody else run",
			phases: []phase.Phase[*[]string]{
				{Condition: "A", Run: returns(phase.Waiting("Progressing", "a"))},
				{Condition: "B", Needs: []string{"A"}, Run: returns(phase.Done("Succeeded", "b")), Observe: observes(true)},
				{Condition: "C", Needs: []string{"B"}, Run: returns(phase.Done("Succeeded", "c")), Observe: observes(false)},
			},
			ran: []string{"a"},
			parts: []conditions.Part{
				{Type: "A", Status: metav1.ConditionFalse, Reason: "Progressing", Message: "a"},
				{Type: "B", Status: metav1.ConditionTrue, Reason: "Succeeded", Message: "observed"},
				{Type: "C", Status: metav1.ConditionUnknown, Reason: "Blocked", Message: "waits for B"},
			},
		},
		{
			name: "what is not needed runs on, what needs it is blocked, also indirectly",
			phases: []phase.Phase[*[]string]{
				{Condition: "A", Run: returns(phase.Waiting("Progressing", "a"))},
				{Condition: "B", Needs: []string{"A"}, Run: returns(phase.Done("Succeeded", "b"))},
				{Condition: "C", Needs: []string{"B"}, Run: returns(phase.Done("Succeeded", "c"))},
				{Condition: "D", Run: returns(phase.Invalid("InvalidSpec", "d"))},
			},
			ran: []string{"a", "d"},
			parts: []conditions.Part{
				{Type: "A", Status: metav1.ConditionFalse, Reason: "Progressing", Message: "a"},
				{Type: "B", Status: metav1.ConditionUnknown, Reason: "Blocked", Message: "waits for A"},
				{Type: "C", Status: metav1.ConditionUnknown, Reason: "Blocked", Message: "waits for B"},
				{Type: "D", Status: metav1.ConditionFalse, Stalled: true, Reason: "InvalidSpec", Message: "d"},
			},
		},
		{
			name: "a failure is retried by its error",
			phases: []phase.Phase[*[]string]{
				{Condition: "A", Run: returns(phase.Transient("APIError", "a", broken))},
				{Condition: "B", Run: returns(phase.Waiting("Progressing", "b").After(time.Second))},
			},
			ran: []string{"a", "b"}, wantErr: broken,
			parts: []conditions.Part{
				{Type: "A", Status: metav1.ConditionFalse, Reason: "APIError", Message: "a"},
				{Type: "B", Status: metav1.ConditionFalse, Reason: "Progressing", Message: "b"},
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var ran []string
			results := phase.Run(t.Context(), &ran, tt.phases)
			if diff := cmp.Diff(tt.ran, ran); diff != "" {
				t.Errorf("ran: -want +got:\n%s", diff)
			}
			if diff := cmp.Diff(tt.parts, results.Parts()); diff != "" {
				t.Errorf("parts: -want +got:\n%s", diff)
			}
			if got := results.Done(); got != tt.done {
				t.Errorf("done = %v", got)
			}
			result, err := results.Requeue()
			if !errors.Is(err, tt.wantErr) || (err == nil) != (tt.wantErr == nil) {
				t.Errorf("error = %v, want %v", err, tt.wantErr)
			}
			if diff := cmp.Diff(tt.result, result); diff != "" {
				t.Errorf("result: -want +got:\n%s", diff)
			}
		})
	}
}
