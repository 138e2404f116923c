// Package storagelocation reconciles StorageLocations: a folder on a transfer node, or a bucket that is one there, and the
// shared folder of that name in Faspex. It never deletes a file or an object: a StorageLocation that goes takes its
// registration along.
package storagelocation

import (
	"context"
	"fmt"
	"slices"
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
	"faspex.io/operator/controllers/faspexapi"
	"faspex.io/operator/controllers/lifecycle"
	"faspex.io/operator/controllers/nodeapi"
	"faspex.io/operator/controllers/phase"
	"faspex.io/operator/controllers/secrets"
)

// +kubebuilder:rbac:groups=faspex.io,resources=storagelocations,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=faspex.io,resources=storagelocations/status,verbs=get;patch
// +kubebuilder:rbac:groups=faspex.io,resources=faspexinstances;transfernodes;accesskeys,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get;list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

const controllerName = "storagelocation"

// resync is how often the folder and the registration are looked at: nothing tells when someone changes them.
const resync = time.Minute

// NodeConnector opens a connection to a transfer node.
type NodeConnector interface {
	AsNodeUser(context.Context, *v1alpha1.TransferNode) (nodeapi.API, error)
}

// FaspexConnector opens a connection to the Faspex API of an instance.
type FaspexConnector interface {
	Connect(context.Context, *v1alpha1.FaspexInstance) (faspexapi.API, error)
}

// Options are what the program gives the controller.
type Options struct {
	Nodes  NodeConnector
	Faspex FaspexConnector
	// Now is the clock.
	Now func() time.Time
}

type reconciler struct {
	Options
	client  client.Client
	applier *apply.Applier
	secrets *secrets.Store
}

// observed is what the phases of one reconciliation share. node and instance are nil when they do not exist.
type observed struct {
	location *v1alpha1.StorageLocation
	node     *v1alpha1.TransferNode
	instance *v1alpha1.FaspexInstance
	// siblings are the locations of all nodes of the instance.
	siblings []v1alpha1.StorageLocation
}

// SetupWithManager registers the controller and returns its Applier, whose counters tell how much it writes.
func SetupWithManager(mgr ctrl.Manager, options Options) (*apply.Applier, error) {
	r := newReconciler(mgr.GetClient(), mgr.GetAPIReader(), options)
	err := ctrl.NewControllerManagedBy(mgr).
		Named(controllerName).
		For(&v1alpha1.StorageLocation{}).
		Watches(&v1alpha1.TransferNode{}, handler.EnqueueRequestsFromMapFunc(r.locationsOfNode)).
		Watches(&v1alpha1.AccessKey{}, handler.EnqueueRequestsFromMapFunc(lifecycle.Reference(locationOfAccessKey))).
		Watches(&corev1.Secret{}, handler.EnqueueRequestsFromMapFunc(r.locationsOfSecret)).
		WithOptions(lifecycle.ControllerOptions()).
		Complete(r.frame(eventlimit.New(mgr.GetEventRecorder(controllerName), time.Now)))
	if err != nil {
		return nil, fmt.Errorf("set up controller %s: %w", controllerName, err)
	}
	return r.applier, nil
}

// New is the reconciler for those who call it themselves. direct reads past the cache of c.
func New(c client.Client, direct client.Reader, recorder events.EventRecorder, options Options) reconcile.Reconciler {
	return newReconciler(c, direct, options).frame(recorder)
}

func newReconciler(c client.Client, direct client.Reader, options Options) *reconciler {
	if options.Now == nil {
		options.Now = time.Now
	}
	applier := apply.New(c, controllerName)
	return &reconciler{Options: options, client: c, applier: applier, secrets: secrets.NewStore(applier, c, direct)}
}

