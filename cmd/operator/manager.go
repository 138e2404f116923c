package main

import (
	"context"
	"fmt"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/accesskey"
	"faspex.io/operator/controllers/apply"
	"faspex.io/operator/controllers/faspexapi"
	"faspex.io/operator/controllers/faspexbackup"
	"faspex.io/operator/controllers/faspexinstance"
	"faspex.io/operator/controllers/nodeapi"
	"faspex.io/operator/controllers/policy"
	"faspex.io/operator/controllers/secrets"
	"faspex.io/operator/controllers/storagelocation"
	"faspex.io/operator/controllers/transfernode"
	"faspex.io/operator/internal/version"
)

// run serves the cluster until ctx ends.
func run(ctx context.Context, config *rest.Config, s settings, log logr.Logger) error {
	mgr, err := newManager(config, s)
	if err != nil {
		return err
	}
	if err := addControllers(mgr, s); err != nil {
		return err
	}
	for add, check := range map[string]func(string, healthz.Checker) error{"healthz": mgr.AddHealthzCheck,
		"readyz": mgr.AddReadyzCheck} {
		if err := check(add, healthz.Ping); err != nil {
			return fmt.Errorf("add %s: %w", add, err)
		}
	}
	log.Info("starting", "version", version.Version, "watchNamespaces", s.watchNamespaces, "leaderElect", s.leaderElect)
	if err := mgr.Start(ctx); err != nil {
		return fmt.Errorf("run the controllers: %w", err)
	}
	return nil
}

func newManager(config *rest.Config, s settings) (ctrl.Manager, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, fmt.Errorf("register kinds: %w", err)
		}
	}
	mgr, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:                        scheme,
		Cache:                         cacheOptions(s.watchNamespaces),
		Metrics:                       metricsserver.Options{BindAddress: s.metricsAddress},
		HealthProbeBindAddress:        s.healthAddress,
		LeaderElection:                s.leaderElect,
		LeaderElectionID:              s.leaderID,
		LeaderElectionNamespace:       s.leaderNamespace,
		LeaderElectionReleaseOnCancel: true,
	})
	if err != nil {
		return nil, fmt.Errorf("set up: %w", err)
	}
	return mgr, nil
}

// cacheOptions keep the content of Secrets and ConfigMaps that are not ours out of memory. Their metadata stays: it
// tells that a name is taken, and that something a spec refers to has changed.
func cacheOptions(namespaces []string) cache.Options {
	options := cache.Options{
		DefaultTransform: cache.TransformStripManagedFields(),
		ByObject: map[client.Object]cache.ByObject{
			&corev1.Secret{}:    {Transform: stripForeign},
			&corev1.ConfigMap{}: {Transform: stripForeign},
		},
	}
	if len(namespaces) > 0 {
		options.DefaultNamespaces = map[string]cache.Config{}
		for _, namespace := range namespaces {
			options.DefaultNamespaces[namespace] = cache.Config{}
		}
	}
	return options
}

func stripForeign(object any) (any, error) {
	if o, ok := object.(client.Object); ok {
		o.SetManagedFields(nil)
		if o.GetLabels()[apply.ManagedByLabel] == apply.ManagedBy {
			return object, nil
		}
		o.SetAnnotations(nil) // kubectl apply keeps a copy of the content there
	}
	switch o := object.(type) {
	case *corev1.Secret:
		o.Data, o.StringData = nil, nil
	case *corev1.ConfigMap:
		o.Data, o.BinaryData = nil, nil
	}
	return object, nil
}

func addControllers(mgr ctrl.Manager, s settings) error {
	permitted, err := policy.New(s.allowedHostPaths, s.allowedImages)
	if err != nil {
		return err
	}
	// The connections need Secrets that users give, which the cache has no content of.
	reader := secrets.NewReader(mgr.GetClient(), mgr.GetAPIReader())
	nodes, faspex := nodeapi.NewConnector(reader, nil), faspexapi.NewConnector(reader, nil)
	credentials := secrets.NewStore(nil, mgr.GetClient(), mgr.GetAPIReader())
	if _, err := faspexinstance.SetupWithManager(mgr,
		faspexinstance.Options{Policy: permitted, OperatorNamespace: s.operatorNamespace,
			OperatorImage: s.operatorImage, Faspex: faspex}); err != nil {
		return err
	}
	if err := faspexbackup.SetupWithManager(mgr, faspexbackup.Options{OperatorImage: s.operatorImage}); err != nil {
		return err
	}
	if _, err := transfernode.SetupWithManager(mgr, transfernode.Options{
		DatabaseServer: faspexinstance.DatabaseServer(credentials), OperatorImage: s.operatorImage, Policy: permitted,
		Nodes: nodes, Faspex: faspex,
	}); err != nil {
		return err
	}
	if _, err := storagelocation.SetupWithManager(mgr, storagelocation.Options{Nodes: nodes, Faspex: faspex}); err != nil {
		return err
	}
	if _, err := accesskey.SetupWithManager(mgr, accesskey.Options{Nodes: nodes}); err != nil {
		return err
	}
	return nil
}
