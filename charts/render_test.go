package charts_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
)

// kubeVersion is what the charts are rendered for: helm itself assumes the version it was built with.
const kubeVersion = "1.34.0"

var findHelm = sync.OnceValues(func() (string, error) {
	if helm := os.Getenv("HELM"); helm != "" {
		return helm, nil
	}
	command := exec.Command("go", "run", "./hack/tools", "path", "helm")
	command.Dir = ".."
	command.Stderr = os.Stderr
	out, err := command.Output()
	return strings.TrimSpace(string(out)), err
})

// helm runs the pinned helm and returns what it printed on its two outputs.
func helm(t *testing.T, args ...string) (string, string, error) {
	t.Helper()
	program, err := findHelm()
	if err != nil {
		t.Fatalf("build helm: %v", err)
	}
	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(t.Context(), program, args...)
	command.Stdout, command.Stderr = &stdout, &stderr
	command.Env = append(os.Environ(), "HELM_CACHE_HOME="+t.TempDir(), "HELM_CONFIG_HOME="+t.TempDir(), "HELM_DATA_HOME="+
		t.TempDir())
	err = command.Run()
	return stdout.String(), stderr.String(), err
}

// render returns the objects of a chart, by kind and name.
func render(t *testing.T, chart, namespace string, args ...string) map[string]*unstructured.Unstructured {
	t.Helper()
	all := append([]string{"template", "release", chart, "--namespace", namespace, "--kube-version", kubeVersion}, args...)
	out, stderr, err := helm(t, all...)
	if err != nil {
		t.Fatalf("helm template: %v\n%s", err, stderr)
	}
	objects := map[string]*unstructured.Unstructured{}
	decoder := utilyaml.NewYAMLOrJSONDecoder(strings.NewReader(out), 4096)
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(object)
		if errors.Is(err, io.EOF) {
			return objects
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(object.Object) == 0 {
			continue
		}
		key := object.GetKind() + " " + object.GetName()
		if object.GetKind() == "Role" || object.GetKind() == "RoleBinding" {
			key += " in " + object.GetNamespace()
		}
		if objects[key] != nil {
			t.Errorf("%s is rendered twice", key)
		}
		objects[key] = object
	}
}

// refusedValues returns what helm says of values that the schema refuses.
func refusedValues(t *testing.T, chart string, args ...string) string {
	t.Helper()
	all := append([]string{"template", "release", chart, "--kube-version", kubeVersion}, args...)
	_, stderr, err := helm(t, all...)
	if err == nil {
		t.Fatalf("%v is accepted", args)
	}
	return stderr
}
