package transfernode

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	desired "faspex.io/operator/controllers/desired/transfernode"
	"faspex.io/operator/test/kubeapi"
)

// TestPrepareImageStaysUntilThePodsChange: an upgrade of the operator restarts no transfer; the next change of the pods
// takes the operator's image along, and so does an image that is not the operator's.
func TestPrepareImageStaysUntilThePodsChange(t *testing.T) {
	c := kubeapi.Client(t)
	node := &v1alpha1.TransferNode{
		ObjectMeta: metav1.ObjectMeta{Namespace: kubeapi.Namespace(t, c), Name: "demo"},
		Spec: v1alpha1.TransferNodeSpec{
			InstanceRef: v1alpha1.ObjectReference{Name: "demo"},
			Storage:     []v1alpha1.StorageMount{{Name: "default", HostPath: &v1alpha1.HostPathStorage{Path: "/srv/test"}}},
		},
	}
	if err := c.Create(t.Context(), node); err != nil {
		t.Fatal(err)
	}
	r := &reconciler{client: c, applier: apply.New(c, controllerName)}
	live := &appsv1.DaemonSet{}
	prepared := func(workload desired.Workload) (image string, generation int64) {
		t.Helper()
		config, err := r.daemonSet(t.Context(), node, workload)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.applier.Apply(t.Context(), node, config); err != nil {
			t.Fatal(err)
		}
		if err := c.Get(t.Context(), client.ObjectKey{Namespace: node.Namespace, Name: "demo-hsts"}, live); err != nil {
			t.Fatal(err)
		}
		return live.Spec.Template.Spec.InitContainers[0].Image, live.Generation
	}
	workload := desired.Workload{Image: "hsts:1", PullPolicy: corev1.PullIfNotPresent}
	for _, step := range []struct {
		name, hsts, operator string
		before               func()
		want                 string
		generation           int64
	}{
		{"first", "hsts:1", "operator:1", nil, "operator:1", 1},
		{"the operator is upgraded", "hsts:1", "operator:2", nil, "operator:1", 1},
		{"the pods change", "hsts:2", "operator:2", nil, "operator:2", 2},
		{"the operator is upgraded again", "hsts:2", "operator:3", nil, "operator:2", 2},
		{"the status was lost", "hsts:2", "operator:3", func() { node.Status.PrepareImage = "" }, "operator:3", 3},
		{"somebody changes the image", "hsts:2", "operator:3", func() {
			live.Spec.Template.Spec.InitContainers[0].Image = "evil:1"
			if err := c.Update(t.Context(), live); err != nil {
				t.Fatal(err)
			}
		}, "operator:3", 5},
	} {
		if step.before != nil {
			step.before()
		}
		workload.Image, workload.OperatorImage = step.hsts, step.operator
		image, generation := prepared(workload)
		if image != step.want || generation != step.generation || node.Status.PrepareImage != image {
			t.Errorf("%s: %s in generation %d (status %s), want %s in %d", step.name, image, generation,
				node.Status.PrepareImage, step.want, step.generation)
		}
	}
}
