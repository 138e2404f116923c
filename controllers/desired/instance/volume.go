package instance

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"

	"faspex.io/operator/api/v1alpha1"
)

const (
	defaultDatabaseSize = "10Gi"
	databaseVolume      = "data"
)

// Volume is what the embedded database asks for: a canonical size, and a storage class or "" for the cluster's default.
type Volume struct{ Size, Class string }

// Quantity is the size.
func (v Volume) Quantity() resource.Quantity { return resource.MustParse(v.Size) }

// VolumeOf is what the spec asks for.
func VolumeOf(instance *v1alpha1.FaspexInstance) Volume {
	size := resource.MustParse(defaultDatabaseSize)
	volume := Volume{}
	if embedded := instance.Spec.Database.Embedded; embedded != nil && embedded.Storage != nil {
		if embedded.Storage.Size != nil {
			size = embedded.Storage.Size.DeepCopy()
		}
		volume.Class = embedded.Storage.StorageClassName
	}
	volume.Size = size.String()
	return volume
}

// VolumeOfTemplate is what a StatefulSet asks for, or otherwise if it asks for none.
func VolumeOfTemplate(set *appsv1.StatefulSet, otherwise Volume) Volume {
	for _, claim := range set.Spec.VolumeClaimTemplates {
		if claim.Name == databaseVolume {
			size := claim.Spec.Resources.Requests[corev1.ResourceStorage]
			volume := Volume{Size: size.String()}
			if claim.Spec.StorageClassName != nil {
				volume.Class = *claim.Spec.StorageClassName
			}
			return volume
		}
	}
	return otherwise
}

// DatabaseClaim is the name of the claim of the embedded database, as the StatefulSet controller calls it.
func DatabaseClaim(instance *v1alpha1.FaspexInstance) string {
	return databaseVolume + "-" + NamesOf(instance.Name).Database + "-0"
}

func databaseClaim(instance *v1alpha1.FaspexInstance, volume Volume) *corev1ac.PersistentVolumeClaimApplyConfiguration {
	claim := corev1ac.PersistentVolumeClaimSpec().WithAccessModes(corev1.ReadWriteOnce).
		WithResources(corev1ac.VolumeResourceRequirements().
			WithRequests(corev1.ResourceList{corev1.ResourceStorage: volume.Quantity()}))
	if volume.Class != "" {
		claim.WithStorageClassName(volume.Class)
	}
	return &corev1ac.PersistentVolumeClaimApplyConfiguration{
		ObjectMetaApplyConfiguration: metav1ac.ObjectMeta().WithName(databaseVolume).
			WithLabels(SelectorLabels(instance, ComponentDatabase)),
		Spec: claim,
	}
}

// DumpsVolume is the claim of a volume for dumps that are made before the schema changes: as large as the database's, and
// of its class.
func DumpsVolume(instance *v1alpha1.FaspexInstance) *corev1.PersistentVolumeClaim {
	volume := VolumeOf(instance)
	claim := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: instance.Namespace, Name: NamesOf(instance.Name).Dumps,
			Labels: Labels(instance, ComponentBackup)},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources: corev1.VolumeResourceRequirements{
				Requests: corev1.ResourceList{corev1.ResourceStorage: volume.Quantity()}},
		},
	}
	if volume.Class != "" {
		claim.Spec.StorageClassName = &volume.Class
	}
	return claim
}
