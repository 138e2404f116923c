package podtemplate

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
)

func template(image string) *corev1ac.PodTemplateSpecApplyConfiguration {
	return corev1ac.PodTemplateSpec().WithLabels(map[string]string{"a": "b"}).
		WithSpec(corev1ac.PodSpec().WithContainers(corev1ac.Container().WithName("core").WithImage(image)))
}

// Another release restarts no pod, however it renders them and however often it looks; the first change
// afterwards, of the spec, of a Secret or of what this release makes of both, rolls them.
func TestAnotherReleaseKeepsPods(t *testing.T) {
	live := &metav1.ObjectMeta{}
	step := func(what, wanted, has string, in Inputs) {
		t.Helper()
		got, err := Keep(live, template(wanted), in)
		if err != nil || *got.Template.Spec.Containers[0].Image != has || got.Template.Labels["a"] != "b" {
			t.Fatalf("%s: %+v, %v, want %s", what, got, err, has)
		}
		for _, value := range got.Labels {
			if wrong := validation.IsValidLabelValue(value); len(wrong) > 0 {
				t.Errorf("%s: %v", what, wrong)
			}
		}
		live.Annotations, live.Labels = got.Annotations, got.Labels
	}
	one, two := Inputs{"1.0.0", 1, "s1"}, Inputs{"1.1.0", 1, "s1"}
	step("the first", "a", "a", one)
	step("the first again", "a", "a", one)
	step("a change within a release", "b", "b", one)
	step("another release", "c", "b", two)
	step("another release again", "c", "b", two)
	two.Generation = 2
	step("a change of the spec that alters nothing", "c", "b", two)
	step("a change of the spec", "d", "d", two)
	three := two
	three.Release = "1.2.0"
	step("a third release", "e", "d", three)
	three.Given = "s2"
	step("a Secret that pods read", "f", "f", three)
	back := three
	back.Release = "1.1.0"
	step("back to a release before", "d", "f", back)
	back.Release, back.Generation = "1.3.0", 9
	step("a change while no operator ran", "g", "g", back)

	live.Annotations[templateAnnotation] = "spoilt"
	back.Release = "1.4.0"
	step("an annotation that somebody spoilt", "h", "h", back)
}
