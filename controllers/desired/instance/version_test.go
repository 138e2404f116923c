package instance_test

import (
	"os"
	"testing"

	"sigs.k8s.io/yaml"

	"faspex.io/operator/controllers/desired/instance"
)

// TestDefaultVersion holds the images that instances get to the release that the chart installs.
func TestDefaultVersion(t *testing.T) {
	raw, err := os.ReadFile("../../../charts/faspex-operator/Chart.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var chart struct {
		AppVersion string `json:"appVersion"`
	}
	if err := yaml.Unmarshal(raw, &chart); err != nil {
		t.Fatal(err)
	}
	if chart.AppVersion != instance.DefaultVersion {
		t.Errorf("the chart installs %s, instances get %s", chart.AppVersion, instance.DefaultVersion)
	}
}

func TestRunningVersion(t *testing.T) {
	for image, want := range map[string]string{
		"ghcr.io/faspex-io/faspex:1.2.3": "1.2.3", "localhost:5000/faspex": "latest", "a/b:1@sha256:ab": "sha256:ab",
		"localhost:5000/faspex:2": "2",
	} {
		if got := instance.RunningVersion(instance.Images{Faspex: image}); got != want {
			t.Errorf("%s: %s, want %s", image, got, want)
		}
	}
}
