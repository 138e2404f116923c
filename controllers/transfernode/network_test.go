package transfernode_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/controllertest"
	desired "faspex.io/operator/controllers/desired/transfernode"
)

// runPod plays the kubelet of a machine: a pod of the node with the machine's addresses.
func runPod(t *testing.T, field *controllertest.Field, machine string, addresses ...string) {
	t.Helper()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: field.Namespace, Name: machine,
			Labels: desired.SelectorLabels(field.TransferNode())},
		Spec: corev1.PodSpec{
			NodeName: machine, HostNetwork: true, Containers: []corev1.Container{{Name: "hsts", Image: "hsts:1"}},
		},
	}
	field.Create(t, pod)
	before := pod.DeepCopy()
	if len(addresses) > 0 {
		pod.Status.HostIP = addresses[0]
	}
	for _, address := range addresses {
		pod.Status.HostIPs = append(pod.Status.HostIPs, corev1.HostIP{IP: address})
	}
	report(t, field, before, pod)
}

// report writes the status of a pod as a kubelet does: what the operator writes to the pod meanwhile stays.
func report(t *testing.T, field *controllertest.Field, before, pod *corev1.Pod) {
	t.Helper()
	if err := field.Client.Status().Patch(t.Context(), pod, client.StrategicMergeFrom(before)); err != nil {
		t.Fatal(err)
	}
}

// admitted are the networks that the node's policy lets into the database, and whether there is one.
func admitted(t *testing.T, field *controllertest.Field) ([]string, bool) {
	t.Helper()
	policy := &networkingv1.NetworkPolicy{}
	err := field.Client.Get(t.Context(), field.Key(desired.NamesOf(nodeName).DatabasePolicy), policy)
	if apierrors.IsNotFound(err) {
		return nil, false
	}
	if err != nil {
		t.Fatal(err)
	}
	var networks []string
	for _, rule := range policy.Spec.Ingress {
		if len(rule.From) == 0 || len(rule.Ports) != 1 || rule.Ports[0].Port.IntValue() != 3306 {
			t.Errorf("a rule lets in %+v at %+v", rule.From, rule.Ports)
		}
		for _, peer := range rule.From {
			networks = append(networks, peer.IPBlock.CIDR)
		}
	}
	want := map[string]string{"app.kubernetes.io/name": "faspex", "app.kubernetes.io/instance": "demo",
		"app.kubernetes.io/component": "db"}
	if diff := cmp.Diff(want, policy.Spec.PodSelector.MatchLabels); diff != "" {
		t.Errorf("the policy is for other pods (-want +got):\n%s", diff)
	}
	return networks, true
}

// TestMachinesAreLetIntoTheEmbeddedDatabase follows machines that come and go, and the switch of the instance.
func TestMachinesAreLetIntoTheEmbeddedDatabase(t *testing.T) {
	t.Parallel()
	field := controllertest.NewEmbedded(t)
	field.Create(t, field.TransferNode())
	node := &v1alpha1.TransferNode{}
	field.Eventually(t, "a policy that lets nobody in", func() bool {
		networks, there := admitted(t, field)
		return there && len(networks) == 0
	})
	wait := func(what string, want ...string) {
		t.Helper()
		field.Touch(t, node, nodeName)
		field.Eventually(t, what, func() bool {
			networks, there := admitted(t, field)
			return there && cmp.Equal(want, networks)
		})
	}
	runPod(t, field, "n2", "192.0.2.12", "2001:db8::12")
	runPod(t, field, "n1", "192.0.2.11")
	runPod(t, field, "n3") // its kubelet has not told its address yet
	wait("two machines are let in", "192.0.2.11/32", "192.0.2.12/32", "2001:db8::12/128")
	field.Eventually(t, "the pod is gone", func() bool {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: field.Namespace, Name: "n2"}}
		return apierrors.IsNotFound(field.Client.Delete(t.Context(), pod, client.GracePeriodSeconds(0)))
	})
	wait("one machine is let in", "192.0.2.11/32")

	instance, off, on := &v1alpha1.FaspexInstance{}, false, true
	field.Change(t, instance, controllertest.Instance,
		func() { instance.Spec.NetworkPolicy = &v1alpha1.NetworkPolicySpec{Enabled: &off} })
	field.Eventually(t, "the policy goes with those of the instance", func() bool {
		_, there := admitted(t, field)
		return !there
	})
	field.Change(t, instance, controllertest.Instance, func() { instance.Spec.NetworkPolicy.Enabled = &on })
	wait("the policy comes back", "192.0.2.11/32")
}

func TestExternalDatabaseHasNoPolicy(t *testing.T) {
	t.Parallel()
	field := controllertest.NewReady(t)
	if networks, there := admitted(t, field); there {
		t.Errorf("there is a policy for %v", networks)
	}
}
