package lifecycle

import (
	"context"
	"time"

	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	"faspex.io/operator/controllers/apply"
)

// Delays between attempts after errors. The longest is short enough for people who wait and long enough for servers
// that are down: what is retried is one object at a time.
const (
	firstDelay = 200 * time.Millisecond
	lastDelay  = 30 * time.Second
)

// ControllerOptions are those of every controller: a few objects at a time, and attempts that never get rare.
func ControllerOptions() controller.Options {
	return controller.Options{
		MaxConcurrentReconciles: 4,
		RateLimiter:             workqueue.NewTypedItemExponentialFailureRateLimiter[ctrl.Request](firstDelay, lastDelay),
	}
}

// MadeFor maps an object that the operator made to the object of a user that it was made for, by its labels. Objects
// that nobody owns are watched with it. name is the label app.kubernetes.io/name of what the controller makes.
func MadeFor(name string) handler.MapFunc {
	return func(_ context.Context, object client.Object) []ctrl.Request {
		labels := object.GetLabels()
		if labels[apply.ManagedByLabel] != apply.ManagedBy || labels[apply.NameLabel] != name {
			return nil
		}
		return []ctrl.Request{{NamespacedName: client.ObjectKey{
			Namespace: object.GetNamespace(), Name: labels[apply.InstanceLabel],
		}}}
	}
}

// Reference maps an object of kind O to the object of its namespace whose name it holds; an empty name to none.
func Reference[O client.Object](name func(O) string) handler.MapFunc {
	return func(_ context.Context, object client.Object) []ctrl.Request {
		typed, ok := object.(O)
		if !ok || name(typed) == "" {
			return nil
		}
		return []ctrl.Request{{NamespacedName: client.ObjectKey{Namespace: object.GetNamespace(), Name: name(typed)}}}
	}
}
