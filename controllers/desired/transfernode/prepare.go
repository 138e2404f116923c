package transfernode

import (
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"faspex.io/operator/api/v1alpha1"
)

// PrepareContainer is the init container that gives the storage folders to the user that hsts runs as.
const PrepareContainer = "prepare"

const (
	// machineDir is where prepare sees the folders that hold those of the machine, to tell whether a link leads to one.
	machineDir    = "/machine"
	volumeMachine = "machine-" // and a number
)

// prepareContainer gives the storage folders to the user that hsts runs as: folders of the machine come as root's, and no fsGroup
// changes them. It is the only process that runs as root, with nothing but what changing owners needs, and it runs the operator's own
// image: nobody who may write a spec has a program of theirs run as root (TestPrepareRunsTheOperatorsImage).
func prepareContainer(node *v1alpha1.TransferNode, workload Workload) *corev1ac.ContainerApplyConfiguration {
	id := strconv.Itoa(uid)
	args := []string{"prepare", "--owner=" + node.Namespace + "/" + node.Name, "--uid=" + id, "--gid=" + id}
	for _, storage := range node.Spec.Storage {
		switch {
		case storage.HostPath != nil:
			args = append(args, "--host-path="+storage.Name+"="+storage.HostPath.Path)
		case storage.PersistentVolumeClaim != nil:
			args = append(args, "--claim="+storage.Name)
		}
	}
	mounts := storageMounts(node)
	for i, folder := range machineFolders(node) {
		mounts = append(mounts, corev1ac.VolumeMount().
			WithName(volumeMachine+strconv.Itoa(i)).
			WithMountPath(path.Join(machineDir, folder)).
			WithReadOnly(true))
	}
	return corev1ac.Container().
		WithName(PrepareContainer).
		WithImage(workload.OperatorImage).
		WithImagePullPolicy(workload.PullPolicy).
		WithArgs(args...).
		// The status of the pod then says which folder is refused, and why.
		WithTerminationMessagePolicy(corev1.TerminationMessageFallbackToLogsOnError).
		WithSecurityContext(corev1ac.SecurityContext().
			WithRunAsUser(0).
			WithRunAsGroup(0).
			WithRunAsNonRoot(false).
			WithAllowPrivilegeEscalation(false).
			WithReadOnlyRootFilesystem(true).
			WithCapabilities(corev1ac.Capabilities().WithDrop("ALL").WithAdd("CHOWN", "FOWNER", "DAC_OVERRIDE"))).
		WithVolumeMounts(mounts...)
}

// machineFolders are the first elements of host paths that have more than one.
func machineFolders(node *v1alpha1.TransferNode) []string {
	folders := map[string]bool{}
	for _, storage := range node.Spec.Storage {
		if storage.HostPath == nil {
			continue
		}
		if first, _, more := strings.Cut(strings.TrimPrefix(storage.HostPath.Path, "/"), "/"); more {
			folders["/"+first] = true
		}
	}
	return slices.Sorted(maps.Keys(folders))
}

// machineVolumes are the folders that prepare looks for links in.
func machineVolumes(node *v1alpha1.TransferNode) []*corev1ac.VolumeApplyConfiguration {
	var volumes []*corev1ac.VolumeApplyConfiguration
	for i, folder := range machineFolders(node) {
		volumes = append(volumes, corev1ac.Volume().WithName(volumeMachine+strconv.Itoa(i)).WithHostPath(
			corev1ac.HostPathVolumeSource().WithPath(folder).WithType(corev1.HostPathDirectoryOrCreate)))
	}
	return volumes
}
