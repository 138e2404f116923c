package faspexinstance

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// operator-38 (with TestRestrictedNamespaceIsNamed of TransferNodes): a namespace that enforces the restricted pod
// security standard takes every pod of an instance, its jobs' and its database's.
func TestRestrictedNamespaceTakesEveryPod(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.restrict()
	i := b.external("restricted")
	b.create(i)
	wantReady(t, b.settle())
	embedded := newBench(t)
	embedded.restrict()
	embedded.create(embedded.embedded("", "1Gi"))
	embedded.settle()
	var deployments appsv1.DeploymentList
	var sets appsv1.StatefulSetList
	var jobs batchv1.JobList
	b.list(&deployments)
	embedded.list(&sets)
	b.list(&jobs)
	templates := map[string]corev1.PodTemplateSpec{}
	for _, o := range deployments.Items {
		templates[o.Name] = o.Spec.Template
	}
	for _, o := range sets.Items {
		// The StatefulSet controller adds the volume of the claim.
		o.Spec.Template.Spec.Volumes = append(o.Spec.Template.Spec.Volumes, corev1.Volume{Name: "data",
			VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "data"}}})
		templates[o.Name] = o.Spec.Template
	}
	for _, o := range jobs.Items {
		templates["job "+o.Name] = o.Spec.Template
	}
	if len(deployments.Items) != 6 || len(sets.Items) != 1 || len(jobs.Items) != 1 {
		t.Fatalf("%d Deployments, %d StatefulSets, %d Jobs", len(deployments.Items), len(sets.Items), len(jobs.Items))
	}
	for name, template := range templates {
		if err := b.tryPod(template.Spec); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		root := template.Spec.DeepCopy()
		root.Containers[0].SecurityContext = nil
		if err := b.tryPod(*root); err == nil || !strings.Contains(err.Error(), "violates PodSecurity") {
			t.Errorf("%s: the namespace takes what is not restricted: %v", name, err)
		}
	}
}

// restrict has the namespace enforce the restricted pod security standard.
func (b *bench) restrict() {
	b.t.Helper()
	namespace := &corev1.Namespace{}
	if err := b.client.Get(b.t.Context(), client.ObjectKey{Name: b.namespace}, namespace); err != nil {
		b.t.Fatal(err)
	}
	namespace.Labels["pod-security.kubernetes.io/enforce"] = "restricted"
	if err := b.client.Update(b.t.Context(), namespace); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) list(list client.ObjectList) {
	b.t.Helper()
	if err := b.client.List(b.t.Context(), list, client.InNamespace(b.namespace)); err != nil {
		b.t.Fatal(err)
	}
}

// tryPod asks the API server whether it would take a pod.
func (b *bench) tryPod(spec corev1.PodSpec) error {
	return b.client.Create(b.t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "try-", Namespace: b.namespace}, Spec: spec}, client.DryRunAll)
}
