package faspexinstance

import (
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"faspex.io/operator/api/v1alpha1"
	desired "faspex.io/operator/controllers/desired/instance"
)

// podOf makes a pod of a workload as the cluster would, with a status.
func (b *bench) podOf(name string, labels map[string]string, status corev1.PodStatus) *corev1.Pod {
	b.t.Helper()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: b.namespace, Labels: labels},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: "example.com/main:1"}}},
	}
	b.create(pod)
	pod.Status = status
	if err := b.client.Status().Update(b.t.Context(), pod); err != nil {
		b.t.Fatal(err)
	}
	return pod
}

// TestMigrationIsNotKilledInItsMiddle (operator-63): who goes back to the former version while a migration runs waits
// for its end; one that has not begun, because its image cannot be pulled, is given up at once.
func TestMigrationIsNotKilledInItsMiddle(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.create(b.external("middle"))
	wantReady(t, b.settle())
	former := jobs(b)[0]

	i := &v1alpha1.FaspexInstance{}
	b.kubelet.hold["jobs"] = true
	b.patch("demo", i, func() { i.Spec.Version = "0.2.0" })
	b.settle()
	running := otherThan(b, former)
	step := corev1.ContainerStatus{Name: desired.MigrateStep,
		State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}
	pod := b.podOf("migrate-1", desired.MigrationPods(running), corev1.PodStatus{
		InitContainerStatuses: []corev1.ContainerStatus{step}})

	b.patch("demo", i, func() { i.Spec.Version = "0.1.0" })
	i = b.settle()
	want(t, i, v1alpha1.ConditionSchemaMigrated, metav1.ConditionFalse, v1alpha1.ReasonProgressing, "left to end")
	b.get(running, &batchv1.Job{})

	b.remove(pod.Name, pod) // the step has ended
	b.await("the pod is gone", func() bool { return !b.find(pod.Name, pod) })
	wantReady(t, b.settle())
	if left := jobs(b); len(left) != 1 || left[0] != former {
		t.Errorf("migrations: %v", left)
	}

	b.patch("demo", i, func() { i.Spec.Version = "0.3.0" })
	b.settle()
	b.podOf("migrate-2", desired.MigrationPods(otherThan(b, former)), corev1.PodStatus{
		InitContainerStatuses: []corev1.ContainerStatus{{Name: desired.MigrateStep, Image: "example.com/faspex:0.3.0",
			State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff"}}}}})
	// operator-68: a version that cannot be pulled is named.
	want(t, b.settle(), v1alpha1.ConditionSchemaMigrated, metav1.ConditionFalse, v1alpha1.ReasonWorkloadFailed,
		"the image example.com/faspex:0.3.0 cannot be pulled")
	b.patch("demo", i, func() { i.Spec.Version = "0.1.0" })
	wantReady(t, b.settle())
}

// otherThan is the migration that is not called name.
func otherThan(b *bench, name string) string {
	b.t.Helper()
	for _, job := range jobs(b) {
		if job != name {
			return job
		}
	}
	b.t.Fatal("there is no other migration")
	return ""
}

// TestSchemaOfALostDatabaseIsMadeAgain (operator-64): a database that was lost, or one on another server, is migrated
// again, and until then SchemaMigrated is not True.
func TestSchemaOfALostDatabaseIsMadeAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.create(b.external("emptied"))
	wantReady(t, b.settle())
	job := &batchv1.Job{}
	b.get(jobs(b)[0], job)
	b.sql("DROP DATABASE faspex_emptied")
	b.kubelet.hold["jobs"] = true
	i := b.settle()
	want(t, i, v1alpha1.ConditionSchemaMigrated, metav1.ConditionFalse, v1alpha1.ReasonProgressing, "")
	again := &batchv1.Job{}
	b.get(jobs(b)[0], again)
	if again.UID == job.UID {
		t.Error("the Job of the lost database is still there")
	}
	b.kubelet.hold = nil
	wantReady(t, b.settle())
	b.sql("SELECT * FROM faspex_emptied.migrated")

	// The same server by another name: for the operator it is another one.
	b.kubelet.hold = map[string]bool{"jobs": true}
	b.patch("demo", i, func() { i.Spec.Database.External.Host = "localhost" })
	want(t, b.settle(), v1alpha1.ConditionSchemaMigrated, metav1.ConditionFalse, v1alpha1.ReasonProgressing, "")
	b.kubelet.hold = nil
	wantReady(t, b.settle())
}
