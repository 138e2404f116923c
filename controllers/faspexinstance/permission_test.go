package faspexinstance

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/policy"
)

// TestInstanceWithAnImageThatIsNotPermittedIsStalled: nothing is made of it, and once it runs, nothing is changed.
func TestInstanceWithAnImageThatIsNotPermittedIsStalled(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	permitted, err := policy.New(nil, []string{"registry.example.com/faspex"})
	if err != nil {
		t.Fatal(err)
	}
	b.r.policy = permitted
	instance := b.external("permission")
	instance.Spec.Images = &v1alpha1.InstanceImages{Router: "evil.example.com/nginx:1"}
	b.create(instance)
	i := b.settle()
	want(t, i, v1alpha1.ConditionSpecAllowed, metav1.ConditionFalse, v1alpha1.ReasonNotAllowed, "spec.images.router: ")
	want(t, i, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonNotAllowed, "--allowed-images")
	want(t, i, v1alpha1.ConditionSecretsReady, metav1.ConditionUnknown, v1alpha1.ReasonBlocked, "waits for SpecAllowed")

	b.patch("demo", i, func() { i.Spec.Images.Router = "registry.example.com/faspex/nginx:1" })
	wantReady(t, b.settle())
	before := b.r.applier.Changes()
	b.patch("demo", i, func() { i.Spec.Images.Faspex = "registry.example.com/faspex-evil/faspex:1" })
	i = b.settle()
	want(t, i, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonNotAllowed, "spec.images.faspex: ")
	if n := b.r.applier.Changes() - before; n != 1 {
		t.Errorf("%d changes, want the one of the status", n)
	}
}
