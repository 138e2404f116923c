package transfernode

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"faspex.io/operator/api/v1alpha1"
	desired "faspex.io/operator/controllers/desired/transfernode"
	"faspex.io/operator/controllers/phase"
)

// storageShared tells whether the machines see the same folders: a package that one machine has received must be there
// when another is asked for it. prepare says which folder each machine has.
func (r *reconciler) storageShared(ctx context.Context, o *observed) phase.Outcome {
	pods, err := r.pods(ctx, o.node)
	if err != nil {
		return phase.Transient(v1alpha1.ReasonAPIError, "the pods cannot be listed", err)
	}
	return judgeFolders(o.node.Spec.Storage, pods)
}

// judgeFolders compares, for each storage that is a folder of the machine, what the pods' last words say about it. A
// machine whose pod does not say, because an older operator prepared it, is passed over.
func judgeFolders(storages []v1alpha1.StorageMount, pods []corev1.Pod) phase.Outcome {
	silent := map[string]bool{}
	for i, storage := range storages {
		if storage.HostPath == nil {
			continue
		}
		machinesByID := map[string][]string{}
		for _, pod := range pods {
			id, said := folderOf(pod, storage.Name)
			switch {
			case said:
				machinesByID[id] = append(machinesByID[id], pod.Spec.NodeName)
			case isReady(pod):
				silent[pod.Spec.NodeName] = true
			}
		}
		if len(machinesByID) > 1 {
			return phase.Invalid(v1alpha1.ReasonStorageNotShared, fmt.Sprintf(
				"spec.storage[%d].hostPath: %s is another folder on each of the machines %s: mount one that they share there, "+
					"use a claim of ReadWriteMany, or select one machine by spec.nodeSelector",
				i, storage.HostPath.Path, someMachines(machinesByID))).After(recheckOf(pods))
		}
	}
	if len(silent) > 0 {
		return phase.Done(v1alpha1.ReasonSucceeded, "not known of "+
			strings.Join(first(slices.Sorted(maps.Keys(silent))), ", ")+
			", whose pods an earlier version prepared")
	}
	return phase.Done(v1alpha1.ReasonSucceeded, "every machine sees the same folders")
}

// folderOf is what prepare said about a storage of a pod.
func folderOf(pod corev1.Pod, storage string) (id string, said bool) {
	for _, status := range pod.Status.InitContainerStatuses {
		if status.Name != desired.PrepareContainer || status.State.Terminated == nil {
			continue
		}
		for line := range strings.Lines(status.State.Terminated.Message) {
			words := strings.Fields(line)
			if len(words) == 3 && words[0] == "folder" && words[1] == storage {
				return words[2], true
			}
		}
	}
	return "", false
}

// someMachines names one machine of each folder, a few at most.
func someMachines(byID map[string][]string) string {
	var names []string
	for _, machines := range byID {
		names = append(names, slices.Min(machines))
	}
	slices.Sort(names)
	return strings.Join(first(names), ", ")
}

// first are the first few of names.
func first(names []string) []string { return names[:min(len(names), maxTroubles)] }
