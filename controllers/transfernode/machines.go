package transfernode

import (
	"fmt"
	"net"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"faspex.io/operator/api/v1alpha1"
	desired "faspex.io/operator/controllers/desired/transfernode"
)

// maxMachines is the API's limit for status.machines.
const maxMachines = 256

// maxTroubles is how many machines a message names.
const maxTroubles = 3

// machines lists the machines that run a pod, sorted by name, each once: while a pod makes way for its successor, the
// one that stays. address, if not empty, is what clients use for all of them.
func machines(pods []corev1.Pod, address string) []v1alpha1.TransferNodeMachine {
	byName := map[string]corev1.Pod{}
	for _, pod := range pods {
		if pod.Spec.NodeName == "" {
			continue
		}
		if _, seen := byName[pod.Spec.NodeName]; !seen || pod.DeletionTimestamp == nil {
			byName[pod.Spec.NodeName] = pod
		}
	}
	var list []v1alpha1.TransferNodeMachine
	for name, pod := range byName {
		ready := isReady(pod)
		machine := v1alpha1.TransferNodeMachine{Name: name, Address: address, Ready: &ready}
		if address == "" {
			machine.Address = pod.Status.HostIP
		}
		if len(pod.Spec.Containers) > 0 {
			machine.Image = pod.Spec.Containers[0].Image
		}
		list = append(list, machine)
	}
	slices.SortFunc(list, func(a, b v1alpha1.TransferNodeMachine) int { return strings.Compare(a.Name, b.Name) })
	return list[:min(len(list), maxMachines)]
}

// machineIPs are the addresses that clients reach the machines of pods by, sorted, each once.
func machineIPs(pods []corev1.Pod) []net.IP {
	var ips []net.IP
	for _, machine := range machines(pods, "") {
		ip := net.ParseIP(machine.Address)
		if ip != nil && !slices.ContainsFunc(ips, ip.Equal) {
			ips = append(ips, ip)
		}
	}
	return ips
}

func isReady(pod corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// troubles says, for a few machines, what keeps their pods from being ready, as the kubelet or the scheduler names it.
func troubles(pods []corev1.Pod) string {
	var found []string
	for _, pod := range pods {
		if reason := troubleOf(pod); reason != "" && pod.DeletionTimestamp == nil {
			machine := machineOf(pod)
			found = append(found, fmt.Sprintf("%s: %s", machine, reason))
		}
	}
	if len(found) == 0 {
		return ""
	}
	slices.Sort(found)
	return " (" + strings.Join(found[:min(len(found), maxTroubles)], ", ") + ")"
}

// machineOf is the machine that a pod runs on, or is meant for: the DaemonSet controller says so in the pod's affinity.
func machineOf(pod corev1.Pod) string {
	if pod.Spec.NodeName != "" {
		return pod.Spec.NodeName
	}
	if affinity := pod.Spec.Affinity; affinity != nil && affinity.NodeAffinity != nil &&
		affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution != nil {
		for _, term := range affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms {
			for _, field := range term.MatchFields {
				if field.Key == metav1.ObjectNameField && len(field.Values) == 1 {
					return field.Values[0]
				}
			}
		}
	}
	return "a machine"
}

// portTaken is how the scheduler says that a port of a pod is in use on a machine, by
// another TransferNode for instance.
const portTaken = "didn't have free ports"

// maxLastWords bounds what is repeated of a container's last words.
const maxLastWords = 400

// lastWords are why prepare gave up, which folder it refused for instance. Other containers' words are for their logs.
func lastWords(status corev1.ContainerStatus) string {
	terminated := status.LastTerminationState.Terminated
	if status.Name != desired.PrepareContainer || terminated == nil || terminated.Message == "" {
		return ""
	}
	words := strings.Join(strings.Fields(terminated.Message), " ")
	return ": " + words[:min(len(words), maxLastWords)]
}

// troubleOf is the first reason a pod is stuck for; empty when it is only slow.
func troubleOf(pod corev1.Pod) string {
	for _, statuses := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for _, status := range statuses {
			waiting := status.State.Waiting
			if waiting != nil && !slices.Contains([]string{"", "PodInitializing", "ContainerCreating"}, waiting.Reason) {
				return waiting.Reason + lastWords(status)
			}
		}
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
			if strings.Contains(condition.Message, portTaken) {
				return "another pod uses one of the ports of spec.ports"
			}
			return condition.Reason
		}
	}
	return ""
}