func (r *reconciler) frame(recorder events.EventRecorder) *lifecycle.Lifecycle[*v1alpha1.StorageLocation, *observed] {
	return &lifecycle.Lifecycle[*v1alpha1.StorageLocation, *observed]{
		Client: r.client, Applier: r.applier, Recorder: recorder, Now: r.Now,
		New: func() *v1alpha1.StorageLocation { return &v1alpha1.StorageLocation{} },
		View: func(l *v1alpha1.StorageLocation) lifecycle.View {
			return lifecycle.View{Conditions: &l.Status.Conditions, ObservedGeneration: &l.Status.ObservedGeneration,
				Suspend: l.Spec.Suspend}
		},
		Gather: r.gather, Phases: r.phases(), Finalize: r.finalize,
	}
}

// phases in order.
func (r *reconciler) phases() []phase.Phase[*observed] {
	return []phase.Phase[*observed]{
		{Condition: v1alpha1.ConditionTransferNodeReady, Run: r.transferNodeReady},
		{
			Condition: v1alpha1.ConditionPathReady, Run: r.pathReady,
			Needs: []string{v1alpha1.ConditionTransferNodeReady},
		},
		{
			Condition: v1alpha1.ConditionRegistered, Run: r.registered,
			Needs: []string{v1alpha1.ConditionPathReady},
		},
	}
}

func (r *reconciler) gather(ctx context.Context, location *v1alpha1.StorageLocation) (*observed, error) {
	o := &observed{location: location}
	node := &v1alpha1.TransferNode{}
	err := r.client.Get(ctx, client.ObjectKey{Namespace: location.Namespace, Name: location.Spec.TransferNodeRef.Name},
		node)
	if apierrors.IsNotFound(err) {
		return o, nil
	}
	if err != nil {
		return nil, fmt.Errorf("get transfer node: %w", err)
	}
	o.node = node
	instance := &v1alpha1.FaspexInstance{}
	err = r.client.Get(ctx, client.ObjectKey{Namespace: location.Namespace, Name: node.Spec.InstanceRef.Name}, instance)
	if apierrors.IsNotFound(err) {
		return o, nil
	}
	if err != nil {
		return nil, fmt.Errorf("get instance: %w", err)
	}
	o.instance = instance
	o.siblings, err = r.siblings(ctx, instance)
	return o, err
}

// siblings are the StorageLocations on the TransferNodes of instance.
func (r *reconciler) siblings(ctx context.Context, instance *v1alpha1.FaspexInstance) ([]v1alpha1.StorageLocation,
	error) {
	var nodes v1alpha1.TransferNodeList
	if err := r.client.List(ctx, &nodes, client.InNamespace(instance.Namespace)); err != nil {
		return nil, fmt.Errorf("list transfer nodes: %w", err)
	}
	ours := map[string]bool{}
	for _, node := range nodes.Items {
		ours[node.Name] = node.Spec.InstanceRef.Name == instance.Name
	}
	var locations v1alpha1.StorageLocationList
	if err := r.client.List(ctx, &locations, client.InNamespace(instance.Namespace)); err != nil {
		return nil, fmt.Errorf("list storage locations: %w", err)
	}
	return slices.DeleteFunc(locations.Items, func(l v1alpha1.StorageLocation) bool {
		return !ours[l.Spec.TransferNodeRef.Name]
	}), nil
}

// locationsOfNode are the StorageLocations on a TransferNode.
func (r *reconciler) locationsOfNode(ctx context.Context, node client.Object) []ctrl.Request {
	return r.locations(ctx, node.GetNamespace(), func(l v1alpha1.StorageLocation) bool {
		return l.Spec.TransferNodeRef.Name == node.GetName()
	})
}

func (r *reconciler) locations(ctx context.Context, namespace string,
	match func(v1alpha1.StorageLocation) bool) []ctrl.Request {
	var list v1alpha1.StorageLocationList
	if err := r.client.List(ctx, &list, client.InNamespace(namespace)); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "list storage locations for a watch")
		return nil
	}
	var requests []ctrl.Request
	for _, location := range list.Items {
		if match(location) {
			requests = append(requests, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(&location)})
		}
	}
	return requests
}

func locationOfAccessKey(key *v1alpha1.AccessKey) string {
	if ref := key.Spec.Storage.StorageLocationRef; ref != nil {
		return ref.Name
	}
	return ""
}
