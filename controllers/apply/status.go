package apply

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Status patches the status of object to what it is now, given the copy taken before it was changed; nothing is sent
// when the two are equal. The patch fails with a conflict when someone else changed the object in between, so that no
// status is computed from a stale spec. Objects that are gone are no error.
func (a *Applier) Status(ctx context.Context, before, object client.Object) error {
	if equality.Semantic.DeepEqual(before, object) {
		return nil
	}
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	if err := a.client.Status().Patch(ctx, object, patch,
		client.FieldOwner(a.manager)); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("patch status: %w", err)
	}
	return a.countObject(object)
}
