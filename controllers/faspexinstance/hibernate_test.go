package faspexinstance

import (
	"net/http"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	desired "faspex.io/operator/controllers/desired/instance"
	desirednode "faspex.io/operator/controllers/desired/transfernode"
	"faspex.io/operator/faspex/api"
)

// TestSuspendStopsChangesAndNotService (operator-12, the first half): what runs is left as it is, whatever is written
// into the spec, and goes on serving; afterwards all of that is done at once.
func TestSuspendStopsChangesAndNotService(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	instance := b.external("paused")
	b.realPrograms(instance)
	b.create(instance)
	wantReady(t, b.settle())
	core := b.program("demo-core")
	yes, two := true, int32(2)
	before := b.everything()
	b.patch("demo", instance, func() {
		instance.Spec.Suspend = &yes
		instance.Spec.Version = "0.2.0"
		instance.Spec.Core = &v1alpha1.CoreSpec{ComponentSpec: v1alpha1.ComponentSpec{Replicas: &two}}
	})
	i := b.settle()
	want(t, i, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonSuspended, "spec.suspend")
	if after := b.everything(); !equality.Semantic.DeepEqual(before, after) {
		t.Error("something was changed")
	}
	if got := answers(t, core+"/health"); got != http.StatusOK {
		t.Errorf("core answers %d", got)
	}
	if _, err := b.operator(core).Accounts(t.Context(), ""); err != nil {
		t.Error(err)
	}
	b.patch("demo", i, func() { i.Spec.Suspend = nil })
	wantReady(t, b.settle())
	d := &appsv1.Deployment{}
	if b.get("demo-core", d); *d.Spec.Replicas != 2 || b.image("demo-core") != "ghcr.io/faspex-io/faspex:0.2.0" {
		t.Errorf("core is %d of %s", *d.Spec.Replicas, b.image("demo-core"))
	}
}

// everything is the specs of what the operator made, by kind and name.
func (b *bench) everything() map[string]any {
	b.t.Helper()
	all := map[string]any{}
	var deployments appsv1.DeploymentList
	var jobs batchv1.JobList
	var secrets corev1.SecretList
	var configs corev1.ConfigMapList
	for _, list := range []client.ObjectList{&deployments, &jobs, &secrets, &configs} {
		if err := b.client.List(b.t.Context(), list, client.InNamespace(b.namespace)); err != nil {
			b.t.Fatal(err)
		}
	}
	for _, d := range deployments.Items {
		all["Deployment "+d.Name] = d.Spec
	}
	for _, j := range jobs.Items {
		all["Job "+j.Name] = j.Spec
	}
	for _, s := range secrets.Items {
		all["Secret "+s.Name] = s.Data
	}
	for _, c := range configs.Items {
		all["ConfigMap "+c.Name] = c.Data
	}
	return all
}

