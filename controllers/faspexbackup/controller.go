// Package faspexbackup reconciles FaspexBackups: a Job writes the backup, its last words become the status, and another
// Job removes it when the object is deleted and its policy says so. What the Job does is in internal/backup.
package faspexbackup

import (
	"context"
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	"faspex.io/operator/controllers/eventlimit"
	"faspex.io/operator/controllers/lifecycle"
	"faspex.io/operator/controllers/phase"
	"faspex.io/operator/controllers/secrets"
	"faspex.io/operator/internal/backup"
)

// +kubebuilder:rbac:groups=faspex.io,resources=faspexbackups,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=faspex.io,resources=faspexbackups/status,verbs=get;patch
// +kubebuilder:rbac:groups=faspex.io,resources=faspexbackups/finalizers,verbs=update
// +kubebuilder:rbac:groups=faspex.io,resources=faspexinstances;transfernodes;accesskeys,verbs=get;list;watch
// +kubebuilder:rbac:groups=batch,resources=jobs,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups="",resources=pods,verbs=list
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get;list;watch;create;patch;delete

const controllerName = "faspexbackup"

// recheck is how often what nothing tells of is looked at.
const recheck = time.Minute

// Options are what the program gives the controller.
type Options struct {
	// OperatorImage has the program that the Jobs run.
	OperatorImage string
	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

type reconciler struct {
	Options
	client   client.Client
	direct   client.Reader
	applier  *apply.Applier
	secrets  *secrets.Store
	recorder events.EventRecorder
}

// observed is what the phases of one reconciliation share.
type observed struct {
	backup *v1alpha1.FaspexBackup
	// instance is nil when there is none.
	instance *v1alpha1.FaspexInstance
	// key is there once TargetReady is done for a backup that is to be made.
	key *backup.Key
}

// SetupWithManager registers the controller.
func SetupWithManager(mgr ctrl.Manager, options Options) error {
	recorder := eventlimit.New(mgr.GetEventRecorder(controllerName), time.Now)
	r := newReconciler(mgr.GetClient(), mgr.GetAPIReader(), recorder, options)
	err := ctrl.NewControllerManagedBy(mgr).
		Named(controllerName).
		For(&v1alpha1.FaspexBackup{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Owns(&batchv1.Job{}).
		Owns(&corev1.Secret{}).
		Watches(&v1alpha1.FaspexInstance{}, handler.EnqueueRequestsFromMapFunc(r.waitingFor)).
		WithOptions(lifecycle.ControllerOptions()).
		Complete(r.frame())
	if err != nil {
		return fmt.Errorf("set up controller %s: %w", controllerName, err)
	}
	return nil
}

// New is the reconciler for those who call it themselves. direct reads past the cache of c.
func New(c client.Client, direct client.Reader, recorder events.EventRecorder, options Options) reconcile.Reconciler {
	return newReconciler(c, direct, recorder, options).frame()
}

func newReconciler(c client.Client, direct client.Reader, recorder events.EventRecorder, options Options) *reconciler {
	if options.Now == nil {
		options.Now = time.Now
	}
	applier := apply.New(c, controllerName)
	return &reconciler{
		Options: options, client: c, direct: direct, applier: applier, recorder: recorder,
		secrets: secrets.NewStore(applier, c, direct),
	}
}

func (r *reconciler) frame() *lifecycle.Lifecycle[*v1alpha1.FaspexBackup, *observed] {
	return &lifecycle.Lifecycle[*v1alpha1.FaspexBackup, *observed]{
		Client: r.client, Applier: r.applier, Recorder: r.recorder, Now: r.Now,
		New: func() *v1alpha1.FaspexBackup { return &v1alpha1.FaspexBackup{} },
		View: func(b *v1alpha1.FaspexBackup) lifecycle.View {
			return lifecycle.View{Conditions: &b.Status.Conditions, ObservedGeneration: &b.Status.ObservedGeneration}
		},
		Gather: r.gather, Finalize: r.finalize,
		Phases: []phase.Phase[*observed]{
			{Condition: v1alpha1.ConditionTargetReady, Run: r.targetReady},
			{Condition: v1alpha1.ConditionCompleted, Needs: []string{v1alpha1.ConditionTargetReady}, Run: r.completed},
		},
	}
}

func (r *reconciler) gather(ctx context.Context, b *v1alpha1.FaspexBackup) (*observed, error) {
	instance, err := r.instance(ctx, b)
	return &observed{backup: b, instance: instance}, err
}

// instance that a backup is of, nil when there is none.
func (r *reconciler) instance(ctx context.Context, b *v1alpha1.FaspexBackup) (*v1alpha1.FaspexInstance, error) {
	instance := &v1alpha1.FaspexInstance{}
	err := r.client.Get(ctx, client.ObjectKey{Namespace: b.Namespace, Name: b.Spec.InstanceRef.Name}, instance)
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("get instance: %w", err)
	}
	return instance, nil
}

// waitingFor are the backups of an instance that are not finished.
func (r *reconciler) waitingFor(ctx context.Context, object client.Object) []ctrl.Request {
	var list v1alpha1.FaspexBackupList
	if err := r.client.List(ctx, &list, client.InNamespace(object.GetNamespace())); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "list backups for a watch")
		return nil
	}
	var requests []ctrl.Request
	for i := range list.Items {
		if b := &list.Items[i]; b.Spec.InstanceRef.Name == object.GetName() && !Finished(b) {
			requests = append(requests, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(b)})
		}
	}
	return requests
}

// Finished tells whether a backup is complete or was given up.
func Finished(b *v1alpha1.FaspexBackup) bool {
	return b.Status.CompletionTime != nil || b.Status.FailureTime != nil
}
