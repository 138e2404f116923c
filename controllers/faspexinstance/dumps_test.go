package faspexinstance

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/internal/backup"
)

// mayMigrate asks as the migration does, of an instance that runs version 1.0.0.
func (b *bench) mayMigrate() (string, bool) {
	b.t.Helper()
	i := b.instance()
	i.Status.Version = "1.0.0"
	outcome := b.r.mayMigrate(b.t.Context(), &observed{instance: i})
	return outcome.Message, outcome.IsDone()
}

// TestDumpWithoutBackup: the embedded database is dumped before its schema changes although spec.backup says nothing, to
// a volume and with a key that are made for that. They stay with the data and go with it. (The end-to-end test runs the
// dump: no test without a cluster reaches an embedded database.)
func TestDumpWithoutBackup(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	instance := b.embedded("fast", "3Gi")
	instance.Spec.Version = "1.1.0"
	b.create(instance)
	for version := range 4 {
		if version > 0 {
			b.patch("demo", instance, func() { instance.Spec.Version = "1.1." + string(rune('0'+version)) })
		}
		if says, may := b.mayMigrate(); may {
			t.Fatalf("it migrates without a dump: %s", says)
		}
		list := b.listBackups()
		open := 0
		for n := range list {
			if dump := &list[n]; dump.Status.CompletionTime == nil {
				open++
				dump.Status.CompletionTime = new(metav1.Now())
				if err := b.client.Status().Update(t.Context(), dump); err != nil {
					t.Fatal(err)
				}
			}
		}
		if open != 1 || len(list) > keepDumps+1 {
			t.Fatalf("%d dumps are made, %d are there", open, len(list))
		}
		if says, may := b.mayMigrate(); !may {
			t.Fatalf("it does not migrate: %s", says)
		}
	}
	claim, key := &corev1.PersistentVolumeClaim{}, &corev1.Secret{}
	b.get("demo-dumps", claim)
	if size := claim.Spec.Resources.Requests[corev1.ResourceStorage]; *claim.Spec.StorageClassName != "fast" ||
		!size.Equal(resource.MustParse("3Gi")) {
		t.Errorf("the volume is %+v", claim.Spec)
	}
	b.get("demo-dumps", key)
	if _, err := backup.ParseKey(key.Data["identity"]); err != nil {
		t.Error(err)
	}

	if err := b.r.removeDumps(t.Context(), b.instance()); err != nil {
		t.Fatal(err)
	}
	b.settleBackups()
	if left := b.listBackups(); len(left) != 0 {
		t.Errorf("FaspexBackups are left: %d", len(left))
	}
	if b.find("demo-dumps", key) || b.find("demo-dumps", claim) && claim.DeletionTimestamp == nil {
		t.Error("the volume or its key is left")
	}
}

// TestDumpsVolumeOfSomebodyElse is neither used nor removed.
func TestDumpsVolumeOfSomebodyElse(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.create(&corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: "demo-dumps", Namespace: b.namespace},
		Spec: corev1.PersistentVolumeClaimSpec{AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{
				corev1.ResourceStorage: resource.MustParse("1Gi")}}}})
	instance := b.embedded("fast", "3Gi")
	instance.Spec.Version = "1.1.0"
	b.create(instance)
	i := b.instance()
	i.Status.Version = "1.0.0"
	outcome := b.r.mayMigrate(t.Context(), &observed{instance: i})
	if outcome.IsDone() || outcome.Reason != v1alpha1.ReasonConflict || len(b.listBackups()) != 0 {
		t.Errorf("outcome is %+v", outcome)
	}
	claim := &corev1.PersistentVolumeClaim{}
	if err := b.r.removeDumps(t.Context(), i); err != nil || !b.find("demo-dumps", claim) ||
		claim.DeletionTimestamp != nil {
		t.Errorf("the volume of somebody else is removed (%v)", err)
	}
}
