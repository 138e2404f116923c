package instance

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"faspex.io/operator/api/v1alpha1"
)

// configHashAnnotation restarts pods when something changes that their process reads only at its start.
const configHashAnnotation = "faspex.io/config-hash"

// ConfigHash digests the data of ConfigMaps and Secrets. Eight bytes are enough to tell versions apart and too few to
// test guesses of a password of more than 200 bits against.
func ConfigHash(data ...map[string][]byte) string {
	digest := sha256.New()
	for _, m := range data {
		for _, key := range slices.Sorted(maps.Keys(m)) {
			for _, part := range [][]byte{[]byte(key), m[key]} {
				sum := sha256.Sum256(part)
				digest.Write(sum[:])
			}
		}
	}
	return hex.EncodeToString(digest.Sum(nil)[:8])
}

// Bytes is the data of a ConfigMap as ConfigHash wants it.
func (c ConfigMap) Bytes() map[string][]byte {
	data := make(map[string][]byte, len(c.Data))
	for k, v := range c.Data {
		data[k] = []byte(v)
	}
	return data
}

// basePodSpec is what all pods of an instance have in common: the restricted pod security standard and
// no access to the Kubernetes API.
func basePodSpec(instance *v1alpha1.FaspexInstance, uid int64) *corev1ac.PodSpecApplyConfiguration {
	spec := corev1ac.PodSpec().
		WithAutomountServiceAccountToken(false).
		WithEnableServiceLinks(false).
		WithSecurityContext(corev1ac.PodSecurityContext().
			WithRunAsNonRoot(true).WithRunAsUser(uid).WithRunAsGroup(uid).WithFSGroup(uid).
			WithFSGroupChangePolicy(corev1.FSGroupChangeOnRootMismatch).
			WithSeccompProfile(corev1ac.SeccompProfile().WithType(corev1.SeccompProfileTypeRuntimeDefault)))
	for _, secret := range instance.Spec.ImagePullSecrets {
		spec.WithImagePullSecrets(corev1ac.LocalObjectReference().WithName(secret.Name))
	}
	return spec
}

func restrictedContainer() *corev1ac.SecurityContextApplyConfiguration {
	return corev1ac.SecurityContext().
		WithAllowPrivilegeEscalation(false).
		WithReadOnlyRootFilesystem(true).
		WithRunAsNonRoot(true).
		WithCapabilities(corev1ac.Capabilities().WithDrop("ALL"))
}

func podTemplate(
	instance *v1alpha1.FaspexInstance, component, configHash string, spec *corev1ac.PodSpecApplyConfiguration,
) *corev1ac.PodTemplateSpecApplyConfiguration {
	return corev1ac.PodTemplateSpec().
		WithLabels(Labels(instance, component)).
		WithAnnotations(map[string]string{configHashAnnotation: configHash}).
		WithSpec(spec)
}

func envFromConfigMap(name string) *corev1ac.EnvFromSourceApplyConfiguration {
	return corev1ac.EnvFromSource().WithConfigMapRef(corev1ac.ConfigMapEnvSource().WithName(name))
}

func envFromSecret(name string) *corev1ac.EnvFromSourceApplyConfiguration {
	return corev1ac.EnvFromSource().WithSecretRef(corev1ac.SecretEnvSource().WithName(name))
}

func envFromSecretKey(variable, secret, key string) *corev1ac.EnvVarApplyConfiguration {
	return corev1ac.EnvVar().WithName(variable).WithValueFrom(corev1ac.EnvVarSource().WithSecretKeyRef(
		corev1ac.SecretKeySelector().WithName(secret).WithKey(key)))
}

// withDatabaseCA mounts the authorities of an external database where FASPEX_DB_TLS_CA_FILE
// says, into every container of spec.
func withDatabaseCA(instance *v1alpha1.FaspexInstance,
	spec *corev1ac.PodSpecApplyConfiguration) *corev1ac.PodSpecApplyConfiguration {
	secret := DatabaseOf(instance).CASecret
	if secret == "" {
		return spec
	}
	mount := corev1ac.VolumeMount().WithName("db-ca").WithMountPath(databaseCADir).WithReadOnly(true)
	for i := range spec.InitContainers {
		spec.InitContainers[i].WithVolumeMounts(mount)
	}
	for i := range spec.Containers {
		spec.Containers[i].WithVolumeMounts(mount)
	}
	return spec.WithVolumes(corev1ac.Volume().WithName("db-ca").WithSecret(corev1ac.SecretVolumeSource().WithSecretName(secret).
		WithItems(corev1ac.KeyToPath().WithKey(databaseCAKey).WithPath(databaseCAKey))))
}
