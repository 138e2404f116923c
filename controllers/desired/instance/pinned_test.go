package instance_test

import (
	"testing"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/desired/instance"
)

// An instance whose spec names no version keeps the one that runs.
func TestVersionStaysWithoutOneInTheSpec(t *testing.T) {
	for _, test := range []struct{ spec, runs, image, want string }{
		{"", "", "", instance.DefaultVersion}, {"", "0.0.9", "", "0.0.9"}, {"2.0.0", "0.0.9", "", "2.0.0"},
		{"", "nightly", "example.com/faspex:nightly", instance.DefaultVersion}, // what spec.images leaves to the version
		{"", "sha256:00ff", "", instance.DefaultVersion},                       // spec.images named it before
	} {
		i := &v1alpha1.FaspexInstance{Spec: v1alpha1.FaspexInstanceSpec{Version: test.spec}}
		i.Status.Version = test.runs
		if test.image != "" {
			i.Spec.Images = &v1alpha1.InstanceImages{Faspex: test.image}
		}
		if got := instance.Version(i); got != test.want {
			t.Errorf("%+v: %s", test, got)
		}
	}
}
