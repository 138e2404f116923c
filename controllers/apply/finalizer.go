package apply

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
)

// Finalizer is on every object of the API group for as long as the operator has something to clean up after it.
const Finalizer = "faspex.io/operator"

// AddFinalizer puts Finalizer on object by a patch of that list alone, unless it is there. It tells whether it wrote.
func (a *Applier) AddFinalizer(ctx context.Context, object client.Object) (bool, error) {
	return a.patchFinalizers(ctx, object, controllerutil.AddFinalizer)
}

// RemoveFinalizer takes Finalizer off object by a patch of that list alone.
func (a *Applier) RemoveFinalizer(ctx context.Context, object client.Object) error {
	_, err := a.patchFinalizers(ctx, object, controllerutil.RemoveFinalizer)
	return err
}

// DropForeground turns a deletion in the foreground into one in the background, and tells whether it wrote. In the
// foreground the garbage collector deletes what object owns at once, while the operator still keeps object: what it
// makes again is deleted again, without end.
func (a *Applier) DropForeground(ctx context.Context, object client.Object) (bool, error) {
	return a.patchFinalizers(ctx, object, func(object client.Object, _ string) bool {
		return controllerutil.RemoveFinalizer(object, metav1.FinalizerDeleteDependents)
	})
}

func (a *Applier) patchFinalizers(ctx context.Context, object client.Object,
	change func(client.Object, string) bool) (bool, error) {
	before, ok := object.DeepCopyObject().(client.Object)
	if !ok {
		return false, fmt.Errorf("%T is no object", object)
	}
	if !change(object, Finalizer) {
		return false, nil
	}
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	if err := a.client.Patch(ctx, object, patch, client.FieldOwner(a.manager)); client.IgnoreNotFound(err) != nil {
		return false, fmt.Errorf("patch finalizers: %w", err)
	}
	return true, a.countObject(object)
}
