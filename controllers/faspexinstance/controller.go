// Package faspexinstance reconciles FaspexInstances: Secrets and ConfigMaps, the database and its users, the schema,
// and the six Deployments, of which the router is before the others. What these objects look like is decided in
// controllers/desired/instance; this package decides when they are made and what is reported about them.
package faspexinstance

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	desired "faspex.io/operator/controllers/desired/instance"
	"faspex.io/operator/controllers/eventlimit"
	"faspex.io/operator/controllers/faspexapi"
	"faspex.io/operator/controllers/lifecycle"
	"faspex.io/operator/controllers/policy"
	"faspex.io/operator/controllers/secrets"
	"faspex.io/operator/internal/version"
)

// +kubebuilder:rbac:groups=faspex.io,resources=faspexinstances,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=faspex.io,resources=faspexinstances/status,verbs=get;patch
// +kubebuilder:rbac:groups=faspex.io,resources=faspexinstances/finalizers,verbs=update
// +kubebuilder:rbac:groups=faspex.io,resources=transfernodes,verbs=get;list;watch
// +kubebuilder:rbac:groups=faspex.io,resources=faspexbackups,verbs=get;list;watch;create;delete
// +kubebuilder:rbac:groups=apps,resources=deployments,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=apps,resources=statefulsets,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=batch,resources=jobs,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups="",resources=configmaps;services,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups="",resources=pods;events,verbs=list
// +kubebuilder:rbac:groups="",resources=persistentvolumeclaims,verbs=get;create;patch;delete
// +kubebuilder:rbac:groups=networking.k8s.io,resources=networkpolicies,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=policy,resources=poddisruptionbudgets,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

const controllerName = "faspexinstance"

// Options are what the program gives the controller.
type Options struct {
	// Policy is what the operator permits.
	Policy policy.Policy
	// OperatorNamespace is where the operator runs, if that is known: network policies let it in from there.
	OperatorNamespace string
	// Faspex connects to the API of an instance, for spec.configuration and spec.mail.
	Faspex FaspexConnector
	// OperatorImage has the program that the Jobs of restores run.
	OperatorImage string
	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

// FaspexConnector connects to the Faspex API of an instance.
type FaspexConnector interface {
	Connect(ctx context.Context, instance *v1alpha1.FaspexInstance) (faspexapi.API, error)
}

type reconciler struct {
	client   client.Client
	applier  *apply.Applier
	secrets  *secrets.Store
	recorder events.EventRecorder
	now      func() time.Time
	policy   policy.Policy
	faspex   FaspexConnector

	operatorNamespace string
	operatorImage     string
	// release of the operator.
	release string
	// direct reads past the cache.
	direct client.Reader
}

// observed is what the phases of one reconciliation share.
type observed struct {
	instance *v1alpha1.FaspexInstance
	database desired.Database
	config   map[string]desired.ConfigMap
	// The rest is there once SecretsReady is done: the data of Secrets. databaseCA is empty when none is given.
	root, databaseUser, core, utility, operatorClient, tls, databaseCA map[string][]byte
	// gateway is nil when there is none.
	gateway map[string][]byte
	// addresses are those of the Services, by component.
	addresses map[string][]byte
	// rolledOut are the components of which all pods are those of now.
	rolledOut map[string]bool
	// passwordsEnd: former passwords of the database work. wrongRotation is what is wrong with the annotation.
	passwordsEnd  bool
	wrongRotation error
}

// SetupWithManager registers the controller and returns its Applier, whose counters tell how much it writes.
func SetupWithManager(mgr ctrl.Manager, options Options) (*apply.Applier, error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	applier := apply.New(mgr.GetClient(), controllerName)
	r := &reconciler{
		client:   mgr.GetClient(),
		applier:  applier,
		secrets:  secrets.NewStore(applier, mgr.GetClient(), mgr.GetAPIReader()),
		recorder: eventlimit.New(mgr.GetEventRecorder(controllerName), time.Now),
		now:      options.Now,
		policy:   options.Policy,
		faspex:   options.Faspex,

		operatorNamespace: options.OperatorNamespace, operatorImage: options.OperatorImage, direct: mgr.GetAPIReader(),
		release: version.Version,
	}
	made := handler.EnqueueRequestsFromMapFunc(lifecycle.MadeFor(desired.PartOf))
	err := ctrl.NewControllerManagedBy(mgr).
		Named(controllerName).
		For(&v1alpha1.FaspexInstance{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&appsv1.StatefulSet{}, made).
		Watches(&appsv1.Deployment{}, made).
		Watches(&batchv1.Job{}, made).
		Watches(&corev1.Service{}, made).
		Watches(&networkingv1.NetworkPolicy{}, made).
		Watches(&policyv1.PodDisruptionBudget{}, made).
		Watches(&corev1.ConfigMap{}, made).
		Watches(&corev1.Secret{}, made).
		Watches(&corev1.Secret{}, handler.EnqueueRequestsFromMapFunc(r.instancesOfSecret)).
		Watches(&v1alpha1.TransferNode{}, handler.EnqueueRequestsFromMapFunc(instanceOfTransferNode),
			builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, machinesChanged))).
		Watches(&v1alpha1.FaspexBackup{}, handler.EnqueueRequestsFromMapFunc(lifecycle.Reference(
			func(b *v1alpha1.FaspexBackup) string { return b.Spec.InstanceRef.Name }))).
		WithOptions(lifecycle.ControllerOptions()).
		Complete(r.frame())
	if err != nil {
		return nil, fmt.Errorf("set up controller %s: %w", controllerName, err)
	}
	return applier, nil
}

// frame is the reconciler that controller-runtime calls.
func (r *reconciler) frame() *lifecycle.Lifecycle[*v1alpha1.FaspexInstance, *observed] {
	return &lifecycle.Lifecycle[*v1alpha1.FaspexInstance, *observed]{
		Client: r.client, Applier: r.applier, Recorder: r.recorder, Now: r.now,
		New: func() *v1alpha1.FaspexInstance { return &v1alpha1.FaspexInstance{} },
		View: func(i *v1alpha1.FaspexInstance) lifecycle.View {
			return lifecycle.View{Conditions: &i.Status.Conditions, ObservedGeneration: &i.Status.ObservedGeneration,
				Suspend: i.Spec.Suspend}
		},
		Gather: gather, Sleep: r.sleep, Phases: r.phases(), Finalize: r.finalize,
	}
}

func gather(_ context.Context, instance *v1alpha1.FaspexInstance) (*observed, error) {
	endpoints := desired.Endpoints(instance)
	instance.Status.Endpoints = &endpoints
	instance.Status.AdminSecretName = desired.AdminSecret(instance)
	return &observed{instance: instance, database: desired.DatabaseOf(instance), config: desired.ConfigMaps(instance),
		addresses: map[string][]byte{}, rolledOut: map[string]bool{}}, nil
}
