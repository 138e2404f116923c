// Package lifecycle is the frame of every reconciliation: fetch, finalize if deleting, finalizer, suspended?, gather,
// phases, summarize, patch status. What the phases and the finalizer do is the business of the kind's own controller.
package lifecycle

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	"faspex.io/operator/controllers/conditions"
	"faspex.io/operator/controllers/phase"
)

// View is what every kind has, as pointers into one object.
type View struct {
	Conditions         *[]metav1.Condition
	ObservedGeneration *int64
	Suspend            *bool
}

// Lifecycle reconciles objects of kind O; S is what the phases of one reconciliation share.
type Lifecycle[O client.Object, S any] struct {
	Client   client.Client
	Applier  *apply.Applier
	Recorder events.EventRecorder
	// Now is the clock of condition transitions.
	Now func() time.Time

	// New returns an empty object.
	New func() O
	// View gives access to the fields that every kind has.
	View func(O) View
	// Gather looks around and returns what the phases share; it may set fields of the object's
	// status later, as the phases may.
	Gather func(context.Context, O) (S, error)
	// Sleep, if set, is asked before the phases: true says that the object is not to run, and they do not either. The
	// outcome says how far it is with that.
	Sleep func(context.Context, O) (phase.Outcome, bool)
	// Phases in order.
	Phases []phase.Phase[S]
	// Finalize removes what the object made outside of garbage collection. Done lets the object go. Waiting with reason
	// Dependents keeps it as it was, and its health goes on being reported.
	Finalize func(context.Context, O) phase.Outcome
}

// Reconcile brings one object nearer to its spec.
func (l *Lifecycle[O, S]) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	object := l.New()
	if err := l.Client.Get(ctx, request.NamespacedName, object); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !object.GetDeletionTimestamp().IsZero() {
		return l.finalize(ctx, object)
	}
	if _, err := l.Applier.AddFinalizer(ctx, object); err != nil {
		return stale(err)
	}
	before := clone(object)
	view := l.View(object)
	if view.Suspend != nil && *view.Suspend {
		*view.Conditions = conditions.Suspended(*view.Conditions, object.GetGeneration(), l.Now())
		return stale(l.write(ctx, before, object))
	}
	results, err := l.run(ctx, object)
	if err != nil {
		return ctrl.Result{}, err
	}
	if err := l.write(ctx, before, object); err != nil {
		return stale(err)
	}
	return results.Requeue()
}

// run gathers, runs the phases and puts the conditions into object.
func (l *Lifecycle[O, S]) run(ctx context.Context, object O) (phase.Results, error) {
	if l.Sleep != nil {
		if outcome, asleep := l.Sleep(ctx, object); asleep {
			view := l.View(object)
			*view.Conditions = conditions.Asleep(*view.Conditions, object.GetGeneration(), l.Now(), outcome.Reason,
				outcome.Message, !outcome.IsDone())
			return phase.Results{{Condition: v1alpha1.ConditionReady, Outcome: outcome}}, nil
		}
	}
	shared, err := l.Gather(ctx, object)
	if err != nil {
		return nil, fmt.Errorf("gather: %w", err)
	}
	results := phase.Run(ctx, shared, l.Phases)
	view := l.View(object)
	*view.Conditions = conditions.Summarize(*view.Conditions, object.GetGeneration(), l.Now(), results.Parts())
	return results, nil
}

func (l *Lifecycle[O, S]) finalize(ctx context.Context, object O) (ctrl.Result, error) {
	if !controllerutil.ContainsFinalizer(object, apply.Finalizer) {
		return ctrl.Result{}, nil
	}
	before := clone(object)
	outcome := l.Finalize(ctx, object)
	if outcome.IsDone() {
		return stale(l.Applier.RemoveFinalizer(ctx, object))
	}
	if dropped, err := l.Applier.DropForeground(ctx, object); err != nil {
		return stale(err)
	} else if dropped {
		before = clone(object)
	}
	var results phase.Results
	if outcome.Reason == v1alpha1.ReasonDependents {
		var err error
		if results, err = l.run(ctx, object); err != nil {
			return ctrl.Result{}, err
		}
	}
	view := l.View(object)
	*view.Conditions = conditions.Deleting(
		*l.View(before).Conditions, *view.Conditions, object.GetGeneration(), l.Now(), outcome.Reason, outcome.Message)
	if err := l.write(ctx, before, object); err != nil {
		return stale(err)
	}
	return append(results, phase.Result{Condition: v1alpha1.ConditionReady, Outcome: outcome}).Requeue()
}

// write patches the status, if it changed, and records an event when Ready did.
func (l *Lifecycle[O, S]) write(ctx context.Context, before, object O) error {
	view := l.View(object)
	*view.ObservedGeneration = object.GetGeneration()
	after := *view.Conditions
	if err := l.Applier.Status(ctx, before, object); err != nil {
		return err
	}
	conditions.Record(l.Recorder, object, *l.View(before).Conditions, after)
	for _, c := range conditions.Turned(*l.View(before).Conditions, after) {
		ctrl.LoggerFrom(ctx).Info("condition changed", "condition", c.Type, "status", c.Status, "reason", c.Reason,
			"message", c.Message)
	}
	return nil
}

// staleDelay lets the cache catch up.
const staleDelay = 500 * time.Millisecond

// stale turns a conflict into another look soon: the object that was read is not the newest any more, which is everyday
// life with a cache and no error.
func stale(err error) (ctrl.Result, error) {
	if apierrors.IsConflict(err) {
		return ctrl.Result{RequeueAfter: staleDelay}, nil
	}
	return ctrl.Result{}, err
}

// clone is the copy of an object; the deep copy of a kind is of the same kind.
func clone[O client.Object](object O) O {
	return object.DeepCopyObject().(O)
}
