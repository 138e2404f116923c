package faspexinstance

import (
	"context"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"faspex.io/operator/controllers/apply"
	"faspex.io/operator/test/kubeapi"
)

// manage runs the controller as the program does, with a cache, until the test ends.
func (b *bench) manage(options Options) *apply.Applier {
	b.t.Helper()
	anyName := true
	mgr, err := ctrl.NewManager(kubeapi.Config(b.t), ctrl.Options{
		Scheme:  kubeapi.Scheme(b.t),
		Metrics: metricsserver.Options{BindAddress: "0"},
		Cache:   cache.Options{DefaultNamespaces: map[string]cache.Config{b.namespace: {}}},
		// Several tests of one process register a controller of the same name.
		Controller: config.Controller{SkipNameValidation: &anyName},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	applier, err := SetupWithManager(mgr, options)
	if err != nil {
		b.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(b.t.Context()))
	done := make(chan error, 1)
	go func() { done <- mgr.Start(ctx) }()
	b.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			b.t.Error(err)
		}
	})
	return applier
}

// reconciliations is how many there were in this process.
func reconciliations(t *testing.T) (n float64) {
	t.Helper()
	families, err := metrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == "controller_runtime_reconcile_total" {
			for _, metric := range family.GetMetric() {
				n += metric.GetCounter().GetValue()
			}
		}
	}
	return n
}

// find reads an object and tells whether it is there.
func (b *bench) find(name string, object client.Object) bool {
	b.t.Helper()
	err := b.client.Get(b.t.Context(), client.ObjectKey{Namespace: b.namespace, Name: name}, object)
	if err != nil && !apierrors.IsNotFound(err) {
		b.t.Fatal(err)
	}
	return err == nil
}

// patience is how long tests wait for what has to happen, on a machine that has much else to do.
const patience = 5 * time.Minute

// await waits until the condition holds.
func (b *bench) await(what string, holds func() bool) {
	b.t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			b.t.Fatalf("never: %s", what)
		}
	}
}
