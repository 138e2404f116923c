package v1alpha1_test

import (
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"faspex.io/operator/test/kubeapi"
)

// admission is one object as a user would write it: its spec in YAML, and what the API server has to say about it.
type admission struct {
	name string
	spec string
	// objectName replaces the object's name.
	objectName string
	// refusal is part of the error; empty means that the object is accepted.
	refusal string
}

func checkAdmission(t *testing.T, kind string, tests []admission) {
	t.Helper()
	c := kubeapi.Client(t)
	namespace := kubeapi.Namespace(t, c)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			name := "demo"
			if tt.objectName != "" {
				name = tt.objectName
			}
			object := parse(t, kind, namespace, name, tt.spec)
			err := c.Create(t.Context(), object, client.DryRunAll, client.FieldValidation("Strict"))
			checkRefusal(t, err, tt.refusal)
		})
	}
}

// change is an update of an accepted object.
type change struct {
	name, before, after, refusal string
}

func checkChanges(t *testing.T, kind string, tests []change) {
	t.Helper()
	c := kubeapi.Client(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			object := parse(t, kind, kubeapi.Namespace(t, c), "demo", tt.before)
			if err := c.Create(t.Context(), object); err != nil {
				t.Fatal(err)
			}
			changed := parse(t, kind, object.GetNamespace(), "demo", tt.after)
			changed.SetResourceVersion(object.GetResourceVersion())
			checkRefusal(t, c.Update(t.Context(), changed), tt.refusal)
		})
	}
}

func parse(t *testing.T, kind, namespace, name, spec string) *unstructured.Unstructured {
	t.Helper()
	var content map[string]any
	if err := yaml.Unmarshal([]byte(spec), &content); err != nil {
		t.Fatal(err)
	}
	object := &unstructured.Unstructured{Object: map[string]any{"spec": content}}
	object.SetAPIVersion("faspex.io/v1alpha1")
	object.SetKind(kind)
	object.SetNamespace(namespace)
	object.SetName(name)
	return object
}

func checkRefusal(t *testing.T, err error, refusal string) {
	t.Helper()
	switch {
	case refusal == "" && err != nil:
		t.Errorf("refused: %v", err)
	case refusal != "" && err == nil:
		t.Errorf("accepted, want a refusal with %q", refusal)
	case refusal != "" && (!apierrors.IsInvalid(err) || !strings.Contains(err.Error(), refusal)):
		t.Errorf("refused with %v, want %q", err, refusal)
	}
}
