package transfernode_test

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/controllertest"
	desired "faspex.io/operator/controllers/desired/transfernode"
)

// prepared plays prepare of a machine: its last words name the folder that it found.
func prepared(t *testing.T, field *controllertest.Field, machine, words string) {
	t.Helper()
	pod := &corev1.Pod{}
	field.Get(t, pod, machine)
	before := pod.DeepCopy()
	pod.Status.InitContainerStatuses = []corev1.ContainerStatus{{
		Name: desired.PrepareContainer, Image: "operator:1", ImageID: "1",
		State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Message: words}},
	}}
	report(t, field, before, pod)
	field.Touch(t, &v1alpha1.TransferNode{}, nodeName)
}

// node-69, the condition; the setups are in TestOneMachineServesFilesThatAreNotShared. Two machines see one folder, then
// each its own, then one again.
func TestStorageSharedByMachines(t *testing.T) {
	t.Parallel()
	field := controllertest.NewReady(t)
	node := &v1alpha1.TransferNode{}
	field.WaitCondition(t, node, nodeName, v1alpha1.ConditionStorageShared, isTrue, v1alpha1.ReasonSucceeded)
	for _, machine := range []string{"m1", "m2"} {
		runPod(t, field, machine, "192.0.2.1")
		prepared(t, field, machine, "folder default 00112233aabbccdd\n")
	}
	field.WaitCondition(t, node, nodeName, v1alpha1.ConditionStorageShared, isTrue, v1alpha1.ReasonSucceeded)
	prepared(t, field, "m2", "folder default ffffffffffffffff\n")
	said := field.WaitCondition(t, node, nodeName, v1alpha1.ConditionStorageShared, isFalse,
		v1alpha1.ReasonStorageNotShared)
	if !strings.Contains(said.Message, "m1, m2") || !strings.Contains(said.Message, "spec.storage[0].hostPath") {
		t.Errorf("message: %s", said.Message)
	}
	field.WaitCondition(t, node, nodeName, v1alpha1.ConditionStalled, isTrue, v1alpha1.ReasonStorageNotShared)
	prepared(t, field, "m2", "folder default 00112233aabbccdd\n")
	field.WaitReady(t, node, nodeName)
}
