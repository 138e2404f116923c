package faspexinstance

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"faspex.io/operator/api/v1alpha1"
)

// TestNodePortThatTheClusterDoesNotHave: which ports there may be the API server alone knows; the condition has its words.
func TestNodePortThatTheClusterDoesNotHave(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	i := b.external("nodeport")
	i.Spec.Router = &v1alpha1.RouterSpec{Service: &v1alpha1.RouterServiceSpec{Type: "NodePort", HTTPSNodePort: 22}}
	b.create(i)
	i = b.settle()
	want(t, i, v1alpha1.ConditionRouterReady, metav1.ConditionFalse, v1alpha1.ReasonInvalidSpec,
		"the Service made of the spec, because of spec.ports[0].nodePort: Invalid value: 22: provided port is not in the "+
			"valid range. The range of valid ports is ")
	want(t, i, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonInvalidSpec, "nodePort")
	b.patch("demo", i, func() { i.Spec.Router.Service.HTTPSNodePort = 0 })
	wantReady(t, b.settle())
}
