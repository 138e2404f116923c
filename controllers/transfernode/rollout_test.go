package transfernode_test

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/controllertest"
	desired "faspex.io/operator/controllers/desired/transfernode"
)

// machine plays a machine: a pod of the template as it is now, that is ready.
func machine(t *testing.T, field *controllertest.Field, name string) {
	t.Helper()
	daemonSet := &appsv1.DaemonSet{}
	field.Get(t, daemonSet, desired.NamesOf(nodeName).DaemonSet)
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: field.Namespace, Name: name,
			Labels: desired.SelectorLabels(field.TransferNode()), Annotations: daemonSet.Spec.Template.Annotations},
		Spec: corev1.PodSpec{NodeName: name, Containers: []corev1.Container{{Name: "hsts", Image: "hsts:1"}}},
	}
	field.Create(t, pod)
	serves(t, field, name, corev1.ConditionTrue)
}

// serves says whether a pod is ready.
func serves(t *testing.T, field *controllertest.Field, name string, ready corev1.ConditionStatus) {
	t.Helper()
	pod := &corev1.Pod{}
	field.Get(t, pod, name)
	before := pod.DeepCopy()
	pod.Status.HostIP = "192.0.2.1"
	pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: ready}}
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "hsts", Image: "hsts:1", ImageID: "1", Ready: true,
		State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}}
	report(t, field, before, pod)
}

func isDraining(t *testing.T, field *controllertest.Field, name string) bool {
	t.Helper()
	pod := &corev1.Pod{}
	field.Get(t, pod, name)
	return !desired.DrainingSince(pod).IsZero()
}

func drainOf(t *testing.T, field *controllertest.Field, name string) *v1alpha1.MachineDrain {
	t.Helper()
	node := &v1alpha1.TransferNode{}
	field.Get(t, node, nodeName)
	for _, machine := range node.Status.Machines {
		if machine.Name == name {
			return machine.Drain
		}
	}
	return nil
}

// TestRolloutDrainsOneMachineAfterTheOther (operator-17, without a kubelet: TestDrainedNodeIsNotReady has what hsts does).
// A new template does not touch a machine whose transfers run: it is told to take no new ones, the status tells how many
// run, and its pod is replaced when they have ended or the deadline is over. Until then the other machine is left alone.
func TestRolloutDrainsOneMachineAfterTheOther(t *testing.T) {
	t.Parallel()
	field := controllertest.NewReady(t)
	field.SetPods(t, 2, 2)
	machine(t, field, "m1")
	machine(t, field, "m2")
	field.Touch(t, &v1alpha1.TransferNode{}, nodeName)
	end := field.RunTransfer(t, "m1")

	node := &v1alpha1.TransferNode{}
	field.Change(t, node, nodeName, func() {
		node.Spec.LogLevel = v1alpha1.LogLevelDebug
		node.Spec.Drain = &v1alpha1.NodeDrain{Deadline: &metav1.Duration{Duration: time.Hour}}
	})
	field.Eventually(t, "the first machine is told to drain", func() bool { return isDraining(t, field, "m1") })
	serves(t, field, "m1", corev1.ConditionFalse)
	field.Eventually(t, "the status tells of it", func() bool {
		drain := drainOf(t, field, "m1")
		return drain != nil && drain.State == v1alpha1.DrainRunning && drain.For == v1alpha1.DrainForRollout &&
			drain.Sessions != nil && *drain.Sessions == 1 && drain.Until != nil
	})
	looks := field.NodeAPI.Calls()
	field.Eventually(t, "the operator counts again", func() bool { return field.NodeAPI.Calls() > looks+1 })
	pod := &corev1.Pod{}
	if field.Get(t, pod, "m1"); pod.DeletionTimestamp != nil {
		t.Fatal("the pod was replaced while a transfer ran")
	}
	if isDraining(t, field, "m2") {
		t.Fatal("two machines are drained at a time")
	}

	end()
	gone := func(name string) func() bool {
		return func() bool {
			err := field.Client.Get(t.Context(), field.Key(name), pod)
			return apierrors.IsNotFound(err) || err == nil && pod.DeletionTimestamp != nil
		}
	}
	field.Eventually(t, "the pod is replaced", gone("m1"))
	// The kubelet of the machine has stopped it.
	if err := field.Client.Delete(t.Context(), pod, client.GracePeriodSeconds(0)); client.IgnoreNotFound(err) != nil {
		t.Fatal(err)
	}
	field.WaitGone(t, pod, "m1")
	if isDraining(t, field, "m2") {
		t.Fatal("the second machine is drained before the first has a new pod")
	}
	machine(t, field, "m1")
	field.Eventually(t, "the second machine is told to drain", func() bool { return isDraining(t, field, "m2") })
	if isDraining(t, field, "m1") {
		t.Error("the new pod is told to drain")
	}

	// The deadline ends what does not end by itself.
	field.RunTransfer(t, "m2")
	serves(t, field, "m2", corev1.ConditionFalse)
	field.Change(t, node, nodeName, func() { node.Spec.Drain.Deadline.Duration = time.Second })
	field.Eventually(t, "the pod is replaced after the deadline", gone("m2"))
}

// TestCordonedMachineIsDrained (operator-18, without a kubelet): a machine that an administrator drains takes no new
// transfers, keeps its pod, and serves again when it is uncordoned.
func TestCordonedMachineIsDrained(t *testing.T) {
	t.Parallel()
	field := controllertest.NewReady(t)
	name := "machine-" + field.Namespace
	kubeNode := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}
	field.Create(t, kubeNode)
	field.SetPods(t, 1, 1)
	machine(t, field, name)
	kubeNode.Spec.Unschedulable = true
	if err := field.Client.Update(t.Context(), kubeNode); err != nil {
		t.Fatal(err)
	}
	field.Touch(t, &v1alpha1.TransferNode{}, nodeName)
	field.Eventually(t, "the machine is told to drain", func() bool { return isDraining(t, field, name) })
	serves(t, field, name, corev1.ConditionFalse)
	field.Eventually(t, "the status tells that nothing runs", func() bool {
		drain := drainOf(t, field, name)
		return drain != nil && drain.State == v1alpha1.DrainDone && drain.For == v1alpha1.DrainForMachine
	})
	if err := field.Client.Get(t.Context(), field.Key(name), &corev1.Pod{}); err != nil {
		t.Errorf("the pod: %v", err)
	}
	fresh := &corev1.Node{}
	if err := field.Client.Get(t.Context(), client.ObjectKey{Name: name}, fresh); err != nil {
		t.Fatal(err)
	}
	fresh.Spec.Unschedulable = false
	if err := field.Client.Update(t.Context(), fresh); err != nil {
		t.Fatal(err)
	}
	field.Eventually(t, "the machine serves again", func() bool { return !isDraining(t, field, name) })
}
