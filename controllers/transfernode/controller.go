// Package transfernode reconciles TransferNodes: Secrets, a database, the DaemonSet of hsts and its Service, and the
// registration as a node in Faspex. It decides nothing about transfers; those are between hsts and its clients.
package transfernode

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
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
	desiredinstance "faspex.io/operator/controllers/desired/instance"
	desired "faspex.io/operator/controllers/desired/transfernode"
	"faspex.io/operator/controllers/eventlimit"
	"faspex.io/operator/controllers/faspexapi"
	"faspex.io/operator/controllers/lifecycle"
	"faspex.io/operator/controllers/mariadb"
	"faspex.io/operator/controllers/nodeapi"
	"faspex.io/operator/controllers/policy"
	"faspex.io/operator/controllers/rotation"
	"faspex.io/operator/controllers/secrets"
)

// +kubebuilder:rbac:groups=faspex.io,resources=transfernodes,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=faspex.io,resources=transfernodes/status,verbs=get;patch
// +kubebuilder:rbac:groups=faspex.io,resources=transfernodes/finalizers,verbs=update
// +kubebuilder:rbac:groups=faspex.io,resources=faspexinstances;storagelocations;accesskeys,verbs=get;list;watch
// +kubebuilder:rbac:groups=apps,resources=daemonsets,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups="",resources=configmaps;services;secrets,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups="",resources=pods,verbs=list;patch;delete
// +kubebuilder:rbac:groups="",resources=nodes,verbs=get
// +kubebuilder:rbac:groups=networking.k8s.io,resources=networkpolicies,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

const controllerName = "transfernode"

// resync is how often the parts that no watch reports on are looked at: the Node API and the registration.
const resync = time.Minute

// DefaultOperatorImage is the image of the operator that was released with this code.
const DefaultOperatorImage = "ghcr.io/faspex-io/operator:" + desiredinstance.DefaultVersion

// Options are what the program gives the controller.
type Options struct {
	// DatabaseServer tells where and as whom to provision in the database server of an instance. Its error wraps
	// secrets.ErrNotFound or secrets.ErrInvalid while the credentials are not there.
	DatabaseServer func(context.Context, *v1alpha1.FaspexInstance) (mariadb.Server, error)
	// OperatorImage is the operator's own image; DefaultOperatorImage when empty.
	OperatorImage string
	// Policy is what the operator permits.
	Policy policy.Policy
	// Nodes and Faspex open the connections.
	Nodes  *nodeapi.Connector
	Faspex FaspexConnector
	// Now is the clock.
	Now func() time.Time
}

// FaspexConnector opens a connection to the Faspex API of an instance.
type FaspexConnector interface {
	Connect(context.Context, *v1alpha1.FaspexInstance) (faspexapi.API, error)
}

type reconciler struct {
	Options
	client  client.Client
	direct  client.Reader
	applier *apply.Applier
	secrets *secrets.Store
	pushed  credentialMemory
}

// observed is what the phases of one reconciliation share.
type observed struct {
	node *v1alpha1.TransferNode
	// instance is nil when it does not exist.
	instance *v1alpha1.FaspexInstance
	// databaseEnv is the data of the database Secret once DatabaseProvisioned is done.
	databaseEnv map[string][]byte
	// nodeUser and sshHostKeys are the data of those Secrets, authorities the PEM certificates to verify the Node API
	// by, once SecretsReady is done.
	nodeUser, sshHostKeys map[string][]byte
	authorities           []byte
	// schedule says when credentials are replaced.
	schedule rotation.Schedule
}

// SetupWithManager registers the controller and returns its Applier, whose counters tell how much it writes.
func SetupWithManager(mgr ctrl.Manager, options Options) (*apply.Applier, error) {
	r := newReconciler(mgr.GetClient(), mgr.GetAPIReader(), options)
	made := handler.EnqueueRequestsFromMapFunc(lifecycle.MadeFor(desired.AppName))
	// Whether they are there is all that matters of them; what becomes of a thousand of them is nothing to the node.
	dependents := builder.WithPredicates(predicate.GenerationChangedPredicate{})
	err := ctrl.NewControllerManagedBy(mgr).
		Named(controllerName).
		For(&v1alpha1.TransferNode{}).
		Watches(&appsv1.DaemonSet{}, made).
		Watches(&corev1.Service{}, made).
		Watches(&networkingv1.NetworkPolicy{}, made).
		Watches(&corev1.ConfigMap{}, made).
		Watches(&corev1.Secret{}, made).
		Watches(&v1alpha1.FaspexInstance{}, handler.EnqueueRequestsFromMapFunc(r.nodesOfInstance)).
		Watches(&v1alpha1.StorageLocation{}, handler.EnqueueRequestsFromMapFunc(lifecycle.Reference(nodeOfStorageLocation)),
			dependents).
		Watches(&v1alpha1.AccessKey{}, handler.EnqueueRequestsFromMapFunc(lifecycle.Reference(nodeOfAccessKey)), dependents).
		Watches(&corev1.Secret{}, handler.EnqueueRequestsFromMapFunc(r.nodesOfSecret)).
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
	if options.OperatorImage == "" {
		options.OperatorImage = DefaultOperatorImage
	}
	applier := apply.New(c, controllerName)
	return &reconciler{Options: options, client: c, direct: direct, applier: applier,
		secrets: secrets.NewStore(applier, c, direct)}
}

func (r *reconciler) frame(recorder events.EventRecorder) *lifecycle.Lifecycle[*v1alpha1.TransferNode, *observed] {
	return &lifecycle.Lifecycle[*v1alpha1.TransferNode, *observed]{
		Client: r.client, Applier: r.applier, Recorder: recorder, Now: r.Now,
		New: func() *v1alpha1.TransferNode { return &v1alpha1.TransferNode{} },
		View: func(n *v1alpha1.TransferNode) lifecycle.View {
			return lifecycle.View{Conditions: &n.Status.Conditions, ObservedGeneration: &n.Status.ObservedGeneration,
				Suspend: n.Spec.Suspend}
		},
		Gather: r.gather, Sleep: r.sleep, Phases: r.phases(), Finalize: r.finalize,
	}
}

func (r *reconciler) gather(ctx context.Context, node *v1alpha1.TransferNode) (*observed, error) {
	instance, err := r.instance(ctx, node)
	if err != nil {
		return nil, err
	}
	return &observed{node: node, instance: instance}, nil
}

// instance returns the FaspexInstance of node, nil when there is none.
func (r *reconciler) instance(ctx context.Context, node *v1alpha1.TransferNode) (*v1alpha1.FaspexInstance, error) {
	instance := &v1alpha1.FaspexInstance{}
	err := r.client.Get(ctx, client.ObjectKey{Namespace: node.Namespace, Name: node.Spec.InstanceRef.Name}, instance)
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("get instance: %w", err)
	}
	return instance, nil
}
