package trouble

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestOf(t *testing.T) {
	waiting := func(reason, message string) corev1.Pod {
		return corev1.Pod{Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{
			Name: "core", Image: "example.com/core:9",
			State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}},
			LastTerminationState: corev1.ContainerState{
				Terminated: &corev1.ContainerStateTerminated{ExitCode: 2, Reason: "Error"}},
		}}}}
	}
	for name, test := range map[string]struct {
		pod  corev1.Pod
		want string
	}{
		"new":      {corev1.Pod{}, ""},
		"creating": {waiting("ContainerCreating", ""), ""},
		"image": {waiting("ImagePullBackOff", "Back-off"),
			"the image example.com/core:9 cannot be pulled (ImagePullBackOff)"},
		"crash": {waiting("CrashLoopBackOff", "back-off 5m0s"),
			"container core crashes again and again: it ended with code 2 (Error), its log tells why (CrashLoopBackOff)"},
		"config": {waiting("CreateContainerConfigError", `secret "x" not found`),
			`container core does not start: secret "x" not found (CreateContainerConfigError)`},
		"no machine": {
			corev1.Pod{Status: corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.PodScheduled,
				Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: "0/2 nodes are available: 2 Insufficient cpu."}}}},
			"no machine takes the pod: 0/2 nodes are available: 2 Insufficient cpu.",
		},
	} {
		if got := Of(test.pod); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestRefusal(t *testing.T) {
	for message, want := range map[string]string{
		`Error creating: pods "demo-core-7d9f-x2" is forbidden: exceeded quota: none, requested: pods=1`: "forbidden: exceeded quota: none, requested: pods=1",
		`create Pod demo-db-0 in StatefulSet demo-db failed error: pods "demo-db-0" is forbidden: no`:    "forbidden: no",
		`admission webhook "a.b" denied the request: no`:                                                 `admission webhook "a.b" denied the request: no`,
	} {
		if got := Refusal(message); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
