package transfernode

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	desired "faspex.io/operator/controllers/desired/transfernode"
	"faspex.io/operator/controllers/podtemplate"
	"faspex.io/operator/internal/version"
	"faspex.io/operator/test/kubeapi"
)

// daemonSets writes the DaemonSet of one TransferNode as releases of the operator do.
type daemonSets struct {
	t        *testing.T
	client   client.Client
	r        *reconciler
	node     *v1alpha1.TransferNode
	workload desired.Workload
}

func newDaemonSets(t *testing.T) *daemonSets {
	t.Helper()
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
	return &daemonSets{t: t, client: c, node: node, r: &reconciler{client: c, applier: apply.New(c, controllerName)},
		workload: desired.Workload{Image: "hsts:1", OperatorImage: "operator:1", PullPolicy: corev1.PullIfNotPresent}}
}

// written is the DaemonSet after the operator has written it, or what before makes of it.
func (d *daemonSets) written(before func(*appsv1ac.DaemonSetApplyConfiguration)) *appsv1.DaemonSet {
	d.t.Helper()
	config, err := d.r.daemonSet(d.t.Context(), d.node, d.workload)
	if err != nil {
		d.t.Fatal(err)
	}
	if before != nil {
		before(config)
	}
	if _, err := d.r.applier.Apply(d.t.Context(), d.node, config); err != nil {
		d.t.Fatal(err)
	}
	return d.live()
}

func (d *daemonSets) live() *appsv1.DaemonSet {
	d.t.Helper()
	live := &appsv1.DaemonSet{}
	if err := d.client.Get(d.t.Context(), client.ObjectKey{Namespace: d.node.Namespace, Name: "demo-hsts"}, live); err != nil {
		d.t.Fatal(err)
	}
	return live
}

// TestAnotherReleaseOfTheOperatorRestartsNoTransfer (operator-8, with the test of that name of FaspexInstances): pods
// that another release rendered in another way stay as they are, whatever image prepares the folders now, until
// somebody changes something.
func TestAnotherReleaseOfTheOperatorRestartsNoTransfer(t *testing.T) {
	d := newDaemonSets(t)
	old := d.written(func(config *appsv1ac.DaemonSetApplyConfiguration) {
		config.Spec.Template.Spec.WithTerminationGracePeriodSeconds(7)
		kept, err := podtemplate.Keep(&appsv1.DaemonSet{}, config.Spec.Template, podtemplate.Inputs{Release: "0.9.0"})
		if err != nil {
			t.Fatal(err)
		}
		config.WithAnnotations(kept.Annotations)
	})
	for range 2 { // the second time it remembers
		d.workload.OperatorImage = "operator:2"
		live := d.written(nil)
		if live.Generation != old.Generation || *live.Spec.Template.Spec.TerminationGracePeriodSeconds != 7 {
			t.Fatalf("the pods are made anew: generation %d after %d", live.Generation, old.Generation)
		}
		if live.Annotations[desired.TemplateHashAnnotation] !=
			live.Spec.Template.Annotations[desired.TemplateHashAnnotation] {
			t.Error("pods of the template that the DaemonSet has are outdated")
		}
	}
	d.node.Spec.LogLevel = v1alpha1.LogLevelDebug
	if err := d.client.Update(t.Context(), d.node); err != nil {
		t.Fatal(err)
	}
	rolled := d.written(nil)
	if rolled.Generation != old.Generation+1 || *rolled.Spec.Template.Spec.TerminationGracePeriodSeconds == 7 ||
		rolled.Spec.Template.Spec.InitContainers[0].Image != "operator:2" {
		t.Errorf("a change of the spec leaves generation %d, image %s", rolled.Generation,
			rolled.Spec.Template.Spec.InitContainers[0].Image)
	}
	if again := d.written(nil); again.Generation != rolled.Generation {
		t.Error("the change rolls the pods twice")
	}
}

// TestImageOfTheOperatorComesWithTheNextChange: another image of the same release restarts no transfer either, and
// what is not the operator's does not stay.
func TestImageOfTheOperatorComesWithTheNextChange(t *testing.T) {
	d := newDaemonSets(t)
	for _, step := range []struct {
		name, hsts, operator string
		before               func()
		want                 string
		generation           int64
	}{
		{"first", "hsts:1", "operator:1", nil, "operator:1", 1},
		{"another image of the operator", "hsts:1", "operator:2", nil, "operator:1", 1},
		{"the pods change", "hsts:2", "operator:2", nil, "operator:2", 2},
		{"another image again", "hsts:2", "operator:3", nil, "operator:2", 2},
		{"somebody changes the image", "hsts:2", "operator:3", func() {
			live := d.live()
			live.Spec.Template.Spec.InitContainers[0].Image = "evil:1"
			if err := d.client.Update(t.Context(), live); err != nil {
				t.Fatal(err)
			}
		}, "operator:2", 4},
	} {
		if step.before != nil {
			step.before()
		}
		d.workload.Image, d.workload.OperatorImage = step.hsts, step.operator
		live := d.written(nil)
		if image := live.Spec.Template.Spec.InitContainers[0].Image; image != step.want || live.Generation != step.generation {
			t.Errorf("%s: %s in generation %d, want %s in %d (release %s)", step.name, image, live.Generation, step.want,
				step.generation, version.Version)
		}
	}
}
