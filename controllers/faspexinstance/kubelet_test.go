package faspexinstance

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	desired "faspex.io/operator/controllers/desired/instance"
	"faspex.io/operator/test/mariadbd"
)

// kubelet reports what a cluster would once pods run: no pod does, an API server alone has none.
type kubelet struct {
	t         *testing.T
	client    client.Client
	namespace string
	// hold are names of workloads whose pods do not become ready; failJobs makes Jobs fail instead of completing.
	hold     map[string]bool
	failJobs bool
	// migrateFor, if set, runs the pod of a migration for real, and tells whether it ended well.
	migrateFor func(*batchv1.Job) (says string, well bool)
}

// work brings every status up to date and tells whether one changed.
func (k *kubelet) work() bool {
	k.t.Helper()
	var deployments appsv1.DeploymentList
	var sets appsv1.StatefulSetList
	var jobs batchv1.JobList
	for _, list := range []client.ObjectList{&deployments, &sets, &jobs} {
		if err := k.client.List(k.t.Context(), list, client.InNamespace(k.namespace)); err != nil {
			k.t.Fatal(err)
		}
	}
	worked := false
	for i := range deployments.Items {
		d := &deployments.Items[i]
		before := d.DeepCopy()
		d.Status.ObservedGeneration = d.Generation
		n := *d.Spec.Replicas
		d.Status.Replicas, d.Status.UpdatedReplicas, d.Status.ReadyReplicas, d.Status.AvailableReplicas = n, n, n, n
		if k.hold[d.Name] {
			d.Status.ReadyReplicas, d.Status.AvailableReplicas = 0, 0
		}
		worked = k.patch(before, d) || worked
	}
	for i := range sets.Items {
		s := &sets.Items[i]
		before := s.DeepCopy()
		s.Status.ObservedGeneration = s.Generation
		n := *s.Spec.Replicas
		s.Status.Replicas, s.Status.UpdatedReplicas, s.Status.ReadyReplicas, s.Status.AvailableReplicas = n, n, n, n
		if k.hold[s.Name] {
			s.Status.ReadyReplicas, s.Status.AvailableReplicas = 0, 0
		}
		worked = k.patch(before, s) || worked
	}
	for i := range jobs.Items {
		j := &jobs.Items[i]
		if len(j.Status.Conditions) > 0 || k.hold["jobs"] ||
			j.Labels[desired.LabelComponent] == desired.ComponentBackup { // these are run
			continue
		}
		before := j.DeepCopy()
		now := metav1.Now()
		j.Status.StartTime = &now
		kinds := []batchv1.JobConditionType{batchv1.JobSuccessCriteriaMet, batchv1.JobComplete}
		switch {
		case k.migrateFor != nil:
			says, well := k.migrateFor(j)
			k.t.Logf("job %s: %s", j.Name, says)
			if !well {
				kinds = []batchv1.JobConditionType{batchv1.JobFailureTarget, batchv1.JobFailed}
			} else {
				j.Status.CompletionTime = &now
			}
		case k.failJobs:
			kinds = []batchv1.JobConditionType{batchv1.JobFailureTarget, batchv1.JobFailed}
		default:
			j.Status.CompletionTime = &now
			k.migrate()
		}
		for _, kind := range kinds {
			j.Status.Conditions = append(j.Status.Conditions,
				batchv1.JobCondition{Type: kind, Status: corev1.ConditionTrue, LastTransitionTime: now, LastProbeTime: now})
		}
		worked = k.patch(before, j) || worked
	}
	return worked
}

// migrate leaves a table in the database of the instance, as a migration does, if it is the test's own server.
func (k *kubelet) migrate() {
	k.t.Helper()
	instance := &v1alpha1.FaspexInstance{}
	if err := k.client.Get(k.t.Context(), client.ObjectKey{Namespace: k.namespace, Name: "demo"}, instance); err != nil {
		k.t.Fatal(err)
	}
	if instance.Spec.Database.External == nil {
		return
	}
	statement := "CREATE TABLE IF NOT EXISTS " + desired.DatabaseOf(instance).Name + ".migrated (version INT)"
	if _, err := mariadbd.Open(k.t, mariadbd.Start(k.t).RootConfig()).ExecContext(k.t.Context(), statement); err != nil {
		k.t.Fatal(err)
	}
}

func (k *kubelet) patch(before, after client.Object) bool {
	k.t.Helper()
	if equality.Semantic.DeepEqual(before, after) {
		return false
	}
	if err := k.client.Status().Patch(k.t.Context(), after, client.MergeFrom(before)); err != nil {
		k.t.Fatal(err)
	}
	return true
}