// TestHibernation (operator-12, the second half; TestNodeOfAHibernatingInstance has the pods of nodes): every pod goes,
// and everything is as it was when the instance wakes: the number of pods, whoever had decided it, the Secrets, and what
// people had.
func TestHibernation(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	instance := b.external("asleep")
	b.realPrograms(instance)
	two := int32(2)
	instance.Spec.UI = &v1alpha1.ComponentSpec{Replicas: &two}
	b.create(instance)
	wantReady(t, b.settle())
	core := &appsv1.Deployment{}
	b.get("demo-core", core)
	scale := &autoscalingv1.Scale{Spec: autoscalingv1.ScaleSpec{Replicas: 3}}
	if err := b.client.SubResource("scale").Update(t.Context(), core, client.WithSubResourceBody(scale)); err != nil {
		t.Fatal(err)
	}
	b.create(b.node("edge"))
	wantReady(t, b.settle())
	name := "ada@example.com"
	if _, err := b.operator(b.program("demo-core")).CreateAccount(t.Context(), api.AccountChange{Name: &name, Email: &name,
		FirstName: new("Ada"), LastName: new("L"), Role: new("user")}); err != nil {
		t.Fatal(err)
	}
	before := b.everything()
	numbers := b.replicas()

	yes := true
	pod := b.podOf("edge-1", desirednode.SelectorLabels(b.node("edge")), corev1.PodStatus{})
	b.patch("demo", instance, func() { instance.Spec.Hibernate = &yes })
	i := b.settle()
	want(t, i, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonProgressing, "the pods of TransferNode edge stop")
	want(t, i, v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonProgressing, "")
	b.remove(pod.Name, pod)
	b.await("the pod is gone", func() bool { return !b.find(pod.Name, pod) })
	i = b.settle()
	want(t, i, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonHibernated, "spec.hibernate")
	if len(i.Status.Conditions) != 1 {
		t.Errorf("conditions of an instance that sleeps: %v", i.Status.Conditions)
	}
	for name, n := range b.replicas() {
		if n != 0 {
			t.Errorf("%s has %d pods", name, n)
		}
	}
	if result, err := b.reconcile(); err != nil || result.RequeueAfter != 0 {
		t.Errorf("an instance that sleeps is looked at again: %v, %v", result, err)
	}

	b.patch("demo", i, func() { i.Spec.Hibernate = nil })
	wantReady(t, b.settle())
	if after := b.replicas(); !equality.Semantic.DeepEqual(numbers, after) || after["demo-core"] != 3 || after["demo-ui"] != 2 {
		t.Errorf("pods were %v and are %v", numbers, after)
	}
	if after := b.everything(); !equality.Semantic.DeepEqual(before, after) {
		t.Error("something is another")
	}
	accounts, err := b.operator(b.program("demo-core")).Accounts(t.Context(), "")
	if err != nil || !slices.ContainsFunc(accounts, func(a api.Account) bool { return a.Name == name }) {
		t.Errorf("people are %v, %v", accounts, err)
	}
}

func (b *bench) replicas() map[string]int32 {
	b.t.Helper()
	var list appsv1.DeploymentList
	if err := b.client.List(b.t.Context(), &list, client.InNamespace(b.namespace)); err != nil {
		b.t.Fatal(err)
	}
	numbers := map[string]int32{}
	for _, d := range list.Items {
		numbers[d.Name] = *d.Spec.Replicas
		if d.Annotations[desired.AwakeAnnotation] != "" && *d.Spec.Replicas > 0 {
			b.t.Errorf("%s remembers a former sleep", d.Name)
		}
	}
	return numbers
}

// TestHibernationOfTheEmbeddedDatabase: the database goes last, after what uses and changes it, and comes back with its
// volume.
func TestHibernationOfTheEmbeddedDatabase(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.create(b.embedded("fast", "3Gi"))
	b.settle() // as far as the database, which this test does not reach
	i, set, yes := &v1alpha1.FaspexInstance{}, &appsv1.StatefulSet{}, true
	b.get("demo-db", set)
	volume := set.Spec.VolumeClaimTemplates
	job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "a-backup", Namespace: b.namespace,
		Labels: desired.Labels(b.instance(), desired.ComponentBackup)}, Spec: batchv1.JobSpec{
		Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{RestartPolicy: corev1.RestartPolicyNever,
			Containers: []corev1.Container{{Name: "main", Image: "example.com/main:1"}}}}}}
	b.jobs.Hold = true
	b.create(job)
	b.patch("demo", i, func() { i.Spec.Hibernate = &yes })
	want(t, b.settle(), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonProgressing, "Job a-backup is left to end")
	if b.get("demo-db", set); *set.Spec.Replicas != 1 {
		t.Error("the database was stopped under a backup")
	}
	b.remove(job.Name, job)
	want(t, b.settle(), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonHibernated, "")
	if b.get("demo-db", set); *set.Spec.Replicas != 0 ||
		set.Spec.PersistentVolumeClaimRetentionPolicy.WhenScaled != appsv1.RetainPersistentVolumeClaimRetentionPolicyType {
		t.Errorf("the database is %+v", set.Spec)
	}
	b.patch("demo", i, func() { i.Spec.Hibernate = nil })
	b.settle()
	if b.get("demo-db", set); *set.Spec.Replicas != 1 || !equality.Semantic.DeepEqual(volume, set.Spec.VolumeClaimTemplates) {
		t.Errorf("the database is %+v", set.Spec)
	}
}
