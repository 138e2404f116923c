package transfernode_test

import (
	"context"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/controllertest"
	"faspex.io/operator/test/kubeapi"
)

// TestRestrictedNamespaceIsNamed (operator-38): a real DaemonSet controller tries to make the pod of a machine in a
// namespace that enforces the restricted pod security standard, and the condition tells which needs of it are refused.
func TestRestrictedNamespaceIsNamed(t *testing.T) {
	field := controllertest.New(t)
	namespace := &corev1.Namespace{}
	if err := field.Client.Get(t.Context(), client.ObjectKey{Name: field.Namespace}, namespace); err != nil {
		t.Fatal(err)
	}
	namespace.Labels["pod-security.kubernetes.io/enforce"] = "restricted"
	if err := field.Client.Update(t.Context(), namespace); err != nil {
		t.Fatal(err)
	}
	machine := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "machine-of-" + field.Namespace,
		Labels: map[string]string{corev1.LabelOSStable: "linux", "faspex.io/test": field.Namespace}}}
	field.Create(t, machine)
	t.Cleanup(func() {
		if err := field.Client.Delete(context.WithoutCancel(t.Context()), machine); err != nil {
			t.Error(err)
		}
	})
	machine.Spec.Taints = nil // of a machine that has not told that it is ready
	if err := field.Client.Update(t.Context(), machine); err != nil {
		t.Fatal(err)
	}
	kubeapi.Controllers(t, "daemonset-controller")
	field.SetInstanceReady(t, true)
	node := field.TransferNode()
	node.Spec.NodeSelector = map[string]v1alpha1.LabelValue{"faspex.io/test": v1alpha1.LabelValue(field.Namespace)}
	field.Create(t, node)
	condition := field.WaitCondition(t, node, nodeName, v1alpha1.ConditionWorkloadReady, metav1.ConditionFalse,
		v1alpha1.ReasonWorkloadFailed)
	for _, need := range []string{"violates PodSecurity", "hostNetwork=true", "hostPath", "hostPort"} {
		if !strings.Contains(condition.Message, need) {
			t.Errorf("the message does not name %s: %s", need, condition.Message)
		}
	}
}
