package faspexinstance

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/controllers/podtemplate"
)

// TestAnotherReleaseOfTheOperatorRestartsNoPod (operator-8): pods that another release of the operator rendered in
// another way are left running, by every Deployment,
// until somebody changes something.
func TestAnotherReleaseOfTheOperatorRestartsNoPod(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.r.release = "1.0.0"
	b.create(b.external("release"))
	wantReady(t, b.settle())
	components := &appsv1.DeploymentList{}
	if err := b.client.List(t.Context(), components, client.InNamespace(b.namespace)); err != nil || len(components.Items) < 5 {
		t.Fatalf("%d Deployments, %v", len(components.Items), err)
	}
	const old = "old.example.com/image:0.9"
	templates := map[string]corev1.PodTemplateSpec{}
	for _, d := range components.Items { // as a release before left it
		written, err := appsv1ac.ExtractDeployment(&d, b.r.applier.FieldManager())
		if err != nil {
			t.Fatal(err)
		}
		written.Spec.Template.Spec.Containers[0].WithImage(old)
		kept, err := podtemplate.Keep(&appsv1.Deployment{}, written.Spec.Template, podtemplate.Inputs{Release: "0.9.0"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.r.applier.Apply(t.Context(), b.instance(), written.WithAnnotations(kept.Annotations)); err != nil {
			t.Fatal(err)
		}
		b.get(d.Name, &d)
		templates[d.Name] = d.Spec.Template
	}
	images := func() map[string]string {
		out := map[string]string{}
		for name, before := range templates {
			d := &appsv1.Deployment{}
			b.get(name, d)
			out[name] = d.Spec.Template.Spec.Containers[0].Image
			if out[name] == old && !apiequality.Semantic.DeepEqual(d.Spec.Template, before) {
				t.Errorf("%s has other pods than before: %+v, %+v", name, d.Spec.Template, before)
			}
		}
		return out
	}
	for range 2 { // the second time it remembers
		wantReady(t, b.settle())
		for name, image := range images() {
			if image != old {
				t.Errorf("%s was restarted with %s", name, image)
			}
		}
	}
	instance := b.instance()
	b.patch("demo", instance, func() { instance.Spec.ImagePullPolicy = "Always" })
	wantReady(t, b.settle())
	for name, image := range images() {
		if image == old {
			t.Errorf("%s was not rolled by the change", name)
		}
	}
}

// TestAnotherReleaseOfTheOperatorRestartsNoDatabase (operator-8): nor is the embedded MariaDB restarted.
func TestAnotherReleaseOfTheOperatorRestartsNoDatabase(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.r.release = "1.0.0"
	b.create(b.embedded("", "1Gi"))
	b.settle()
	set := &appsv1.StatefulSet{}
	b.get("demo-db", set)
	written, err := appsv1ac.ExtractStatefulSet(set, b.r.applier.FieldManager())
	if err != nil {
		t.Fatal(err)
	}
	const old = "old.example.com/mariadb:10"
	written.Spec.Template.Spec.Containers[0].WithImage(old)
	kept, err := podtemplate.Keep(&appsv1.StatefulSet{}, written.Spec.Template, podtemplate.Inputs{Release: "0.9.0"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.r.applier.Apply(t.Context(), nobody, written.WithAnnotations(kept.Annotations)); err != nil {
		t.Fatal(err)
	}
	b.get("demo-db", set)
	before := set.DeepCopy()
	for range 2 {
		b.settle()
		b.get("demo-db", set)
		if !apiequality.Semantic.DeepEqual(set.Spec, before.Spec) || set.Generation != before.Generation {
			t.Fatalf("the database is restarted: %+v, %+v", set.Spec, before.Spec)
		}
	}
	instance := b.instance()
	b.patch("demo", instance, func() { instance.Spec.ImagePullPolicy = "Always" })
	b.settle()
	b.get("demo-db", set)
	if set.Spec.Template.Spec.Containers[0].Image == old || set.Generation != before.Generation+1 {
		t.Errorf("a change of the spec leaves %s in generation %d", set.Spec.Template.Spec.Containers[0].Image, set.Generation)
	}
}
