package faspexinstance

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/test/kubeapi"
)

func (b *bench) embedded(class, size string) *v1alpha1.FaspexInstance {
	quantity := resource.MustParse(size)
	return &v1alpha1.FaspexInstance{
		ObjectMeta: metav1.ObjectMeta{Name: "demo", Namespace: b.namespace},
		Spec: v1alpha1.FaspexInstanceSpec{
			ExternalURL: "https://faspex.example.com",
			Database: v1alpha1.DatabaseSpec{Embedded: &v1alpha1.EmbeddedDatabase{
				Storage: &v1alpha1.DatabaseStorage{Size: &quantity, StorageClassName: class},
			}},
		},
	}
}

// claim reconciles until the claim of the database is as it shall be.
func (b *bench) claim(what string, holds func(*corev1.PersistentVolumeClaim) bool) *corev1.PersistentVolumeClaim {
	b.t.Helper()
	claim := &corev1.PersistentVolumeClaim{}
	b.await(what, func() bool {
		if _, err := b.reconcile(); err != nil {
			b.t.Fatal(err)
		}
		return b.find("data-demo-db-0", claim) && claim.DeletionTimestamp == nil && holds(claim)
	})
	return claim
}

func ofClass(name string) func(*corev1.PersistentVolumeClaim) bool {
	return func(claim *corev1.PersistentVolumeClaim) bool {
		return claim.Spec.StorageClassName != nil && *claim.Spec.StorageClassName == name
	}
}

// TestWrongStorageClassIsCorrected (operator-69), under a real StatefulSet controller: while there is no volume, by
// changing the field, and by making the instance anew with the claim that the former one has left.
func TestWrongStorageClassIsCorrected(t *testing.T) {
	b := newBench(t)
	kubeapi.Controllers(t, "statefulset-controller", "garbage-collector-controller", "persistentvolumeclaim-protection-controller")
	b.create(b.embedded("wrong", "1Gi"))
	claim := b.claim("a claim of the wrong class", ofClass("wrong"))
	b.create(&corev1.Event{
		ObjectMeta: metav1.ObjectMeta{Name: "claim.1", Namespace: b.namespace},
		InvolvedObject: corev1.ObjectReference{Kind: "PersistentVolumeClaim", Namespace: b.namespace, Name: claim.Name,
			UID: claim.UID},
		Type: corev1.EventTypeWarning, Reason: "ProvisioningFailed", LastTimestamp: metav1.Now(),
		Message: `storageclass.storage.k8s.io "wrong" not found`,
	})
	b.claim("the pod is there", func(*corev1.PersistentVolumeClaim) bool { return b.find("demo-db-0", &corev1.Pod{}) })
	if _, err := b.reconcile(); err != nil {
		t.Fatal(err)
	}
	want(t, b.instance(), v1alpha1.ConditionDatabaseReady, metav1.ConditionFalse, v1alpha1.ReasonWorkloadFailed,
		`storageclass.storage.k8s.io "wrong" not found`)

	i := &v1alpha1.FaspexInstance{}
	b.patch("demo", i, func() { i.Spec.Database.Embedded.Storage.StorageClassName = "also-wrong" })
	b.claim("a claim of the corrected class", ofClass("also-wrong"))

	b.remove("demo", &v1alpha1.FaspexInstance{})
	b.await("the instance is gone", func() bool {
		if _, err := b.reconcile(); err != nil {
			t.Fatal(err)
		}
		return b.instance() == nil && !b.find("demo-db", &appsv1.StatefulSet{})
	})
	if !b.find("data-demo-db-0", claim) {
		t.Fatal("the claim is not retained")
	}
	b.create(b.embedded("right", "1Gi"))
	b.claim("a claim of the right class", ofClass("right"))
}

// TestVolumeGrows (operator-10, but for the bytes on the disk, which need a cluster): the claim of a bound volume asks
// for more, a smaller size is refused at admission and later, and a class that cannot grow says so.
func TestVolumeGrows(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	for class, can := range map[string]*bool{"grows": &yes, "stays": &no} {
		t.Run(class, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			class := class + "-" + b.namespace
			b.create(&storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: class}, Provisioner: "example.com/none",
				AllowVolumeExpansion: can})
			b.create(b.embedded(class, "1Gi"))
			b.settle()
			set := &appsv1.StatefulSet{}
			b.get("demo-db", set)
			bound := b.bind(class, "1Gi")

			i := &v1alpha1.FaspexInstance{}
			grow := resource.MustParse("2Gi")
			b.patch("demo", i, func() { i.Spec.Database.Embedded.Storage.Size = &grow })
			i = b.settle()
			claim := &corev1.PersistentVolumeClaim{}
			b.get("data-demo-db-0", claim)
			size := claim.Spec.Resources.Requests[corev1.ResourceStorage]
			if claim.UID != bound || (size.String() == "2Gi") != *can {
				t.Errorf("the claim asks for %s", size.String())
			}
			uid := set.UID
			if b.get("demo-db", set); set.UID != uid {
				t.Error("the StatefulSet was made anew")
			}
			if !*can {
				want(t, i, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonInvalidSpec,
					"spec.database.embedded.storage.size: the volume of the database has 1Gi and its storage class cannot grow it")
				return
			}
			shrink := resource.MustParse("1Gi")
			before := i.DeepCopy()
			i.Spec.Database.Embedded.Storage.Size = &shrink
			if err := b.client.Patch(t.Context(), i, client.MergeFrom(before)); err == nil {
				t.Error("a smaller size is admitted")
			}
			other := b.instance()
			b.patch("demo", other, func() { other.Spec.Database.Embedded.Storage.StorageClassName = "other" })
			want(t, b.settle(), v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonInvalidSpec,
				"spec.database.embedded.storage.storageClassName: the volume of the database is of class")
		})
	}
}

// bind makes the claim of the database with a volume, as a cluster does.
func (b *bench) bind(class, size string) types.UID {
	b.t.Helper()
	claim := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: "data-demo-db-0", Namespace: b.namespace},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}, StorageClassName: &class,
			VolumeName: "volume-" + b.namespace,
			Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{
				corev1.ResourceStorage: resource.MustParse(size)}},
		},
	}
	b.create(claim)
	claim.Status.Phase = corev1.ClaimBound
	claim.Status.Capacity = claim.Spec.Resources.Requests
	if err := b.client.Status().Update(b.t.Context(), claim); err != nil {
		b.t.Fatal(err)
	}
	return claim.UID
}
