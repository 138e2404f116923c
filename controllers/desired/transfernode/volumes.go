package transfernode

import (
	"path"

	corev1 "k8s.io/api/core/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/certificate"
)

// Names of the volumes. Those of the storage are "storage-" and the name in the spec.
const (
	volumeConfig     = "config"
	volumeTokenKeys  = "token-keys"
	volumeSSHHostKey = "ssh-host-key"
	volumeTLS        = "tls"
	volumeNodeUser   = "node-user"
	volumeStorage    = "storage-"
	volumeStorageKey = "key-" // likewise

	volumeNodeUsers      = "node-users"
	volumePasswords      = "passwords"
	volumeAuthorizedKeys = "authorized-keys"
	volumeDatabaseCA     = "db-ca"

	// secretMode lets the group read: the volume's files belong to root and to the pod's fsGroup.
	secretMode = 0o440
)

func volumes(node *v1alpha1.TransferNode, workload Workload) []*corev1ac.VolumeApplyConfiguration {
	names := NamesOf(node.Name)
	secret := func(volume, secretName string) *corev1ac.VolumeApplyConfiguration {
		return corev1ac.Volume().WithName(volume).WithSecret(
			corev1ac.SecretVolumeSource().WithSecretName(secretName).WithDefaultMode(secretMode))
	}
	volumes := []*corev1ac.VolumeApplyConfiguration{
		corev1ac.Volume().WithName(volumeConfig).WithConfigMap(
			corev1ac.ConfigMapVolumeSource().WithName(names.ConfigMap)),
		secret(volumeTokenKeys, names.TokenKeys),
		secret(volumeSSHHostKey, names.SSHHostKey),
		secret(volumeTLS, TLSSecretName(node)),
		secret(volumeNodeUser, names.NodeUser),
		podVolume(),
	}
	if users := node.Spec.NodeUsers; users != nil {
		volumes = append(volumes, secret(volumeNodeUsers, users.SecretRef.Name))
	}
	if anyUserHas(node, authorizedKeysOf) {
		volumes = append(volumes, ofTransferUsers(node, volumeAuthorizedKeys, authorizedKeysOf))
	}
	if anyUserHas(node, passwordOf) {
		volumes = append(volumes, ofTransferUsers(node, volumePasswords, passwordOf))
	}
	if workload.DatabaseCASecret != "" {
		volumes = append(volumes, corev1ac.Volume().WithName(volumeDatabaseCA).WithSecret(corev1ac.SecretVolumeSource().
			WithSecretName(workload.DatabaseCASecret).
			WithDefaultMode(secretMode).
			WithItems(corev1ac.KeyToPath().WithKey(certificate.CAKey).WithPath(certificate.CAKey))))
	}
	for _, storage := range node.Spec.Storage {
		volume := corev1ac.Volume().WithName(volumeStorage + storage.Name)
		switch {
		case storage.HostPath != nil:
			hostPathType := corev1.HostPathDirectoryOrCreate
			if storage.HostPath.Type != "" {
				hostPathType = corev1.HostPathType(storage.HostPath.Type)
			}
			volume.WithHostPath(corev1ac.HostPathVolumeSource().WithPath(storage.HostPath.Path).WithType(hostPathType))
		case storage.PersistentVolumeClaim != nil:
			volume.WithPersistentVolumeClaim(corev1ac.PersistentVolumeClaimVolumeSource().
				WithClaimName(storage.PersistentVolumeClaim.ClaimName))
		}
		volumes = append(volumes, volume)
		if storage.Encryption != nil {
			volumes = append(volumes, secret(volumeStorageKey+storage.Name, storage.Encryption.SecretRef.Name))
		}
	}
	return volumes
}

// ofTransferUsers has one file for each transfer user with a reference, named as the user. A Secret that is missing keeps
// no pod from starting: its user has no keys, or no password, then.
func ofTransferUsers(node *v1alpha1.TransferNode, volume string, of ofUser) *corev1ac.VolumeApplyConfiguration {
	projected := corev1ac.ProjectedVolumeSource().WithDefaultMode(secretMode)
	for _, user := range node.Spec.TransferUsers {
		if ref := of(user); ref != nil {
			projected.WithSources(corev1ac.VolumeProjection().WithSecret(corev1ac.SecretProjection().
				WithName(ref.Name).
				WithOptional(true).
				WithItems(corev1ac.KeyToPath().WithKey(ref.Key).WithPath(user.Name))))
		}
	}
	return corev1ac.Volume().WithName(volume).WithProjected(projected)
}

// configMount mounts the folder that holds hsts.yaml: a mount of the file alone would stay at its first version.
func configMount() *corev1ac.VolumeMountApplyConfiguration {
	return corev1ac.VolumeMount().
		WithName(volumeConfig).
		WithMountPath(configFileDir).
		WithReadOnly(true)
}

func secretMounts(node *v1alpha1.TransferNode, workload Workload) []*corev1ac.VolumeMountApplyConfiguration {
	mount := func(volume, dir string) *corev1ac.VolumeMountApplyConfiguration {
		return corev1ac.VolumeMount().WithName(volume).WithMountPath(dir).WithReadOnly(true)
	}
	mounts := []*corev1ac.VolumeMountApplyConfiguration{
		mount(volumeTokenKeys, tokenKeysDir),
		mount(volumeSSHHostKey, sshHostKeysDir),
		mount(volumeTLS, tlsDir),
		mount(volumeNodeUser, nodeUserDir),
		mount(volumePod, podDir),
	}
	if node.Spec.NodeUsers != nil {
		mounts = append(mounts, mount(volumeNodeUsers, nodeUsersDir))
	}
	if anyUserHas(node, authorizedKeysOf) {
		mounts = append(mounts, mount(volumeAuthorizedKeys, authorizedKeysDir))
	}
	if anyUserHas(node, passwordOf) {
		mounts = append(mounts, mount(volumePasswords, passwordsDir))
	}
	if workload.DatabaseCASecret != "" {
		mounts = append(mounts, mount(volumeDatabaseCA, databaseCADir))
	}
	for _, storage := range node.Spec.Storage {
		if storage.Encryption != nil {
			mounts = append(mounts, mount(volumeStorageKey+storage.Name, path.Join(storageKeysDir, storage.Name)))
		}
	}
	return mounts
}

func storageMounts(node *v1alpha1.TransferNode) []*corev1ac.VolumeMountApplyConfiguration {
	mounts := make([]*corev1ac.VolumeMountApplyConfiguration, 0, len(node.Spec.Storage))
	for _, storage := range node.Spec.Storage {
		mounts = append(mounts, corev1ac.VolumeMount().
			WithName(volumeStorage+storage.Name).
			WithMountPath(path.Join(storageRoot, storage.Name)))
	}
	return mounts
}
