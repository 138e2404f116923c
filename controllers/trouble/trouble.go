// Package trouble says in words what keeps pods from starting: an image that cannot be pulled, a container that crashes,
// no machine that takes the pod, a volume that cannot be mounted, or an API server that refuses the pod. It repeats what
// the kubelet, the scheduler and the API server say, and decides nothing.
package trouble

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// maxWords bounds what is repeated of somebody else's words.
const maxWords = 400

// starting are the reasons of containers that are on their way.
var starting = []string{"", "PodInitializing", "ContainerCreating"}

// images are the reasons of containers whose image is the trouble.
var images = []string{"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName", "ImageInspectError",
	"RegistryUnavailable"}

// Of is the first reason that pod says it is stuck for; empty when it is only slow.
func Of(pod corev1.Pod) string {
	if pod.DeletionTimestamp != nil {
		return ""
	}
	for _, statuses := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for _, status := range statuses {
			if waiting := status.State.Waiting; waiting != nil && !slices.Contains(starting, waiting.Reason) {
				return container(status)
			}
		}
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
			return "no machine takes the pod: " + words(condition.Message)
		}
	}
	return ""
}

// Ended is how a container of pod ended that did not end well, with the last line that it said; empty when none did.
func Ended(pod corev1.Pod) string {
	for _, status := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		ended := status.State.Terminated
		if ended == nil || ended.ExitCode == 0 {
			continue
		}
		if lines := strings.Split(strings.TrimSpace(ended.Message), "\n"); lines[len(lines)-1] != "" {
			return words(lines[len(lines)-1])
		}
		return fmt.Sprintf("container %s ended with code %d (%s)", status.Name, ended.ExitCode, ended.Reason)
	}
	return ""
}

func container(status corev1.ContainerStatus) string {
	waiting := status.State.Waiting
	switch {
	case slices.Contains(images, waiting.Reason):
		return fmt.Sprintf("the image %s cannot be pulled (%s)", status.Image, waiting.Reason)
	case waiting.Reason == "CrashLoopBackOff":
		ended := "it ended"
		if last := status.LastTerminationState.Terminated; last != nil {
			ended = fmt.Sprintf("it ended with code %d (%s)", last.ExitCode, last.Reason)
		}
		return fmt.Sprintf("container %s crashes again and again: %s, its log tells why (CrashLoopBackOff)", status.Name, ended)
	case waiting.Message != "":
		return fmt.Sprintf("container %s does not start: %s (%s)", status.Name, words(waiting.Message), waiting.Reason)
	}
	return fmt.Sprintf("container %s does not start (%s)", status.Name, waiting.Reason)
}

// generated are names that say nothing to people: they end otherwise in every pod.
var generated = regexp.MustCompile(`^.*?(error: |Error creating: )?[a-z.]+ "[^"]*" is forbidden: `)

// Refusal is what the API server says about a pod that it refuses, without the pod's name.
func Refusal(message string) string {
	return words(generated.ReplaceAllString(message, "forbidden: "))
}

// words is text on one line, cut to what a condition has room for.
func words(text string) string {
	line := strings.Join(strings.Fields(text), " ")
	if len(line) > maxWords {
		line = strings.ToValidUTF8(line[:maxWords], "") + "..."
	}
	return line
}
