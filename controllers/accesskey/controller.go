// Package accesskey reconciles AccessKeys: an id and a secret, kept in a Secret from before the transfer node learns of
// them, and the access key on the node. It never reads a file and knows no transfer.
package accesskey

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	"faspex.io/operator/controllers/eventlimit"
	"faspex.io/operator/controllers/lifecycle"
	"faspex.io/operator/controllers/nodeapi"
	"faspex.io/operator/controllers/phase"
	"faspex.io/operator/controllers/secrets"
)

// +kubebuilder:rbac:groups=faspex.io,resources=accesskeys,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=faspex.io,resources=accesskeys/status,verbs=get;patch
// +kubebuilder:rbac:groups=faspex.io,resources=accesskeys/finalizers,verbs=update
// +kubebuilder:rbac:groups=faspex.io,resources=transfernodes;storagelocations;faspexinstances,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

const controllerName = "accesskey"

// resync is how often the key is looked at on the node: nothing tells when someone changes or deletes it there.
const resync = time.Minute

// NodeConnector opens connections to a transfer node.
type NodeConnector interface {
	AsNodeUser(context.Context, *v1alpha1.TransferNode) (nodeapi.API, error)
	AsAccessKey(ctx context.Context, node *v1alpha1.TransferNode, id, secret string) (nodeapi.API, error)
}

// Options are what the program gives the controller.
type Options struct {
	Nodes NodeConnector
	// Now is the clock.
	Now func() time.Time
}

type reconciler struct {
	Options
	client   client.Client
	applier  *apply.Applier
	secrets  *secrets.Store
	recorder events.EventRecorder
}

// observed is what the phases of one reconciliation share. node and location are nil when they do not exist.
type observed struct {
	key      *v1alpha1.AccessKey
	node     *v1alpha1.TransferNode
	location *v1alpha1.StorageLocation
	// path of the storage beneath the docroot, once StorageReady is done.
	path string
}

// SetupWithManager registers the controller and returns its Applier, whose counters tell how much it writes.
func SetupWithManager(mgr ctrl.Manager, options Options) (*apply.Applier, error) {
	recorder := eventlimit.New(mgr.GetEventRecorder(controllerName), time.Now)
	r := newReconciler(mgr.GetClient(), mgr.GetAPIReader(), recorder, options)
	err := ctrl.NewControllerManagedBy(mgr).
		Named(controllerName).
		For(&v1alpha1.AccessKey{}).
		Owns(&corev1.Secret{}).
		Watches(&v1alpha1.TransferNode{}, handler.EnqueueRequestsFromMapFunc(r.keysOfNode)).
		Watches(&v1alpha1.StorageLocation{}, handler.EnqueueRequestsFromMapFunc(r.keysOfLocation)).
		Watches(&corev1.Secret{}, handler.EnqueueRequestsFromMapFunc(r.keysOfSecret)).
		WithOptions(lifecycle.ControllerOptions()).
		Complete(r.frame())
	if err != nil {
		return nil, fmt.Errorf("set up controller %s: %w", controllerName, err)
	}
	return r.applier, nil
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
	return &reconciler{Options: options, client: c, applier: applier, secrets: secrets.NewStore(applier, c, direct),
		recorder: recorder}
}

func (r *reconciler) frame() *lifecycle.Lifecycle[*v1alpha1.AccessKey, *observed] {
	return &lifecycle.Lifecycle[*v1alpha1.AccessKey, *observed]{
		Client: r.client, Applier: r.applier, Recorder: r.recorder, Now: r.Now,
		New: func() *v1alpha1.AccessKey { return &v1alpha1.AccessKey{} },
		View: func(k *v1alpha1.AccessKey) lifecycle.View {
			return lifecycle.View{Conditions: &k.Status.Conditions, ObservedGeneration: &k.Status.ObservedGeneration,
				Suspend: k.Spec.Suspend}
		},
		Gather: r.gather, Phases: r.phases(), Finalize: r.finalize,
	}
}

// phases in order.
func (r *reconciler) phases() []phase.Phase[*observed] {
	return []phase.Phase[*observed]{
		{Condition: v1alpha1.ConditionTransferNodeReady, Run: r.transferNodeReady},
		{
			Condition: v1alpha1.ConditionStorageReady, Run: r.storageReady,
			Needs: []string{v1alpha1.ConditionTransferNodeReady},
		},
		{
			Condition: v1alpha1.ConditionKeyCreated, Run: r.keyCreated,
			Needs: []string{v1alpha1.ConditionStorageReady},
		},
	}
}

func (r *reconciler) gather(ctx context.Context, key *v1alpha1.AccessKey) (*observed, error) {
	o := &observed{key: key}
	node := &v1alpha1.TransferNode{}
	switch err := r.client.Get(ctx, client.ObjectKey{Namespace: key.Namespace, Name: key.Spec.TransferNodeRef.Name},
		node); {
	case err == nil:
		o.node = node
	case !apierrors.IsNotFound(err):
		return nil, fmt.Errorf("get transfer node: %w", err)
	}
	ref := key.Spec.Storage.StorageLocationRef
	if ref == nil {
		return o, nil
	}
	location := &v1alpha1.StorageLocation{}
	switch err := r.client.Get(ctx, client.ObjectKey{Namespace: key.Namespace, Name: ref.Name}, location); {
	case err == nil:
		o.location = location
	case !apierrors.IsNotFound(err):
		return nil, fmt.Errorf("get storage location: %w", err)
	}
	return o, nil
}

// SecretName is the Secret that holds id and secret of a key.
func SecretName(key *v1alpha1.AccessKey) string {
	if key.Spec.SecretName != "" {
		return key.Spec.SecretName
	}
	return key.Name + "-access-key"
}
