package phase

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/conditions"
)

// Phase is one step. S is what the steps of a controller share during one reconciliation, usually a pointer to a struct
// with the object and what was gathered.
type Phase[S any] struct {
	// Condition is the type of the condition that tells how the step went, and its name in logs.
	Condition string
	// Needs are conditions of earlier phases that must be done first; otherwise this one is
	// reported as Blocked and does not run.
	Needs []string
	// Aside: the object is ready whatever becomes of this step.
	Aside bool
	// Run does the step.
	Run func(ctx context.Context, shared S) Outcome
	// Observe, if set, is asked in place of Run while the needs are not met: what runs already keeps its
	// own truth although nothing is changed about it. Its false means that there is nothing to tell, and
	// the step is reported as Blocked.
	Observe func(ctx context.Context, shared S) (Outcome, bool)
}

// Result is how one phase went.
type Result struct {
	Condition string
	Outcome   Outcome
	Aside     bool
}

// Results is how all phases went, in the order of the table.
type Results []Result

// Run runs every phase whose needs are met, in order. A phase that waits or fails does
// not keep later ones from running.
func Run[S any](ctx context.Context, shared S, phases []Phase[S]) Results {
	results := make(Results, 0, len(phases))
	met := map[string]bool{}
	for _, p := range phases {
		var outcome Outcome
		if missing := unmet(p.Needs, met); len(missing) > 0 {
			outcome = p.blocked(ctx, shared, missing)
		} else {
			outcome = p.Run(ctx, shared)
			// What was only observed lets nobody else run: nothing was written of what it may need.
			met[p.Condition] = outcome.IsDone()
		}
		results = append(results, Result{Condition: p.Condition, Outcome: outcome, Aside: p.Aside})
	}
	return results
}

// blocked is the outcome of a step that must not run yet.
func (p Phase[S]) blocked(ctx context.Context, shared S, missing []string) Outcome {
	if p.Observe != nil {
		if outcome, ok := p.Observe(ctx, shared); ok {
			return outcome
		}
	}
	return Outcome{kind: blocked, Reason: v1alpha1.ReasonBlocked, Message: "waits for " + strings.Join(missing, ", ")}
}

func unmet(needs []string, met map[string]bool) []string {
	var missing []string
	for _, n := range needs {
		if !met[n] {
			missing = append(missing, n)
		}
	}
	return missing
}

// Parts are the results as input of conditions.Summarize.
func (r Results) Parts() []conditions.Part {
	parts := make([]conditions.Part, 0, len(r))
	for _, x := range r {
		if x.Outcome.kind == absent {
			continue
		}
		part := conditions.Part{
			Type: x.Condition, Reason: x.Outcome.Reason, Message: x.Outcome.Message,
			Status: metav1.ConditionFalse, Stalled: x.Outcome.kind == invalid, Aside: x.Aside,
		}
		switch x.Outcome.kind {
		case done:
			part.Status = metav1.ConditionTrue
		case blocked:
			part.Status = metav1.ConditionUnknown
		case waiting, invalid, transient, absent:
		}
		parts = append(parts, part)
	}
	return parts
}

// Done tells whether every phase is done.
func (r Results) Done() bool {
	for _, x := range r {
		if !x.Aside && !x.Outcome.IsDone() {
			return false
		}
	}
	return true
}

// Requeue is the answer to controller-runtime: the joined errors of Transient outcomes, which it logs and retries with
// a growing delay, or the shortest delay asked for with After, or nothing when watches will tell.
func (r Results) Requeue() (ctrl.Result, error) {
	var errs []error
	var after time.Duration
	for _, x := range r {
		if x.Outcome.kind == transient {
			err := x.Outcome.err
			if err == nil {
				err = errors.New(x.Outcome.Message)
			}
			errs = append(errs, fmt.Errorf("%s: %w", x.Condition, err))
		}
		if d := x.Outcome.after; d > 0 && (after == 0 || d < after) {
			after = d
		}
	}
	if len(errs) > 0 {
		return ctrl.Result{}, errors.Join(errs...)
	}
	return ctrl.Result{RequeueAfter: after}, nil
}
