package apply_test

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	"faspex.io/operator/test/kubeapi"
)

func TestRefusedObjectIsInvalid(t *testing.T) {
	c := kubeapi.Client(t)
	namespace := kubeapi.Namespace(t, c)
	config := corev1ac.Service("generated-7f3a",
		namespace).WithSpec(corev1ac.ServiceSpec().WithType(corev1.ServiceTypeNodePort).
		WithPorts(corev1ac.ServicePort().WithName("https").WithPort(443).WithNodePort(99)))
	_, err := apply.New(c, "test").Apply(t.Context(), nil, config)
	outcome := apply.Outcome(err)
	if !outcome.IsInvalid() || outcome.Reason != v1alpha1.ReasonInvalidSpec {
		t.Errorf("outcome of %v is %+v", err, outcome)
	}
	if want := "Service made of the spec, because of spec.ports[0].nodePort"; !strings.Contains(outcome.Message, want) {
		t.Errorf("message is %q, want %q", outcome.Message, want)
	}
	if strings.Contains(outcome.Message, "7f3a") {
		t.Errorf("message holds a name: %q", outcome.Message)
	}
}
